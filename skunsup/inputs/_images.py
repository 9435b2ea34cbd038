"""Images: convolutional networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from skunsup._networks import (
    ConvDecoder,
    ConvEncoder,
    DenseStack,
    NetworkSpec,
    PixelCells,
    default_filters,
)
from skunsup._sklearn import StrOptions, check_params, integers, reals
from skunsup._training import Rows, as_rows, is_mapped
from skunsup._validation import check_rows
from skunsup.inputs._base import (
    Inputs,
    Layout,
    Read,
    TrainingDefaults,
    float_dtype,
)
from skunsup.inputs._files import FileRows
from skunsup.inputs._image_file import (
    LIMITS,
    MAX_FILE_SIZE,
    MAX_PIXELS,
    FileLimits,
    image_size,
)
from skunsup.inputs._ragged import flat_map

Shape = tuple[int, int, int]
BATCH_SIZE = 64  # which takes convolutions hardly longer than 32
# Pixels to train on, where the user leaves it open: 1,500 steps of 28 x 28. Beyond
# that the loss of other images hardly falls.
MOST_PIXELS = 1500 * BATCH_SIZE * 28 * 28
# Of views, where the user names no change.
VIEWS = (("shift", 0.07), ("rotation", 10.0), ("zoom", 0.1))
AUGMENTATION = ("shift", "rotation", "zoom", "crop", "flip", "contrast")


class Images(Inputs):
    """Images in rows: as value of `inputs`, it makes a model convolutional.

    X may hold images, shape (n, height, width) or (n, height, width, channels); rows
    of pixels, shape (n, height * width * channels), with `image_shape`, so that scalers
    and a ColumnTransformer still work; or paths of image files, which are then read
    when they are needed and never held all at once. Bytes (uint8) are divided by 255,
    other numbers are taken as they are and should be on a scale near 1. What a model
    gives back (`reconstruct`, `inverse_transform`, `sample`) has the form and the type
    of the images that `fit` saw.

    The encoder halves height and width by each convolution (stride 2) and ends in the
    `hidden_layer_sizes` of the model; the decoder is its mirror image [1]_. Changes at
    random (`shift` to `contrast`) are what the encoder sees in training, while the
    decoder must restore the image as it is: the code then says less of them.

    Parameters
    ----------
    image_shape : (int, int) or (int, int, int), default=None
        Height, width and channels of an image; None for what X says. Needed for rows of
        pixels. Files are brought to this size; None means that of the first.
    filters : sequence of int, default=None
        Numbers of filters of the convolutions. None means 32, 64, and then 128, as
        often as leaves at least 4 pixels. Empty for dense layers alone, with the
        changes below.
    kernel_size : int, default=3
        Height and width of each filter, at most 1,000.
    shift : float, default=0.0
        Largest move in either direction, as a share of height and width.
    rotation : float, default=0.0
        Largest angle, in degrees.
    zoom : float, default=0.0
        Largest change of size in either direction, as a share.
    crop : float, default=0.0
        Largest share of height and width that is cut off; what is left is scaled up.
    flip : {"horizontal", "vertical", "both"}, default=None
        Which mirror images are as likely as the image.
    contrast : float, default=0.0
        Largest change of the distance of pixels from their mean, as a share.
    max_pixels : int or None, default=89_478_485
        Height times width of an image in a file at most, which is looked up in the head
        of the file, before the image takes memory. Above the default Pillow warns. None
        for no limit but Pillow's.
    max_file_size : int or None, default=2**28
        Bytes of a file at most. None for no limit.

    See Also
    --------
    image_paths : The images of a folder.
    Sequences : Rows that have an order in time.

    Notes
    -----
    With convolutions, ``batch_size="auto"`` of a model means 64. ``epochs="auto"``
    means as many as 1,500 steps take of 28 x 28 pixels, of larger images fewer in
    proportion and of smaller ones more, but from 10 to 200: 47 for 2,000 images of
    28 x 28.

    References
    ----------
    .. [1] Masci, Meier, Ciresan & Schmidhuber, "Stacked convolutional auto-encoders for
       hierarchical feature extraction", ICANN 2011.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skunsup import Autoencoder, Images
    >>> images = load_digits().images / 16
    >>> model = Autoencoder(8, inputs=Images(shift=0.1), epochs=2, random_state=0)
    >>> model.fit_transform(images).shape
    (1797, 8)
    >>> model.reconstruct(images[:5]).shape
    (5, 8, 8)
    """

    _boxed = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "image_shape": [tuple, list, None],
        "filters": ["array-like", None],
        "kernel_size": [integers(1, 1_000)],
        "shift": [reals(0, 1, "both")],
        "rotation": [reals(0, 180, "both")],
        "zoom": [reals(0, 1, "left")],
        "crop": [reals(0, 1, "left")],
        "flip": [StrOptions({"horizontal", "vertical", "both"}), None],
        "contrast": [reals(0, None, "left")],
        "max_pixels": [integers(1), None],
        "max_file_size": [integers(1), None],
    }

    def __init__(
        self,
        image_shape: Sequence[int] | None = None,
        *,
        filters: Sequence[int] | None = None,
        kernel_size: int = 3,
        shift: float = 0.0,
        rotation: float = 0.0,
        zoom: float = 0.0,
        crop: float = 0.0,
        flip: str | None = None,
        contrast: float = 0.0,
        max_pixels: int | None = MAX_PIXELS,
        max_file_size: int | None = MAX_FILE_SIZE,
    ) -> None:
        self.image_shape = image_shape
        self.filters = filters
        self.kernel_size = kernel_size
        self.shift = shift
        self.rotation = rotation
        self.zoom = zoom
        self.crop = crop
        self.flip = flip
        self.contrast = contrast
        self.max_pixels = max_pixels
        self.max_file_size = max_file_size

    def learn(
        self, estimator: BaseEstimator, X: Any, min_samples: int
    ) -> tuple[Layout, Read]:
        """Learn shape and type of the images in `X`, and read them.

        Parameters
        ----------
        estimator : BaseEstimator
            Whose data they are; gets what it must know about columns.
        X : object
            Training data.
        min_samples : int
            Fewest rows that will do.

        Returns
        -------
        layout : Layout
            What was learned.
        read : Read
            The rows of `X`.
        """
        check_params(self)
        X = as_images(X, "X")
        if len(X) < min_samples:
            raise ValueError(
                f"X holds {len(X)} image(s) (n_samples={len(X)}), but a minimum of "
                f"{min_samples} is required."
            )
        shape = self._shape(X)
        changes = {name: getattr(self, name) for name in AUGMENTATION}
        layout = ImageLayout(
            shape,
            self._filters(shape),
            int(self.kernel_size),
            changes,
            np.dtype(np.uint8) if X.dtype.kind in "OU" else X.dtype,
            (*shape,) if X.dtype.kind in "OU" else X.shape[1:],
            self._limits(),
            not self.filters,
        )
        estimator.n_features_in_ = layout.n_columns
        return layout, layout.read(estimator, X)

    def _shape(self, X: np.ndarray) -> Shape:
        given = self.image_shape
        if given is not None:
            return _checked_shape(given)
        if X.ndim == 2:
            raise ValueError(
                f"X has shape {X.shape}, rows of pixels, which could be images of many "
                "shapes. Give theirs, for instance Images(image_shape=(28, 28))."
            )
        if X.dtype.kind in "OU":
            return (*image_size(X[0], self._limits()), 3)
        return (*X.shape[1:3], X.shape[3] if X.ndim == 4 else 1)

    def _limits(self) -> FileLimits:
        return FileLimits(self.max_pixels, self.max_file_size)

    def _filters(self, shape: Shape) -> tuple[int, ...]:
        if self.filters is None:
            return default_filters(shape)
        filters = tuple(self.filters)
        if not all(isinstance(n, int | np.integer) and n > 0 for n in filters):
            raise ValueError(
                f"filters={self.filters!r}, but expected whole numbers above 0, one "
                "for each convolution; none for dense layers alone."
            )
        return tuple(int(n) for n in filters)


@dataclass
class ImageLayout(Layout):
    """Fitted form of images.

    Parameters
    ----------
    image_shape : (int, int, int)
        Height, width and channels.
    filters : tuple of int
        Of the convolutions.
    kernel_size : int
        Of each.
    changes : dict
        Arguments of `Augmentation`.
    dtype : dtype
        Of the images in `fit`.
    form : tuple of int
        Shape of an image in `fit`.
    limits : FileLimits
        What image files may hold.
    projected : bool
        Whether the user asked for no convolutions of their own.
    """

    image_shape: Shape
    filters: tuple[int, ...]
    kernel_size: int
    changes: dict[str, Any]
    dtype: np.dtype
    form: tuple[int, ...]
    limits: FileLimits = LIMITS
    projected: bool = True

    def __post_init__(self) -> None:
        self.shape = self.image_shape
        if self.filters:
            self.hidden = (256,)
            self.training = self._training()
        self.n_columns = int(np.prod(self.shape))
        self.likelihood = PixelCells(self.image_shape, tuple(self.changes.items()))

    def _training(self) -> TrainingDefaults:
        height, width, _ = self.image_shape
        n_steps = MOST_PIXELS // (BATCH_SIZE * height * width)
        # Twice the rows a step, and of small images as many steps as of numbers.
        return TrainingDefaults(BATCH_SIZE, max(n_steps, 1), most_epochs=200)

    def view_likelihood(self) -> PixelCells:
        """Return pixels with the changes of `inputs`, or default ones without any."""
        changed = any(self.changes.values())
        return PixelCells(
            self.image_shape, tuple(self.changes.items()) if changed else VIEWS
        )

    def read(self, estimator: BaseEstimator, X: Any, name: str = "X") -> Read:
        """Return rows of pixels, bytes divided by 255."""
        X = as_images(X, name)
        if X.dtype.kind in "OU":
            return Read(
                FileRows(X, self.image_shape, self.limits), np.dtype(np.float64)
            )
        found = X.shape[1:] if X.ndim == 2 else (*X.shape[1:3], *(X.shape[3:] or (1,)))
        if found not in ((self.n_columns,), self.shape):
            raise ValueError(
                f"{name} holds images of shape {found}, but {type(estimator).__name__} "
                f"is for images of shape {self.shape} (height, width, channels), or "
                f"rows of {self.n_columns} features (pixels). Resize or convert them."
            )
        return Read(_pixel_rows(X, name), float_dtype(X))

    def restored(self, rows: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Return images of the form and type that `fit` saw."""
        images = rows.reshape(len(rows), *self.form)
        if self.dtype == np.uint8:
            return np.clip(np.rint(images * 255), 0, 255).astype(np.uint8)
        return images.astype(dtype, copy=False)

    def encoder(
        self,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable = "linear",
        n_beside: int = 0,
        spectral: bool = False,
    ) -> NetworkSpec:
        """Return convolutions and fully connected layers."""
        if not self.filters:
            n_inputs = self.n_columns + n_beside
            return DenseStack(n_inputs, sizes, activation, last, spectral)
        return ConvEncoder(
            self.image_shape,
            self.filters,
            self.kernel_size,
            sizes,
            activation,
            last,
            n_beside,
            spectral,
        )

    def decoder(
        self,
        n_inputs: int,
        sizes: tuple[int, ...],
        activation: str | Callable,
        last: str | Callable,
    ) -> NetworkSpec:
        """Return fully connected layers and transposed convolutions."""
        if not self.filters:
            return DenseStack(n_inputs, (*sizes, self.n_columns), activation, last)
        return ConvDecoder(
            n_inputs,
            self.image_shape,
            self.filters,
            self.kernel_size,
            sizes,
            activation,
            last,
        )


