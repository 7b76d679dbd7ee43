"""`deepaas train`: a training, here or at a server."""

from __future__ import annotations

from typing import Any, Final

from deepaas.cli.job_command import add_command

_EXAMPLES: Final = """\
examples:
  deepaas train plants.py --help                   show the model's arguments
  deepaas train plants.py --epochs 20
  deepaas train --url http://127.0.0.1:5000 plants --epochs 20
  deepaas train --detach --url http://127.0.0.1:5000 plants > job-id

Ctrl-C asks whether to cancel. A second one leaves a job at a server running, and
cancels one that runs here.
"""


def add_parser(subparsers: Any) -> None:
    """Add the command `train`."""
    add_command(
        subparsers,
        "train",
        text="train a model, here or at a server",
        examples=_EXAMPLES,
    )
