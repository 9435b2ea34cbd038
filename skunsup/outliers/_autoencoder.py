"""The autoencoder as an outlier detector."""

from typing import ClassVar

from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, integers, reals
from skunsup._training import EnsembleConfig
from skunsup.models import Autoencoder
from skunsup.models._autoencoder import AutoencoderParameters
from skunsup.outliers._flat import FlatDetector
from skunsup.outliers._parameters import DetectorDefaults


@parameters
class EnsembleParameters:
    """Ensemble.

    Parameters
    ----------
    n_estimators : int
        Networks to train side by side in one program, at most 1,000. Each but the first
        has narrower layers than the one before, down to half; scores are means over
        networks. On
        TensorFlow and JAX an even number from 4 up is trained on two cores, unless
        `OMP_NUM_THREADS` says otherwise; the result is the same.
    max_samples : float
        Fraction in (0, 1] of the rows that each of several networks trains on. Below 1,
        a training row is judged by the networks that did not see it [1]_, so that its
        score compares with those of new rows.
    max_features : float
        Fraction in (0, 1] of the columns that the encoder of each of several networks
        sees; all have to be reconstructed.

    References
    ----------
    .. [1] Breiman, "Out-of-bag estimation", Statistics Department, University of
       California, Berkeley, 1996.
    """

    n_estimators: int = parameter([integers(1, 1_000)], default=4)
    max_samples: float = parameter([reals(0, 1, "right")], default=0.5)
    max_features: float = parameter([reals(0, 1, "right")], default=1.0)


@parameters
class AutoencoderDetector(
    DetectorDefaults, AutoencoderParameters, EnsembleParameters, FlatDetector
):
    """Outlier detector by what autoencoders leave unexplained, and by where rows lie.

    An autoencoder trained on mostly normal rows reconstructs normal rows well and
    others badly [1]_, but now and then a row far from all others well too. So a row is
    scored by what several small autoencoders leave unexplained, together with the
    distance to its neighbours and a robust covariance, which err on other rows:
    `score_samples` is minus that, `feature_scores` says which columns made it, and a
    threshold learned from the training scores makes `predict`. The
    parameters from `n_components` on are those of :class:`Autoencoder`; the input is
    corrupted by a little Gaussian noise by default, which keeps the networks from
    learning to copy whatever they see [2]_.

    Parameters
    ----------
    learning_rate_schedule : {"constant", "cosine"} or None
        "cosine" lets the learning rate rise over the first fiftieth of the steps and
        fall along half a cosine to 0, in short pieces of constant rate. None means
        "cosine", or "constant" where `learning_rate` is a schedule itself.
    init : {"random", "pca"}
        Where the weights start: Glorot-uniform, or such that the network reconstructs
        the training rows as PCA with `n_components` does, before the first step. "pca"
        needs hidden layers of at least `n_components` units.
    max_steps : int
        Minibatches to train on, at most; the last epoch may be cut short. None means
        500 (1,000 with `novelty`) where `epochs` is None too, else no limit.

    Attributes
    ----------
    estimator_ : Autoencoder
        The fitted model. Of several networks, codes stand side by side, and all else is
        a mean over them.

    See Also
    --------
    OutlierDetector : The same around any estimator with `score_samples`.
    Autoencoder : The model as a transformer.

    References
    ----------
    .. [1] Hawkins, He, Williams & Baxter, "Outlier detection using replicator neural
       networks", DaWaK 2002.
    .. [2] Vincent, Larochelle, Lajoie, Bengio & Manzagol, "Stacked denoising
       autoencoders", JMLR 11, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from skunsup import AutoencoderDetector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 1)) * [1.0, 2.0, -1.0]
    >>> X += 0.1 * rng.normal(size=X.shape)
    >>> detector = AutoencoderDetector(n_components=1, epochs=30, random_state=0).fit(X)
    >>> detector.predict([[1.0, 2.0, -1.0], [3.0, -6.0, 3.0]])
    array([ 1, -1])
    """

    _model = Autoencoder
    # Outliers among the rows are learned last.
    _steps: ClassVar[dict[bool, int]] = {True: 1000, False: 500}
    _side_by_side = True

    learning_rate_schedule: str | None = parameter(
        [StrOptions({"constant", "cosine"}), None], default=None
    )
    noise: str | None = parameter(default="gaussian")

    def _ensemble(self, before: EnsembleConfig | None) -> EnsembleConfig | None:
        if self.n_estimators == 1:
            return None
        share, features = float(self.max_samples), float(self.max_features)
        return EnsembleConfig(self.n_estimators, share, features, self._seed(before))
