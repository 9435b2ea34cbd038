"""Sizes of clusters, typical rows, and what tells clusters from each other."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import DISPLAY
from skunsup.inspection._cluster_columns import Unusual, unusual_columns
from skunsup.inspection._cluster_drawing import (
    Drawn,
    cluster_images,
    cluster_series,
    cluster_texts,
    effect_map,
    size_bars,
)
from skunsup.inspection._cluster_rows import (
    centres_of,
    codes_of,
    kind_before,
    labels_of,
    representatives,
)
from skunsup.inspection._figures import check_choice
from skunsup.inspection._shown import Shown, shown
from skunsup.inspection._steps import asked, kind_of, named_like, steps_of

KINDS = ("auto", "sizes", "columns", "representatives", "prototypes")
NO_PROTOTYPES = (
    "There are no prototypes: {name} or a step before it has no way back from codes to "
    "rows ({reason}). Use kind='representatives', which are rows of X."
)


@dataclass(eq=False, repr=False)
class ClusterDisplay:
    """Sizes of clusters, typical rows, and what tells clusters from each other.

    Of tables, a heat map says in which columns the rows of a cluster are unusual
    ("columns"). "representatives" are the rows in the middle of the clusters, and
    "prototypes" are decoded from the centres of the clusters. "sizes" are bars.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
        Cluster of each row.
    rows : Shown
        The rows, as `from_estimator` makes them.
    representatives : array-like of shape (n_clusters,), default=None
        Number of a typical row of each cluster.
    prototypes : Shown, default=None
        Decoded centres of the clusters.
    no_prototypes : str, default=""
        Message to raise where there are none.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    artists_ : object
        The bars, the image of the heat map or of a grid, the lines, or the words.
    clusters_ : ndarray of shape (n_clusters,)
        Clusters in order.
    sizes_ : ndarray of shape (n_clusters,)
        Rows of each.
    unusual_ : Unusual or None
        With "columns", how far each cluster is from all rows: `names` of the columns,
        `effects` in standard deviations, (n_clusters, n_columns), and `texts`.

    See Also
    --------
    EmbeddingDisplay : Rows on a map.

    Notes
    -----
    The difference of a column of numbers is the mean in the cluster less that of all
    rows, in standard deviations of all rows. Of a category it is the share in the
    cluster less the share in all rows, in standard deviations of that truth value.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from skunsup import Autoencoder
    >>> from skunsup.inspection import ClusterDisplay
    >>> X = load_iris(as_frame=True).data
    >>> model = make_pipeline(
    ...     Autoencoder(2, epochs=5, random_state=0), KMeans(3, random_state=0)
    ... ).fit(X)
    >>> display = ClusterDisplay.from_estimator(model, X)
    >>> int(display.sizes_.sum())
    150
    """

    labels: Any
    rows: Shown
    _: KW_ONLY
    representatives: Any = None
    prototypes: Shown | None = None
    no_prototypes: str = ""

    @classmethod
    @documented(DISPLAY)
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        labels: Any = None,
        image_shape: Any = None,
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Draw the clusters that an estimator finds in rows.

        Parameters
        ----------
        estimator : object
            Fitted clusterer with `predict`, or a pipeline that ends in one; or a
            transformer of skunsup, with `labels`.
        labels : array-like of shape (n_samples,), default=None
            Cluster of each row; None for `predict`.

        Raises
        ------
        ValueError
            If the estimator has no `predict` and there are no `labels`, or as `plot`
            does.
        """
        steps, model = steps_of(estimator)
        if labels is None:
            labels = asked(estimator, "predict", X, cls.__name__)
        labels = labels_of(labels, X)
        back, codes, code_steps = codes_of(steps, model, X)
        kind = kind_of(model) or kind_before(steps)
        centres = centres_of(model, codes, labels)
        prototypes, reason = None, ""
        try:
            decoded = code_steps(centres) if back else None
        except AttributeError as error:
            decoded, reason = None, str(error)
        if decoded is None:
            reason = reason or "inverse_transform is missing"
        else:
            prototypes = shown(kind, named_like(X, decoded), image_shape)[0]
        message = NO_PROTOTYPES.format(name=type(model).__name__, reason=reason)
        return cls(
            labels,
            shown(kind, X, image_shape)[0],
            representatives=representatives(codes, labels),
            prototypes=prototypes,
            no_prototypes="" if prototypes is not None else message,
        ).plot(ax, **options)

    @classmethod
    @documented(DISPLAY)
    def from_predictions(
        cls,
        X: Any,
        labels: Any,
        *,
        inputs: Any = None,
        image_shape: Any = None,
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Draw given clusters.

        Parameters
        ----------
        X : object
            Rows.
        labels : array-like of shape (n_samples,)
            Cluster of each row.
        """
        labels = labels_of(labels, X)
        rows = shown(inputs, X, image_shape)[0]
        message = "There are no prototypes without an estimator. Use from_estimator."
        return cls(labels, rows, no_prototypes=message).plot(ax, **options)

    @documented(DISPLAY)
    def plot(
        self,
        ax: Any = None,
        *,
        kind: str = "auto",
        max_columns: int = 12,
        cmap: str = "gray",
    ) -> Self:
        """Draw one view of the clusters.

        Parameters
        ----------
        kind : str, default="auto"
            "sizes", "columns", "representatives" or "prototypes". "auto" means columns
            of tables and representatives of all else.
        max_columns : int, default=12
            Columns of a heat map at most, the most unusual ones.

        Raises
        ------
        ValueError
            If `kind` does not fit the data, or there are no prototypes.
        """
        check_choice(kind, KINDS, "kind")
        table = self.rows.form == "columns"
        if kind == "auto":
            kind = "columns" if table else "representatives"
        self.clusters_, self.sizes_ = np.unique(self.labels, return_counts=True)
        self.unusual_: Unusual | None = None
        if kind == "sizes":
            drawn = size_bars(ax, self.clusters_, self.sizes_)
        elif kind == "columns":
            drawn = self._draw_columns(ax, self.rows, max_columns)
        elif kind == "prototypes":
            if self.prototypes is None:
                raise ValueError(self.no_prototypes)
            drawn = self._draw_rows(ax, self.prototypes, "prototype", max_columns, cmap)
        else:
            rows = self._typical()
            drawn = self._draw_rows(ax, rows, "typical row", max_columns, cmap)
        self.ax_, self.artists_ = drawn
        self.figure_ = self.ax_.figure
        return self

    @property
    def _names(self) -> list[str]:
        total = self.sizes_.sum()
        return [
            f"cluster {cluster}\n{size} rows, {size / total:.0%}"
            for cluster, size in zip(self.clusters_, self.sizes_, strict=True)
        ]

    def _typical(self) -> Shown:
        if self.representatives is None:
            raise ValueError(
                "There are no representatives without codes. Use from_estimator."
            )
        chosen = np.asarray(self.representatives)
        if self.rows.form == "columns":
            values: list[Any] = [np.asarray(c)[chosen] for c in self.rows.values]
        else:
            values = [self.rows.values[row] for row in chosen]
        return Shown(self.rows.form, values, self.rows.names)

    def _draw_columns(self, ax: Any, rows: Shown, most: int) -> Drawn:
        if rows.form != "columns":
            raise ValueError(
                f"kind='columns' is for tables, but rows are {rows.form}. Use "
                "kind='representatives' or kind='prototypes'."
            )
        found = unusual_columns(rows, np.asarray(self.labels), most)
        self.unusual_ = found
        return effect_map(ax, found, self._names, "mean")

    def _draw_rows(
        self, ax: Any, rows: Shown, what: str, most: int, cmap: str
    ) -> Drawn:
        """Draw one row for each cluster."""
        if rows.form == "columns":
            labels = np.asarray(self.labels)
            self.unusual_ = unusual_columns(self.rows, labels, most, rows)
            return effect_map(ax, self.unusual_, self._names, what)
        if rows.form == "images":
            return cluster_images(ax, rows.values, self.clusters_, self.sizes_, cmap)
        if rows.form == "texts":
            return cluster_texts(ax, rows.values, self._names)
        return cluster_series(ax, rows, self._names)
