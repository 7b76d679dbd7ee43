"""Starts a worker; only a server does this: `python -m deepaas.worker FD FD FD PID`."""

import gc


def _start() -> None:
    """Import the worker, of which nothing is ever garbage, and run it."""
    gc.disable()
    from deepaas.worker.main import main

    gc.freeze()
    gc.enable()
    main()


if __name__ == "__main__":
    _start()
