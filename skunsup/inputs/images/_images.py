"""Images: convolutional networks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skunsup._networks import DecoderLayers, EncoderLayers, NetworkSpec
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, check_params, integers, reals
from skunsup._training import Rows
from skunsup.inputs._base import Inputs
from skunsup.inputs._names import check_columns, learn_columns
from skunsup.inputs.images._arrays import (
    LARGE,
    ByteRows,
    as_images,
    largest_pixel,
    pixel_rows,
    warn_of_large_pixels,
)
from skunsup.inputs.images._files import FileRows
from skunsup.inputs.images._image_file import (
    MAX_FILE_SIZE,
    MAX_PIXELS,
    FileLimits,
    image_size,
)
from skunsup.inputs.images._likelihood import PixelCells
from skunsup.inputs.images._networks import ConvDecoder, ConvEncoder
from skunsup.inputs.images._shapes import (
    Shape,
    checked_shape,
    default_filters,
    training_defaults,
)

# Of views, where the user names no change.
VIEWS = (("shift", 0.07), ("rotation", 10.0), ("zoom", 0.1))
AUGMENTATION = ("shift", "rotation", "zoom", "crop", "flip", "contrast")


@parameters
class Images(Inputs):
    """Images in rows: as value of `inputs`, it makes a model convolutional.

    X may hold images, shape (n, height, width) or (n, height, width, channels); rows
    of pixels, shape (n, height * width * channels), with `image_shape`, so that scalers
    and a ColumnTransformer still work; or paths of image files, which are then read
    when they are needed and never held all at once. Bytes (uint8) are divided by 255,
    other numbers are taken as they are and should be on a scale near 1: a warning says
    so where they are above 32. After a fit to bytes, whole numbers of any type are
    bytes. What a model gives back (`reconstruct`, `inverse_transform`, `sample`) has
    the form of the images that `fit` saw, and is uint8 if these were, else floats.

    The encoder halves height and width by each convolution (stride 2) and ends in the
    `hidden_layer_sizes` of the model; the decoder is its mirror image [1]_. Changes at
    random (`shift` to `contrast`) are what the encoder sees in training, while the
    decoder must restore the image as it is: the code then says less of them.

    Parameters
    ----------
    image_shape : (int, int) or (int, int, int)
        Height, width and channels of an image; None for what X says. Needed for rows of
        pixels. Files are brought to this size; None means that of the first.
    filters : sequence of int
        Numbers of filters of the convolutions. None means 32, 64, and then 128, as
        often as leaves at least 4 pixels. Empty for dense layers alone, with the
        changes below.
    kernel_size : int
        Height and width of each filter, at most 1,000.
    shift : float
        Largest move in either direction, as a share of height and width.
    rotation : float
        Largest angle, in degrees.
    zoom : float
        Largest change of size in either direction, as a share.
    crop : float
        Largest share of height and width that is cut off; what is left is scaled up.
    flip : {"horizontal", "vertical", "both"}
        Mirror images that are as likely as the image.
    contrast : float
        Largest change of the distance of pixels from their mean, as a share.
    max_pixels : int or None
        Height times width of an image in a file at most, which is looked up in the head
        of the file, before the image takes memory. Above the default Pillow warns. None
        for no limit but Pillow's.
    max_file_size : int or None
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
    _largest = np.inf  # of files that older versions wrote, which say nothing of it

    image_shape: Sequence[int] | None = parameter(
        [tuple, list, None], default=None, kw_only=False
    )
    filters: Sequence[int] | None = parameter(["array-like", None], default=None)
    kernel_size: int = parameter([integers(1, 1_000)], default=3)
    shift: float = parameter([reals(0, 1, "both")], default=0.0)
    rotation: float = parameter([reals(0, 180, "both")], default=0.0)
    zoom: float = parameter([reals(0, 1, "left")], default=0.0)
    crop: float = parameter([reals(0, 1, "left")], default=0.0)
    flip: str | None = parameter(
        [StrOptions({"horizontal", "vertical", "both"}), None], default=None
    )
    contrast: float = parameter([reals(0, None, "left")], default=0.0)
    max_pixels: int | None = parameter([integers(1), None], default=MAX_PIXELS)
    max_file_size: int | None = parameter([integers(1), None], default=MAX_FILE_SIZE)

    def fit_rows(self, X: Any, owner: BaseEstimator, min_samples: int = 1) -> Rows:
        """Learn shape and type of the images in `X`, and return their rows."""
        check_params(self)
        given, X = X, as_images(X, "X")
        if len(X) < min_samples:
            raise ValueError(
                f"X holds {len(X)} image(s) (n_samples={len(X)}), but a minimum of "
                f"{min_samples} is required."
            )
        shape = self._shape(X)
        in_files = X.dtype.kind in "OU"
        self.row_shape_ = self.image_shape_ = shape
        self.filters_ = self._filters(shape)
        self.dtype_ = np.dtype(np.uint8) if in_files else X.dtype
        self._form = shape if in_files else X.shape[1:]  # of an image in `fit`
        if self.filters_:
            self.hidden_layer_sizes_ = (256,)
            self.training_ = training_defaults(shape)
        else:
            self.hidden_layer_sizes_ = Inputs.hidden_layer_sizes_
            self.training_ = Inputs.training_
        self.n_columns_ = int(np.prod(shape))
        # None as well as none: the user asked for no convolutions.
        self.projected_ = self.filters is None or not self.filters_
        self.likelihood_ = PixelCells(shape, self._changes)
        learn_columns(owner, given, self.n_columns_)
        self._largest = 1.0
        return self._rows(X, owner, "X", None)

    @property
    def _changes(self) -> tuple[tuple[str, Any], ...]:
        return tuple((name, getattr(self, name)) for name in AUGMENTATION)

    def view_likelihood(self) -> PixelCells:
        """Return pixels with the changes of `inputs`, or default ones without any."""
        changed = any(value for _, value in self._changes)
        return PixelCells(self.image_shape_, self._changes if changed else VIEWS)

    def _shape(self, X: np.ndarray) -> Shape:
        given = self.image_shape
        if given is not None:
            return checked_shape(given)
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

    def read_rows(self, X: Any, owner: BaseEstimator, name: str = "X") -> Rows:
        """Return rows of pixels, bytes divided by 255."""
        check_columns(owner, X, self.n_columns_)
        return self._rows(as_images(X, name), owner, name, self.dtype_)

    def _rows(
        self, X: np.ndarray, owner: BaseEstimator, name: str, learned: np.dtype | None
    ) -> Rows:
        """Return rows of pixels beside images of a type in `fit`; None for `fit`."""
        if X.dtype.kind in "OU":
            return FileRows(X, self.image_shape_, self._limits())
        found = X.shape[1:] if X.ndim == 2 else (*X.shape[1:3], *(X.shape[3:] or (1,)))
        if found not in ((self.n_columns_,), self.image_shape_):
            raise ValueError(
                f"{name} holds images of shape {found}, but {type(owner).__name__} "
                f"is for images of shape {self.image_shape_} (height, width, "
                f"channels), or rows of {self.n_columns_} features (pixels). Resize or "
                "convert them."
            )
        rows = pixel_rows(X, name, learned)
        if not isinstance(rows, ByteRows):
            self._compare(largest_pixel(rows), X.dtype, name, learned)
        return rows

    def _compare(
        self, largest: float, dtype: np.dtype, name: str, learned: np.dtype | None
    ) -> None:
        """Warn of pixels that are large in `fit`, or that are so only afterwards."""
        if learned is None:
            self._largest, beside = largest, ""
        elif self._largest > LARGE:
            return
        else:
            beside = f", but fit saw {learned} up to {self._largest:.3g}"
        if largest > LARGE:
            warn_of_large_pixels(largest, dtype, name, beside)

    def restore_rows(
        self, rows: np.ndarray, dtype: np.dtype, like: Any = None
    ) -> np.ndarray:
        """Return images of the form and type that `fit` saw."""
        images = rows.reshape(len(rows), *self._form)
        if self.dtype_ == np.uint8:
            return np.clip(np.rint(images * 255), 0, 255).astype(np.uint8)
        return images.astype(dtype, copy=False)

    def encoder(self, layers: EncoderLayers) -> NetworkSpec:
        """Return convolutions and fully connected layers."""
        if not self.filters_:
            return super().encoder(layers)
        size = int(self.kernel_size)
        return ConvEncoder(self.image_shape_, self.filters_, size, *layers)

    def decoder(self, layers: DecoderLayers) -> NetworkSpec:
        """Return fully connected layers and transposed convolutions."""
        if not self.filters_:
            return super().decoder(layers)
        shape, size = self.image_shape_, int(self.kernel_size)
        return ConvDecoder(layers.n_inputs, shape, self.filters_, size, *layers[1:])
