"""The life of a job, pure: no clock, no disk, no processes."""
