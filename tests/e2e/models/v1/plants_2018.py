"""A module in the style of 2018, for DEEPaaS 0.1 to 0.4: lists, behind a decorator."""

# mypy: ignore-errors

import io
import os
import tempfile


def catch_error(f):
    def wrap(*args, **kwargs):
        return f(*args, **kwargs)

    return wrap


@catch_error
def predict_url(urls, merge=True):
    if not isinstance(urls, list):
        urls = [urls]
    return {"urls": list(urls), "merge": merge}


@catch_error
def predict_data(images, merge=True):
    if not isinstance(images, list):
        images = [images]
    filenames = []
    for image in images:
        f = tempfile.NamedTemporaryFile(delete=False)  # noqa: SIM115 - as then
        f.write(image)
        f.close()
        filenames.append(f.name)
    try:
        sizes = [os.path.getsize(f) for f in filenames]  # noqa: PTH202 - as then
    finally:
        for f in filenames:
            os.remove(f)  # noqa: PTH107 - as then
    first = io.BytesIO(images[0]).readline().decode()
    return {"sizes": sizes, "first": first, "merge": merge}
