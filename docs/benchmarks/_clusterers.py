"""The subjects of the benchmark of clusters: ours, and the pipelines people use.

Each is a function of (rows, Task) that fits and yields, once or several times, a
name, the labels of the training rows and a function that gives those of other rows.
"""

import importlib
from dataclasses import dataclass

import numpy as np

MIXTURE_COLUMNS = 100  # up to which a mixture of full covariances is fitted


@dataclass(frozen=True)
class Task:
    """Facts about a data set that a subject is told.

    Parameters
    ----------
    n_clusters : int
        Number of classes.
    seed : int
        Of everything that is drawn.
    shape : tuple of int or None
        Height and width of images; None for rows of numbers.
    """

    n_clusters: int
    seed: int
    shape: tuple[int, int] | None = None


def kmeans(X, task):
    """K-means on the rows."""
    yield "KMeans", *with_kmeans(X, unchanged, task)


def mixture(X, task):
    """Gaussian mixture on rows of few columns; on those of MNIST it takes minutes."""
    if X.shape[1] <= MIXTURE_COLUMNS:
        yield "GaussianMixture", *with_mixture(X, unchanged, task)


def unchanged(X):
    """Return the rows."""
    return X


def pca_kmeans(X, task):
    """K-means on the leading components."""
    from sklearn.decomposition import PCA

    width = min(50, X.shape[1], len(X))
    pca = PCA(width, random_state=task.seed).fit(X)
    yield "PCA + KMeans", *with_kmeans(pca.transform(X), pca.transform, task)


def umap(n_components):
    """Return a subject: UMAP with its defaults, then each clusterer on the map."""

    def subject(X, task):
        from umap import UMAP

        model = UMAP(n_components=n_components, random_state=task.seed, n_jobs=1)
        code, known = model.fit_transform(X), {}

        def transform(new):  # once for all clusterers, the first of which pays
            if id(new) not in known:
                known[id(new)] = model.transform(new)
            return known[id(new)]

        for name, cluster in CLUSTERERS.items():
            found = cluster(code, transform, task)
            yield f"UMAP {n_components}-D + {name}", *found

    return subject


def n2d(X, task):
    """Autoencoder, UMAP of its code, Gaussian mixture (McConville et al. 2021)."""
    from umap import UMAP

    from skunsup import Autoencoder

    coder = Autoencoder(
        task.n_clusters,
        hidden_layer_sizes=(500, 500, 2000),
        batch_size=256,
        epochs=100,
        random_state=task.seed,
    )
    model = UMAP(
        n_components=task.n_clusters,
        n_neighbors=20,
        min_dist=0.0,
        random_state=task.seed,
        n_jobs=1,
    )
    code = model.fit_transform(coder.fit_transform(X))
    pipeline = lambda X: model.transform(coder.transform(X))  # noqa: E731
    yield "autoencoder + UMAP + GMM", *with_mixture(code, pipeline, task)


def with_kmeans(code, transform, task):
    """Cluster a code by k-means, ten starts."""
    from sklearn.cluster import KMeans

    model = KMeans(task.n_clusters, n_init=10, random_state=task.seed).fit(code)
    return model.labels_, lambda X: model.predict(transform(X).astype(code.dtype))


def with_mixture(code, transform, task):
    """Cluster a code by a Gaussian mixture of full covariances."""
    from sklearn.mixture import GaussianMixture

    code = np.asarray(code, np.float64)
    model = GaussianMixture(task.n_clusters, reg_covar=1e-4, random_state=task.seed)
    labels = model.fit_predict(code)
    return labels, lambda X: model.predict(np.asarray(transform(X), np.float64))


def with_hdbscan(code, transform, task):
    """Cluster a code by HDBSCAN with its defaults; noise has the label -1."""
    import hdbscan

    model = hdbscan.HDBSCAN(prediction_data=True).fit(np.asarray(code, np.float64))

    def predict(X):
        rows = np.asarray(transform(X), np.float64)
        return hdbscan.approximate_predict(model, rows)[0]

    return model.labels_, predict


CLUSTERERS = {"KMeans": with_kmeans, "GMM": with_mixture, "HDBSCAN": with_hdbscan}


def clustpy(name):
    """Return a subject: a model of ClustPy with its defaults."""

    def subject(X, task):
        import clustpy.deep

        model = getattr(clustpy.deep, name)(task.n_clusters, random_state=task.seed)
        model.fit(np.asarray(X, np.float32))
        yield f"ClustPy {name}", model.labels_, model.predict

    return subject


