"""Groups of parameters that detectors have, and defaults that suit detection."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from skunsup._identity import digest
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, integers, reals
from skunsup._training import check_alike, n_processes
from skunsup._training_parameters import TrainingParameters
from skunsup.outliers._base import CONTAMINATION
from skunsup.outliers._combined import SCORES, made_score
from skunsup.outliers._scores import Score

# What `None` stands for, by `novelty`.
N_NEIGHBORS = {True: 1, False: 20}
SUPPORT_FRACTION = {True: 1.0, False: 0.8}
SCORING: dict[bool, str | tuple[str, ...]] = {
    True: "hybrid",
    False: ("residual", "neighbors", "covariance"),
}


@parameters
class DetectionParameters:
    """Detection.

    Parameters
    ----------
    contamination : "auto" or float
        A float in (0, 0.5] makes that fraction of the training rows outliers, or of
        262,144 of them, drawn evenly, where there are more. "auto"
        puts the threshold where clean data would be flagged at a rate of 1 %; see
        :class:`OutlierDetector`. With `novelty` and at most 1,000 rows it comes from
        scores that tenths of the rows get from what the others tell.
    scoring : str or sequence of str
        Score that makes a row an outlier. "residual": the Mahalanobis distance of the
        residual [1]_. "neighbors": the distance to neighbour number
        `n_neighbors` among at most 1,000 training rows (3,000 with `novelty`) [2]_, by
        columns in standard deviations, or as normal scores where their tails are heavy.
        "covariance": the Mahalanobis distance of the row, by a robust covariance that
        is shrunk [3]_ [4]_. "columns": the sum of the tail probabilities of the columns
        [5]_. A sequence of these four is the sum of their tail probabilities, minus
        the logarithm of each. "hybrid": the geometric mean of residual and neighbours,
        in which neighbours weigh three times as much. "reconstruction": minus the score
        of the model. None means ("residual", "neighbors", "covariance"), or "hybrid"
        with `novelty`.
    novelty : bool
        True if the training rows are known to be normal, as in scikit-learn's
        LocalOutlierFactor. It sets what None means for `scoring`, `support_fraction`
        and `n_neighbors`, and makes at least two networks learn, each on half of the
        rows, so that a training row is judged by one that did not see it. Either way
        new rows can be scored, and a training row is never its own neighbour.
    support_fraction : float
        Proportion in [0.5, 1] of the training rows that networks and scores learn from,
        as in scikit-learn's MinCovDet: those nearest to their neighbours among the 60 %
        of the rows that an isolation forest [6]_ finds the least outlying. None means
        0.8, or 1 with `novelty`. With `scoring="reconstruction"` it is always 1.
    n_neighbors : int or float
        Number of the neighbour, or a fraction in (0, 1) of the rows to look among. None
        means 20, which a small group of outliers does not fill, or 1 with `novelty`.

    Attributes
    ----------
    offset_ : float
        `decision_function` is `score_samples` minus this.

    References
    ----------
    .. [1] Denouden, Salay, Czarnecki, Abdelzad, Phan & Vernekar, "Improving
       reconstruction autoencoder out-of-distribution detection with Mahalanobis
       distance", arXiv:1812.02765, 2018.
    .. [2] Ramaswamy, Rastogi & Shim, "Efficient algorithms for mining outliers from
       large data sets", SIGMOD 2000.
    .. [3] Rousseeuw & Van Driessen, "A fast algorithm for the minimum covariance
       determinant estimator", Technometrics 41, 1999.
    .. [4] Ledoit & Wolf, "A well-conditioned estimator for large-dimensional covariance
       matrices", Journal of Multivariate Analysis 88, 2004.
    .. [5] Li, Zhao, Hu, Botta, Ionescu & Chen, "ECOD: unsupervised outlier detection
       using empirical cumulative distribution functions", IEEE TKDE, 2022.
    .. [6] Liu, Ting & Zhou, "Isolation forest", ICDM 2008.
    """

    contamination: str | float = parameter(CONTAMINATION, default="auto", kw_only=False)
    scoring: str | Sequence[str] | None = parameter(
        [StrOptions(set(SCORES)), list, tuple, None], default=None
    )
    novelty: bool = parameter(["boolean"], default=False)
    support_fraction: float | None = parameter(
        [reals(0.5, 1, "both"), None], default=None
    )
    n_neighbors: float | None = parameter(
        [integers(1), reals(0, 1, "neither"), None], default=None
    )

    def _check_alike(self) -> None:
        """Raise ValueError where processes that train together detect unlike things."""
        if n_processes() > 1:
            told = [getattr(self, field.name) for field in fields(DetectionParameters)]
            check_alike({"set of detection parameters": digest(told)})

    def _support(self) -> float:
        given = self.support_fraction
        return SUPPORT_FRACTION[bool(self.novelty)] if given is None else float(given)

    def _k(self) -> float:
        given = self.n_neighbors
        return N_NEIGHBORS[bool(self.novelty)] if given is None else given

    def _unfitted_score(self) -> Score:
        scoring = SCORING[bool(self.novelty)] if self.scoring is None else self.scoring
        return made_score(scoring, getattr(self, "loss", None), self._k())


@parameters
class DetectorDefaults(TrainingParameters):
    """Defaults that suit detection.

    Parameters
    ----------
    n_components : int
        Width of the code. None means 16, or what an own `encoder` returns. With noise
        in the input, a code wider than the data is not a copy of them.
    hidden_layer_sizes : int or sequence of int
        Widths of the hidden layers of the encoder; the decoder mirrors them. Empty for
        a linear model.
    batch_size : int, "auto" or None
        Rows a step. "auto" means 128, or what suits images and texts, see
        :class:`Images` and :class:`Text`. None, or more than there are rows, takes all
        rows in one step.
    epochs : int, "auto" or None
        Passes over the rows, at most. None means as many as `max_steps` takes, "auto"
        as many as the model trains by default.
    max_steps : int
        Minibatches to train on, at most; the last epoch may be cut short. None means
        1,000 where `epochs` is None too, else no limit. Of images and texts it then is
        at most what a model trains for by default; several networks of one detector
        have half as many again in all.

    Attributes
    ----------
    n_components_ : int
        Width of the code.
    """

    n_components: int | None = parameter(default=None)
    hidden_layer_sizes: int | Sequence[int] | None = parameter(default=(64,))
    activation: str | Callable = parameter(default="swish")
    learning_rate: Any = parameter(default=2e-3)
    epochs: int | str | None = parameter(default=None)
