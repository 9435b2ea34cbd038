"""Codes on a map, with images or texts of some rows on it."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import DISPLAY
from skunsup.inspection._figures import (
    check_finite,
    check_length,
    panels,
    styles,
)
from skunsup.inspection._groups import (
    Colouring,
    asked_colouring,
    colouring,
    title_of,
)
from skunsup.inspection._marks import (
    draw_hexagons,
    draw_histogram,
    draw_points,
    name_groups,
)
from skunsup.inspection._places import as_codes, placed
from skunsup.inspection._shown import shown
from skunsup.inspection._steps import kind_of, need, prepared, steps_of
from skunsup.inspection._thumbnails import (
    draw_images,
    draw_texts,
    spread_out,
    without_overlaps,
)

MOST_POINTS = 10_000  # which can still be told apart


@dataclass(eq=False, repr=False)
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

    codes: Any
    _: KW_ONLY
    y: Any = None
    components: Any = None
    shown: Any = None
    y_title: str = ""

    @classmethod
    @documented(DISPLAY)
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
        y : array-like of shape (n_samples,) or str, default=None
            Labels or numbers, or the name of a method of the estimator that gives them:
            "predict" for clusters, "score_samples" for scores.
        components : (int, int) or "pca", default=None
            As of the class.
        thumbnails : bool, default=False
            Draw some rows at their places: images, or texts beside the map. They are
            those of `inputs`; of rows of pixels give `image_shape`.

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
    @documented(DISPLAY)
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
        **options : dict
            Parameters of the class.
        """
        return cls(codes, y=y, **options).plot(ax)

    @documented(DISPLAY)
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
        annotate : bool, default=False
            Write each label at the median of its points, in place of a legend.
        n_thumbnails : int, default=None
            Number of images or texts at most. None means 60 images or 10 texts.
        density : bool, default=None
            Count rows in hexagons. None means above 10,000 rows.
        size : float, default=None
            Area of a point in square points; None for what suits their number.
        """
        codes = check_finite(as_codes(self.codes), "codes")
        self.places_, names = placed(codes, self.components)
        groups = None
        if self.y is not None:
            groups = colouring(self.y, len(codes), self.y_title)
        if self.shown is not None:
            check_length(self.shown, len(codes), "shown")
        axis = panels(ax, (1, 1), (6.4, 5.2)).item()
        self.ax_, self.figure_ = axis, axis.figure
        dense = len(codes) > MOST_POINTS if density is None else density
        bar: Any = None
        if len(names) == 1:
            self.points_ = draw_histogram(axis, self.places_, groups)
        elif dense:
            self.points_, bar = draw_hexagons(axis, self.places_, groups)
        else:
            self.points_, bar = draw_points(axis, self.places_, groups, size)
        self.colorbar_ = bar
        name_groups(axis, self.places_, names, groups, annotate)
        self._add_thumbnails(axis, groups, n_thumbnails, cmap)
        return self

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
