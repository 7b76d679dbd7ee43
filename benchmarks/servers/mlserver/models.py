"""MLServer: a runtime for each workload."""

import os

import numpy as np
import work
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceResponse


class _Model(MLModel):
    async def load(self):
        return True

    def answer(self, name, values):
        """Return an array as the response."""
        output = NumpyCodec.encode_output(name, values)
        return InferenceResponse(model_name=self.name, outputs=[output])


class Noop(_Model):
    """W1."""

    async def predict(self, payload):
        """Double a number."""
        return self.answer("y", 2 * NumpyCodec.decode_input(payload.inputs[0]))


class Device(_Model):
    """W2."""

    async def predict(self, payload):
        """Double numbers on the device."""
        work.device()
        return self.answer("y", 2 * NumpyCodec.decode_input(payload.inputs[0]))


class Busy(_Model):
    """W3."""

    async def predict(self, payload):
        """Double a number, and compute something else."""
        work.busy()
        return self.answer("y", 2 * NumpyCodec.decode_input(payload.inputs[0]))


class Upload(_Model):
    """W4."""

    async def predict(self, payload):
        """Return the length of a blob."""
        length = len(Base64Codec.decode_input(payload.inputs[0])[0])
        return self.answer("length", np.array([[length]], dtype=np.int64))


class Tensor(_Model):
    """W5."""

    async def predict(self, payload):
        """Return the mean."""
        mean = NumpyCodec.decode_input(payload.inputs[0]).mean()
        return self.answer("mean", np.array([[mean]], dtype=np.float32))


class Binary(_Model):
    """W5, as bytes."""

    async def predict(self, payload):
        """Return the mean."""
        [content] = Base64Codec.decode_input(payload.inputs[0])
        mean = np.frombuffer(content, np.float32).reshape(1, 3, 224, 224).mean()
        return self.answer("mean", np.array([[mean]], dtype=np.float32))


class Slow(_Model):
    """W8, W9."""

    async def predict(self, payload):
        """Wait."""
        work.slow()
        return self.answer("pid", np.array([[os.getpid()]], dtype=np.int64))
