"""What a model is: how it is found, loaded, described, called, and answered for.

    discovery   names → references, without importing anything
    loading     a reference → a `LoadedModel` with its operations
    signature   type hints → what an operation takes; `legacy` for 2.x arguments
    outputs     a return hint → how results become bytes; `legacy` for 2.x results
    payload     a request's query and body → `Inputs`

`arguments` and `results` hold the contracts between those. Workers and the command line
use all of it; the server only what imports no model.
"""
