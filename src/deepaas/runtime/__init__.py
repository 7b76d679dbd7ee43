"""The server without any protocol: predictions in, results out."""
