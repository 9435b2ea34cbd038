"""Drawn rows against real ones."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

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
    BLUE,
    ORANGE,
    check_choice,
    legend_above,
    one_or_all,
    panels,
    plain,
    short,
)
from skunsup.inspection._shown import Shown, names_of, rows_of, shown
from skunsup.inspection._steps import (
    kind_of,
    named_like,
    need,
    prepared,
    put_back,
    spread_rows,
    steps_of,
    taken,
)

KINDS = ("auto", "margins", "pairs", "grid")
MOST_READ = 5000  # real rows that are looked at
MOST_DRAWN = 1000  # rows in a panel of pairs
MOST_CATEGORIES = 8
N_BINS = 25


class SamplesDisplay:
    """Drawn rows against real ones.

    Of tables the distribution of each column ("margins"), or each pair of a few columns
    ("pairs"); of images, series and texts real ones above drawn ones ("grid").

    Parameters
    ----------
    real, drawn : Shown
        Rows, as `from_estimator` makes them.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
        The panels.
    figure_ : Figure
        The figure.
    artists_ : dict of str to object
        What is drawn, by column, by pair, or "grid".
    shares_ : dict of str to ndarray of shape (2, n_bars)
        With "margins" the share of the real and of the drawn rows in each bar.

    See Also
    --------
    ReconstructionDisplay : Rows beside what a model gives back.

    Examples
    --------
    >>> import pandas as pd
    >>> from skunsup.inspection import SamplesDisplay
    >>> real = pd.DataFrame({"size": [1.0, 2.0, 3.0], "kind": ["a", "b", "a"]})
    >>> drawn = pd.DataFrame({"size": [1.5, 2.5], "kind": ["a", "b"]})
    >>> display = SamplesDisplay.from_predictions(real, drawn)
    >>> display.shares_["kind"].round(2).tolist()
    [[0.67, 0.33], [0.5, 0.5]]
    """

    def __init__(self, real: Shown, drawn: Shown) -> None:
        self.real = real
        self.drawn = drawn

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        n_samples: int | None = None,
        random_state: Any = None,
        image_shape: Any = None,
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Draw rows from a model, and show them against real ones.

        Parameters
        ----------
        estimator : object
            Fitted estimator with `sample`, or a pipeline that ends in one. Where each
            step before has `inverse_transform`, rows are shown in their own units, else
            as the last step sees them.
        X : object
            Real rows, as the estimator takes them; 5,000 of more are looked at.
        n_samples : int, default=None
            Rows to draw; None for as many as real ones, or 10 images, series or texts.
        random_state : int, RandomState instance or None, default=None
            Fixes the draws.
        image_shape : (int, int) or (int, int, int), default=None
            Shape of the images that rows of numbers are.
        ax : Axes, ndarray of Axes or None, default=None
            As of `plot`.
        **options : dict
            Further parameters of `plot`.

        Returns
        -------
        SamplesDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator has no `sample`.
        """
        steps, model = steps_of(estimator)
        need(model, "sample", cls.__name__)
        real = taken(X, spread_rows(rows_of(X), MOST_READ))
        kind = kind_of(model)
        form = shown(kind, prepared(steps, taken(real, [0])), image_shape)[0].form
        n = n_samples
        if n is None:
            n = rows_of(real) if form == "columns" else 10
        found = model.sample(n, random_state=random_state)
        found = found[0] if isinstance(found, tuple) else found  # as mixtures do
        back = put_back(steps, found) if steps else found
        if back is None:
            real, back = prepared(steps, real), found
        if form != "columns":
            real = taken(real, spread_rows(rows_of(real), n))
        return cls.from_predictions(
            real, back, inputs=kind, image_shape=image_shape, ax=ax, **options
        )

    @classmethod
    def from_predictions(
        cls,
        X: Any,
        samples: Any,
        *,
        inputs: Any = None,
        image_shape: Any = None,
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Show given rows against real ones.

        Parameters
        ----------
        X : object
            Real rows.
        samples : object
            Drawn ones, in the same form.
        inputs : Inputs, default=None
            Fitted kind of data; None for tables and rows of numbers.
        image_shape : (int, int) or (int, int, int), default=None
            Shape of the images that rows of numbers are.
        ax : Axes, ndarray of Axes or None, default=None
            As of `plot`.
        **options : dict
            Further parameters of `plot`.

        Returns
        -------
        SamplesDisplay
            The display, drawn.
        """
        samples = named_like(X, samples)
        one, other = (shown(inputs, rows, image_shape)[0] for rows in (X, samples))
        if one.form == "columns" and not hasattr(X, "columns"):
            names = names_of(X, len(one.names))
            one = Shown("columns", one.values, names)
        return cls(one, other).plot(ax, **options)

    def plot(
        self,
        ax: Any = None,
        *,
        kind: str = "auto",
        features: Sequence[Any] | None = None,
        cmap: str = "gray",
    ) -> Self:
        """Draw the comparison.

        Parameters
        ----------
        ax : Axes, ndarray of Axes or None, default=None
            Axes to draw in, which are divided; one for each panel; or None for a new
            figure.
        kind : {"auto", "margins", "pairs", "grid"}, default="auto"
            What to draw. "auto" means margins of tables and a grid of all else.
        features : sequence of str or int, default=None
            Columns to draw; None for the first twelve, or of pairs for the first three
            that hold numbers.
        cmap : str, default="gray"
            Colours of images with one channel.

        Returns
        -------
        SamplesDisplay
            This object.

        Raises
        ------
        ValueError
            If `kind` does not fit the data, or there is no such column.
        """
        check_choice(kind, KINDS, "kind")
        form = self.real.form
        if kind == "auto":
            kind = "margins" if form == "columns" else "grid"
        if (kind == "grid") == (form == "columns"):
            raise ValueError(
                f"kind={kind!r} does not fit rows that are {form}. Use kind='auto'."
            )
        self.artists_: dict[str, Any] = {}
        self.shares_: dict[str, np.ndarray] = {}
        if kind == "grid":
            axes = self._grid(ax, cmap)
        elif kind == "pairs":
            axes = self._pairs(ax, self._chosen(features, 3, numbers=True))
        else:
            axes = self._margins(ax, self._chosen(features, 12))
        self.ax_, self.figure_ = one_or_all(axes), axes.flat[0].figure
        return self

    def _chosen(
        self, features: Sequence[Any] | None, most: int, numbers: bool = False
    ) -> list[int]:
        names = self.real.names
        if features is None:
            every = range(len(names))
            return [j for j in every if self.real.numeric(j) or not numbers][:most]
        found = []
        for name in features:
            if isinstance(name, str) and name in names:
                found.append(names.index(name))
            elif not isinstance(name, str) and 0 <= int(name) < len(names):
                found.append(int(name))
            else:
                raise ValueError(
                    f"features holds {name!r}, but expected names or numbers of "
                    f"columns: {[short(name, 20) for name in names[:8]]}."
                )
        return found

    def _margins(self, ax: Any, chosen: Sequence[int]) -> np.ndarray:
        across = min(len(chosen), 4)
        down = -(-len(chosen) // across)
        axes = panels(ax, (down, across), (2.5 * across + 0.4, 2.1 * down + 0.4))
        for j, axis in zip(chosen, axes.flat, strict=False):
            name = self.real.names[j]
            if self.real.numeric(j):
                self.artists_[name] = self._numbers(axis, name, j)
            else:
                self.artists_[name] = self._categories(axis, name, j)
            axis.set_title(short(name, 26), size=10)
            axis.set_yticks([])
            plain(axis)
        for axis in axes.flat[len(chosen) :]:
            axis.set_axis_off()
        legend_above(axes.flat[0], 2, bbox_to_anchor=(0.0, 1.17), fontsize="small")
        return axes

    def _numbers(self, ax: Any, name: str, j: int) -> Any:
        values = [rows.values[j] for rows in (self.real, self.drawn)]
        values = [each[np.isfinite(each)] for each in values]
        edges = np.histogram_bin_edges(np.concatenate(values), N_BINS)
        shares = np.array([np.histogram(each, edges)[0] for each in values], float)
        shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1)
        self.shares_[name] = shares
        filled = ax.stairs(shares[0], edges, fill=True, color=BLUE, alpha=0.45)
        outline = ax.stairs(shares[1], edges, color=ORANGE, lw=2)
        filled.set_label("real")
        outline.set_label("drawn")
        return filled, outline

    def _categories(self, ax: Any, name: str, j: int) -> Any:
        both = [[str(v) for v in rows.values[j]] for rows in (self.real, self.drawn)]
        both = [["missing" if v == "None" else v for v in each] for each in both]
        names, counts = np.unique(both[0] + both[1], return_counts=True)
        names = names[np.sort(np.argsort(-counts, kind="stable")[:MOST_CATEGORIES])]
        shares = np.array(
            [[np.mean([v == n for v in each]) for n in names] for each in both]
        )
        self.shares_[name] = shares
        at = np.arange(len(names))
        bars = [
            ax.bar(at - 0.2, shares[0], 0.4, color=BLUE, alpha=0.45, label="real"),
            ax.bar(at + 0.2, shares[1], 0.4, fc="none", ec=ORANGE, lw=2, label="drawn"),
        ]
        turned = {"rotation": 30, "ha": "right"} if len(names) > 2 else {}
        ax.set_xticks(at, [short(n, 12) for n in names], size=8, **turned)
        return bars

    def _pairs(self, ax: Any, chosen: Sequence[int]) -> np.ndarray:
        n = len(chosen)
        if n < 2:
            raise ValueError(
                f"kind='pairs' needs two columns of numbers, but there are {n}. Use "
                "kind='margins'."
            )
        axes = panels(ax, (n, n), (2.3 * n + 0.6, 2.1 * n + 0.4))
        names = [short(self.real.names[j], 20) for j in chosen]
        for (i, j), axis in np.ndenumerate(axes):
            if i == j:
                self._numbers(axis, self.real.names[chosen[i]], chosen[i])
                axis.set_yticks([])
            else:
                # Real rows below the diagonal, drawn ones above it.
                rows = self.real if i > j else self.drawn
                colour, mark = (BLUE, "o") if i > j else (ORANGE, "^")
                keep = spread_rows(len(rows), MOST_DRAWN)
                x, y = (rows.values[chosen[k]][keep] for k in (j, i))
                key = f"{self.real.names[chosen[j]]}, {self.real.names[chosen[i]]}"
                self.artists_[f"{key}: {'real' if i > j else 'drawn'}"] = axis.scatter(
                    x, y, s=12, color=colour, marker=mark, alpha=0.7, lw=0
                )
            if i == n - 1:
                axis.set_xlabel(names[j])
            if j == 0:
                axis.set_ylabel(names[i])
            plain(axis)
        self._same_limits(axes, chosen)
        legend_above(axes[0, 0], 2, fontsize="small")
        return axes

    def _same_limits(self, axes: np.ndarray, chosen: Sequence[int]) -> None:
        for k, column in enumerate(chosen):
            both = np.concatenate([self.real.values[column], self.drawn.values[column]])
            low, high = np.nanmin(both), np.nanmax(both)
            room = 0.05 * (high - low) or 0.5
            for axis in axes[:, k]:
                axis.set_xlim(low - room, high + room)
            for i, axis in enumerate(axes[k]):
                if i != k:
                    axis.set_ylim(low - room, high + room)

    def _grid(self, ax: Any, cmap: str) -> np.ndarray:
        n = min(len(self.real), len(self.drawn), 10)
        draw = {"images": self._images, "texts": self._texts}
        return draw.get(self.real.form, self._series)(ax, n, cmap)

    def _images(self, ax: Any, n: int, cmap: str) -> np.ndarray:
        real, drawn = list(self.real.values), list(self.drawn.values)
        down = max(1, min(3, min(len(real), len(drawn)) // 10))
        lines = [real[i * n : (i + 1) * n] for i in range(down)]
        lines += [drawn[i * n : (i + 1) * n] for i in range(down)]
        labels = ["real", *[""] * (down - 1), "drawn", *[""] * (down - 1)]
        axes = panels(ax, (1, 1), grid_size(2 * down, n, np.asarray(real[0])))
        self.artists_["grid"] = picture_grid(axes.item(), lines, labels, [], cmap)
        return axes

    def _texts(self, ax: Any, n: int, _: str) -> np.ndarray:
        axes = panels(ax, (1, 1), text_size(2 * n))
        lines = [plain_tokens("real", text) for text in self.real.values[:n]]
        lines += [plain_tokens("drawn", text) for text in self.drawn.values[:n]]
        self.artists_["grid"] = token_lines(axes.item(), lines)
        return axes

    def _series(self, ax: Any, n: int, _: str) -> np.ndarray:
        axes = panels(ax, (2, 1), (9.0, 4.2), sharex=True, sharey=True)
        both = {"real": (self.real, BLUE), "drawn": (self.drawn, ORANGE)}
        for axis, (label, (rows, colour)) in zip(axes[:, 0], both.items(), strict=True):
            places = side_by_side(rows.values[:n])
            self.artists_[label] = [
                axis.plot(place, one, color=colour, lw=1)
                for place, one in zip(places, rows.values[:n], strict=True)
            ]
            name_series(axis, places, [""] * n)
            axis.set_ylabel(label)
        return axes
