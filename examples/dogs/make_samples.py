"""Write `samples/`: a patch of coat for three of the breeds."""

from pathlib import Path

import numpy as np
from dogs_breeds import coats
from PIL import Image

random = np.random.default_rng(7)
for breed in ("Golden retriever", "Newfoundland", "Samoyed"):
    hairs = random.normal(0, 12, (48, 48, 1)).cumsum(axis=0) / 6
    coat = np.clip(coats.load()[breed] + hairs - hairs.mean(), 0, 255)
    name = breed.lower().replace(" ", "-")
    path = Path(__file__).parent / "samples" / f"{name}.jpg"
    Image.fromarray(coat.astype(np.uint8)).save(path, quality=85)
