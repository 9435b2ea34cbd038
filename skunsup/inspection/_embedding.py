"""Codes on a map, with images or texts of some rows on it."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from skunsup.inspection._figures import (
    BLUE,
    check_finite,
    check_length,
    legend_outside,
    panels,
    plain,
    styles,
)
from skunsup.inspection._groups import (
    Colouring,
    asked_colouring,
    colouring,
    title_of,
)
from skunsup.inspection._places import as_codes, most_frequent, placed
from skunsup.inspection._shown import shown
from skunsup.inspection._steps import kind_of, need, prepared, steps_of
from skunsup.inspection._thumbnails import (
    draw_images,
    draw_texts,
    spread_out,
    without_overlaps,
)

MOST_POINTS = 10_000  # which can still be told apart


class EmbeddingDisplay:
    """Map of codes, coloured by labels, clusters or scores.

    Two components are shown as they are, of more the first two principal components,
    of one a histogram. More than 10,000 rows are counted in hexagons: their colour
    says how many rows there are, the most frequent label, or the mean number.

    Parameters
    ----------
    codes : array-like of shape (n_samples, n_components)
        Codes of rows.
    y : array-like of shape (n_samples,), default=None
        Labels, clusters or numbers that colour the rows.
    components : (int, int) or "pca", default=None
        Components to show, from 0, or the principal components of all. None means the
        two that there are, or "pca".
    shown : object, default=None
        Images of shape (n_samples, height, width) or (n_samples, height, width, 3), or
        a list of `n_samples` strings, some of which are drawn at their places.
    y_title : str, default=""
        What `y` is.

    Attributes
    ----------
    ax_ : Axes
        The map.
    figure_ : Figure
        The figure.
    places_ : ndarray of shape (n_samples, 2)
        Where each row is; of one component (n_samples, 1).
    points_ : list of PathCollection, PolyCollection or BarContainer
        Points of each label, hexagons, or bars.
    thumbnail_rows_ : ndarray of int
        Rows whose image or text is drawn.
    thumbnails_ : list of Artist
        Their images, or the numbers that stand for texts.
    colorbar_ : Colorbar or None
        Scale of numbers.

    See Also
    --------
    ClusterDisplay : What tells clusters from each other.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skunsup import Autoencoder
    >>> from skunsup.inspection import EmbeddingDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = Autoencoder(2, epochs=5, random_state=0).fit(X)
    >>> display = EmbeddingDisplay.from_estimator(model, X, y)
    >>> display.places_.shape
    (150, 2)
    """

    def __init__(
        self,
        codes: Any,
        *,
        y: Any = None,
        components: Any = None,
        shown: Any = None,
        y_title: str = "",
    ) -> None:
        self.codes = codes
        self.y = y
        self.components = components
        self.shown = shown
        self.y_title = y_title

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        components: Any = None,
        thumbnails: bool = False,
        image_shape: Any = None,
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Draw the codes of rows.

        Parameters
        ----------
        estimator : object
            Fitted estimator with `transform`, or a pipeline that ends in one.
        X : object
            Rows, as the estimator takes them.
        y : array-like of shape (n_samples,) or str, default=None
            Labels or numbers, or the name of a method of the estimator that gives them:
            "predict" for clusters, "score_samples" for scores.
        components : (int, int) or "pca", default=None
            As of the class.
        thumbnails : bool, default=False
            Draw some rows at their places: images, or texts beside the map. They are
            those of `inputs`; of rows of pixels give `image_shape`.
        image_shape : (int, int) or (int, int, int), default=None
            Shape of the images that rows of numbers are.
        ax : Axes or None, default=None
            Axes to draw in; None for a new figure.
        **options : dict
            Further parameters of `plot`.

        Returns
        -------
        EmbeddingDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator has no `transform`, there is no such component, or rows are
            neither images nor texts and `thumbnails` is True.
        """
        steps, model = steps_of(estimator)
        need(model, "transform", cls.__name__)
        codes = model.transform(prepared(steps, X))
        pictures = None
        if thumbnails or image_shape is not None:
            own = X if image_shape is not None else prepared(steps, X)
            found = [
                one
                for one in shown(kind_of(model), own, image_shape)
                if one.form in ("images", "texts")
            ]
            if not found:
                raise ValueError(
                    "thumbnails=True, but rows of X are neither images nor texts. Fit "
                    "with inputs=Images() or inputs=Text(), or give image_shape."
                )
            pictures = found[0].values
        display = cls(
            codes,
            y=asked_colouring(estimator, X, y, cls.__name__),
            components=components,
            shown=pictures,
            y_title=title_of(y),
        )
        return display.plot(ax, **options)

    @classmethod
    def from_predictions(
        cls, codes: Any, y: Any = None, *, ax: Any = None, **options: Any
    ) -> Self:
        """Draw given codes.

        Parameters
        ----------
        codes : array-like of shape (n_samples, n_components)
            Codes of rows.
        y : array-like of shape (n_samples,), default=None
            Labels or numbers.
        ax : Axes or None, default=None
            Axes to draw in; None for a new figure.
        **options : dict
            Parameters of the class.

        Returns
        -------
        EmbeddingDisplay
            The display, drawn.
        """
        return cls(codes, y=y, **options).plot(ax)

    def plot(
        self,
        ax: Any = None,
        *,
        annotate: bool = False,
        n_thumbnails: int | None = None,
        density: bool | None = None,
        size: float | None = None,
        cmap: str = "gray",
    ) -> Self:
        """Draw the map.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw in; None for a new figure.
        annotate : bool, default=False
            Write each label at the median of its points, in place of a legend.
        n_thumbnails : int, default=None
            Number of images or texts at most. None means 60 images or 10 texts.
        density : bool, default=None
            Count rows in hexagons. None means above 10,000 rows.
        size : float, default=None
            Area of a point in square points; None for what suits their number.
        cmap : str, default="gray"
            Colours of images with one channel.

        Returns
        -------
        EmbeddingDisplay
            This object.
        """
        codes = check_finite(as_codes(self.codes), "codes")
        self.places_, names = placed(codes, self.components)
        groups = None
        if self.y is not None:
            groups = colouring(self.y, len(codes), self.y_title)
        if self.shown is not None:
            check_length(self.shown, len(codes), "shown")
        axis = panels(ax, (1, 1), (6.4, 5.2)).item()
        self.colorbar_: Any = None
        self.ax_, self.figure_ = axis, axis.figure
        dense = len(codes) > MOST_POINTS if density is None else density
        if len(names) == 1:
            self._bars(axis, groups)
        elif dense:
            self._hexagons(axis, groups)
        else:
            self._points(axis, groups, size)
        self._label(axis, names, groups, annotate)
        self._add_thumbnails(axis, groups, n_thumbnails, cmap)
        return self

    def _points(self, ax: Any, groups: Colouring | None, size: float | None) -> None:
        n = len(self.places_)
        given = {"s": size or float(np.clip(16_000 / n, 6, 36)), "lw": 0}
        given["alpha"] = 0.8 if n < 2000 else 0.6
        if groups is None:
            self.points_ = [ax.scatter(*self.places_.T, color=BLUE, **given)]
        elif groups.names is None:
            values = groups.values
            points = ax.scatter(*self.places_.T, c=values, cmap="viridis", **given)
            self.points_ = [points]
            self.colorbar_ = ax.figure.colorbar(points, ax=ax, label=groups.title)
        else:
            self.points_ = [
                ax.scatter(
                    *self.places_[groups.values == i].T,
                    color=colour,
                    marker=marker,
                    label=name,
                    **given,
                )
                for i, (name, (colour, marker)) in enumerate(
                    zip(groups.names, styles(len(groups.names)), strict=True)
                )
            ]

    def _hexagons(self, ax: Any, groups: Colouring | None) -> None:
        across, up = self.places_.T
        if groups is None:
            drawn = ax.hexbin(across, up, gridsize=60, bins="log", cmap="viridis")
            label = "rows"
        elif groups.names is None:
            drawn = ax.hexbin(across, up, groups.values, gridsize=60, cmap="viridis")
            label = f"mean {groups.title}".strip()
        else:
            self.points_ = [most_frequent(ax, self.places_, groups)]
            return
        drawn.set_edgecolor("face")
        self.points_ = [drawn]
        self.colorbar_ = ax.figure.colorbar(drawn, ax=ax, label=label)

    def _bars(self, ax: Any, groups: Colouring | None) -> None:
        values = self.places_[:, 0]
        known = groups is not None and groups.names is not None
        names = groups.names if known else ["rows"]  # type: ignore[union-attr]
        place = groups.values if known else np.zeros(len(values), int)  # type: ignore[union-attr]
        assert names is not None
        edges = np.histogram_bin_edges(values, 40)
        base, self.points_ = np.zeros(len(edges) - 1), []
        for i, (name, (colour, _)) in enumerate(
            zip(names, styles(len(names)), strict=True)
        ):
            counts = np.histogram(values[place == i], edges)[0]
            bars = ax.bar(
                edges[:-1], counts, np.diff(edges), base, align="edge", color=colour
            )
            bars.set_label(name)
            self.points_.append(bars)
            base = base + counts
        ax.set_ylabel("rows")

    def _label(
        self, ax: Any, names: list[str], groups: Colouring | None, annotate: bool
    ) -> None:
        ax.set_xlabel(names[0])
        if len(names) > 1:
            ax.set_ylabel(names[1])
        plain(ax)
        if groups is None or groups.names is None:
            return
        if not annotate or len(names) == 1:
            columns = 1 + (len(groups.names) - 1) // 16
            legend = legend_outside(ax, title=groups.title, ncols=columns)
            for handle in legend.legend_handles:
                if hasattr(handle, "set_sizes"):
                    handle.set(sizes=[36], alpha=1.0)
            return
        for i, name in enumerate(groups.names):
            middle = np.median(self.places_[groups.values == i], axis=0)
            box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none"}
            ax.text(
                *middle,
                name,
                ha="center",
                va="center",
                weight="bold",
                bbox={**box, "alpha": 0.75},
                zorder=5,
            )

    def _add_thumbnails(
        self, ax: Any, groups: Colouring | None, n: int | None, cmap: str
    ) -> None:
        self.thumbnail_rows_, self.thumbnails_ = np.zeros(0, int), []
        if self.shown is None or self.places_.shape[1] == 1:
            return
        texts = isinstance(self.shown[0], str)
        most = (10 if texts else 60) if n is None else int(n)
        ax.margins(0.06)
        self.thumbnail_rows_ = spread_out(self.places_, most if texts else 3 * most)
        if not texts:
            apart = ax.transData.transform(self.places_[self.thumbnail_rows_])
            kept = without_overlaps(apart * 72 / ax.figure.dpi)
            self.thumbnail_rows_ = self.thumbnail_rows_[kept[:most]]
        values = [self.shown[row] for row in self.thumbnail_rows_]
        at = self.places_[self.thumbnail_rows_]
        if texts:
            self.thumbnails_ = draw_texts(ax, at, values)
            return
        edges: Sequence[Any] = ["0.4"] * len(values)
        if groups is not None and groups.names is not None:
            looks = styles(len(groups.names))
            edges = [looks[groups.values[row]][0] for row in self.thumbnail_rows_]
        self.thumbnails_ = draw_images(ax, at, values, edges, cmap)
