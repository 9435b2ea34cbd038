"""Columns that made rows outliers."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from skunsup.inputs import Blocks
from skunsup.inspection._blame import by_block, expected_row, overlaid, pixel_heat
from skunsup.inspection._drawing import (
    as_rgb,
    grid_size,
    limits_of,
    name_series,
    picture_grid,
    side_by_side,
    text_size,
    token_lines,
)
from skunsup.inspection._figures import (
    BLUE,
    RED,
    check_finite,
    panels,
    plain,
    short,
    written,
)
from skunsup.inspection._shown import Shown, names_of, rows_of, shown
from skunsup.inspection._steps import (
    first_rows,
    kind_of,
    need,
    prepared,
    steps_of,
    taken,
)

N_ROWS = 8


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

    def __init__(
        self,
        feature_scores: Any,
        feature_names: Sequence[str],
        rows: Any,
        *,
        shown: Shown | None = None,
        expected: Shown | None = None,
    ) -> None:
        self.feature_scores = feature_scores
        self.feature_names = feature_names
        self.rows = rows
        self.shown = shown
        self.expected = expected

    @classmethod
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
        X : object
            Rows, as the estimator takes them.
        rows : array-like of int, default=None
            Numbers of the rows to draw; None for the eight with the lowest
            `score_samples`.
        image_shape : (int, int) or (int, int, int), default=None
            Shape of the images that rows of numbers are.
        ax : Axes or None, default=None
            Axes to draw in; None for a new figure.
        **options : dict
            Further parameters of `plot`.

        Returns
        -------
        FeatureScoresDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator has no `feature_scores`, or there is no such row.
        """
        steps, model = steps_of(estimator)
        need(model, "feature_scores", cls.__name__)
        if rows is None:
            scores = np.asarray(model.score_samples(prepared(steps, X)))
            rows = scores.argsort()[: min(N_ROWS, rows_of(X))]
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
        ax : Axes or None, default=None
            Axes to draw in; None for a new figure.

        Returns
        -------
        FeatureScoresDisplay
            The display, drawn.
        """
        names = feature_names
        if names is None:
            names = names_of(feature_scores, np.shape(feature_scores)[1])
        rows = np.arange(len(feature_scores)) if rows is None else rows
        return cls(feature_scores, names, rows).plot(ax)

    def plot(
        self, ax: Any = None, *, max_features: int = 10, cmap: str = "gray"
    ) -> Self:
        """Draw the shares in the form of the data.

        Parameters
        ----------
        ax : Axes or None, default=None
            Axes to draw in; None for a new figure.
        max_features : int, default=10
            Columns of a table at most, those with the largest shares.
        cmap : str, default="gray"
            Colours of images with one channel.

        Returns
        -------
        FeatureScoresDisplay
            This object.

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
        form = "columns" if self.shown is None else self.shown.form
        if form != "columns":
            draw = {"images": self._images, "series": self._series}
            self.artists_ = draw.get(form, self._texts)(ax, cmap)
        elif len(scores) == 1:
            self.artists_ = self._bars(ax, max_features)
        else:
            self.artists_ = self._heat_map(ax, max_features)
        self.figure_ = self.ax_.figure
        return self

    @property
    def _titles(self) -> list[str]:
        return [f"row {row}" for row in self.rows]

    def _bars(self, ax: Any, most: int) -> Any:
        order = np.argsort(-self.shares_[0], kind="stable")[:most]
        axis = panels(ax, (1, 1), (6.4, 0.9 + 0.32 * len(order))).item()
        share = self.shares_[0, order]
        names = [short(self.feature_names[j], 28) for j in order]
        bars = axis.barh(np.arange(len(order)), share, color=BLUE)
        axis.set_yticks(range(len(order)), names)
        for at, j in enumerate(order):
            note = f" {share[at]:.0%}"
            if self.shown is not None:
                note = f" {written(self.shown.values[j][0])}"
                if self.expected is not None:
                    note += f", expected {written(self.expected.values[j][0])}"
            axis.text(share[at], at, note, va="center", size=8.5)
        axis.invert_yaxis()
        axis.set_xlim(0, max(1.55 * share.max(), 1e-9))
        axis.xaxis.set_major_formatter("{x:.0%}")
        axis.set(xlabel="share of the score", title=self._titles[0])
        plain(axis)
        self.ax_ = axis
        return bars

    def _heat_map(self, ax: Any, most: int) -> Any:
        top = np.argsort(-self.shares_.max(axis=0), kind="stable")[:most]
        columns = np.sort(top)
        n = len(self.shares_)
        size = (2.4 + 0.55 * len(columns), 1.8 + min(0.32 * n, 8.0))
        axis = panels(ax, (1, 1), size).item()
        shown = self.shares_[:, columns]
        drawn = axis.imshow(shown, cmap="Blues", vmin=0, aspect="auto")
        if n <= 20:
            for (i, j), share in np.ndenumerate(shown):
                if share >= 0.1:
                    ink = "white" if share > 0.6 * shown.max() else "black"
                    axis.text(
                        j, i, f"{share:.0%}", ha="center", va="center", size=8, c=ink
                    )
            axis.set_yticks(range(n), self._titles)
        names = [short(self.feature_names[j], 26) for j in columns]
        axis.set_xticks(range(len(columns)), names, rotation=40, ha="right")
        bar = axis.figure.colorbar(drawn, ax=axis, label="share of the score")
        bar.ax.yaxis.set_major_formatter("{x:.0%}")
        axis.tick_params(length=0)
        self.ax_ = axis
        return drawn

    def _images(self, ax: Any, cmap: str) -> Any:
        assert self.shown is not None
        images = [np.asarray(image, float) for image in self.shown.values]
        limits = limits_of(images)
        plain_ones = [as_rgb(image, cmap, *limits) for image in images]
        heat = [
            pixel_heat(share, image)
            for share, image in zip(self.shares_, images, strict=True)
        ]
        marked = [overlaid(i, h) for i, h in zip(plain_ones, heat, strict=True)]
        axis = panels(ax, (1, 1), grid_size(2, len(images), images[0])).item()
        self.ax_ = axis
        lines = [plain_ones, marked]
        return picture_grid(axis, lines, ["row", "to blame"], self._titles)

    def _series(self, ax: Any, _: str) -> list[Any]:
        assert self.shown is not None
        axis = panels(ax, (1, 1), (9.0, 2.8)).item()
        places, width = side_by_side(self.shown.values), len(self.shown.names)
        artists = []
        for share, place, series in zip(
            self.shares_, places, self.shown.values, strict=True
        ):
            by_step = share[: len(series) * width].reshape(len(series), width)
            by_step = by_step.sum(axis=1)
            for at, strength in zip(place, by_step / by_step.max(), strict=True):
                axis.axvspan(at - 0.5, at + 0.5, color=RED, alpha=0.6 * strength, lw=0)
            artists += axis.plot(place, series, color="black", lw=1)
        name_series(axis, places, self._titles)
        axis.set_title("darker: larger share of the score", loc="right", size=9)
        self.ax_ = axis
        return artists

    def _texts(self, ax: Any, _: str) -> list[Any]:
        assert self.shown is not None
        lines = []
        for title, share, text in zip(
            self._titles, self.shares_, self.shown.values, strict=True
        ):
            words = text.split()[: len(share)]
            own = share[: len(words)] / max(share.max(), 1e-12)
            boxes = [(0.835, 0.369, 0.0, 0.75 * strength) for strength in own]
            lines.append((title, words, ["black"] * len(words), boxes))
        axis = panels(ax, (1, 1), text_size(2 * len(lines))).item()
        self.ax_ = axis
        return token_lines(axis, lines)
