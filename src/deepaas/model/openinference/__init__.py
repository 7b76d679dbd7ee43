"""A model as the Open Inference Protocol sees it: tensors in, tensors out.

`specs` says which tensors an operation has, from its JSON Schemas alone, so server and
worker agree. `request` takes a request apart, `reading` makes arguments of its tensors,
and `writing` makes tensors of a result; these three run in the worker.
"""
