"""Name a handwritten digit, learnt from the images that scikit-learn brings along."""

from typing import Annotated

import numpy as np
from PIL import Image, ImageOps
from pydantic import BaseModel, Field
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.svm import SVC

TRAINING_IMAGES = 1500
"""How many of the 1,797 images are learnt; the samples are from the rest."""

classifier = CalibratedClassifierCV(SVC(gamma=0.001), ensemble=False)


class Label(BaseModel):
    """A digit, and how sure the model is of it."""

    digit: Annotated[int, Field(ge=0, le=9)]
    probability: Annotated[float, Field(ge=0, le=1)]


def warm() -> None:
    """Learn the digits; called once in each worker, takes a fraction of a second."""
    images, digits = load_digits(return_X_y=True)
    classifier.fit(images[:TRAINING_IMAGES], digits[:TRAINING_IMAGES])


def predict(
    photo: Image.Image, top_k: Annotated[int, Field(ge=1, le=10)] = 3
) -> list[Label]:
    """Name the digit on a picture.

    Args:
        photo: One digit in dark ink on white paper, filling the picture.
        top_k: How many digits to answer, the most probable first.
    """
    [probabilities] = classifier.predict_proba(_pixels(photo))
    best_first = np.argsort(-probabilities)[:top_k]
    return [Label(digit=one, probability=probabilities[one]) for one in best_first]


def _pixels(photo: Image.Image) -> np.ndarray:
    """Return the picture as the classifier knows them: 8 by 8, ink is 16, paper 0."""
    small = ImageOps.invert(photo.convert("L")).resize((8, 8), Image.Resampling.BOX)
    return np.asarray(small).reshape(1, -1) * (16 / 255)
