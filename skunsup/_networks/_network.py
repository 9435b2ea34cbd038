"""The base of every trainable network, whose objective is the terms of its loss."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import keras
from keras import ops

from skunsup._networks._likelihood import Likelihood


@dataclass(frozen=True)
class Group:
    """Parts of a network that have an optimizer and a pace of their own.

    Parameters
    ----------
    parts : tuple of str
        Names of the parts.
    every : int, default=1
        The parts are updated once in so many steps.
    """

    parts: tuple[str, ...]
    every: int = 1


class Network(keras.Model):
    """Base of every trainable network: its whole objective is `loss_terms`.

    A subclass lists `own_terms` and returns them, in that order, from `loss_terms`;
    the engine minimises their sum and records each. What it returns behind them are
    `own_metrics`, which are recorded and no more. It also has one method for each
    thing the estimator computes row by row (`encode`, `row_loss`, ...), which must
    treat rows independently and draw no random number.

    One backward pass serves all groups of parameters: a term that must not move a
    part sees `ops.stop_gradient` of its output, or calls it by `frozen`.

    Parameters
    ----------
    regularized : bool, default=False
        Whether layers may add losses of their own (weight or activity regularisers);
        they then join the objective as the term `regularization`.
    n_members : int, default=1
        With more than one, the parts hold that many networks, which are trained side by
        side: rows then come to `loss_terms` and to the methods with an axis of members
        in front, (n_members, n, n_features), and so do results.
    likelihood : Likelihood, default=None
        What the columns of rows mean; None for plain numbers.
    name, trainable, dtype
        See `keras.Model`.
    **arguments : dict
        The subclass lists them: sub-networks, each of which becomes the attribute of
        its name, and settings, which go into `settings` before those of `defaults`.

    Attributes
    ----------
    settings : dict of str to object
        All arguments that are no sub-networks.
    part_names : tuple of str
        Names of the sub-networks.
    groups : tuple of Group
        Which parts are updated when, each by an optimizer of its own; the first is
        updated in every step. Empty for one group of everything.
    given_parts : tuple of str
        Names of the sub-networks that are the user's own; set by `Architecture.build`.
    own_start : tuple of arrays or None
        First values of the variables that belong to no sub-network; likewise.
    input_gradient : callable or None
        Function of (function, x) that returns the gradient of the sum of `function(x)`
        by `x`, which can itself be differentiated. `keras.ops` has none, so the engine
        sets it.
    mean_of_all : callable
        Function of the mean of something over a minibatch, without a gradient, which
        returns its mean over the processes whose gradients are averaged. What a step
        computes other than sums over rows goes through it. Set by the engine, too.
    """

    own_terms: tuple[str, ...] = ()
    own_metrics: tuple[str, ...] = ()
    defaults: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    groups: tuple[Group, ...] = ()
    n_members: int = 1
    given_parts: tuple[str, ...] = ()
    own_start: tuple[Any, ...] = ()
    input_gradient: Callable[[Callable, Any], Any] | None = None
    mean_of_all: Callable[[Any], Any] = staticmethod(lambda mean: mean)

    def __init__(
        self,
        *,
        regularized: bool = False,
        n_members: int = 1,
        likelihood: Likelihood | None = None,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name=name, trainable=trainable, dtype=dtype)
        self.regularized, self.n_members, self.likelihood = (
            regularized,
            n_members,
            likelihood,
        )
        self.augmentation = None if likelihood is None else likelihood.corruption()
        self.balance = None if likelihood is None else likelihood.balance()
        given = {**self.defaults, **arguments}
        parts = {k: v for k, v in given.items() if isinstance(v, keras.Model)}
        self.part_names = tuple(parts)
        self.settings = {k: v for k, v in given.items() if k not in parts}
        for key, part in parts.items():
            setattr(self, key, part)

    @property
    def term_names(self) -> tuple[str, ...]:
        """Names of the terms of the loss, the first entries of `objective`."""
        return self.own_terms + (("regularization",) if self.regularized else ())

    def objective(self, x: Any) -> Any:
        """Terms of the loss on a minibatch, then the metrics, as one vector.

        With members, row i of the minibatch belongs to member i modulo their number,
        and terms are sums over members.
        """
        m = self.n_members
        if m > 1:
            x = ops.moveaxis(ops.reshape(x, (-1, m, x.shape[-1])), 1, 0)
        values = self.loss_terms(x)
        if m > 1:
            n_own = len(self.own_terms)
            values[:n_own] = [m * value for value in values[:n_own]]
        if self.regularized:
            losses = sum(self.losses, ops.zeros(()))
            values.insert(len(self.own_terms), losses)
        return ops.stack([ops.cast(value, "float32") for value in values])

    def seen(self, x: Any) -> Any:
        """Input of the encoder for a minibatch in training."""
        return x if self.augmentation is None else self.augmentation(x)

    def rows(self, output: Any) -> Any:
        """Rows that the output of a decoder stands for."""
        return output if self.likelihood is None else self.likelihood.rows(output)

    def hidden(self, rows: Any, x: Any) -> Any:
        """Return `rows` without the columns that a discriminator must not see."""
        return rows if self.likelihood is None else self.likelihood.hidden(rows, x)

    def residual(self, x: Any) -> Any:
        """Rows minus their reconstructions, for networks that `reconstruct`."""
        rows = self.reconstruct(x)
        return (
            x - rows if self.likelihood is None else self.likelihood.residual(x, rows)
        )

    def to_members(self, x: Any) -> Any:
        """Give each member all rows of `x`, shape (n, n_features)."""
        return ops.repeat(x[None], self.n_members, axis=0) if self.n_members > 1 else x

    def split_members(self, code: Any) -> Any:
        """Give each member its own of the codes that stand side by side in `code`."""
        parts = ops.reshape(
            code, (-1, self.n_members, code.shape[-1] // self.n_members)
        )
        return ops.moveaxis(parts, 1, 0)

    def grouped_variables(self) -> list[list[keras.Variable]]:
        """Trainable variables of each group."""
        if not self.groups:
            return [list(self.trainable_variables)]
        return [
            [v for name in group.parts for v in getattr(self, name).trainable_variables]
            for group in self.groups
        ]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Sum of the objective, so that Keras's own `fit` trains the same thing."""
        return ops.sum(self.objective(x)[: len(self.term_names)])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in self.part_names},
            **{name: getattr(v, "loss", v) for name, v in self.settings.items()},
            "regularized": self.regularized,
            "n_members": self.n_members,
            "likelihood": self.likelihood,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Network":
        restore = keras.saving.deserialize_keras_object
        described = {k for k, v in config.items() if isinstance(v, dict)}
        return cls(
            **{k: restore(v) if k in described else v for k, v in config.items()}
        )


def frozen(part: keras.Model, x: Any) -> Any:
    """Call `part` as a fixed function: gradients reach `x` but not its weights."""
    weights = [ops.stop_gradient(v.value) for v in part.trainable_variables]
    rest = [v.value for v in part.non_trainable_variables]
    return part.stateless_call(weights, rest, x, training=True)[0]
