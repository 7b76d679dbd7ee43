"""Where the rows of jobs and versions are: SQLite, in one thread of its own."""
