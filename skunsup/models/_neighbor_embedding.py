"""Neighbour embedding by a network."""

from dataclasses import replace

import numpy as np

from skunsup._estimator import is_trained, network_of
from skunsup._fit_data import FitData, TrainingTask
from skunsup._networks import Architecture, Network
from skunsup._parameters import parameters
from skunsup._training import Rows, TrainingState
from skunsup.models._coordinates import train_coordinates
from skunsup.models._latent import LatentTransformer
from skunsup.models._map_training import with_place_noise
from skunsup.models._neighbor_data import NeighborData
from skunsup.models._neighbor_decoder import DECODED
from skunsup.models._neighbor_estimator import NeighborEstimator, kind_of_noise
from skunsup.models._neighbor_network import (
    CoordinateNetwork,
    MapNetwork,
    NeighborNetwork,
    PairNetwork,
)
from skunsup.models._neighbor_parameters import EmbeddingParameters
from skunsup.models._parts import decoder_part, reconstruction
from skunsup.models._weighted_decoder import set_unit

HEAD = 256
MAP_COMPONENTS = 3  # at most, where it is left open whether they make up a map
MAP_WIDTH = 32  # of the code below a map
UNIT_ROWS = 1_000  # whose loss at the start is the unit of the reconstruction loss
NETWORKS: dict[str, type[PairNetwork]] = {
    "code": NeighborNetwork,
    "map": MapNetwork,
    "spectral": CoordinateNetwork,
}

DECODER_ALONE = (
    "decoder was given, but reconstruction_weight=None leaves it out. Give the weight "
    "of its loss, for instance reconstruction_weight=0.1, or leave decoder out."
)
NO_DECODER = (
    "NeighborEmbedding has no decoder. Give reconstruction_weight=0.1, or 0 for codes "
    "as they are without one, before fit."
)


@parameters
class NeighborEmbedding(NeighborEstimator, LatentTransformer, EmbeddingParameters):
    """Codes in which neighbours are near, by a network that can encode new rows.

    Each row is paired with one of its nearest neighbours, and the network learns to
    tell a row's partner from the partners of other rows: a contrastive neighbour
    embedding [1]_ [2]_. Of images, both are views, shifted and turned at random. Codes
    have length 1, so that their Euclidean and their cosine distances agree. They suit
    clustering, search and classification by neighbours, as those of UMAP [3]_ do;
    `transform` is one pass through a small network.

    With a `reconstruction_weight` a decoder is trained beside it. `inverse_transform`,
    `reconstruct`, `score_samples`, which is minus the reconstruction loss, `score` and
    `feature_scores` are there only then.

    Attributes
    ----------
    graph_ : sparse array of shape (n_samples, n_samples)
        With `store_graph`, 1 for each neighbour of a row, float32. Equal rows count as
        one, named by the first of them.
    history_ : dict of str to list of float
        One entry an epoch: `loss`; where it has several terms, `contrast`, the
        contrastive loss of codes, or at last of the places of a map; for a map and
        spectral coordinates `coordinates`, the squared error of coordinates times
        1,000, for a map at last times 100; and with a decoder `reconstruction`, the
        weighted reconstruction loss, which is 0 until coordinates are known; and
        `val_loss` if rows were held out.

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

    A decoder learns from training rows as they are what the encoder makes of their
    views. It takes what `transform` gives: of two numbers it restores less than of
    ten, and spectral coordinates say only which group a row is in.

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

    Codes that are decoded:

    >>> model.set_params(reconstruction_weight=0.1).fit(X).reconstruct(X).shape
    (1797, 64)
    """

    def _prepared(
        self, data: FitData, previous: TrainingState | None, rng: np.random.Generator
    ) -> FitData:
        decodes = self.reconstruction_weight is not None
        if self.decoder is not None and not decodes:
            raise ValueError(DECODER_ALONE)
        paired = self._paired(data, previous, rng)
        return replace(paired, rows=paired.pairs(None, decodes))

    def _has_decoder(self) -> bool:
        if is_trained(self):
            decodes = "decoder" in network_of(self).architecture.parts
        else:
            decodes = self.reconstruction_weight is not None
        if not decodes:
            raise AttributeError(NO_DECODER)
        return True

    def _code_width(self) -> int | None:
        return self.n_components if self._kind_of_coordinates() == "code" else None

    def _default_width(self) -> int:
        few = self._kind_of_coordinates() == "map"
        return MAP_WIDTH if few else super()._default_width()

    def _kind_of_coordinates(self) -> str:
        """Return the value of `coordinates` that "auto" stands for."""
        if self.coordinates != "auto":
            return self.coordinates
        few = self.n_components is not None and self.n_components <= MAP_COMPONENTS
        return "map" if few else "code"

    def _architecture(self, data: FitData) -> Architecture:
        assert isinstance(data, NeighborData)
        kind = self._kind_of_coordinates()
        heads = {} if kind == "code" else {"head": (HEAD, self._n_coordinates())}
        found = self._pair_network(NETWORKS[kind], data, **heads)
        if kind == "map":
            noise = kind_of_noise(data.likelihood)
            found = with_place_noise(found, noise, float(self.noise_level))
        if self.reconstruction_weight is None:
            return found
        return self._with_decoder(found, data, float(self.reconstruction_weight))

    def _with_decoder(
        self, encoder: Architecture, data: NeighborData, weight: float
    ) -> Architecture:
        """Return the architecture with a decoder of what the network gives."""
        loss, last = reconstruction(self.loss, replace(data, rows=data.whole))
        width, hidden, n = self._n_outputs(encoder), self._hidden(data), data.whole.d
        decoder = decoder_part(self, width, data.inputs, last, hidden)
        more = {"loss": loss, "reconstruction_weight": weight, "n_columns": n}
        return replace(
            encoder,
            network=DECODED[encoder.network],
            parts={**encoder.parts, "decoder": decoder},
            settings={**encoder.settings, **more},
            likelihood=data.likelihood or data.inputs.likelihood_,
        )

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        values = super()._start_values(architecture, network, data, rng)
        if self.reconstruction_weight is not None:
            assert isinstance(data, NeighborData)
            sample = data.sample.sample
            drawn = sample.draw(min(sample.n_draws, UNIT_ROWS), rng)
            rows = Rows(data.whole.take(data.origin[drawn]))
            set_unit(architecture, network, values, rows)
        return values

    def _n_coordinates(self) -> int:
        few = self._kind_of_coordinates() == "map"
        return self.n_components or (MAP_COMPONENTS - 1 if few else self._width)

    def _n_outputs(self, architecture: Architecture) -> int:
        parts = architecture.parts
        return parts.get("head", parts["encoder"]).n_outputs

    def _trained(self, task: TrainingTask) -> tuple[Architecture, TrainingState]:
        kind = self._kind_of_coordinates()
        if kind == "code":
            return task.architecture, task.run()
        data = task.data
        assert isinstance(data, NeighborData)
        noise = float(self.noise_level) if self._noise(data) else 0.0
        return train_coordinates(task, kind, self._n_coordinates(), noise)
