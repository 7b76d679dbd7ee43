"""The import paths of DEEPaaS 2.x that published models use."""
