"""Turn a picture into its negative: an image goes in and an image comes out."""

from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import Field


def predict(
    photo: Image.Image, strength: Annotated[float, Field(ge=0, le=1)] = 1.0
) -> Image.Image:
    """Return the negative of a picture.

    Args:
        photo: Any picture that Pillow can read.
        strength: 1 for the full negative, 0 for the picture as it is.
    """
    pixels = np.asarray(photo.convert("RGB"), dtype=float)
    negative = pixels + strength * (255 - 2 * pixels)
    return Image.fromarray(negative.round().astype(np.uint8))
