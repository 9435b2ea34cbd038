"""Rows and their reconstructions."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import PANELS
from skunsup._sklearn import count_rows
from skunsup.inspection._cells import cell_table, column_errors, column_scales
from skunsup.inspection._drawing import (
    grid_size,
    name_series,
    picture_grid,
    plain_tokens,
    side_by_side,
    text_size,
    token_lines,
)
from skunsup.inspection._figures import (
    RED,
    legend_above,
    one_or_all,
    panels,
    styles,
)
from skunsup.inspection._shown import Shown, shown
from skunsup.inspection._steps import (
    first_rows,
    kind_of,
    named_like,
    need,
    prepared,
    put_back,
    rebuilder,
    spread_rows,
    steps_of,
    taken,
)

N_ROWS = 8
MOST_READ = 1000  # rows that standard deviations are told from


@dataclass(eq=False, repr=False)
class ReconstructionDisplay:
    """Rows and their reconstructions.

    Images and series are drawn above and over each other. Of tables the columns with
    the largest errors are written, and the worst cell of each row is framed. Words of a
    text that did not come back are coloured.

    Parameters
    ----------
    original, restored : list of Shown
        One entry for each block of the data, as `from_estimator` makes them.
    rows : array-like of int
        Numbers of the rows.
    scales : list of (list of float), default=None
        For each block the unit of the errors of its columns; None for the standard
        deviations of the rows that are drawn.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
        One for each block.
    figure_ : Figure
        The figure.
    artists_ : list of object
        For each block the image, the lines, the table of cells or the words.
    errors_ : list of ndarray or None
        For each block of columns the error of each cell, (n_rows, n_columns): of
        numbers in units of `scales`, of categories 0 or 1; else None.

    See Also
    --------
    FeatureScoresDisplay : The columns that made a row an outlier.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skunsup import Autoencoder
    >>> from skunsup.inspection import ReconstructionDisplay
    >>> X = load_iris(as_frame=True).data
    >>> model = Autoencoder(2, epochs=5, random_state=0).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(model, X, rows=[0, 50, 100])
    >>> display.errors_[0].shape
    (3, 4)
    """

    original: Sequence[Shown]
    restored: Sequence[Shown]
    rows: Any
    _: KW_ONLY
    scales: Sequence[Sequence[float]] | None = None

    @classmethod
    @documented(PANELS)
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
        """Draw rows and their reconstructions.

        Parameters
        ----------
        estimator : object
            Fitted estimator with `reconstruct`, a detector around one, or a pipeline
            that ends in one. Where each step before has `inverse_transform`, data are
            shown in their own units, else as the last step sees them.
        rows : array-like of int, default=None
            Numbers of the rows to draw; None for the first eight.

        Raises
        ------
        ValueError
            If the estimator has no `reconstruct`, or there is no such row.
        """
        steps, model = steps_of(estimator)
        rows = first_rows(X, rows, N_ROWS)
        own = taken(X, rows)
        inner = rebuilder(model)
        if inner is None:
            need(model, "reconstruct", cls.__name__)
        behind = prepared(steps, own)
        restored = inner.reconstruct(behind)
        back = put_back(steps, restored) if steps else restored
        kind = kind_of(model)
        everyone = taken(X, spread_rows(count_rows(X), MOST_READ))
        if back is None:
            own, back, everyone = behind, restored, prepared(steps, everyone)
        if steps:
            back = named_like(own, back)
        pairs = shown(kind, own, image_shape), shown(kind, back, image_shape)
        scales = [
            column_scales(one) if one.form == "columns" else []
            for one in shown(kind, everyone, image_shape)
        ]
        return cls(*pairs, rows, scales=scales).plot(ax, **options)

    @documented(PANELS)
    def plot(
        self, ax: Any = None, *, max_columns: int = 10, cmap: str = "gray"
    ) -> Self:
        """Draw each block.

        Parameters
        ----------
        ax : Axes, ndarray of Axes or None, default=None
            Axes to draw in, which are divided where there are several blocks; one for
            each block; or None for a new figure.
        max_columns : int, default=10
            Columns of a table at most, those with the largest errors.
        """
        n_rows = len(self.rows)
        sizes = [_size(one, n_rows, max_columns) for one in self.original]
        heights = [height for _, height in sizes]
        size = (max(width for width, _ in sizes), sum(heights))
        axes = panels(ax, (len(sizes), 1), size, heights)[:, 0]
        self.artists_: list[Any] = []
        self.errors_: list[np.ndarray | None] = []
        titles = [f"row {row}" for row in self.rows]
        for at, (axis, one, other) in enumerate(
            zip(axes, self.original, self.restored, strict=True)
        ):
            if one.form == "columns":
                given = None if self.scales is None else self.scales[at]
                errors = column_errors(one, other, given or column_scales(one))
                table = cell_table(axis, one, other, errors, titles, max_columns)
                self.errors_.append(errors)
                self.artists_.append(table)
            else:
                draw = {"images": _images, "series": _series, "texts": _texts}
                self.artists_.append(draw[one.form](axis, one, other, titles, cmap))
                self.errors_.append(None)
            if len(axes) > 1:
                axis.set_title(one.title, loc="left", size=10)
        self.ax_, self.figure_ = one_or_all(axes), axes[0].figure
        return self


def _size(one: Shown, n_rows: int, most: int) -> tuple[float, float]:
    if one.form == "images":
        return grid_size(2, n_rows, np.asarray(one.values[0]))
    if one.form == "texts":
        return text_size(3 * n_rows)
    if one.form == "series":
        return 9.0, 2.8
    return 1.6 + 1.1 * n_rows, 0.6 + 0.42 * min(most, len(one.names))


def _images(ax: Any, one: Shown, other: Shown, titles: Sequence[str], cmap: str) -> Any:
    lines = [list(one.values), list(other.values)]
    return picture_grid(ax, lines, ["original", "restored"], titles, cmap)


def _series(
    ax: Any, one: Shown, other: Shown, titles: Sequence[str], _: str
) -> list[Any]:
    places, lines = side_by_side(one.values), []
    for j, (name, (colour, _)) in enumerate(
        zip(one.names, styles(len(one.names)), strict=True)
    ):
        for i, (place, series, back) in enumerate(
            zip(places, one.values, other.values, strict=True)
        ):
            n = min(len(place), len(back))
            drawn = ax.plot(place, series[:, j], color=colour, lw=2, alpha=0.45)
            again = ax.plot(place[:n], back[:n, j], color=colour, ls="--", lw=1.2)
            if i == 0:
                drawn[0].set_label("original" if len(one.names) == 1 else name)
            lines += [*drawn, *again]
    ax.plot([], [], color="black", ls="--", lw=1.2, label="restored")
    name_series(ax, places, titles)
    legend_above(ax, 4)
    return lines


def _texts(ax: Any, one: Shown, other: Shown, titles: Sequence[str], _: str) -> Any:
    lines = []
    for title, text, back in zip(titles, one.values, other.values, strict=True):
        again = back.split()
        known = {word.strip(".,;:!?()\"'").lower() for word in text.split()}
        inks = ["black" if word.lower() in known else RED for word in again]
        lines += [
            plain_tokens(title, text),
            ("restored", again, inks, [None] * len(again)),
            ("", [], [], []),
        ]
    return token_lines(ax, lines[:-1])
