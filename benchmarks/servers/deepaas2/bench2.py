"""A model as it is written for DEEPaaS 2.x; served by 2.6 and by us."""

import os

import numpy as np
import work
from webargs import fields


def get_metadata():
    """Describe the model."""
    return {"name": "bench2"}


def get_predict_args():
    """Return the arguments of all workloads."""
    return {
        "x": fields.Float(required=False, load_default=1.5),
        "how": fields.Str(required=False, load_default="noop"),
        "file": fields.Field(
            required=False, metadata={"type": "file", "location": "form"}
        ),
    }


def predict(x, how, file=None):
    """Do what a workload asks for."""
    if file is not None:
        with open(file.filename, "rb") as uploaded:
            content = uploaded.read()
        if len(content) == 4 * 3 * 224 * 224:
            return {"mean": float(np.frombuffer(content, np.float32).mean())}
        return {"length": len(content)}
    if how == "slow":
        work.slow()
        return {"pid": os.getpid()}
    if how == "busy":
        work.busy()
    if how == "device":
        work.device()
    return {"y": 2 * x}
