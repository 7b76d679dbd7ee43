"""The program inside a worker process.

`main` starts it, `control` listens while the model works, a `Loop` takes
predictions, and a `Runner` carries each of them from bytes to bytes.
"""
