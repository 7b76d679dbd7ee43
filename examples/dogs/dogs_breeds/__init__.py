"""A model package as it was published for DEEPaaS 2.x."""
