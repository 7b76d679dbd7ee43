"""Write one picture of each digit to `samples/`: images that the model never saw."""

from pathlib import Path

from deepaas_digits import TRAINING_IMAGES
from PIL import Image, ImageOps
from sklearn.datasets import load_digits

FOLDER = Path(__file__).with_name("samples")


def main() -> None:
    """Write `samples/0.png` to `samples/9.png`."""
    unseen = load_digits()
    images = unseen.images[TRAINING_IMAGES:]
    digits = list(unseen.target[TRAINING_IMAGES:])
    FOLDER.mkdir(exist_ok=True)
    for digit in range(10):
        picture = Image.fromarray((images[digits.index(digit)] * 255 / 16).astype("u1"))
        large = ImageOps.invert(picture).resize((128, 128), Image.Resampling.BICUBIC)
        large.save(FOLDER / f"{digit}.png", optimize=True)


if __name__ == "__main__":
    main()
