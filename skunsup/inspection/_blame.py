"""Attributions by block and by pixel, and the row that a model expected."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skunsup.inputs import Blocks
from skunsup.inspection._shown import Shown, shown
from skunsup.inspection._steps import named_like, put_back, rebuilder


def by_block(scores: np.ndarray, kind: Blocks) -> tuple[np.ndarray, list[str]]:
    """Return the scores of blocks, those of tables and numbers by column."""
    found, names = [], []
    likelihood: Any = kind.likelihood_
    for block, place in zip(kind.blocks_, likelihood.places, strict=True):
        own = scores[:, place.cells]
        columns = [block.columns] if block.boxed else np.ravel(block.columns).tolist()
        if len(columns) == own.shape[1]:
            found.append(own)
            names += [str(column) for column in columns]
        else:
            found.append(own.sum(axis=1, keepdims=True))
            names.append(block.name)
    return np.concatenate(found, axis=1), names


def expected_row(
    steps: Sequence[Any], model: Any, own: Any, behind: Any, same: bool, one: Shown
) -> Shown | None:
    """Reconstruction of one row of a table, in the units of `one`."""
    inner = rebuilder(model)
    if inner is None or one.form != "columns" or len(one) > 1:
        return None
    restored = inner.reconstruct(behind)
    back = put_back(steps, restored) if same and steps else restored
    if back is None:
        return None
    return shown(None, named_like(own, back))[0]


def pixel_heat(share: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return the share of each pixel, summed over channels, from 0 to 1."""
    heat = share.reshape(*image.shape[:2], -1).sum(axis=2)
    scaled: np.ndarray = heat / max(heat.max(), 1e-12)
    return scaled


def overlaid(rgb: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return an image in light grey with the pixels of high score in vermilion."""
    grey = 0.5 + 0.5 * rgb.mean(axis=2, keepdims=True)
    colour = np.array([0.835, 0.369, 0.0])
    mixed: np.ndarray = grey * (1 - heat[..., None]) + colour * heat[..., None]
    return mixed
