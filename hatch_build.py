"""Makes what gRPC has to know of the messages it carries, when the package is built.

`protoc` compiles the standard's own definition, and our additions, into one file of
descriptors, from which the server makes its message classes. That file is never
committed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grpc_tools import protoc
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FRONTEND = Path("src", "deepaas", "frontends", "openinference")


class ProtocolHook(BuildHookInterface[Any]):
    """Runs before a wheel is built, also an editable one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the definitions."""
        del version, build_data
        folder = Path(self.root, FRONTEND)
        arguments = [
            "protoc",
            f"--proto_path={folder / 'standard'}",
            f"--proto_path={folder}",
            f"--descriptor_set_out={folder / 'protocol.binpb'}",
            "open_inference_grpc.proto",
            "extensions.proto",
        ]
        if protoc.main(arguments):
            raise RuntimeError("protoc cannot compile the definitions for gRPC")
