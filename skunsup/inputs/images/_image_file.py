"""An image in a file that anyone may have made."""

import importlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

MODES = {1: "grayscale", 3: "rgb", 4: "rgba"}
MAX_PIXELS = 89_478_485  # above it Pillow warns
MAX_FILE_SIZE = 2**28  # of that many pixels, uncompressed
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
DRAWINGS = ("EPS", "WMF")  # Pillow starts other programs for them


@dataclass(frozen=True)
class FileLimits:
    """Limits of an image file, checked before the image is decoded.

    Parameters
    ----------
    max_pixels : int or None
        Height times width, as the head of the file has them.
    max_file_size : int or None
        Bytes.
    """

    max_pixels: int | None = MAX_PIXELS
    max_file_size: int | None = MAX_FILE_SIZE


LIMITS = FileLimits()


def load_image(
    path: str, shape: tuple[int, int, int], limits: FileLimits
) -> np.ndarray:
    """Return the image in a file, scaled to a shape, with values in [0, 255].

    Of a file with several images it is the first one.

    Parameters
    ----------
    path : str
        The file.
    shape : (int, int, int)
        Height, width and channels.
    limits : FileLimits
        What the file may hold.

    Raises
    ------
    ValueError
        If the file is missing, is no regular file, is above a limit, is cut short or is
        no image.
    """
    with _named(path):
        _, content = _opened(path, limits)
        image = keras.utils.load_img(
            io.BytesIO(content),
            color_mode=MODES[shape[2]],
            target_size=shape[:2],
            interpolation="bilinear",
        )
        return np.asarray(keras.utils.img_to_array(image, dtype="float32"))


def image_size(path: str, limits: FileLimits) -> tuple[int, int]:
    """Return height and width of the image in a file, which is not decoded.

    Raises
    ------
    ValueError
        As `load_image` does.
    """
    with _named(path):
        width, height = _opened(path, limits)[0].size
        return height, width


def check_image(path: str, limits: FileLimits) -> None:
    """Decode the image in a file, to see whether it can be.

    Raises
    ------
    ValueError
        As `load_image` does.
    """
    with _named(path):
        _opened(path, limits)[0].load()


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Name the file in each error that the body raises."""
    try:
        yield
    except ImportError as error:
        raise ImportError(
            "Reading image files needs Pillow. Install it with pip install pillow, or "
            "give the images as an array."
        ) from error
    # Decoders raise anything for what is no image, and some of it is an exit of a loop
    # or an overflow. A file must not end a fit without a word of which one it was.
    except Exception as error:
        missing = isinstance(error, FileNotFoundError)
        kind = "there is no such file" if missing else str(error).rstrip(".")
        raise ValueError(
            f"The image {str(path)!r} cannot be read: "
            f"{kind or type(error).__name__}. Leave it out, or list files with "
            "image_paths(folder, unreadable='skip')."
        ) from error


def _opened(path: str, limits: FileLimits) -> tuple[Any, bytes]:
    """Return the image in a file, not yet decoded, and the content of the file."""
    pillow = importlib.import_module("PIL.Image")
    content = _content(path, limits.max_file_size)
    try:
        image = pillow.open(io.BytesIO(content))
    except pillow.DecompressionBombError as error:
        raise ValueError(_too_many(str(error).rstrip("."), limits)) from error
    width, height = image.size
    if limits.max_pixels is not None and width * height > limits.max_pixels:
        raise ValueError(_too_many(f"it has {height} x {width} pixels", limits))
    if image.format in DRAWINGS:
        raise ValueError(f"it is a drawing ({image.format}), not an image of pixels")
    return image, content


def _too_many(found: str, limits: FileLimits) -> str:
    pillows = importlib.import_module("PIL.Image").MAX_IMAGE_PIXELS
    if limits.max_pixels is None or (pillows and limits.max_pixels > pillows):
        return f"{found}. Where you trust it, set PIL.Image.MAX_IMAGE_PIXELS too"
    return (
        f"{found}, which is above max_pixels={limits.max_pixels}, to be raised where "
        "you trust the file"
    )


def _content(path: str, most: int | None) -> bytes:
    """Content of a regular file; nothing else is opened.

    Raises
    ------
    OSError, ValueError
        If it is no regular file, or larger than `most` bytes.
    """
    _check_regular(os.stat(path).st_mode)
    # It may have become something else: opening a pipe would wait for a writer.
    with open(os.open(path, FLAGS), "rb") as file:
        found = os.fstat(file.fileno())
        _check_regular(found.st_mode)
        if most is None:
            return file.read()
        content = b"" if found.st_size > most else file.read(most + 1)
        size = max(found.st_size, len(content))
    if size > most:
        raise ValueError(
            f"it takes {size} bytes, which is above max_file_size={most}, to be raised "
            "where you trust the file"
        )
    return content


def _check_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = KINDS.get(stat.S_IFMT(mode), "something else")
        raise ValueError(f"it is {kind}, but expected a regular file")
