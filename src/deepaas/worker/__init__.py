"""The program inside a worker process.

`main` starts it, `control` listens while the model works, one of the `loops` takes
predictions, and a `Runner` carries each of them from bytes to bytes.
"""
