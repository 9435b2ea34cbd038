"""Contrastive network of pairs of neighbours."""

from typing import Any, ClassVar

import keras
from keras import ops

from skunsup._networks import Corruption, Network
from skunsup.models._contrast import info_nce, place_info_nce

REFERENCES = 256  # rows that held-out ones are told from
COORDINATE_WEIGHT = 1000.0
PLACE_WEIGHT = 100.0  # of the error of places, beside the contrast of places
UNITS = 8.0  # of distance in which similarity falls, in a map of mean square 1


class PairNetwork(Network):
    """Base of encoders of rows that come in pairs, side by side.

    The network's `pair_loss` judges validation rows.

    Parameters
    ----------
    encoder : keras.Model
        A `SphereEncoder`.
    temperature : float
        Of `info_nce`.
    projected : bool
        Whether pairs are of projected rows, to which the encoder's own projection does
        not apply.
    noise : {"gaussian", "masking"} or None
        How both rows of a pair are changed in training, beside the views of the kind of
        data.
    noise_level : float
        As of `Corruption`.
    n_reference : int
        Width of the rows of a pair where rows are held out to judge epochs by, else 0.
    """

    with_views: ClassVar[bool] = True  # of the kind of data
    defaults: ClassVar[dict[str, Any]] = {
        "temperature": 0.2,
        "projected": True,
        "noise": None,
        "noise_level": 0.0,
        "n_reference": 0,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        given = self.settings
        self.corruption = None
        if given["noise"]:
            means = None if given["projected"] else self.likelihood
            self.corruption = Corruption(given["noise"], given["noise_level"], means)
        if given["n_reference"]:
            self.reference = self.add_weight(
                shape=(REFERENCES, given["n_reference"]),
                initializer="zeros",
                trainable=False,
                name="reference",
            )

    def contrast(self, rows: Any) -> tuple[Any, Any]:
        """Codes of both rows of pairs, one after the other, and their `info_nce`."""
        codes = self.embed(self.seen(rows), training=True)
        a, b = ops.split(codes, 2)
        return codes, info_nce(a, b, self.settings["temperature"])

    def seen(self, x: Any) -> Any:
        """Input of the encoder for rows in training."""
        if self.with_views and not self.settings["projected"]:
            x = super().seen(x)
        return x if self.corruption is None else self.corruption(x)

    def embed(self, x: Any, training: bool = False) -> Any:
        """Codes of rows as pairs hold them."""
        projected = self.settings["projected"]
        encode = self.encoder.embed if projected else self.encoder
        return encode(x, training=training)

    def pair_loss(self, x: Any) -> Any:
        """Loss of telling the partner in each pair from fixed training rows."""
        first, second = (self.embed(half) for half in halves(x))
        others = self.embed(ops.convert_to_tensor(self.reference))
        own = ops.sum(first * second, axis=-1, keepdims=True)
        similar = ops.concatenate([own, ops.matmul(first, ops.transpose(others))], -1)
        similar = similar / self.settings["temperature"]
        return ops.logsumexp(similar, axis=-1) - similar[..., 0]


class CodePairs(PairNetwork):
    """Base of encoders of pairs that are used for their codes."""

    def learned(self, x: Any) -> tuple[Any, Any, list[Any]]:
        """Codes of both rows of pairs, which of them count, and terms of the loss."""
        codes, contrast = self.contrast(ops.concatenate(halves(x)))
        return codes, ops.ones_like(codes[:, 0]), [contrast]

    def encode(self, x: Any) -> Any:
        """Codes of rows."""
        return self.encoder(x, training=False)

    def call(self, x: Any, training: bool = False) -> Any:
        """Encode, as Keras users expect of the model."""
        return self.encoder(x, training=training)


class CoordinatePairs(PairNetwork):
    """Base of encoders of pairs with a head that gives coordinates.

    Rows of pairs come with their coordinates behind them, and 1 where these are known,
    else 0.

    Parameters
    ----------
    head : keras.Model
        From codes to coordinates.
    """

    error_weight: ClassVar[float] = COORDINATE_WEIGHT

    def learned(self, x: Any) -> tuple[Any, Any, list[Any]]:
        """Coordinates of both rows of pairs, which are known, terms of the loss."""
        rows = ops.concatenate(halves(x))
        n = self.head.output_shape[-1]
        wanted, known = rows[:, -n - 1 : -1], rows[:, -1:]
        found, contrast = self.contrasted(rows[:, : -n - 1])
        error = ops.mean(known * ops.square(found - wanted))
        return found, known[:, 0], [contrast, self.error_weight * error]

    def contrasted(self, rows: Any) -> tuple[Any, Any]:
        """Coordinates of both rows of pairs, and the contrast of their codes."""
        codes, contrast = self.contrast(rows)
        return self.head(codes, training=True), contrast

    def coordinates(self, x: Any) -> Any:
        """Coordinates of rows as pairs hold them."""
        return self.head(self.embed(x), training=False)

    def encode(self, x: Any) -> Any:
        """Coordinates of rows."""
        return self.head(self.encoder(x, training=False), training=False)

    def call(self, x: Any, training: bool = False) -> Any:
        """Return coordinates, as Keras users expect of the model."""
        return self.head(self.encoder(x, training=training), training=training)


class PlacePairs(CoordinatePairs):
    """Base of encoders of pairs with a head that gives places in a map.

    Rows of pairs come as they are, but for noise, with places as `CoordinatePairs` has
    coordinates.
    """

    with_views = False
    error_weight = PLACE_WEIGHT

    def contrasted(self, rows: Any) -> tuple[Any, Any]:
        """Places of both rows of pairs, and their contrast."""
        found = self.head(self.embed(self.seen(rows), training=True), training=True)
        return found, place_info_nce(*ops.split(UNITS * found, 2))


@keras.saving.register_keras_serializable(package="skunsup")
class NeighborNetwork(CodePairs):
    """Encoder that gives neighbours similar codes.

    Objective: `info_nce` of the codes of pairs.
    """

    own_terms = ("contrast",)

    def loss_terms(self, x: Any) -> list[Any]:
        """Contrast of the codes of the pairs in `x`."""
        return self.learned(x)[2]


@keras.saving.register_keras_serializable(package="skunsup")
class CoordinateNetwork(CoordinatePairs):
    """Encoder that gives neighbours similar codes, with a head that gives coordinates.

    Objective: `info_nce` of the codes, and the mean square error of the known
    coordinates, weighted.
    """

    own_terms = ("contrast", "coordinates")

    def loss_terms(self, x: Any) -> list[Any]:
        """Contrast of the pairs in `x`, and error of their coordinates."""
        return self.learned(x)[2]


@keras.saving.register_keras_serializable(package="skunsup")
class MapNetwork(PlacePairs, CoordinateNetwork):
    """Encoder with a head that gives places in a map.

    Objective: `place_info_nce` of pairs, and the mean square error of the known places,
    weighted.
    """


def halves(x: Any) -> list[Any]:
    """Return the two rows of each pair."""
    width = x.shape[-1] // 2
    return [x[..., :width], x[..., width:]]
