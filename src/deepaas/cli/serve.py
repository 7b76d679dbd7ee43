"""`deepaas serve`: a server with every safer default."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, Final

from deepaas.backends.telemetry import logs
from deepaas.cli import options, reports, start
from deepaas.errors import ConfigurationError
from deepaas.frontends.api.hosts import is_loopback

if TYPE_CHECKING:
    from deepaas.settings import ServerSettings

PROGRAM: Final = "deepaas serve"

_EPILOG: Final = f"""\
examples:
  deepaas serve plants.py              serve a file
  deepaas serve plants dogs            serve two installed models
  deepaas serve                        serve all installed models
  deepaas serve plants --workers 4     answer four predictions at a time
  deepaas serve plants --body-limit 1GiB --deadline 300

Every option can also be an environment variable or a line in a file:
DEEPAAS_LIMITS__DEADLINE_S=300, or in TOML, below [limits], deadline_s = 300.

{reports.EXIT_CODES}"""


def add_parser(subparsers: Any) -> None:
    """Add the command `serve`."""
    parser = subparsers.add_parser(
        "serve",
        help="serve models over HTTP",
        usage="%(prog)s [options] [MODEL ...]",
        description="Serve models over HTTP, each in processes of its own.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    options.add_models(parser)
    options.add_server_options(parser, command="serve")
    parser.set_defaults(run=run)


def run(namespace: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    start.require_linux(PROGRAM)
    settings = start.settings_from(namespace, profile="serve", program=PROGRAM)
    _check_address(settings.server)
    logs.configure(settings.log)
    start.log_warnings(namespace)
    return start.serve(settings, profile="serve")


def _check_address(server: ServerSettings) -> None:
    """Refuse to let other machines in without having been told to.

    Raises:
        ConfigurationError: The address is not of this machine alone.
    """
    if not is_loopback(server.listen_ip) and not server.insecure_no_auth:
        raise ConfigurationError(
            f"On {server.listen_ip} everybody who reaches this machine could use the "
            f"models: put a proxy with authentication in front and listen on "
            f"127.0.0.1, or allow it with --insecure-no-auth",
            setting="server.insecure_no_auth",
        )
