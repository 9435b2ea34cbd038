"""Deep embedded clustering."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator import (
    DeepEstimator,
    architecture_of,
    fit_data,
    is_trained,
    network_of,
    same_inputs,
)
from skunsup._fit_data import FitData
from skunsup._networks import (
    Architecture,
    CodePart,
    Network,
    NetworkSpec,
)
from skunsup._parameters import parameter, parameters
from skunsup._random import draw_seed
from skunsup._sklearn import integers, reals
from skunsup._training import FittedNetwork, Rows
from skunsup._training_parameters import NUMBER_OF
from skunsup.models._clusterer import SoftClusterer
from skunsup.models._clustering_start import (
    check_start,
    default_start,
    loss_of,
    unwrapped,
)
from skunsup.models._clusters import check_rows, kmeans_clusters
from skunsup.models._embedded_clusters import EmbeddedClusteringNetwork, TargetRenewal
from skunsup.models._halves import halves_of, with_halves
from skunsup.models._latent import LatentTransformer
from skunsup.models._weighted_decoder import set_unit

KMEANS_ROWS = 20_000
N_INIT = 20


@parameters
class DeepEmbeddedClustering(SoftClusterer, LatentTransformer):
    """Clusters in the code of an autoencoder, which is trained to set them apart.

    Each row belongs to each cluster with a share that falls with the distance of its
    code from the cluster's centre. Encoder and centres are trained to make large shares
    larger: towards targets that are the squared shares, relative to the size of the
    cluster [1]_ (DEC). With a `reconstruction_weight` above 0 codes must go on telling
    rows apart [2]_ (IDEC). With `inputs=Images(..., shift=..., rotation=...)` the
    encoder sees changed images and is trained towards the targets of the unchanged ones
    [3]_ (DEC-DA). The start is an autoencoder, and KMeans on its codes.

    `transform` gives the codes and `predict_proba` the shares. `score_samples` is minus
    the reconstruction error.

    Parameters
    ----------
    n_clusters : int
        Number of clusters, at most the number of rows.
    estimator : estimator
        Model of skunsup with an encoder and a decoder, the start: fitted, for its
        weights, or not fitted, to be trained on the rows of the first call. Best given
        as `sklearn.frozen.FrozenEstimator(model)` where it is fitted and a search or a
        pipeline clones it. None means an `Autoencoder` with a code of 10 numbers, a
        fifth of the cells set to 0, `batch_size`, `epochs` and `max_steps` as here and,
        for rows of numbers, hidden layers of 256 and 128 units; that of [1]_ has 500,
        500 and 2,000.
    reconstruction_weight : float
        Weight of the reconstruction loss, in units of that loss at the start. With 0
        the decoder learns to decode the codes without a say in them.
    alpha : float
        Degrees of freedom of the Student's t distribution of codes around a centre.
    update_interval : int
        Steps between two computations of the targets, up to the end of an epoch.
    inputs : Images, Sequences, Text, Table, Blocks, str or None
        Kind of data of X. None means that of `estimator`.
    batch_size : int, "auto" or None
        Rows a step. "auto" means 32, or 64 images. None, or more than there are rows,
        takes all rows in one step.
    epochs : int, "auto" or None
        Passes over the rows, at most; None for as many as `max_steps` takes.
    tol : float
        Training ends when less than this share of the rows change cluster between two
        computations of the targets; 0 trains to the end. With early stopping also the
        least improvement that counts.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Cluster of each row of the last `fit` or `partial_fit`.
    cluster_centers_ : ndarray of shape (n_clusters, n_components)
        Centres of the clusters, as codes.
    n_components_ : int
        Width of the code.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `clustering`, the divergence of
        the shares from the targets in nats, and `reconstruction` (weighted); and
        `val_loss` if rows were held out.

    See Also
    --------
    AAEClustering : Clusters as a category in the code.
    sklearn.cluster.KMeans : Clusters of the rows as they are.

    References
    ----------
    .. [1] Xie, Girshick & Farhadi, "Unsupervised deep embedding for clustering
       analysis", ICML 2016.
    .. [2] Guo, Gao, Liu & Yin, "Improved deep embedded clustering with local structure
       preservation", IJCAI 2017.
    .. [3] Guo, Zhu, Liu & Yin, "Deep embedded clustering with data augmentation", ACML
       2018.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import Autoencoder, DeepEmbeddedClustering
    >>> X = StandardScaler().fit_transform(load_iris().data)
    >>> start = Autoencoder(n_components=2, epochs=30)
    >>> model = DeepEmbeddedClustering(3, start, max_steps=100, random_state=0)
    >>> model.fit_predict(X).shape
    (150,)
    >>> model.transform(X).shape
    (150, 2)
    """

    n_clusters: int = parameter([integers(1)], default=8, kw_only=False)
    estimator: Any = parameter([BaseEstimator, None], default=None, kw_only=False)
    reconstruction_weight: float = parameter([reals(0, None, "left")], default=0.1)
    alpha: float = parameter([reals(0, None, "neither")], default=1.0)
    update_interval: int = parameter([integers(1)], default=140)
    batch_size: int | str | None = parameter(NUMBER_OF, default=256)
    epochs: int | str | None = parameter(NUMBER_OF, default=None)
    max_steps: int | None = parameter(default=2000)
    tol: float = parameter(default=1e-3)

    _probability_method = "assignment"

    @property
    def cluster_centers_(self) -> np.ndarray:
        """Centres of the clusters, as codes."""
        check_is_fitted(self)
        return self._network.value("centers").copy()

    def _source(self) -> DeepEstimator:
        start = unwrapped(self.estimator)
        return self if self.inputs is not None or start is None else start

    def _start(self, seed: int) -> DeepEstimator:
        """Return the fitted start, or one that is to be trained on our rows."""
        start = unwrapped(self.estimator)
        if start is None:
            start = default_start(self, seed)
        elif not is_trained(start):
            start = clone(start)
            if start.random_state is None:
                start.random_state = seed
        else:
            return start
        same_inputs(start, self)
        return start

    def _architecture(self, data: FitData) -> Architecture:
        start = self._start(0)
        fitted = is_trained(start)
        theirs = network_of(start).architecture if fitted else None
        theirs = theirs or architecture_of(start, data)
        check_start(start, theirs, data)
        width = theirs.n_components
        encoder = theirs.parts["encoder"]
        if encoder.n_outputs != width:
            encoder = CodePart(encoder, 1, width)
        parts: dict[str, NetworkSpec] = {
            "encoder": encoder,
            "decoder": theirs.parts["decoder"],
        }
        settings = {
            "n_features": data.n_features,
            "n_components": width,
            "n_clusters": int(self.n_clusters),
            "alpha": float(self.alpha),
            "reconstruction_weight": float(self.reconstruction_weight),
            "loss": loss_of(theirs, data.n_features),
        }
        return self._made(EmbeddedClusteringNetwork, parts, settings, width, data)

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        check_rows(self.n_clusters, data.sample.n_draws)
        start = self._start(draw_seed(rng) % 2**31)
        if not is_trained(start):
            fit_data(start, data, rng)
        found = network_of(start)
        halves = halves_of(found.architecture, found.template(), found.values)
        values = architecture.initial_values(network, rng)
        values = with_halves(architecture, network, values, halves)
        drawn = data.sample.draw(min(data.sample.n_draws, KMEANS_ROWS), rng)
        rows, n_distinct = Rows(data.rows.take(drawn)), len(np.unique(drawn))
        codes = FittedNetwork(architecture, values).compute("encode", rows)
        clusters = kmeans_clusters(codes, self.n_clusters, n_distinct, rng, N_INIT)
        architecture.put_own(network, values, centers=clusters.means(codes))
        set_unit(architecture, network, values, rows)
        return values

    def _renewal(self, architecture: Architecture, data: FitData) -> TargetRenewal:
        return TargetRenewal(architecture, data, self.update_interval, self.tol)
