"""Columns that made rows outliers."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import DISPLAY
from skunsup._sklearn import count_rows
from skunsup.inputs import Blocks
from skunsup.inspection._blame import by_block, expected_row
from skunsup.inspection._blame_drawing import (
    blamed_images,
    blamed_series,
    blamed_texts,
    share_bars,
    share_heat_map,
)
from skunsup.inspection._figures import check_finite
from skunsup.inspection._shown import Shown, names_of, shown
from skunsup.inspection._steps import (
    first_rows,
    kind_of,
    need,
    prepared,
    steps_of,
    taken,
)

N_ROWS = 8
BY_FORM = {"images": blamed_images, "series": blamed_series}


@dataclass(eq=False, repr=False)
class FeatureScoresDisplay:
    """Shares of columns in the scores of rows: what made them outliers.

    One row of a table has bars, with each value and the one that the model expected.
    Several rows are lines of a heat map. Images are overlaid with their pixels to
    blame, series stand on bands, and words of texts on a coloured ground.

    Parameters
    ----------
    feature_scores : array-like of shape (n_rows, n_features)
        Non-negative shares, as `feature_scores` of an estimator returns them.
    feature_names : sequence of str
        Names of the columns.
    rows : array-like of int
        Numbers of the rows.
    shown : Shown, default=None
        The rows, where they are images, series or texts, and for bars the values.
    expected : Shown, default=None
        For bars, what the model expected.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    artists_ : object
        The bars, the image or the words.
    shares_ : ndarray of shape (n_rows, n_features)
        `feature_scores` divided by their sum in each row.

    See Also
    --------
    OutlierScoresDisplay : Scores of whole rows.
    SeriesScoresDisplay : Scores of time points.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skunsup import Autoencoder
    >>> from skunsup.inspection import FeatureScoresDisplay
    >>> X = load_iris(as_frame=True).data
    >>> model = Autoencoder(2, epochs=5, random_state=0).fit(X)
    >>> display = FeatureScoresDisplay.from_estimator(model, X, rows=[41])
    >>> display.shares_.shape
    (1, 4)
    """

    feature_scores: Any
    feature_names: Sequence[str]
    rows: Any
    _: KW_ONLY
    shown: Shown | None = None
    expected: Shown | None = None

    @classmethod
    @documented(DISPLAY)
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        rows: Any = None,
        image_shape: Any = None,
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Draw what made rows outliers.

        Parameters
        ----------
        estimator : object
            Fitted estimator with `feature_scores`, or a pipeline that ends in one.
        rows : array-like of int, default=None
            Numbers of the rows to draw; None for the eight with the lowest
            `score_samples`.

        Raises
        ------
        ValueError
            If the estimator has no `feature_scores`, or there is no such row.
        """
        steps, model = steps_of(estimator)
        need(model, "feature_scores", cls.__name__)
        if rows is None:
            scores = np.asarray(model.score_samples(prepared(steps, X)))
            rows = scores.argsort()[: min(N_ROWS, count_rows(X))]
        rows = first_rows(X, rows, N_ROWS)
        own = taken(X, rows)
        behind = prepared(steps, own)
        scores = np.asarray(model.feature_scores(behind))
        kind = kind_of(model)
        if isinstance(kind, Blocks):
            scores, names = by_block(scores, kind)
            return cls(scores, names, rows).plot(ax, **options)
        one = shown(kind, own, image_shape)[0]
        same = len(one.names) == scores.shape[1] or one.form != "columns"
        if not same:  # the last step sees other columns
            own, one = behind, shown(kind, behind, image_shape)[0]
        names = names_of(behind, scores.shape[1], model)
        if one.form == "columns":
            names = one.names if hasattr(own, "columns") else names
        expected = expected_row(steps, model, own, behind, same, one)
        return cls(scores, names, rows, shown=one, expected=expected).plot(
            ax, **options
        )

    @classmethod
    @documented(DISPLAY)
    def from_predictions(
        cls,
        feature_scores: Any,
        *,
        feature_names: Sequence[str] | None = None,
        rows: Any = None,
        ax: Any = None,
    ) -> Self:
        """Draw given shares of columns.

        Parameters
        ----------
        feature_scores : array-like of shape (n_rows, n_features)
            Non-negative shares.
        feature_names : sequence of str, default=None
            Names of the columns; None for those of a DataFrame, or their numbers.
        rows : array-like of int, default=None
            Numbers of the rows, None for 0 and so on.
        """
        names = feature_names
        if names is None:
            names = names_of(feature_scores, np.shape(feature_scores)[1])
        rows = np.arange(len(feature_scores)) if rows is None else rows
        return cls(feature_scores, names, rows).plot(ax)

    @documented(DISPLAY)
    def plot(
        self, ax: Any = None, *, max_features: int = 10, cmap: str = "gray"
    ) -> Self:
        """Draw the shares in the form of the data.

        Parameters
        ----------
        max_features : int, default=10
            Columns of a table at most, those with the largest shares.

        Raises
        ------
        ValueError
            If scores are not finite, or not one for each name.
        """
        scores = check_finite(self.feature_scores, "feature_scores")
        if scores.ndim != 2 or scores.shape[1] != len(self.feature_names):
            raise ValueError(
                f"feature_scores has shape {scores.shape}, but there are "
                f"{len(self.feature_names)} feature_names. Give one name a column."
            )
        total = scores.sum(axis=1, keepdims=True)
        self.shares_ = scores / np.where(total > 0, total, 1.0)
        titles = [f"row {row}" for row in self.rows]
        shares, names, shown = self.shares_, self.feature_names, self.shown
        if shown is not None and shown.form != "columns":
            draw = BY_FORM.get(shown.form, blamed_texts)
            drawn = draw(ax, shares, shown, titles, cmap)
        elif len(scores) == 1:
            drawn = share_bars(
                ax, shares, names, titles[0], max_features, shown, self.expected
            )
        else:
            drawn = share_heat_map(ax, shares, names, titles, max_features)
        self.ax_, self.artists_ = drawn
        self.figure_ = self.ax_.figure
        return self
