"""The messages of the protocol over gRPC, as classes.

They come from the descriptors that the build makes of the standard's definition. A pool
of their own keeps them apart from those that a client in the same process may bring,
under the same names.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE: Final = "inference.GRPCInferenceService"
STANDARD: Final = "inference"
EXTENSIONS: Final = "deepaas.extensions"


def _load() -> Any:
    content = resources.files(__package__).joinpath("protocol.binpb").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(content).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL: Final = _load()


def message(name: str, *, package: str = STANDARD) -> Any:
    """Return the class of a message."""
    descriptor = _POOL.FindMessageTypeByName(f"{package}.{name}")
    return message_factory.GetMessageClass(descriptor)
