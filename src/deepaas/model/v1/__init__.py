"""Models of DEEPaaS 0.x and 1.x (V1), as they were written from 2018 on.

    base        the base class that some derive from
    fields      what `get_test_args` returned → marshmallow fields, then as in 2.x
    uploads     files, as such models get them
    calls       a call's arguments → `predict_data`, `predict_url` or `train`
    results     what they return → the answer
    operations  all of it as the operations `predict` and `train`

Only `base` is imported by models; the others by a process that has loaded such a model.
"""

from deepaas.model.v1.base import BaseModel

__all__ = ["BaseModel"]
