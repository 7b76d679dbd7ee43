"""Ways in: each reads a request, calls the runtime once, and writes the answer."""
