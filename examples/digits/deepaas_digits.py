"""Name a handwritten digit, learnt from the images that scikit-learn brings along."""

from typing import Annotated

import joblib
import numpy as np
from PIL import Image, ImageOps
from pydantic import BaseModel, Field
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

import deepaas

TRAINING_IMAGES = 1500
"""How many of the 1,797 images are learnt; the samples are from the rest."""

WEIGHTS = "network.joblib"
"""What a training leaves, and a version of the model holds."""

classifier = CalibratedClassifierCV(SVC(gamma=0.001), ensemble=False)


class Label(BaseModel):
    """A digit, and how sure the model is of it."""

    digit: Annotated[int, Field(ge=0, le=9)]
    probability: Annotated[float, Field(ge=0, le=1)]


def warm(version: deepaas.Version) -> None:
    """Load what was trained; as installed, learn the digits, in a fraction of a second.

    Called once in each worker.
    """
    global classifier
    if version.folder:
        classifier = joblib.load(version.folder / WEIGHTS)
    else:
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


def train(
    epochs: Annotated[int, Field(ge=1, le=500)] = 20,
    neurons: Annotated[int, Field(ge=1, le=1000)] = 64,
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.002,
    seed: int = 0,
    *,
    job: deepaas.Job,
) -> dict[str, float]:
    """Train a small neural network on the images that scikit-learn brings along.

    Args:
        epochs: How often all images are shown.
        neurons: Of the hidden layer.
        learning_rate: Of Adam, at the start.
        seed: Of the first weights, and of the order of the images.
    """
    images, digits = load_digits(return_X_y=True)
    shown, named = images[:TRAINING_IMAGES], digits[:TRAINING_IMAGES]
    network = MLPClassifier(
        (neurons,), learning_rate_init=learning_rate, random_state=seed
    )
    accuracy = 0.0
    for epoch in range(epochs):
        network.partial_fit(shown, named, classes=range(10))
        accuracy = accuracy_score(
            digits[TRAINING_IMAGES:], network.predict(images[TRAINING_IMAGES:])
        )
        print(f"epoch {epoch + 1}: loss {network.loss_:.3f}, accuracy {accuracy:.3f}")
        job.log_metrics({"loss": network.loss_, "accuracy": accuracy}, step=epoch)
        job.progress(epoch + 1, epochs)
    joblib.dump(network, job.artifacts / WEIGHTS)
    return {"accuracy": accuracy}


def validate() -> dict[str, float]:
    """Tell how good the model is at images that it has never seen."""
    images, digits = load_digits(return_X_y=True)
    unseen, named = images[TRAINING_IMAGES:], digits[TRAINING_IMAGES:]
    probabilities = classifier.predict_proba(unseen)
    return {
        "accuracy": accuracy_score(named, probabilities.argmax(axis=1)),
        "log_loss": log_loss(named, probabilities, labels=range(10)),
    }


def _pixels(photo: Image.Image) -> np.ndarray:
    """Return the picture as the classifier knows them: 8 by 8, ink is 16, paper 0."""
    small = ImageOps.invert(photo.convert("L")).resize((8, 8), Image.Resampling.BOX)
    return np.asarray(small).reshape(1, -1) * (16 / 255)
