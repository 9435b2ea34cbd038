"""Images in files, read when they are needed."""

from collections.abc import Iterator
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from skunsup._training import Rows
from skunsup.inputs.images._image_file import (
    MAX_FILE_SIZE,
    MAX_PIXELS,
    FileLimits,
    check_image,
    load_image,
)

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


class FileRows(Rows):
    """Rows of pixels in [0, 1] of image files, which are read at each use.

    Parameters
    ----------
    paths : array of str, shape (n,)
        The files.
    shape : (int, int, int)
        Height, width and channels (1, 3 or 4) to bring each image to.
    limits : FileLimits
        What a file may hold.
    """

    def __init__(
        self, paths: np.ndarray, shape: tuple[int, int, int], limits: FileLimits
    ) -> None:
        self.paths, self.shape, self.limits = paths, shape, limits
        self.n, self.d = len(paths), int(np.prod(shape))

    def part(self, index: np.ndarray) -> "FileRows":
        """Return the rows at `index`, still on disk."""
        return FileRows(self.paths[index], self.shape, self.limits)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        paths = self.paths[index]
        out = np.empty((len(paths), self.d), np.float32)
        for row, path in zip(out, paths, strict=True):
            row[:] = load_image(path, self.shape, self.limits).reshape(-1)
        out /= 255.0
        return out


def image_paths(
    folder: Any,
    *,
    unreadable: str = "raise",
    max_pixels: int | None = MAX_PIXELS,
    max_file_size: int | None = MAX_FILE_SIZE,
) -> np.ndarray:
    """List the images of a folder and of the folders in it, for `inputs=Images()`.

    Each is decoded once, so that a file which cannot be read is noticed here.

    Parameters
    ----------
    folder : str or path
        Where the images are.
    unreadable : {"raise", "skip"}, default="raise"
        Treatment of files that are cut short, are no images, are no regular files or
        are above a limit.
    max_pixels : int or None, default=89_478_485
        Height times width of an image at most, which is looked up in the head of the
        file, before the image takes memory. Above the default Pillow warns. None for no
        limit but Pillow's.
    max_file_size : int or None, default=2**28
        Bytes of a file at most. None for no limit.

    Returns
    -------
    ndarray of str, shape (n_images,)
        The files in the order of their names.

    Raises
    ------
    ValueError
        If the folder does not exist or holds no image, or one cannot be read.

    See Also
    --------
    Images : Reads what the paths point to.

    Examples
    --------
    >>> import tempfile, keras, numpy as np
    >>> from skunsup import image_paths
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keras.utils.save_img(f"{folder}/grey.png", np.zeros((8, 8, 1)))
    ...     len(image_paths(folder))
    1
    """
    if unreadable not in ("raise", "skip"):
        raise ValueError(f"unreadable={unreadable!r}, but expected 'raise' or 'skip'.")
    _check_limit("max_pixels", max_pixels)
    _check_limit("max_file_size", max_file_size)
    limits = FileLimits(max_pixels, max_file_size)
    place = Path(folder)
    if not place.is_dir():
        raise ValueError(f"folder={str(folder)!r} is not a folder. Give one of images.")
    paths = sorted(str(p) for p in place.rglob("*") if p.suffix.lower() in ENDINGS)
    kept = list(_readable(paths, limits, skip=unreadable == "skip"))
    if not kept:
        raise ValueError(
            f"folder={str(folder)!r} holds no image that can be read. Expected files "
            f"that end in one of {', '.join(ENDINGS)}."
        )
    return np.array(kept)


def _check_limit(name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, Integral) or value < 1):
        raise ValueError(
            f"{name}={value!r}, but expected a whole number from 1 up or None."
        )


def _readable(paths: list[str], limits: FileLimits, *, skip: bool) -> Iterator[str]:
    for path in paths:
        try:
            check_image(path, limits)
        except ValueError:
            if not skip:
                raise
            continue
        yield path
