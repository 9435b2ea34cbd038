"""Priors that are fitted to codes after training."""

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted

from skunsup._estimator import DeepEstimator
from skunsup._fit_data import TrainingTask
from skunsup._networks import FITTED_PRIOR, Architecture, CodeMixture
from skunsup._parameters import parameter, parameters
from skunsup._random import draw_seed
from skunsup._sklearn import integers
from skunsup._training import FittedNetwork, TrainingState, as_rows
from skunsup.models._gaussian_mixture import gaussian_mixture
from skunsup.models._sampler import Sampler

MOST_ROWS = 20_000
LEAST_CODES = 1_000
COMPARED_CODES = 5_000
LADDER = (1, 2, 5, 10, 20, 40)
ROWS_OF_COMPONENT = 10
RIDGE = 1e-3  # of variances, relative to the mean variance of codes


@parameters
class FittedPriorParameters:
    """Fitted prior.

    Parameters
    ----------
    fitted_prior : bool or int
        Whether a mixture of normal distributions is fitted to the codes of the training
        rows after training, and takes the place of the prior in `sample`, in
        `score_samples` where that has the density of codes, and in `complete` [1]_. A
        number says how many components; with True 1, 2, 5, 10, 20 or 40, whichever
        explain a fifth of the codes best. Each call of `fit` and `partial_fit` fits it
        to the rows of that call, at most 20,000.

    References
    ----------
    .. [1] Ghosh, Sajjadi, Vergari, Black & Schoelkopf, "From variational to
       deterministic autoencoders", ICLR 2020, section 4.
    """

    fitted_prior: bool | int = parameter(["boolean", integers(1, 1000)], default=False)


def fitted_setting(model: Any, width: int) -> dict[str, Any]:
    """Return the setting of a network whose prior is fitted, {} if it is not.

    Parameters
    ----------
    model : estimator
        Has the parameter `fitted_prior`.
    width : int
        Columns of a code.
    """
    given = model.fitted_prior
    if given is False:
        return {}
    return {"fitted_prior": (LADDER[-1] if given is True else int(given), width)}


class FittedPriorSampler(Sampler, DeepEstimator):
    """Base of the estimators with the parameter `fitted_prior`.

    What their networks have of it is in the setting of that name, as `fitted_setting`
    returns it.
    """

    fitted_prior: bool | int

    @property
    def fitted_prior_(self) -> GaussianMixture:
        """Mixture that was fitted to the codes of the training rows."""
        check_is_fitted(self)
        if self._fitted_size(self._network.architecture) is None:
            raise AttributeError(
                "No mixture was fitted to codes. Give fitted_prior=True before fit."
            )
        mixture = self._code_mixture()
        shape = mixture.means.shape
        found = GaussianMixture(shape[0])
        found.weights_, found.means_ = mixture.weights, mixture.means
        found.precisions_cholesky_ = mixture.factors
        found.precisions_ = mixture.factors @ mixture.factors.transpose(0, 2, 1)
        found.covariances_ = np.linalg.inv(found.precisions_)
        found.n_features_in_, found.converged_ = shape[1], True
        return found

    def _trained(self, task: TrainingTask) -> tuple[Architecture, TrainingState]:
        architecture, state = super()._trained(task)
        size = self._fitted_size(architecture)
        if size is None:
            return architecture, state
        rng = np.random.default_rng(draw_seed(state.rng))
        drawn = task.sample.draw(min(task.sample.n_draws, MOST_ROWS), rng)
        rows = task.data.rows.take(drawn)
        network = FittedNetwork(architecture, state.values)
        n_repeats = -(-LEAST_CODES // len(rows))
        codes = self._code_draws(network, np.repeat(rows, n_repeats, axis=0), rng)
        most = max(1, len(np.unique(rows, axis=0)) // ROWS_OF_COMPONENT)
        wanted = None if self.fitted_prior is True else size
        mixture = code_mixture(codes.astype(np.float64), wanted, most, rng)
        values = list(state.values)
        fitted = dict(zip(FITTED_PRIOR, mixture.variables(size), strict=True))
        architecture.put_own(network.model(), values, **fitted)
        return architecture, replace(state, values=values)

    def _code_draws(
        self, network: FittedNetwork, rows: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return codes of rows, drawn where a row has a distribution of codes."""
        return network.compute("encode", as_rows(rows))

    def _fitted_size(self, architecture: Architecture) -> int | None:
        setting = architecture.settings.get("fitted_prior")
        return None if setting is None else setting[0]

    def _code_mixture(self) -> CodeMixture:
        return CodeMixture.of_variables(list(map(self._network.value, FITTED_PRIOR)))

    def _prior(self) -> Any:
        if self._fitted_size(self._network.architecture) is None:
            return super()._prior()
        return self._code_mixture()


def code_mixture(
    codes: np.ndarray, n_components: int | None, most: int, rng: np.random.Generator
) -> CodeMixture:
    """Fit a mixture of normal distributions to codes.

    Parameters
    ----------
    codes : array of shape (n, d)
        Codes, n > 1.
    n_components : int or None
        Components; None for as many of `LADDER` as explain a fifth of the codes best.
    most : int
        Components at most.
    rng : numpy.random.Generator
        Draws where the mixtures start.
    """
    scale = float(codes.std(axis=0).max()) or 1.0
    scaled = codes[rng.permutation(len(codes))] / scale
    if n_components is None:
        n_components = _chosen(scaled[:COMPARED_CODES], most, rng)
    model = _mixture(scaled, min(n_components, most), rng)
    factors = model.precisions_cholesky_ / scale
    return CodeMixture(model.weights_, model.means_ * scale, factors)


def _chosen(codes: np.ndarray, most: int, rng: np.random.Generator) -> int:
    """Return the number of components that explain held-out codes best."""
    held = len(codes) // 5
    best, score, n_worse = 1, -np.inf, 0
    for k in (k for k in LADDER if k <= most):
        found = _mixture(codes[held:], k, rng).score(codes[:held])
        if found > score:
            best, score, n_worse = k, found, 0
            continue
        n_worse += 1
        if n_worse == 2:  # one may have begun badly
            break
    return best


def _mixture(codes: np.ndarray, k: int, rng: np.random.Generator) -> GaussianMixture:
    ridge = RIDGE * float(codes.var(axis=0).mean() or 1.0)
    return gaussian_mixture(codes, k, draw_seed(rng) % 2**31, reg_covar=ridge)
