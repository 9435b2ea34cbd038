"""The adversarial autoencoder as an outlier detector."""

from skunsup._parameters import parameter, parameters
from skunsup.models import AdversarialAutoencoder
from skunsup.models._adversarial import AdversarialParameters
from skunsup.outliers._flat import FlatDetector
from skunsup.outliers._parameters import DetectorDefaults


@parameters
class AAEDetector(DetectorDefaults, AdversarialParameters, FlatDetector):
    """Outlier detector by what an adversarial autoencoder leaves unexplained.

    An adversarial autoencoder reconstructs normal rows from codes that follow a prior
    [1]_, and others badly. `scoring` says what a row is judged by: what the network
    leaves unexplained, neighbours, covariance, single columns, their sum, or the error
    of reconstruction (with a `density_weight` above 0, and how unlikely the prior finds
    the code).
    `feature_scores` says which columns made it, and a threshold learned from the
    training scores makes `predict`. The parameters from `n_components` on are those of
    :class:`AdversarialAutoencoder`; the input is corrupted by a little Gaussian noise
    by default, which keeps the network from learning to copy whatever it sees [2]_.

    Attributes
    ----------
    estimator_ : AdversarialAutoencoder
        The fitted model; with `novelty` the first of two.

    See Also
    --------
    AdversarialAutoencoder : The model as a transformer and generator.
    OutlierDetector : The same around any estimator with `score_samples`.

    References
    ----------
    .. [1] Makhzani, Shlens, Jaitly, Goodfellow & Frey, "Adversarial autoencoders",
       arXiv:1511.05644, 2015.
    .. [2] Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked denoising
       autoencoders", JMLR 11, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import AAEDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 1)) * [1.0, 2.0, -1.0]
    >>> X += 0.1 * rng.normal(size=X.shape)
    >>> detector = AAEDetector(n_components=1, epochs=30, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [3.0, -6.0, 3.0]])
    array([ 1, -1])
    """

    _model = AdversarialAutoencoder

    adversarial_weight: float = parameter(default=0.3)
    noise: str | None = parameter(default="gaussian")
    density_weight: float = parameter(default=0.0)
