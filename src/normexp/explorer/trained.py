"""The classifiers of the digits that are drawn on the page, trained by the library.

``python -m normexp.explorer.trained`` writes them anew, to ``page/digits.trained.js``.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .._files import write_files
from ..data import load
from ..linear import BaseLinearClassifier, MulticlassSVM, SoftmaxRegression
from .assemble import PARTS

MODULE = PARTS / "digits.trained.js"
TRAINING = 1437  # the first four fifths; the others are to judge by
FULL = 16  # a pixel that is black all over
DECIMALS = 3
SIGNS = "0123456789abcdefg"


def parts() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Pixels in [0, 1] and digits: those to train on, then those to test on."""
    digits = load("digits")
    pixels = np.asarray(digits.features) / FULL
    target = np.asarray(digits.target)
    return pixels[:TRAINING], target[:TRAINING], pixels[TRAINING:], target[TRAINING:]


def varied(pixels: NDArray[Any]) -> NDArray[Any]:
    """Every picture as it is, turned a little, slanted, moved aside, squeezed and stretched.

    A mouse draws otherwise than the pen of 1995, and a linear classifier sees no more than pixels.
    """
    images = pixels.reshape(-1, 8, 8)
    middle = 3.5

    def mapped(across: float, slant: float) -> NDArray[Any]:
        matrix = np.array([[1, 0, 0], [0, 1, 0], [0, slant, across]])
        offset = [0, 0, middle * (1 - across - slant)]
        return np.asarray(ndimage.affine_transform(images, matrix, offset=offset, order=1))

    turned = [ndimage.rotate(images, a, axes=(1, 2), reshape=False, order=1) for a in (-12, 12)]
    moved = [ndimage.shift(images, (0, 0, by), order=1) for by in (-0.6, 0.6)]
    slanted = [mapped(1, by) for by in (-0.25, 0.25)]
    stretched = [mapped(by, 0) for by in (0.87, 1.17)]
    return np.concatenate([images, *turned, *moved, *slanted, *stretched]).reshape(-1, 64)


def train() -> dict[str, BaseLinearClassifier]:
    """Fit the softmax regression and the SVM."""
    pixels, target, *_ = parts()
    several = varied(pixels)
    targets = np.tile(target, len(several) // len(pixels))
    models = {"softmax": SoftmaxRegression(alpha=0.001), "svm": MulticlassSVM(alpha=0.003)}
    return {name: model.fit(several, targets) for name, model in models.items()}


def written(models: dict[str, BaseLinearClassifier]) -> str:
    """The module of the page that holds the models, their accuracy, and digits of the test part."""
    *_, pixels, target = parts()
    found = {}
    for name, model in models.items():
        weight, bias = model.coef_.round(DECIMALS), model.intercept_.round(DECIMALS)
        right = (pixels @ weight.T + bias).argmax(axis=1) == target
        found[name] = {
            "weight": weight.tolist(),
            "bias": bias.tolist(),
            "accuracy": round(float(right.mean()), DECIMALS),
        }
    examples = {str(k): _signs(pixels[target == k][0]) for k in range(10)}
    return (
        "// Written by `python -m normexp.explorer.trained`: do not edit.\n\n"
        f"export const MODELS = {json.dumps(found, separators=(',', ':'))};\n\n"
        f"export const EXAMPLES = {json.dumps(examples, indent=2)};\n"
    )


def _signs(pixels: NDArray[Any]) -> str:
    return "".join(SIGNS[round(x * FULL)] for x in pixels)


if __name__ == "__main__":
    write_files({MODULE: written(train())})
