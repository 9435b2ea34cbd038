"""The bidirectional generative adversarial network as an outlier detector."""

from skunsup._parameters import parameter, parameters
from skunsup.models import BiGAN
from skunsup.models._bigan import BiGANParameters
from skunsup.outliers._flat import FlatDetector
from skunsup.outliers._parameters import DetectorDefaults


@parameters
class GANDetector(DetectorDefaults, BiGANParameters, FlatDetector):
    """Outlier detector by what a generative adversarial network leaves unexplained.

    The generator comes with its inverse, an encoder, so that a row needs no search for
    the noise that would generate it: a BiGAN [1]_ [2]_. Rows that the pair reconstructs
    badly, or whose reconstruction the discriminator finds different, are outliers [3]_.
    `scoring` says what a row is judged by: what the network leaves unexplained,
    neighbours, covariance, single columns, their sum, or the score that :class:`BiGAN`
    defines.
    `feature_scores` says which columns made it, and a threshold learned from the
    training scores makes `predict`. The parameters from `n_components` on are those of
    :class:`BiGAN`.

    Attributes
    ----------
    estimator_ : BiGAN
        The fitted model; with `novelty` the first of two.

    See Also
    --------
    BiGAN : The model as a transformer and generator.
    OutlierDetector : The same around any estimator with `score_samples`.

    References
    ----------
    .. [1] Donahue, Kraehenbuehl & Darrell, "Adversarial feature learning", ICLR 2017.
    .. [2] Dumoulin et al., "Adversarially learned inference", ICLR 2017.
    .. [3] Zenati, Foo, Lecouat, Manek & Chandrasekhar, "Efficient GAN-based anomaly
       detection", arXiv:1802.06222, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import GANDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 1)) * [1.0, 2.0, -1.0]
    >>> X += 0.1 * rng.normal(size=X.shape)
    >>> detector = GANDetector(n_components=1, epochs=30, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [3.0, -6.0, 3.0]])
    array([ 1, -1])
    """

    _model = BiGAN

    reconstruction_weight: float = parameter(default=10.0)
