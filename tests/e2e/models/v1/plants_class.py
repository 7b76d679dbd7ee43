"""A class with the signatures of 0.5.0, that does not do everything."""

# mypy: ignore-errors

from deepaas.model import BaseModel


class Plants(BaseModel):
    def __init__(self):
        self.calls = 0

    def get_metadata(self):
        raise NotImplementedError

    def get_test_args(self):
        return {"top": {"default": "2", "help": "", "required": False}}

    def predict_data(self, data, **kwargs):
        self.calls += 1
        upload = data["files"][0]
        upload.save("saved")
        with open("saved") as file:  # noqa: PTH123 - as then
            saved = file.read()
        return [
            self.calls,
            kwargs,
            data.top,
            upload.filename,
            upload.content_type,
            saved,
        ]
