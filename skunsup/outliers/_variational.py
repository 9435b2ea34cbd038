"""The variational autoencoder as an outlier detector."""

from typing import ClassVar

from skunsup._parameters import parameters
from skunsup.models import VariationalAutoencoder
from skunsup.models._variational_parameters import VariationalParameters
from skunsup.outliers._flat import FlatDetector
from skunsup.outliers._parameters import DetectorDefaults


@parameters
class VAEDetector(DetectorDefaults, VariationalParameters, FlatDetector):
    """Outlier detector by what a variational autoencoder leaves unexplained.

    A variational autoencoder learns a distribution of rows [1]_, and rows that it finds
    unlikely are outliers [2]_. `scoring` says what judges a row: what the network
    leaves unexplained, neighbours, covariance, single columns, their sum, or the bound
    of the log-density. `feature_scores` says which columns made it, and a threshold
    learned from the training scores makes `predict`. The parameters from `n_components`
    on are those of :class:`VariationalAutoencoder` but for `n_clusters`.

    Parameters
    ----------
    max_steps : int
        Minibatches to train on, at most; the last epoch may be cut short. None means
        4,000 where `epochs` is None too, else no limit.

    Attributes
    ----------
    estimator_ : VariationalAutoencoder
        The fitted model; with `novelty` the first of two.

    See Also
    --------
    VariationalAutoencoder : The model as a transformer and generator.
    OutlierDetector : The same around any estimator with `score_samples`.

    References
    ----------
    .. [1] Kingma & Welling, "Auto-encoding variational Bayes", ICLR 2014.
    .. [2] An & Cho, "Variational autoencoder based anomaly detection using
       reconstruction probability", SNU Data Mining Center, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import VAEDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 1)) * [1.0, 2.0, -1.0]
    >>> X += 0.1 * rng.normal(size=X.shape)
    >>> detector = VAEDetector(n_components=1, epochs=30, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [3.0, -6.0, 3.0]])
    array([ 1, -1])
    """

    _model = VariationalAutoencoder
    _steps: ClassVar[dict[bool, int]] = {True: 4000, False: 4000}
