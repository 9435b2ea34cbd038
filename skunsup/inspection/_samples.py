"""Drawn rows against real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import PANELS
from skunsup._sklearn import count_rows
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
from skunsup.inspection._sample_columns import (
    category_shares,
    number_shares,
    same_limits,
)
from skunsup.inspection._sample_grids import sample_grid
from skunsup.inspection._shown import Shown, names_of, shown
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


@dataclass(eq=False, repr=False)
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

    real: Shown
    drawn: Shown

    @classmethod
    @documented(PANELS)
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

        Raises
        ------
        ValueError
            If the estimator has no `sample`.
        """
        steps, model = steps_of(estimator)
        need(model, "sample", cls.__name__)
        real = taken(X, spread_rows(count_rows(X), MOST_READ))
        kind = kind_of(model)
        form = shown(kind, prepared(steps, taken(real, [0])), image_shape)[0].form
        n = n_samples
        if n is None:
            n = count_rows(real) if form == "columns" else 10
        found = model.sample(n, random_state=random_state)
        found = found[0] if isinstance(found, tuple) else found  # as mixtures do
        back = put_back(steps, found) if steps else found
        if back is None:
            real, back = prepared(steps, real), found
        if form != "columns":
            real = taken(real, spread_rows(count_rows(real), n))
        return cls.from_predictions(
            real, back, inputs=kind, image_shape=image_shape, ax=ax, **options
        )

    @classmethod
    @documented(PANELS)
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
        """
        samples = named_like(X, samples, "samples")
        one, other = (shown(inputs, rows, image_shape)[0] for rows in (X, samples))
        if one.form == "columns" and len(one.names) != len(other.names):
            raise ValueError(
                f"samples has {len(other.names)} columns, but X has {len(one.names)}. "
                "Give rows of the same columns."
            )
        if one.form == "columns" and not hasattr(X, "columns"):
            names = names_of(X, len(one.names))
            one = Shown("columns", one.values, names)
        return cls(one, other).plot(ax, **options)

    @documented(PANELS)
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
            axes, self.artists_ = sample_grid(ax, self.real, self.drawn, cmap)
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
            self.artists_[name] = self._column(axis, j)
            axis.set_title(short(name, 26), size=10)
            axis.set_yticks([])
            plain(axis)
        for axis in axes.flat[len(chosen) :]:
            axis.set_axis_off()
        legend_above(axes.flat[0], 2, bbox_to_anchor=(0.0, 1.17), fontsize="small")
        return axes

    def _column(self, ax: Any, j: int) -> Any:
        """Draw one column of both, and note the shares of rows."""
        draw = number_shares if self.real.numeric(j) else category_shares
        artists, shares = draw(ax, self.real.values[j], self.drawn.values[j])
        self.shares_[self.real.names[j]] = shares
        return artists

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
                self._column(axis, chosen[i])
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
        both = [(self.real.values[j], self.drawn.values[j]) for j in chosen]
        same_limits(axes, [np.concatenate(pair) for pair in both])
        legend_above(axes[0, 0], 2, fontsize="small")
        return axes
