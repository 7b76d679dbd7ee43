"""Starts a worker; only a server does this: `python -m deepaas.worker FD FD FD PID`."""

from deepaas.worker.main import main

if __name__ == "__main__":
    main()
