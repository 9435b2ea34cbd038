"""Losses of a fit, epoch by epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import PANELS
from skunsup._estimator import DeepEstimator, network_of
from skunsup.inspection._figures import (
    GREY,
    legend_outside,
    one_or_all,
    panels,
    plain,
    styles,
)
from skunsup.inspection._steps import steps_of

LONG = 100.0  # ratio of losses above which a logarithmic scale shows more


@dataclass(eq=False, repr=False)
class HistoryDisplay:
    """Losses and health of a fit, epoch by epoch.

    The first panel has the loss, its terms and the loss of validation rows, with the
    best epoch by the latter. The second one has what is recorded and not minimised,
    such as the accuracy of a discriminator, where a model has that.

    Parameters
    ----------
    history : dict of str to sequence of float
        One entry an epoch, as `history_` of an estimator holds it.
    metrics : sequence of str, default=()
        Names in `history` of what is not minimised.

    Attributes
    ----------
    ax_ : Axes or ndarray of Axes
        The panels.
    figure_ : Figure
        The figure.
    lines_ : dict of str to Line2D
        A line for each name.
    best_epoch_ : int or None
        Epoch with the lowest `val_loss`, from 1; None without validation rows.

    See Also
    --------
    HistoryDisplay.from_estimator : The display of a fitted estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skunsup import Autoencoder
    >>> from skunsup.inspection import HistoryDisplay
    >>> X = load_iris().data
    >>> model = Autoencoder(2, epochs=5, early_stopping=True, random_state=0).fit(X)
    >>> display = HistoryDisplay.from_estimator(model)
    >>> sorted(display.lines_)
    ['loss', 'val_loss']
    """

    history: Mapping[str, Sequence[float]]
    _: KW_ONLY
    metrics: Sequence[str] = ()

    @classmethod
    @documented(PANELS)
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the last fit of an estimator.

        Parameters
        ----------
        estimator : object
            Fitted estimator with `history_`, or a pipeline that ends in one.

        Raises
        ------
        ValueError
            If the estimator has no history.
        """
        model = steps_of(estimator)[1]
        inner = getattr(model, "estimator_", None)
        if not hasattr(model, "history_") and inner is not None:
            model = steps_of(inner)[1]
        if not hasattr(model, "history_"):
            raise ValueError(
                f"{type(model).__name__} has no history_, so there is no training to "
                "draw. Give an estimator of skunsup, or a pipeline that ends in one."
            )
        inner = getattr(model, "estimator_", model)
        metrics: Sequence[str] = ()
        if isinstance(inner, DeepEstimator):
            metrics = network_of(inner).architecture.network.own_metrics
        return cls(model.history_, metrics=metrics).plot(ax)

    @documented(PANELS)
    def plot(self, ax: Any = None, *, log: bool | None = None) -> Self:
        """Draw the panels.

        Parameters
        ----------
        ax : Axes, ndarray of Axes or None, default=None
            Axes to draw in, which are divided where there are two panels; two Axes; or
            None for a new figure.
        log : bool or None, default=None
            Logarithmic scale of losses. None means where all are positive and the
            largest is 100 times the smallest.

        Raises
        ------
        ValueError
            If the history is empty.
        """
        names = [name for name, values in self.history.items() if len(values)]
        if not names:
            raise ValueError(
                "history is empty, so there is no epoch to draw. Fit the estimator "
                "for one epoch at least."
            )
        shown = [name for name in self.metrics if name in names]
        losses = _distinct(self.history, [name for name in names if name not in shown])
        groups = [group for group in (losses, shown) if group]
        size = (6.8, 1.2 + 2.6 * len(groups))
        axes = panels(ax, (len(groups), 1), size, sharex=True)
        self.lines_: dict[str, Any] = {}
        for panel, group in zip(axes[:, 0], groups, strict=True):
            self._draw(panel, group)
        axes[-1, 0].set_xlabel("epoch")
        if losses:
            self._mark(axes[0, 0], losses, log)
        self.ax_, self.figure_ = one_or_all(axes[:, 0]), axes[0, 0].figure
        for panel in axes[:, 0]:
            legend_outside(panel)
        return self

    def _draw(self, ax: Any, names: Sequence[str]) -> None:
        dashes = ("-", "--", "-.", ":")
        looks = styles(len(names))
        for i, (name, (colour, _)) in enumerate(zip(names, looks, strict=True)):
            values = np.asarray(self.history[name], float)
            few = {"marker": "o"} if len(values) == 1 else {}
            epochs = np.arange(1, len(values) + 1)
            (line,) = ax.plot(
                epochs, values, dashes[i % 4], color=colour, label=name, **few
            )
            self.lines_[name] = line
        plain(ax)
        ax.xaxis.get_major_locator().set_params(integer=True)

    def _mark(self, ax: Any, losses: Sequence[str], log: bool | None) -> None:
        """Mark the best epoch, and choose the scale."""
        values = np.concatenate([np.asarray(self.history[n], float) for n in losses])
        if log is None:
            log = bool(values.min() > 0 and values.max() > LONG * values.min())
        ax.set(ylabel="loss", yscale="log" if log else "linear")
        self.best_epoch_ = None
        judged = np.asarray(self.history.get("val_loss", ()), float)
        if len(judged) and np.isfinite(judged).any():
            self.best_epoch_ = int(np.nanargmin(judged)) + 1
            label = f"best epoch: {self.best_epoch_}"
            ax.axvline(self.best_epoch_, color=GREY, ls=":", label=label)


def _distinct(
    history: Mapping[str, Sequence[float]], names: Sequence[str]
) -> list[str]:
    """Leave out a single term that is the loss itself."""
    terms = [name for name in names if name not in ("loss", "val_loss")]
    same = len(terms) == 1 and "loss" in names
    if same and np.allclose(history[terms[0]], history["loss"]):
        return [name for name in names if name != terms[0]]
    return list(names)
