"""Shapes of images, and what follows from them: filters, maps, minibatches."""

from collections.abc import Sequence

import numpy as np

from skunsup.inputs._training_defaults import TrainingDefaults

Shape = tuple[int, int, int]
SMALLEST_MAP = 4  # convolutions halve no map below this height or width
FIRST_FILTERS, MOST_FILTERS = 32, 128
BATCH_SIZE = 64  # which takes convolutions hardly longer than 32
# Pixels to train on, where the user leaves it open: 1,500 steps of 28 x 28. Beyond
# that the loss of other images hardly falls.
MOST_PIXELS = 1500 * BATCH_SIZE * 28 * 28


def checked_shape(given: Sequence[int]) -> Shape:
    """Return the shape of images in rows, once it is one.

    Raises
    ------
    ValueError
        If it is not.
    """
    shape = tuple(given)
    whole = all(isinstance(size, int | np.integer) and size > 0 for size in shape)
    if len(shape) not in (2, 3) or not whole:
        raise ValueError(
            f"image_shape={given!r}, but expected (height, width) or (height, width, "
            "channels), whole numbers above 0."
        )
    return (int(shape[0]), int(shape[1]), int(shape[2]) if len(shape) == 3 else 1)


def default_filters(shape: Shape) -> tuple[int, ...]:
    """Return numbers of filters that halve images of `shape` to 4 to 7 pixels."""
    size = min(shape[:2])
    filters: list[int] = []
    while size >= 2 * SMALLEST_MAP or not filters:
        filters.append(min(FIRST_FILTERS * 2 ** len(filters), MOST_FILTERS))
        size = -(-size // 2)
    return tuple(filters)


def map_sizes(shape: Shape, n_layers: int) -> list[tuple[int, int]]:
    """Return height and width of the image and of each map behind it."""
    sizes = [(shape[0], shape[1])]
    for _ in range(n_layers):
        height, width = sizes[-1]
        sizes.append((-(-height // 2), -(-width // 2)))
    return sizes


def training_defaults(shape: Shape) -> TrainingDefaults:
    """Return minibatches and epochs of convolutions of images of `shape`."""
    height, width, _ = shape
    n_steps = MOST_PIXELS // (BATCH_SIZE * height * width)
    # Twice the rows a step, and of small images as many steps as of numbers.
    return TrainingDefaults(BATCH_SIZE, max(n_steps, 1), most_epochs=200)
