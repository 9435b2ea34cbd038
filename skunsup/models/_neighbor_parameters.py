"""Parameters of neighbour embeddings."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, integers, reals
from skunsup.models._parameters import OWN_NETWORK, LayerParameters, LossParameters


@parameters
class NeighborParameters(LayerParameters):
    """Neighbours and views.

    Parameters
    ----------
    n_components : int
        Width of the code, whose length is 1. None means 10, or what
        an own `encoder` returns.
    n_neighbors : int or "auto"
        Neighbours of a row that codes shall keep near, fewer than there are distinct
        rows. The r-th neighbour is drawn with odds 1 / r, so how many there are matters
        little. "auto" means 50, or all others of fewer rows. Of a given `graph`, so
        many nearest ones are used; "auto" means all.
    metric : str or callable
        Distance of rows: a name that `sklearn.neighbors.NearestNeighbors` knows, or a
        function of two rows; see Notes for what it is measured on. With "cosine" the
        network, too, sees rows divided by their lengths. "precomputed" takes neighbours
        from `graph`.
    graph : sparse matrix of shape (n_samples, n_samples)
        Distances of the rows of `fit` to their neighbours, as
        `sklearn.neighbors.kneighbors_graph` with ``mode="distance"`` returns them, for
        `metric="precomputed"`.
    store_graph : bool
        Keep the graph of neighbours, as `graph_`.
    temperature : float
        Divisor of the similarities of codes in the loss. A lower one gives more weight
        to the rows that are hardest to tell from a neighbour.
    n_views : int
        Views of an image, itself among them, from which training draws: it is shifted,
        turned and zoomed as `inputs` says, or by up to 7 %, 10 degrees and 10 % where
        `inputs` names no change. They are made once; where all would take more than
        512 MiB, there are fewer. 1 for none.
    noise_level : float
        Where rows have no views, standard deviation of the normal noise that training
        adds to them, relative to theirs; of kinds without numbers the probability that
        a cell is hidden. A map is learned at last with a third of it, from images too.
    hidden_layer_sizes : int or sequence of int
        Widths of the hidden layers. Empty for a linear model; None for (256, 256), or
        what suits `inputs`.
    encoder : keras.Model or callable
        Own network: an unfitted Keras model, or a callable of (n_features,
        n_components) that returns one. It is copied and trained from fresh weights,
        fixed by `random_state`, on rows as they are; layers with `trainable=False` keep
        theirs.
    learning_rate_schedule : {"constant", "cosine"}
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to 0.
    batch_size : int, "auto" or None
        Pairs a step, each of which is told from all the others. "auto" means the power
        of 2 up to an eighth of the rows, from 64 to 256. None, or more than there are
        rows, takes all rows in one step.
    epochs : int, "auto" or None
        Passes over the rows, at most; None for as many as `max_steps` takes. "auto"
        means as many as 2,000 steps take with up to 10,000 rows, and more steps with
        more rows, in proportion to the power 0.4 of their number.
    early_stopping : bool
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights. The loss is
        that of telling the nearest training row from 256 others.
    """

    n_components: int | None = parameter(
        [integers(1), None], default=None, kw_only=False
    )
    n_neighbors: int | str = parameter(
        [integers(1), StrOptions({"auto"})], default="auto"
    )
    metric: str | Callable = parameter([str, callable], default="euclidean")
    graph: Any = parameter(["sparse matrix", None], default=None)
    store_graph: bool = parameter(["boolean"], default=False)
    temperature: float = parameter([reals(0, None, "neither")], default=0.2)
    n_views: int = parameter([integers(1, 1000)], default=10)
    noise_level: float = parameter([reals(0, None, "left")], default=0.3)
    encoder: keras.Model | Callable | None = parameter(OWN_NETWORK, default=None)
    learning_rate_schedule: str | None = parameter(default="cosine")


@parameters
class DecoderParameters(LossParameters):
    """Decoder.

    Parameters
    ----------
    reconstruction_weight : float or None
        Weight of the reconstruction loss, in units of that loss at the start. With 0 a
        decoder learns to decode what `transform` gives, which is as it would be without
        one; with more, codes must tell rows apart too. None for no decoder.
    loss : str, keras.losses.Loss or callable
        Reconstruction loss: a Keras name, an instance, or a callable of (X, output)
        that returns one value a row. With "binary_crossentropy" the output is a
        sigmoid and X must lie in [0, 1], with "poisson" a softplus and X non-negative.
    decoder : keras.Model or callable
        Own decoder: an unfitted Keras model, or a callable of (n_components,
        n_features) that returns one. Treated as `encoder`. None for the mirror image of
        the default encoder.
    """

    reconstruction_weight: float | None = parameter(
        [reals(0, None, "left"), None], default=None
    )
    decoder: keras.Model | Callable | None = parameter(OWN_NETWORK, default=None)


@parameters
class EmbeddingParameters(DecoderParameters, NeighborParameters):
    """Coordinates.

    Parameters
    ----------
    n_components : int
        Width of what `transform` gives. None means 10, for a map 2, or what an own
        `encoder` returns.
    coordinates : {"auto", "code", "map", "spectral"}
        Result of `transform`. "code" is the code itself, of length 1. "map" is a place
        in a map of the neighbours among rows and, with less weight, among codes, for
        plots, best with 2 components; "spectral" are the leading eigenvectors of
        the graph of neighbours among codes, best for :class:`sklearn.cluster.KMeans`
        with half more components than clusters. Both are computed for the training
        rows, and learned by a head of the network in as many steps again, those of a
        map from rows as they are, without views, and by contrast of places too; further
        calls of `partial_fit`, and a warm start, keep them. "auto" means a map with up
        to 3 components, else the code.
    """

    n_components: int | None = parameter(default=None, kw_only=False)
    coordinates: str = parameter(
        [StrOptions({"auto", "code", "map", "spectral"})], default="auto"
    )


@parameters
class NeighborClusterParameters(NeighborParameters):
    """Clusters.

    Parameters
    ----------
    n_clusters : int, sequence of int or None
        Number of clusters, at most that of distinct rows. Of several numbers, such as
        ``range(2, 11)``, one is chosen, see Notes; None means those from 2 to 20.
    n_components : int
        Width of the code, whose length is 1. None means 32, or what an own `encoder`
        returns.
    """

    n_clusters: int | Sequence[int] | None = parameter(
        [integers(1), "array-like", None], default=None, kw_only=False
    )
    n_components: int | None = parameter(default=None)
