"""Features from networks that were trained elsewhere."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import joblib
import keras
import numpy as np
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, check_memory

from skunsup._containers import check_container
from skunsup._docstrings import documented
from skunsup._documentation import FIT
from skunsup._parameters import parameter, parameters
from skunsup._persistence import PickledEstimator
from skunsup._random import make_generator
from skunsup._sklearn import (
    StrOptions,
    integers,
    unchanged_on_error,
    validated,
)
from skunsup._validation import check_rows, check_X
from skunsup.inputs.images import (
    MAX_FILE_SIZE,
    MAX_PIXELS,
    FileLimits,
    checked_shape,
)
from skunsup.transfer._backbone import Named
from skunsup.transfer._choice import NetworkChoice
from skunsup.transfer._images import (
    ImageBatches,
    ImageForm,
    image_batches,
)
from skunsup.transfer._rows import RowFeatures
from skunsup.transfer._runner import ImageFeatures


@parameters
class PretrainedFeatures(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, PickledEstimator
):
    """Features of images, or of rows, by a network that was trained on other data.

    A network that has learned to tell a million photographs apart turns any image into
    numbers that a linear classifier, k-means or an outlier detector can work with
    [1]_. Nothing is trained here: `fit` loads the network and looks at the form of X.

    X may hold images, shape (n, height, width) or (n, height, width, channels), uint8
    or float in [0, 255]; rows of pixels, with `image_shape`; or paths of image files,
    which are read a batch at a time. Grey images are repeated to three channels, and
    images of other sizes are scaled to what the network takes. A Keras model that takes
    rows gets the rows of X as they are.

    Parameters
    ----------
    model : str, path or keras.Model
        Name of a function of `keras.applications`, path of a `.keras` file, or a model,
        which is copied and never changed.
    weights : {"auto", "imagenet"}, path or None
        "auto" means "imagenet" for a network by name, which Keras fetches once, and
        the weights that a model or file has. A path is that of a file with weights.
        None draws them at random, fixed by `random_state`.
    layer : str
        Name of the layer whose output to take. None means the last maps of a network
        by name, and the output of other models.
    pooling : {"avg", "max"} or None
        What becomes of maps of shape (height, width, channels): the mean or the largest
        number of each channel, or all numbers.
    preprocessing : "auto", callable or None
        "auto" is the own preprocessing of a network by name, for values in [0, 255],
        and none for other models. A function takes a batch of images (n, height, width,
        channels), float32, already scaled to size, and returns one.
    image_shape : (int, int) or (int, int, int)
        Height, width and channels of the images, where X holds them as rows of pixels.
    image_size : (int, int)
        Height and width to scale images to. None means what the network was trained
        on, or where that is open, the size of the first image in `fit`.
    batch_size : int
        Images that go through the network at once. Batches are filled up to this size,
        so a small one is faster for single images.
    max_pixels : int or None
        Height times width of an image in a file at most, which is looked up in the head
        of the file, before the image takes memory. Above the default Pillow warns. None
        for no limit but Pillow's.
    max_file_size : int or None
        Bytes of a file at most. None for no limit.
    memory : str, path or joblib.Memory
        Where to keep features, so that images that were seen before are not computed
        again. Files count as seen while their size and time are the same. A folder is
        trusted like a pickle: who may write there can run code here.
    random_state : int, RandomState instance or None
        Fixes random weights. No global seed is set.

    Attributes
    ----------
    n_components_ : int
        Number of features.
    image_size_ : (int, int) or None
        Height and width that images are scaled to; None where X holds plain rows.
    model_ : keras.Model
        The network with its weights, cut at `layer`, for the caller to keep.
    n_features_in_ : int
        Number of columns, where X holds rows.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string names.

    See Also
    --------
    Autoencoder : Learns features from the data at hand.
    fine_tune : Trains an encoder on with labels.

    Notes
    -----
    A row's features depend on that row alone, to the bit. A pickle holds the weights as
    NumPy arrays, so it can be read under another backend; those of "imagenet" it holds
    by name, with a checksum.

    References
    ----------
    .. [1] Razavian, Azizpour, Sullivan & Carlsson, "CNN features off-the-shelf: an
       astounding baseline for recognition", CVPR workshops 2014.

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_digits
    >>> from skunsup import PretrainedFeatures
    >>> images = load_digits().images * 15.9
    >>> network = keras.Sequential(
    ...     [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, activation="relu")]
    ... )
    >>> PretrainedFeatures(network).fit_transform(images).shape
    (1797, 4)
    """

    model: str | os.PathLike | keras.Model = parameter(
        [str, os.PathLike, keras.Model], default="MobileNetV2", kw_only=False
    )
    weights: str | os.PathLike | None = parameter(
        [str, os.PathLike, None], default="auto"
    )
    layer: str | None = parameter([str, None], default=None)
    pooling: str | None = parameter([StrOptions({"avg", "max"}), None], default="avg")
    preprocessing: str | Callable | None = parameter(
        [StrOptions({"auto"}), callable, None], default="auto"
    )
    image_shape: Sequence[int] | None = parameter([tuple, list, None], default=None)
    image_size: Sequence[int] | None = parameter([tuple, list, None], default=None)
    batch_size: int = parameter([integers(1)], default=32)
    max_pixels: int | None = parameter([integers(1), None], default=MAX_PIXELS)
    max_file_size: int | None = parameter([integers(1), None], default=MAX_FILE_SIZE)
    memory: Any = parameter([str, os.PathLike, joblib.Memory, None], default=None)
    random_state: Any = parameter(["random_state"], default=None)

    @validated(prefer_skip_nested_validation=True)
    @documented(FIT)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Load the network, and learn what `X` looks like.

        Parameters
        ----------
        X : array-like or list of paths
            Images, rows of pixels, paths of image files, or rows.

        Raises
        ------
        ValueError
            If the network or its weights are unavailable, or do not fit `X`.
        """
        with unchanged_on_error(self):
            for name in ("n_features_in_", "feature_names_in_"):
                self.__dict__.pop(name, None)
            check_container(X)
            rng = make_generator(self.random_state)
            choice = self._choice()
            network = choice.network()
            if isinstance(network, keras.Model) and choice.takes_rows(network):
                X = check_X(self, X, reset=True)
                check_rows(X, getattr(self, "feature_names_in_", None))
                width = X.shape[1]
                self._features: Any = RowFeatures(network, width, rng, choice.source)
            else:
                self._features = self._of_images(choice, network, X, rng)
            self.image_size_ = self._features.size
            self.n_components_ = self._features.n_outputs
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Compute features.

        Parameters
        ----------
        X : array-like or list of paths
            As in `fit`; images may be of other sizes.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Float32 for float32 images or rows, else float64.

        Raises
        ------
        ValueError
            If `X` is of another kind, a value is out of range, or a file cannot be
            read; the message names it.
        """
        check_is_fitted(self)
        check_container(X)
        found, rows, dtype = self._features.read(self, X)
        if self.memory is None:
            return self._features.compute(rows).astype(dtype, copy=False)
        key = found.key() if isinstance(found, ImageBatches) else found
        compute = partial(self._features.compute, rows)
        try:
            given = self.memory
            path = os.fspath(given) if isinstance(given, os.PathLike) else given
            memory = check_memory(path)
            remember = memory.cache(_computed, ignore=["compute"])
            kept = remember(self._features.digest, key, compute)
        except OSError as error:
            raise ValueError(
                f"memory={self.memory!r} cannot keep features ({error}). Give a folder "
                "that can be made and written, or memory=None."
            ) from error
        return kept.astype(dtype, copy=False)

    @property
    def model_(self) -> keras.Model:
        """Keras network with the fitted weights, for the caller to keep."""
        check_is_fitted(self)
        return self._features.model()

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _choice(self) -> NetworkChoice:
        return NetworkChoice(
            self.model, self.weights, self.layer, self.image_shape, self.image_size
        )

    def _of_images(
        self,
        choice: NetworkChoice,
        network: Named | keras.Model,
        X: Any,
        rng: np.random.Generator,
    ) -> ImageFeatures:
        if keras.config.image_data_format() != "channels_last":
            raise ValueError(
                "keras.config.image_data_format() is 'channels_first', but "
                "PretrainedFeatures needs 'channels_last'."
            )
        shape = None if self.image_shape is None else checked_shape(self.image_shape)
        limits = FileLimits(self.max_pixels, self.max_file_size)
        images = image_batches(self, X, shape, limits, reset=True)
        if isinstance(network, Named):
            size: Any = network.size
            channels, preprocess = 3, network.preprocess
        else:
            size, channels = choice.input_form(network, images)
            preprocess = None
        own = self.preprocessing == "auto"
        function: Any = preprocess if own else self.preprocessing
        in_bytes = own and preprocess is not None
        form = ImageForm(size, channels, function, in_bytes)
        images.take(0, 1, form)  # whether the first one will do
        backbone = choice.backbone(network, rng)
        return ImageFeatures(
            backbone, form, self.pooling, self.batch_size, shape, limits
        )


def _computed(digest: str, key: Any, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Call `compute`; what it gives is kept by `digest` and `key`."""
    return compute()
