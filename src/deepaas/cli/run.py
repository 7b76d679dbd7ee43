"""`deepaas-run`: a server with the options, the defaults and the habits of 2.x."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import TYPE_CHECKING, Final

import deepaas
from deepaas.backends.telemetry import logs
from deepaas.cli import options, reports, start
from deepaas.cli.parsers import ModelParser
from deepaas.errors import ConfigurationError, DeepaasError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from deepaas.settings import Profile, Settings

logger = logging.getLogger(__name__)

PROGRAM: Final = "deepaas-run"

_EPILOG: Final = f"""\
examples:
  deepaas-run                          serve all installed models
  deepaas-run --model-name plants      serve one of them
  deepaas-run plants.py                serve a file
  deepaas-run --listen-ip 0.0.0.0      let other machines in, unasked
  deepaas-run --openwhisk plants.py    be an action of OpenWhisk

deepaas-run starts as DEEPaaS 2.x did: no limits, and no questions asked. Use
"deepaas serve", with the same options, for a server with safer defaults.

{reports.EXIT_CODES}"""

_BANNER: Final = """
Welcome to the DEEPaaS API. Try the models on the documentation page, or use
any of the endpoints.

{documentation}    API specification: {base}/swagger.json
          V2 endpoint: {base}/v2

-------------------------------------------------------------------------
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    namespace = _parser().parse_args(argv)
    try:
        start.require_linux(PROGRAM)
        profile = _profile(namespace)
        settings = start.settings_from(namespace, profile=profile, program=PROGRAM)
        logs.configure(settings.log)
        if profile == "openwhisk":
            _refuse_jobs(settings)
        else:
            _greet(settings)
        start.log_warnings(namespace)
        return start.serve(settings, profile=profile)
    except DeepaasError as error:
        status = reports.report(error, program=PROGRAM)
        return reports.EXIT_FAILED if _failed_in_2x(error) else status
    except KeyboardInterrupt:
        return reports.EXIT_INTERRUPTED


def main_openwhisk() -> int:
    """Run `deepaas-wsk`: the same, as an action of OpenWhisk."""
    return main(["--openwhisk", *sys.argv[1:]])


def _profile(
    namespace: argparse.Namespace, *, environ: Mapping[str, str] = os.environ
) -> Profile:
    """Return whose defaults count: an action's, or those of 2.x."""
    is_there = namespace.openwhisk_detect and bool(environ.get("__OW_API_HOST"))
    return "openwhisk" if namespace.openwhisk or is_there else "run"


def _refuse_jobs(settings: Settings) -> None:
    """Refuse what would be frozen in the middle.

    Raises:
        ConfigurationError: Somebody has asked for jobs.
    """
    if settings.jobs.enabled:
        raise ConfigurationError(
            "OpenWhisk freezes an action as soon as it has answered, so there are no "
            "jobs: leave jobs.enabled out",
            setting="jobs.enabled",
        )


def _greet(settings: Settings) -> None:
    """Say what starts, as 2.x does, and what is risky about it."""
    print(_banner(settings), flush=True)
    logger.info("Starting DEEPaaS version %s", deepaas.__version__)
    _warn_of_habits(settings)


def _failed_in_2x(error: DeepaasError) -> bool:
    """Tell whether 2.x called it a failure where we see a wrong option."""
    return isinstance(error, ConfigurationError) and error.setting == "server.base_path"


def _parser() -> argparse.ArgumentParser:
    parser = ModelParser(
        prog=PROGRAM,
        usage="%(prog)s [options] [MODEL ...]",
        description="Serve models over HTTP, as DEEPaaS 2.x does.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_version(parser)
    options.add_models(parser)
    options.add_server_options(parser, command="run")
    return parser


def _banner(settings: Settings) -> str:
    server = settings.server
    base = f"http://{server.listen_ip}:{server.listen_port}{server.base_path}"
    has_page = settings.api.doc_endpoint
    page = f"    API documentation: {base}/api\n" if has_page else ""
    return _BANNER.format(base=base, documentation=page)


def _warn_of_habits(settings: Settings) -> None:
    logger.warning(
        "%s starts as DEEPaaS 2.x did: %s. `deepaas serve` has safer defaults",
        PROGRAM,
        ", ".join(_habits(settings)),
    )


def _habits(settings: Settings) -> Iterator[str]:
    yield "nobody is asked who they are"
    if "*" in settings.server.allowed_hosts:
        yield "any Host is answered"
    if not settings.limits.deadline_s:
        yield "a prediction may take for ever"
    if not settings.limits.body_bytes:
        yield "a body may have any size"
