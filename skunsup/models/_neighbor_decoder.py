"""Networks of pairs of neighbours with a decoder."""

from typing import Any, ClassVar

import keras
from keras import ops

from skunsup.models._neighbor_network import (
    CodePairs,
    CoordinateNetwork,
    CoordinatePairs,
    MapNetwork,
    NeighborNetwork,
    PairNetwork,
    PlacePairs,
)
from skunsup.models._weighted_decoder import WeightedDecoder


class DecodedPairs(WeightedDecoder, PairNetwork):
    """Base of encoders of pairs with a decoder of what they give.

    Behind a pair stands the first of its rows as it is, without a change of training.
    Its reconstruction loss joins the other terms of the objective.

    Parameters
    ----------
    decoder : keras.Model
        From what `encode` gives to rows.
    n_columns : int
        Columns of a row as it is.
    loss, reconstruction_weight
        As of `WeightedDecoder`.
    """

    defaults: ClassVar[dict[str, Any]] = {
        **PairNetwork.defaults,
        **WeightedDecoder.defaults,
    }

    def loss_terms(self, x: Any) -> list[Any]:
        """Terms of the pairs in `x`, then the reconstruction loss of first rows."""
        n = self.settings["n_columns"]
        pairs, rows = x[:, :-n], x[:, -n:]
        codes, counted, terms = self.learned(pairs)
        first, count = (ops.split(both, 2)[0] for both in (codes, counted))
        return [*terms, self.weighted_loss(first, rows, count)]


@keras.saving.register_keras_serializable(package="skunsup")
class DecodedNeighborNetwork(DecodedPairs, CodePairs):
    """Encoder that gives neighbours similar codes, with a decoder of these.

    Objective: `info_nce` of the codes of pairs, and the reconstruction loss, weighted.
    """

    own_terms = ("contrast", "reconstruction")


@keras.saving.register_keras_serializable(package="skunsup")
class DecodedCoordinateNetwork(DecodedPairs, CoordinatePairs):
    """Encoder with a head that gives coordinates, and a decoder of these.

    Objective: that of `CoordinateNetwork`, and the reconstruction loss of the rows
    whose coordinates are known, weighted.
    """

    own_terms = ("contrast", "coordinates", "reconstruction")


@keras.saving.register_keras_serializable(package="skunsup")
class DecodedMapNetwork(DecodedPairs, PlacePairs):
    """Encoder with a head that gives places in a map, and a decoder of these.

    Objective: that of `MapNetwork`, and the reconstruction loss of the rows whose
    places are known, weighted.
    """

    own_terms = ("contrast", "coordinates", "reconstruction")


DECODED: dict[type, type[DecodedPairs]] = {
    NeighborNetwork: DecodedNeighborNetwork,
    MapNetwork: DecodedMapNetwork,
    CoordinateNetwork: DecodedCoordinateNetwork,
}
