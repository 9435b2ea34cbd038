"""Neighbour embedding by a network."""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np

from skunsup._estimator import FitData, TrainingTask
from skunsup._graph import nearest_neighbors
from skunsup._networks import (
    Architecture,
    DenseStack,
    Network,
    NetworkSpec,
    SphereSpec,
    resolve_activation,
)
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, integers, reals
from skunsup._training import TrainingState, WeightedSampler
from skunsup.inputs import TrainingDefaults
from skunsup.models._latent import EncodingTransformer
from skunsup.models._map_layout import leading_columns, map_layout
from skunsup.models._neighbor_data import (
    NeighborData,
    check_graph_given,
    graph_neighbors,
    neighbors_of,
    paired_rows,
    whole_graph,
)
from skunsup.models._neighbor_network import (
    REFERENCES,
    CoordinateNetwork,
    NeighborNetwork,
    PairNetwork,
)
from skunsup.models._pair_training import (
    continued,
    own_outputs,
    shortened,
    with_columns,
)
from skunsup.models._parameters import OWN_NETWORK, LayerParameters
from skunsup.models._partition import affinity, spectral_coordinates
from skunsup.models._parts import layer_sizes, own_encoder
from skunsup.models._projection import learned_projection

HIDDEN = (256, 256)
HEAD = 256
MAP_COMPONENTS = 3  # at most, where it is left open whether they make up a map
SPECTRAL_NEIGHBORS = 20
SHARE = 1.0  # of the steps, in which coordinates are learned
# Of few rows smaller minibatches, so that no row is told from many of its own group.
BATCH_SIZES, N_BATCHES = (64, 256), 8
# Steps up to 10,000 rows, and the power of the number of more rows by which they grow.
STEPS, GROWTH = 2000, 0.4
MOST_STEPS, MOST_EPOCHS = 10_000, 10_000


TOO_MANY_COORDINATES = (
    "coordinates='spectral' with n_components={k}, but X has {n} distinct rows to "
    "train on. Use fewer components than rows, or coordinates='code'."
)


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
        Whether to keep the neighbours, as `graph_`.
    temperature : float
        What similarities of codes are divided by in the loss. A lower one pays more
        attention to the rows that are hardest to tell from a neighbour.
    n_views : int
        Views of an image, itself among them, from which training draws: it is shifted,
        turned and zoomed as `inputs` says, or by up to 7 %, 10 degrees and 10 % where
        `inputs` names no change. They are made once; where all would take more than
        512 MiB, there are fewer. 1 for none.
    noise_level : float
        Where rows have no views, standard deviation of the normal noise that training
        adds to them, relative to theirs; of kinds without numbers the probability that
        a cell is hidden.
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

    n_components: int | None = parameter(None, [integers(1), None], kw_only=False)
    n_neighbors: int | str = parameter("auto", [integers(1), StrOptions({"auto"})])
    metric: str | Callable = parameter("euclidean", [str, callable])
    graph: Any = parameter(None, ["sparse matrix", None])
    store_graph: bool = parameter(False, ["boolean"])
    temperature: float = parameter(0.2, [reals(0, None, "neither")])
    n_views: int = parameter(10, [integers(1, 1000)])
    noise_level: float = parameter(0.3, [reals(0, None, "left")])
    encoder: keras.Model | Callable | None = parameter(None, OWN_NETWORK)
    learning_rate_schedule: str | None = parameter("cosine")


