"""Ways to run workers."""
