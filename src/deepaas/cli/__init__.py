"""The commands: `deepaas`, and `deepaas-run` and `deepaas-cli` as in 2.x."""
