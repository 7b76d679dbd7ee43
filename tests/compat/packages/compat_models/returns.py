"""Returns one object of every kind that published models return."""
# mypy: ignore-errors
# A published model has no annotations.

import collections
import datetime
import io
import uuid

import numpy as np
from webargs import fields

from compat_models import pictures

WAYS = {
    "none": lambda: None,
    "number": lambda: 3,
    "text": lambda: "plain",
    "list": lambda: [1, "two", 3.0, None, True],
    "tuple": lambda: (1, 2),
    "ordered": lambda: collections.OrderedDict([("b", 1), ("a", 2)]),
    "named_tuple": lambda: collections.namedtuple("Point", "x y")(1, 2),
    "unicode": lambda: "señal ✓",
    "nan": lambda: [float("nan"), float("inf"), -float("inf"), 1.5],
    "numpy_array": lambda: np.arange(6).reshape(2, 3),
    "numpy_scalars": lambda: {"a": np.float32(0.5), "b": np.int64(3), "c": np.True_},
    "numpy_nan": lambda: np.array([np.nan, 1.0]),
    "set": lambda: {"trained"},
    "date": lambda: datetime.date(2024, 1, 2),
    "datetime": lambda: datetime.datetime(2024, 1, 2, 3, 4, 5),  # noqa: DTZ001 - naive
    "uuid": lambda: uuid.UUID(int=1),
    "integer_keys": lambda: {1: "one", None: "none", 2.5: "half"},
    "tuple_keys": lambda: {(1, 2): "pair"},
    "bytes": lambda: b"raw",
    "buffer": lambda: io.BytesIO(b"raw"),
    "file": pictures.open_file,
    "object": object,
    "generator": lambda: (number for number in (1, 2)),
    "function": lambda: WAYS,
}


def get_predict_args():
    return {"way": fields.Str(missing="none", enum=list(WAYS))}


def predict(**kwargs):
    return WAYS[kwargs["way"]]()
