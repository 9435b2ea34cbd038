"""Parts of networks around another part."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class WrappedSpec:
    """Base of the parts around another one, whose widths and start values they have.

    Parameters
    ----------
    inner : NetworkSpec
        The other part.
    """

    inner: Any

    @property
    def regularized(self) -> bool:
        """True if layers may add losses of their own."""
        return bool(self.inner.regularized)

    @property
    def n_inputs(self) -> int:
        """Number of columns in."""
        return int(self.inner.n_inputs)

    @property
    def n_outputs(self) -> int:
        """Number of columns out."""
        return int(self.inner.n_outputs)

    def initial_values(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Start values of the other part."""
        values: list[np.ndarray] = self.inner.initial_values(rng)
        return values
