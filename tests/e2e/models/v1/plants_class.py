"""A class, with arguments by keyword, that does not do everything."""

# mypy: ignore-errors

from deepaas.model import BaseModel


class Plants(BaseModel):
    def __init__(self):
        self.calls = 0

    def get_metadata(self):
        raise NotImplementedError

    def get_test_args(self):
        return {"top": {"default": "2", "help": "", "required": False}}

    def predict_data(self, images, **kwargs):
        self.calls += 1
        upload = images[0]
        upload.save("saved")
        with open("saved") as file:  # noqa: PTH123 - as then
            saved = file.read()
        return [self.calls, kwargs, upload.filename, upload.content_type, saved]