def ours(cls, *, label=None, **parameters):
    """Return a subject: an estimator of ours with its defaults but for `parameters`.

    Parameters
    ----------
    cls : str
        Its name.
    label : str or None
        What the table calls it; None for its name.
    **parameters : object
        Of the estimator.
    """

    def subject(X, task):
        import skunsup

        model = getattr(skunsup, cls)(
            task.n_clusters, inputs=images(task), random_state=task.seed, **parameters
        )
        yield label or cls, model.fit(X).labels_, model.predict

    return subject


def wide_deep_clustering(label, weight):
    """Return a subject: `DeepEmbeddedClustering` with two layers of 512."""

    def subject(X, task):
        from skunsup import Autoencoder, DeepEmbeddedClustering

        start = Autoencoder(
            10,
            hidden_layer_sizes=(512, 512),
            noise="masking",
            noise_level=0.2,
            inputs=images(task),
            batch_size=256,
            epochs=None,
            max_steps=2000,
            random_state=task.seed,
        )
        model = DeepEmbeddedClustering(
            task.n_clusters,
            start,
            reconstruction_weight=weight,
            inputs=images(task),
            random_state=task.seed,
        )
        yield label, model.fit(X).labels_, model.predict

    return subject


def neighbor_embedding(X, task):
    """`NeighborEmbedding` with its defaults, then each clusterer on the codes."""
    from skunsup import NeighborEmbedding

    model = NeighborEmbedding(inputs=images(task), random_state=task.seed)
    code = model.fit_transform(X)
    for name in ("KMeans", "GMM"):
        found = CLUSTERERS[name](code, model.transform, task)
        yield f"NeighborEmbedding + {name}", *found


def mixture_prior(X, task):
    """`VariationalAutoencoder` with a mixture as its prior."""
    from skunsup import VariationalAutoencoder

    model = VariationalAutoencoder(
        10,
        n_clusters=task.n_clusters,
        hidden_layer_sizes=(256, 128),
        noise_variance="isotropic",
        inputs=images(task),
        batch_size=256,
        epochs=None,
        max_steps=2000,
        learning_rate_schedule="cosine",
        random_state=task.seed,
    ).fit(X)
    yield "VariationalAutoencoder, mixture", model.predict(X), model.predict


def images(task):
    """Return the kind of the rows: images, changed as they are encoded, or None."""
    from skunsup import Images

    if task.shape is None:
        return None
    return Images(task.shape, filters=(), shift=0.07, rotation=10.0, zoom=0.1)


# What each subject imports, so that no timing does.
MODULES = {
    "KMeans": ("sklearn.cluster",),
    "GaussianMixture": ("sklearn.mixture",),
    "PCA": ("sklearn.cluster", "sklearn.decomposition"),
    "UMAP": ("umap", "hdbscan"),
    "N2D": ("umap", "skunsup.models"),
    "ClustPy": ("clustpy.deep",),
}


def load(name):
    """Import what a subject needs."""
    for module in MODULES.get(name.split()[0], ("skunsup.models",)):
        importlib.import_module(module)


PEERS = {
    "KMeans": kmeans,
    "GaussianMixture": mixture,
    "PCA": pca_kmeans,
    "UMAP 10-D": umap(10),
    "UMAP 2-D": umap(2),
    "N2D": n2d,
    "ClustPy DEC": clustpy("DEC"),
    "ClustPy IDEC": clustpy("IDEC"),
    "ClustPy DCN": clustpy("DCN"),
    "ClustPy VaDE": clustpy("VaDE"),
}
OURS = {
    "NeighborClustering": ours("NeighborClustering"),
    "NeighborClustering, 512-512": ours(
        "NeighborClustering",
        label="NeighborClustering, 512-512",
        hidden_layer_sizes=(512, 512),
    ),
    "NeighborEmbedding": neighbor_embedding,
    "DEC": ours(
        "DeepEmbeddedClustering",
        label="DeepEmbeddedClustering, weight 0",
        reconstruction_weight=0.0,
    ),
    "IDEC": ours("DeepEmbeddedClustering"),
    "DEC, 512-512": wide_deep_clustering(
        "DeepEmbeddedClustering, 512-512, weight 0", 0.0
    ),
    "IDEC, 512-512": wide_deep_clustering("DeepEmbeddedClustering, 512-512", 0.1),
    "VaDE": mixture_prior,
}