class NeighborEstimator(EncodingTransformer, NeighborParameters):
    """Base of the estimators around a network of pairs of neighbours."""

    _criterion = "row_loss"
    _width: ClassVar[int] = 10  # of the code, where it is left open

    def _paired(
        self, data: FitData, previous: TrainingState | None, rng: np.random.Generator
    ) -> NeighborData:
        """Return pairs of neighbours among the rows."""
        check_graph_given(self.metric, self.graph)
        sample, rows = data.sample, data.rows
        assert isinstance(sample, WeightedSampler)
        if previous is None:
            unit_rows = self.metric == "cosine"
            likelihood = data.inputs.likelihood_
            self._projection = learned_projection(
                rows, sample, likelihood, unit_rows, rng
            )
        features = self._projection.all_of(rows, sample.index)
        if self.graph is not None:
            found = graph_neighbors(self.graph, rows, sample, self.n_neighbors)
        else:
            found = neighbors_of(features, self.n_neighbors, self.metric, rng)
        if self.store_graph:
            self.graph_ = whole_graph(found, rows, sample)
        projected = data.inputs.projected_ and self.encoder is None
        return paired_rows(
            data, self._projection, features, found, self.n_views, projected, rng
        )

    def _training_defaults(self, data: FitData) -> TrainingDefaults:
        n = data.sample.n_draws
        size = int(2 ** np.floor(np.log2(max(n / N_BATCHES, 1))))
        steps = int(np.clip(STEPS * (n / 10_000) ** GROWTH, STEPS, MOST_STEPS))
        return TrainingDefaults(int(np.clip(size, *BATCH_SIZES)), steps, 1, MOST_EPOCHS)

    def _pair_network(
        self, network: type[PairNetwork], data: NeighborData, **heads: tuple[int, ...]
    ) -> Architecture:
        """Return an architecture for pairs; `heads` are layers of parts on the code."""
        encoder = self._encoder(data)
        width = encoder.n_outputs
        tops = {name: self._head(width, sizes) for name, sizes in heads.items()}
        parts: dict[str, NetworkSpec] = {"encoder": encoder, **tops}
        noise = self._noise(data)
        settings = {
            "temperature": float(self.temperature),
            "projected": data.projected,
            "noise": noise,
            "noise_level": float(self.noise_level) if noise else 0.0,
            "n_reference": 0 if data.validation is None else data.single.d,
        }
        return Architecture(network, parts, settings, width, likelihood=data.likelihood)

    def _head(self, width: int, sizes: tuple[int, ...]) -> DenseStack:
        if len(sizes) == 1:
            return linear(width, *sizes)
        return DenseStack(width, sizes, resolve_activation(self.activation))

    def _code_width(self) -> int | None:
        """Return the width of the code that was asked for."""
        return self.n_components

    def _encoder(self, data: NeighborData) -> NetworkSpec:
        wanted = self._code_width()
        if self.encoder is not None:
            return SphereSpec(own_encoder(self.encoder, data.inputs, wanted))
        given = self.hidden_layer_sizes
        suited = HIDDEN if data.projected else data.inputs.hidden_layer_sizes_
        hidden = suited if given is None else layer_sizes(given)
        sizes = (*hidden, wanted or self._width)
        activation = resolve_activation(self.activation)
        if not data.projected:
            return SphereSpec(data.inputs.encoder(sizes, activation))
        kernel, unit_rows = data.projection.kernel, data.projection.unit_rows
        inner = DenseStack(kernel.shape[1], sizes, activation)
        return SphereSpec(inner, len(kernel), unit_rows)

    def _noise(self, data: NeighborData) -> str | None:
        """Return the noise of rows that nothing else changes."""
        likelihood = data.likelihood
        changed = likelihood is not None and likelihood.corruption() is not None
        if data.has_views or changed or not self.noise_level:
            return None
        numbers = likelihood is None or likelihood.has_numbers
        return "gaussian" if numbers else "masking"

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        assert isinstance(data, NeighborData)
        values = architecture.initial_values(network, rng)
        if data.projected:
            projection = data.projection
            own = architecture.taken(network, values, "encoder")
            own[:2] = projection.kernel, projection.offset
            architecture.put(network, values, "encoder", own)
        if data.validation is not None:
            place = [v.name for v in network.variables].index("reference")
            drawn = rng.integers(data.single.n, size=REFERENCES)
            values[place] = data.single.take(drawn)
        return values


@parameters
class EmbeddingParameters(NeighborParameters):
    """Coordinates.

    Parameters
    ----------
    n_components : int
        Width of what `transform` gives. None means 10, for a map 2, or what an own
        `encoder` returns.
    coordinates : {"auto", "code", "map", "spectral"}
        What `transform` gives. "code" is the code itself, of length 1. "map" is a place
        in a map of the neighbours, best with 2 components and for the eye; "spectral"
        are the leading eigenvectors of the graph of neighbours among codes, best for
        :class:`sklearn.cluster.KMeans` with half more components than clusters. Both
        are computed for the training rows, and learned by a head of the network in as
        many steps again; further calls of `partial_fit`, and a warm start, keep them.
        "auto" means a map with up to 3 components, else the code.
    """

    n_components: int | None = parameter(None, kw_only=False)
    coordinates: str = parameter(
        "auto", [StrOptions({"auto", "code", "map", "spectral"})]
    )


