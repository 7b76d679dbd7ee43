"""Who goes next: pure rules that get the time as an argument."""
