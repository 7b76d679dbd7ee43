"""Starts a guardian; only a server does this: `python -m deepaas.guardian ORDERS`."""

from deepaas.guardian.main import main

if __name__ == "__main__":
    main()
