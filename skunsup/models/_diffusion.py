"""The diffusion model."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skunsup._docstrings import documented
from skunsup._documentation import ROWS
from skunsup._estimator import DeepEstimator
from skunsup._fit_data import FitData
from skunsup._networks import (
    Architecture,
    DenoiserSpec,
    Likelihood,
    Network,
    Numbers,
    resolve_activation,
)
from skunsup._parameters import parameters
from skunsup._training import TrainingState, WeightedSampler
from skunsup.inputs import TrainingDefaults
from skunsup.models._diffusion_draws import Draws
from skunsup.models._diffusion_network import DiffusionNetwork
from skunsup.models._diffusion_parameters import DiffusionParameters
from skunsup.models._diffusion_rows import ScoreRows, Scores
from skunsup.models._latent import bounded
from skunsup.models._parts import layer_sizes
from skunsup.models._sampler import Sampler

MOST_COLUMNS = 128  # of numbers, beyond which principal components stand for them
GIVEN_SHARE = 0.25  # of the rows of a minibatch, in which some cells are known
DEFAULTS = TrainingDefaults(256, 6000, least_epochs=10, most_epochs=400)
OF_CATEGORIES = TrainingDefaults(256, 3000, least_epochs=10, most_epochs=150)

TOO_FEW_KINDS = (
    "DiffusionModel is for numbers, tables and images, but rows of inputs={inputs!r} "
    "are of another kind. Use VariationalAutoencoder or AdversarialAutoencoder to "
    "generate them."
)


@parameters
class DiffusionModel(Sampler, DiffusionParameters, DeepEstimator):
    """Generator of rows that takes noise away step by step.

    A network learns to tell rows from Gaussian noise that was added to them, at all
    levels of noise [1]_. `sample` starts from noise alone and lowers its level in
    `n_steps` steps, which solve an ordinary differential equation. On tables such
    models draw rows that are closer to the data than those of adversarial networks and
    variational autoencoders [2]_ [3]_.

    Noise is added to scores on the scale of a normal distribution, not to the rows
    themselves. Values of a column that repeat, such as whole numbers, stand for
    intervals of scores, so that `sample` gives such values and no others. A category
    has a score for each of its values, and the network gives their probabilities. See
    :ref:`diffusion`.

    Attributes
    ----------
    n_components_ : int
        Number of scores of a row.

    See Also
    --------
    VariationalAutoencoder : A generator with a code of each row.
    GAN : A generator that is trained against a discriminator.
    sklearn.mixture.GaussianMixture : Sums of normal distributions.

    Notes
    -----
    The level of noise is exp(n) with n normal, of mean -1 and standard deviation 1.4,
    and stratified over a minibatch. In a quarter of the rows some cells, chosen at
    random, come without noise, and the others are to be drawn given these [4]_.

    Of a category the network learns the cross-entropy of its values [5]_. To its output
    are added the logits that the noisy scores of the category give by themselves, and
    in their place it sees the probabilities that follow. So it has only to learn what
    the other cells say.

    Missing cells of a table do not count in the loss. `sample` draws which cells of a
    row are missing, as in a training row, and draws the others: generated rows have
    gaps where rows of `fit` had some, and `complete` fills them in.

    More than 128 columns of numbers, such as the pixels of images, are replaced by
    their 128 leading principal components. `complete` then takes what the network
    knows of these at a level of noise for a normal distribution, which the observed
    columns narrow down [6]_.

    References
    ----------
    .. [1] Karras, Aittala, Aila & Laine, "Elucidating the design space of
       diffusion-based generative models", NeurIPS 2022.
    .. [2] Kotelnikov, Baranchuk, Rubachev & Babenko, "TabDDPM: Modelling tabular data
       with diffusion models", ICML 2023.
    .. [3] Zhang, Zhang, Srinivasan, Shen, Qin, Faloutsos, Rangwala & Karypis,
       "Mixed-type tabular data synthesis with score-based diffusion in latent space",
       ICLR 2024.
    .. [4] Tashiro, Song, Song & Ermon, "CSDI: Conditional score-based diffusion models
       for probabilistic time series imputation", NeurIPS 2021.
    .. [5] Dieleman et al., "Continuous diffusion for categorical data",
       arXiv:2211.15089, 2022, and Mueller, Gruber & Fok, "Continuous diffusion for
       mixed-type tabular data", ICLR 2025.
    .. [6] Boys, Girolami, Pidstrigach, Reich, Mosca & Akyildiz, "Tweedie moment
       projected diffusions for inverse problems", TMLR 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skunsup import DiffusionModel
    >>> model = DiffusionModel(epochs=20, random_state=0).fit(load_iris().data)
    >>> model.sample(3, random_state=0).shape
    (3, 4)
    """

    _criterion = "row_loss"
    _scales_columns: ClassVar[bool] = True

    @documented(ROWS)
    def score_samples(self, X: Any) -> np.ndarray:
        """Score rows by how well the network tells them from noise.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Minus the mean loss of the cells at fixed noise of eight levels, squared
            errors of numbers and cross-entropies of categories: higher is more like the
            training rows.
        """
        return -bounded(self._compute("row_loss", X)[0])

    @documented(ROWS)
    def score(self, X: Any, y: Any = None) -> float:
        """Compare rows with those of the fit, for model selection.

        Returns
        -------
        float
            Mean of `score_samples`: higher is better.
        """
        return float(self.score_samples(X).mean())

    def _compute(self, method: str, X: Any) -> tuple[np.ndarray, np.dtype]:
        check_is_fitted(self)
        rows = self._read(X)
        found = self._network.compute(method, ScoreRows(rows, self._scores))
        return found, rows.result_dtype

    def _prepared(
        self, data: FitData, previous: TrainingState | None, rng: np.random.Generator
    ) -> FitData:
        if previous is None:
            self._scores = self._learned_scores(data, rng)
        validation = data.validation
        if validation is not None:
            rows = ScoreRows(validation.rows, self._scores)
            validation = replace(validation, rows=rows)
        rows = ScoreRows(data.rows, self._scores)
        return replace(data, rows=rows, validation=validation)

    def _learned_scores(self, data: FitData, rng: np.random.Generator) -> Scores:
        known = data.inputs.likelihood_
        likelihood: Likelihood = Numbers(data.n_features) if known is None else known
        if not likelihood.tabular:
            raise ValueError(TOO_FEW_KINDS.format(inputs=self.inputs))
        plain = not likelihood.groups and likelihood.n_columns > MOST_COLUMNS
        n_components = MOST_COLUMNS if plain else None
        assert isinstance(data.sample, WeightedSampler)  # there are no labels
        return Scores(data.rows, data.sample, likelihood, n_components, rng)

    def _training_defaults(self, data: FitData) -> TrainingDefaults:
        known = data.inputs.likelihood_
        hot = known is not None and known.tabular and known.groups
        return OF_CATEGORIES if hot else DEFAULTS

    def _architecture(self, data: FitData) -> Architecture:
        scores = self._scores
        k, n_cells = scores.n_scores, scores.n_cells
        sizes = layer_sizes(self.hidden_layer_sizes)
        activation = resolve_activation(self.activation)
        part = DenoiserSpec(k + n_cells + 1, k, sizes, activation)
        settings = {
            "n_real": scores.n_real,
            "cells": tuple(scores.cells.tolist()),
            "drawn": scores.drawn,
            "given_share": GIVEN_SHARE,
        }
        return Architecture(DiffusionNetwork, {"denoiser": part}, settings, k)

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        values = architecture.initial_values(network, rng)
        found = self._scores
        own = {"scale": found.scale, "spread": found.deviations, "share": found.share}
        architecture.put_own(network, values, **own)
        return values

    def _complete_rows(
        self, rows: np.ndarray, observed: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        return self._draws().completed(rows, observed, rng)

    def _drawn_rows(self, n_samples: int, rng: np.random.Generator) -> np.ndarray:
        return self._draws().new(n_samples, rng)

    def _draws(self) -> Draws:
        return Draws(self._network.compute, self._scores, self.n_steps)