class ByteRows(Rows):
    """Rows of bytes, divided by 255 as they are read.

    Parameters
    ----------
    rows : Rows
        Of uint8.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows, self.n, self.d = rows, rows.n, rows.d

    def part(self, index: np.ndarray) -> "ByteRows":
        """Return the rows at `index`, as rows of their own."""
        return ByteRows(self._rows.part(index))

    def _read(self, index: np.ndarray | slice) -> np.ndarray:
        return self._rows.take(index) / np.float32(255)


def as_images(X: Any, name: str) -> np.ndarray:
    """Return images, rows of pixels or paths as an array with one image a row.

    Raises
    ------
    ValueError, TypeError
        If `X` is nothing of these, or images differ in size.
    """
    if isinstance(X, str | Path):
        raise TypeError(
            f"{name} is the single path {str(X)!r}, but expected a list of paths. Give "
            "image_paths(folder) for a folder."
        )
    if isinstance(X, list | tuple):
        _check_sizes(X, name)
    X = X.to_numpy() if hasattr(X, "to_numpy") else X
    X = X.toarray() if hasattr(X, "toarray") else X
    X = X if isinstance(X, np.memmap) else np.asarray(X)
    if X.ndim and not len(X):
        raise ValueError(
            f"{name} holds 0 images (n_samples=0), but a minimum of 1 is required."
        )
    if X.dtype.kind in "OU":
        return _paths(X, name)
    if X.dtype.kind not in "fiub" or X.ndim not in (2, 3, 4):
        raise ValueError(
            f"{name} has shape {X.shape} and dtype {X.dtype}, but expected numbers of "
            "shape (n, height, width), (n, height, width, channels) or (n, pixels), or "
            "a list of paths of image files."
        )
    return X


def _check_sizes(X: Sequence[Any], name: str) -> None:
    shapes = [np.shape(image) for image in X if not isinstance(image, str | Path)]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(
                f"{name} holds images of different sizes: shape {shapes[0]} at 0 and "
                f"{shape} at {i}. Bring them to one size, for instance with "
                "keras.ops.image.resize, or give paths of files and image_shape."
            )


def _paths(X: np.ndarray, name: str) -> np.ndarray:
    if X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    likelihood = X.ravel().tolist()
    if X.ndim == 1 and all(isinstance(cell, np.ndarray) for cell in likelihood):
        _check_sizes(likelihood, name)
        return as_images(np.stack(likelihood), name)
    for i, cell in enumerate(likelihood):
        if X.ndim != 1 or not isinstance(cell, str | Path):
            raise TypeError(
                f"{name} holds {cell!r} at {i}, but expected images as an array of "
                "numbers, or one path of an image file a row."
            )
    return np.array([str(cell) for cell in likelihood])


def _pixel_rows(X: np.ndarray, name: str) -> Rows:
    X = flat_map(X) if is_mapped(X) else X.reshape(len(X), -1)
    if X.dtype == np.uint8:
        return ByteRows(as_rows(X) if is_mapped(X) else Rows(X))
    if X.dtype.kind != "f":
        return as_rows(X)
    # Rows of float32 in memory are taken to have been checked.
    whole = X.dtype == np.float32 and not is_mapped(X) and np.isfinite(X).all()
    return as_rows(X) if whole else check_rows(_doubled(X), None, name)


def _doubled(X: np.ndarray) -> np.ndarray:
    return X if is_mapped(X) else X.astype(np.float64, copy=False)


def _checked_shape(given: Sequence[int]) -> Shape:
    shape = tuple(given)
    whole = all(isinstance(size, int | np.integer) and size > 0 for size in shape)
    if len(shape) not in (2, 3) or not whole:
        raise ValueError(
            f"image_shape={given!r}, but expected (height, width) or (height, width, "
            "channels), whole numbers above 0."
        )
    return (int(shape[0]), int(shape[1]), int(shape[2]) if len(shape) == 3 else 1)
