"""What the runtime stands on: processes, and where logs go."""
