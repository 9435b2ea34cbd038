"""Images of users, converted for a network."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import scipy.sparse as sp
from keras import ops
from sklearn.base import BaseEstimator

from skunsup._training import Rows
from skunsup._validation import check_rows, check_X, float_dtype
from skunsup.inputs.images import FileLimits, as_images, image_size, load_image

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class ImageForm:
    """Form of the images that a network takes.

    Parameters
    ----------
    size : (int, int)
        Height and width that images are brought to.
    channels : int
        1, 3 or 4.
    preprocess : callable or None
        From images (n, height, width, channels), float32, to what the network takes.
    in_bytes : bool
        Whether values must lie in [0, 255].
    """

    size: tuple[int, int]
    channels: int
    preprocess: Callable[[np.ndarray], Any] | None
    in_bytes: bool

    @property
    def digest(self) -> str:
        """Identity of this form."""
        function = self.preprocess
        return str(joblib.hash((self.size, self.channels, function, self.in_bytes)))

    def prepared(self, images: np.ndarray, first: int) -> np.ndarray:
        """Return images as the network takes them, float32.

        Parameters
        ----------
        images : array of shape (n, height, width, channels)
            A batch.
        first : int
            Number of the first one, for messages.

        Raises
        ------
        ValueError
            If a value is missing or out of range, or the channels do not fit.
        """
        images = images.astype(np.float32)  # a copy: some functions work in place
        _check_values(images, first, in_bytes=self.in_bytes)
        images = self._coloured(images)
        if images.shape[1:3] != self.size:
            images = _resized(images, self.size)
        if self.preprocess is None:
            return images
        return _preprocessed(self.preprocess, images)

    def _coloured(self, images: np.ndarray) -> np.ndarray:
        found = images.shape[-1]
        if found == 1 and self.channels > 1:
            return np.repeat(images, self.channels, axis=-1)
        if found != self.channels:
            raise ValueError(
                f"X has images of {found} channels, but the network takes "
                f"{self.channels}. Give images of as many, or grey ones (1 channel), "
                "which are repeated."
            )
        return images


class ImageBatches:
    """Images of any kind, to be read a batch at a time.

    Parameters
    ----------
    X : array
        Numbers of shape (n, height, width) or (n, height, width, channels), or paths
        of shape (n,).
    limits : FileLimits
        What a file may hold.
    """

    def __init__(self, X: np.ndarray, limits: FileLimits) -> None:
        self.X, self.n, self.limits = X, len(X), limits

    @property
    def from_files(self) -> bool:
        """True if `X` holds paths."""
        return self.X.dtype.kind in "OU"

    @property
    def dtype(self) -> np.dtype:
        """Of the features: float32 for float32, else float64."""
        return np.dtype(np.float32 if self.X.dtype == np.float32 else np.float64)

    def shape(self) -> Shape:
        """Height, width and channels of the first image."""
        if self.from_files:
            return (*image_size(self.X[0], self.limits), 3)
        height, width, *channels = self.X[0].shape
        return height, width, channels[0] if channels else 1

    def key(self) -> Any:
        """Identity of these images: the numbers, or size and time of files.

        Raises
        ------
        ValueError
            If there is no such file.
        """
        if not self.from_files:
            return self.X
        return [_stamp(path) for path in self.X]

    def take(self, start: int, stop: int, form: ImageForm) -> np.ndarray:
        """Return the images from `start` to `stop`, prepared for the network."""
        if self.from_files:
            shape = (*form.size, form.channels)
            images = np.stack(
                [load_image(path, shape, self.limits) for path in self.X[start:stop]]
            )
        else:
            images = np.asarray(self.X[start:stop])
        images = images[..., None] if images.ndim == 3 else images
        return form.prepared(images, start)


class FlatBatches(ImageBatches):
    """Images in rows of pixels.

    Parameters
    ----------
    rows : Rows
        Of shape (n, height * width * channels).
    shape : (int, int, int)
        Of an image.
    dtype : dtype
        Of the features.
    """

    def __init__(self, rows: Rows, shape: Shape, dtype: np.dtype) -> None:
        self.rows, self.n, self._shape, self._dtype = rows, rows.n, shape, dtype

    @property
    def from_files(self) -> bool:
        """They are not."""
        return False

    @property
    def dtype(self) -> np.dtype:
        """Of the features."""
        return self._dtype

    def key(self) -> Any:
        """The rows, and the shape of the images in them."""
        return self.rows.X, self._shape

    def shape(self) -> Shape:
        """Height, width and channels of an image."""
        return self._shape

    def take(self, start: int, stop: int, form: ImageForm) -> np.ndarray:
        rows = self.rows.take(slice(start, stop))
        return form.prepared(rows.reshape(-1, *self._shape), start)


def image_batches(
    estimator: BaseEstimator,
    X: Any,
    image_shape: Shape | None,
    limits: FileLimits,
    *,
    reset: bool,
) -> ImageBatches:
    """Read images as users have them.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets the columns of rows of pixels, or has them.
    X : object
        Images, rows of pixels or paths.
    image_shape : (int, int, int) or None
        Of the images in rows.
    limits : FileLimits
        What a file may hold.
    reset : bool
        Whether this is `fit`.

    Raises
    ------
    ValueError, TypeError
        If `X` is something else, or empty.
    """
    if image_shape is not None and _is_table(X):
        checked = check_X(estimator, X, reset=reset)
        if checked.shape[1] != np.prod(image_shape):
            raise ValueError(
                f"X has {checked.shape[1]} features, but image_shape={image_shape} "
                f"makes {np.prod(image_shape)} pixels. Give the height, width and "
                "channels of the images in X."
            )
        rows = check_rows(checked, getattr(estimator, "feature_names_in_", None))
        return FlatBatches(rows, image_shape, float_dtype(checked))
    images = as_images(X, "X")
    if images.ndim == 2:
        raise ValueError(
            f"X has shape {images.shape}, rows of pixels, which could be images of "
            "many shapes. Give theirs, for instance image_shape=(28, 28)."
        )
    if not len(images):
        raise ValueError(
            "X holds 0 images (n_samples=0), but a minimum of 1 is required."
        )
    return ImageBatches(images, limits)


def _is_table(X: Any) -> bool:
    if sp.issparse(X):
        return True
    if np.ndim(X) != 2:
        return False
    cells = X.to_numpy() if hasattr(X, "to_numpy") else np.asarray(X)
    return not (cells.size and isinstance(cells.flat[0], str | Path))


def _stamp(path: str) -> tuple[str, int, int]:
    try:
        found = Path(path).stat()
    except OSError as error:
        raise ValueError(f"The image {path!r} cannot be read: {error}.") from error
    return path, found.st_size, found.st_mtime_ns


def _resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale by bilinear interpolation, with smoothing where images get smaller."""
    scaled = ops.image.resize(
        images,
        size,
        interpolation="bilinear",
        antialias=True,
        data_format="channels_last",
    )
    return np.asarray(ops.convert_to_numpy(scaled))


def _check_values(images: np.ndarray, first: int, *, in_bytes: bool) -> None:
    finite = np.isfinite(images).reshape(len(images), -1).all(axis=1)
    if not finite.all():
        at = first + int(np.argmin(finite))
        raise ValueError(
            f"Input X contains NaN or infinity in image {at}. Leave out such images."
        )
    if not in_bytes:
        return
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 255:
        raise ValueError(
            f"X has values from {low:g} to {high:g}, but expected images with values "
            "in [0, 255], which the network's own preprocessing is for. Scale them, or "
            "give preprocessing=None or a function."
        )


def _preprocessed(function: Callable[[np.ndarray], Any], images: np.ndarray) -> Any:
    n = len(images)
    try:
        done = np.asarray(ops.convert_to_numpy(function(images)), np.float32)
    except Exception as error:
        raise ValueError(
            f"preprocessing={function!r}, called with images of shape {images.shape}, "
            f"raised {type(error).__name__}: {error}. It must take and return a batch "
            "of images."
        ) from error
    if done.ndim != 4 or len(done) != n:
        raise ValueError(
            f"preprocessing={function!r} returned shape {done.shape} for images of "
            f"shape {images.shape}, but must return a batch of as many images."
        )
    return done
