"""Models as they were published for DEEPaaS 2.x, one idiom or one trouble each.

They import what such models import and nothing of ours but `deepaas.model.v2`, so
that 2.6.0 can serve them too.
"""