@parameters
class NeighborEmbedding(NeighborEstimator, EmbeddingParameters):
    """Codes in which neighbours are near, by a network that can encode new rows.

    Each row is paired with one of its nearest neighbours, and the network learns to
    tell a row's partner from the partners of other rows: a contrastive neighbour
    embedding [1]_ [2]_. Of images, both are views, shifted and turned at random. Codes
    have length 1, so that their Euclidean and their cosine distances agree. They suit
    clustering, search and classification by neighbours, as those of UMAP [3]_ do;
    `transform` is one pass through a small network.

    Attributes
    ----------
    graph_ : sparse array of shape (n_samples, n_samples)
        With `store_graph`, 1 for each neighbour of a row, float32. Equal rows count as
        one, named by the first of them.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, which for a map and spectral coordinates is the sum
        of `contrast`, the contrastive loss, and `coordinates`, the squared error of
        coordinates times 1,000; and `val_loss` if rows were held out.

    See Also
    --------
    NeighborClustering : Clusters of the same codes.
    Autoencoder : Codes from which rows can be restored.
    sklearn.manifold.TSNE : A map of the training rows alone.

    Notes
    -----
    Distances are measured on rows of at most 64 numbers. Wider rows are brought to
    their 64 leading principal components, learned from up to 20,000 rows; the network
    sees the same components. So it is for numbers, images (but with filters of your
    own) and tables, where a missing number stands at the mean. Series, texts and blocks
    are compared in the same way and go to the network as they are; texts are compared
    by which words they hold, and how often. Memory for n rows is 4 n (min(d, 64) v +
    n_neighbors) bytes and some, with v views.

    Equal rows are one row of their total weight; where all are equal, so are their
    codes. `partial_fit` looks for neighbours among the rows of one call, so give it
    thousands at a time.

    A graph of several components is allowed: nothing then holds these together, and
    where they end up beside each other means nothing.

    References
    ----------
    .. [1] Damrich, Böhm, Hamprecht & Kobak, "From t-SNE to UMAP with contrastive
       learning", ICLR 2023.
    .. [2] Sainburg, McInnes & Gentner, "Parametric UMAP embeddings for representation
       and semisupervised learning", Neural Computation 33, 2021.
    .. [3] McInnes, Healy & Melville, "UMAP: Uniform manifold approximation and
       projection for dimension reduction", arXiv:1802.03426, 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skunsup import NeighborEmbedding
    >>> X = load_digits().data / 16
    >>> model = NeighborEmbedding(n_components=8, max_steps=50, random_state=0)
    >>> model.fit_transform(X).shape
    (1797, 8)
    """

    def _prepared(
        self, data: FitData, previous: TrainingState | None, rng: np.random.Generator
    ) -> FitData:
        return self._paired(data, previous, rng)

    def _code_width(self) -> int | None:
        return self.n_components if self._kind_of_coordinates() == "code" else None

    def _kind_of_coordinates(self) -> str:
        """Return the value of `coordinates` that "auto" stands for."""
        if self.coordinates != "auto":
            return self.coordinates
        few = self.n_components is not None and self.n_components <= MAP_COMPONENTS
        return "map" if few else "code"

    def _architecture(self, data: FitData) -> Architecture:
        assert isinstance(data, NeighborData)
        if self._kind_of_coordinates() == "code":
            return self._pair_network(NeighborNetwork, data)
        head = (HEAD, self._n_coordinates())
        return self._pair_network(CoordinateNetwork, data, head=head)

    def _n_coordinates(self) -> int:
        given = self.n_components
        few = self._kind_of_coordinates() == "map"
        return given or (MAP_COMPONENTS - 1 if few else self._width)

    def _n_outputs(self, architecture: Architecture) -> int:
        parts = architecture.parts
        return parts.get("head", parts["encoder"]).n_outputs

    def _trained(self, task: TrainingTask) -> tuple[Architecture, TrainingState]:
        if self._kind_of_coordinates() == "code":
            return task.architecture, task.run()
        data, architecture = task.data, task.architecture
        assert isinstance(data, NeighborData)
        if task.going_on:
            start = own_outputs(architecture, task.start.values, data, "coordinates")
            return architecture, with_columns(task, _known(start)).run()
        unknown = np.zeros((len(data.origin), self._n_coordinates() + 1))
        state = continued(task, task.start, unknown)
        if state.interrupted:
            return architecture, state
        codes = own_outputs(architecture, state.values, data)
        wanted = self._coordinates_of(codes, data, state.rng)
        return architecture, continued(shortened(task, SHARE), state, _known(wanted))

    def _coordinates_of(
        self, codes: np.ndarray, data: NeighborData, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the coordinates of distinct rows that the head shall learn."""
        n, width = len(codes), self._n_coordinates()
        if self._kind_of_coordinates() == "map":
            return map_layout(data.neighbors, leading_columns(codes, width), rng)
        if width >= n:
            raise ValueError(TOO_MANY_COORDINATES.format(k=width, n=n))
        near = nearest_neighbors(codes, min(SPECTRAL_NEIGHBORS, n - 1))
        weight = data.sample.sample.weight
        return spectral_coordinates(affinity(near, weight), width)


def _known(coordinates: np.ndarray) -> np.ndarray:
    """Return coordinates with a 1 behind each row."""
    return np.column_stack([coordinates, np.ones(len(coordinates))])


def linear(n_inputs: int, n_outputs: int) -> DenseStack:
    """Return one linear layer."""
    return DenseStack(n_inputs, (n_outputs,), "linear")
