"""Models that differ in their metadata only; each is an instance of a class."""
# mypy: ignore-errors
# A published model has no annotations.


class Answering:
    def predict(self, **kwargs):
        return kwargs


class Overriding(Answering):
    """Returns keys that DEEPaaS had filled in itself."""

    def get_metadata(self):
        return {"id": "0", "name": "Other name", "links": [{"rel": "home"}], "x": None}


class Unimplemented(Answering):
    def get_metadata(self):
        raise NotImplementedError


class Broken(Answering):
    def get_metadata(self):
        raise KeyError("Author-email")


class Attributeless(Answering):
    def get_metadata(self):
        return self.nowhere


class Counting(Answering):
    """Returns something new each time: it must be asked at every request."""

    def __init__(self):
        self.times = 0

    def get_metadata(self):
        self.times += 1
        return {"times": self.times}


overriding = Overriding()
unimplemented = Unimplemented()
broken = Broken()
attributeless = Attributeless()
counting = Counting()
