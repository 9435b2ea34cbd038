"""Images in files, read when they are needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from skunsup._training import Rows

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


class FileRows(Rows):
    """Rows of pixels in [0, 1] of image files, which are read at each use.

    Parameters
    ----------
    paths : array of str, shape (n,)
        The files.
    shape : (int, int, int)
        Height, width and channels (1, 3 or 4) to bring each image to.
    """

    def __init__(self, paths: np.ndarray, shape: tuple[int, int, int]) -> None:
        self.paths, self.shape = paths, shape
        self.n, self.d = len(paths), int(np.prod(shape))

    def part(self, index: np.ndarray) -> "FileRows":
        """Return the rows at `index`, still on disk."""
        return FileRows(self.paths[index], self.shape)

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        paths = self.paths[index]
        out = np.empty((len(paths), self.d), np.float32)
        for row, path in zip(out, paths, strict=True):
            row[:] = load_image(path, self.shape).reshape(-1)
        out /= 255.0
        return out


def load_image(path: str, shape: tuple[int | None, int | None, int]) -> np.ndarray:
    """Return the image in a file, scaled to a shape, with values in [0, 255].

    Parameters
    ----------
    path : str
        The file.
    shape : (int or None, int or None, int)
        Height and width, None for those of the file, and channels.

    Raises
    ------
    ValueError
        If the file is missing, is cut short or is no image.
    """
    modes = {1: "grayscale", 3: "rgb", 4: "rgba"}
    size = None if shape[0] is None else (shape[0], shape[1])
    try:
        image = keras.utils.load_img(
            path, color_mode=modes[shape[2]], target_size=size, interpolation="bilinear"
        )
        return np.asarray(keras.utils.img_to_array(image, dtype="float32"))
    except ImportError as error:
        raise ImportError(
            "Reading image files needs Pillow. Install it with pip install pillow, or "
            "give the images as an array."
        ) from error
    except (OSError, ValueError, SyntaxError) as error:
        kind = "there is no such file" if not Path(path).exists() else str(error)
        raise ValueError(
            f"The image {str(path)!r} cannot be read: {kind}. Leave it out, or list "
            "files with image_paths(folder, unreadable='skip')."
        ) from error


def image_paths(folder: Any, *, unreadable: str = "raise") -> np.ndarray:
    """List the images of a folder and of the folders in it, for `inputs=Images()`.

    Each is opened once, so that a file which cannot be read is noticed here.

    Parameters
    ----------
    folder : str or path
        Where the images are.
    unreadable : {"raise", "skip"}, default="raise"
        What to do about files that are cut short or are no images.

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
    place = Path(folder)
    if not place.is_dir():
        raise ValueError(f"folder={str(folder)!r} is not a folder. Give one of images.")
    paths = sorted(str(p) for p in place.rglob("*") if p.suffix.lower() in ENDINGS)
    kept = list(_readable(paths, skip=unreadable == "skip"))
    if not kept:
        raise ValueError(
            f"folder={str(folder)!r} holds no image that can be read. Expected files "
            f"that end in one of {', '.join(ENDINGS)}."
        )
    return np.array(kept)


def _readable(paths: list[str], *, skip: bool) -> Iterator[str]:
    for path in paths:
        try:
            load_image(path, (None, None, 3))
        except ValueError:
            if not skip:
                raise
            continue
        yield path
