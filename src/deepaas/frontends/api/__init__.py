"""The HTTP API.

`edge` is the outermost layer, `predict` the hot path; `app` declares all routes; the
rest makes documents.
"""
