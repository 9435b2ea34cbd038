"""Classification by an adversarial autoencoder, from few labels."""

from typing import Any, Self

import numpy as np

from skunsup._docstrings import documented
from skunsup._documentation import FIT, ROWS
from skunsup._fit_data import FitData
from skunsup._identity import digest
from skunsup._networks import Architecture, Network
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import reals, unchanged_on_error, validated
from skunsup._training import SemiSupervisedSampler, check_alike
from skunsup.models._categorical_estimator import CategoricalEstimator
from skunsup.models._categories import CategoricalPrior
from skunsup.models._class_predictor import ONE_CLASS, ClassPredictor
from skunsup.models._labels import check_labels, label_numbers


@parameters
class AAEClassifier(ClassPredictor, CategoricalEstimator):
    """Classifier that learns from rows with and without a label.

    The encoder of an adversarial autoencoder gives probabilities of classes and a
    continuous code, the style; the decoder makes the row of both. One discriminator
    pushes the probabilities to one-hot draws of the labels, another the styles to a
    normal distribution, on all rows; and the cross-entropy of labelled rows says which
    class is which [1]_. A label of -1 means unknown, as in `sklearn.semi_supervised`
    (strings need an array of dtype object for it), and so does a missing value: None,
    NaN or pandas.NA. Where y holds -1 and 1 and nothing else, both are classes, since
    one class alone leaves nothing to learn.

    Beside each row of a minibatch a labelled one is drawn, so that few labels count as
    much as many. `transform` gives the probabilities with the style behind them, which
    `inverse_transform` decodes; `sample` decodes draws of both. `score` is the
    accuracy. `score_samples` is the logarithm, but for a constant, of the joint density
    of the row x and its style z: log p(z) - n_features loss(x) / (2 e), with p the
    normal distribution and e the mean training loss.

    Parameters
    ----------
    n_components : int
        Width of the continuous part of the code, the style. None means 2, or what an
        own `encoder` returns beside the classes.
    label_weight : float
        Weight of the cross-entropy of labelled rows, in the same units.
    encoder, decoder : keras.Model or callable
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, n_classes + n_components)
        and returns logits with the style behind them, a decoder is called with
        (n_classes + n_components, n_features). They are copied and trained from fresh
        weights, fixed by `random_state`; layers with `trainable=False` keep theirs.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in order.
    class_prior_ : ndarray of shape (n_classes,)
        Share of each class among labelled rows when training began; `sample` draws
        classes by it.
    n_components_ : int
        Width of the whole code, classes and style.
    history_ : dict of str to list of float
        One entry an epoch: `loss`, the sum of its terms `reconstruction`,
        `discriminator`, `adversarial` and `classification` (weighted); `accuracy_real`
        and `accuracy_fake`, the shares of normal draws and of styles that the
        discriminator recognises (about 0.5 if it cannot tell them apart, near 1 if
        styles do not follow the normal distribution), `category_accuracy_real` and
        `category_accuracy_fake` of the other one; `spread`, the standard deviation of
        styles relative to the prior's; `usage`, the perplexity of the classes in a
        minibatch relative to that of equal shares; and `val_loss` if rows were held
        out.

    Warns
    -----
    ConvergenceWarning
        If the styles lost nearly all of their variance in the course of training.

    See Also
    --------
    AAEClustering : The same network without labels.
    sklearn.semi_supervised.SelfTrainingClassifier : Labels for a supervised classifier.

    References
    ----------
    .. [1] Makhzani, Shlens, Jaitly, Goodfellow & Frey, "Adversarial autoencoders",
       arXiv:1511.05644, 2015, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skunsup import AAEClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X = StandardScaler().fit_transform(X)
    >>> known = np.where(np.arange(150) % 10 == 0, y, -1)
    >>> model = AAEClassifier(epochs=30, random_state=0).fit(X, known)
    >>> model.classes_
    array([0, 1, 2])
    >>> bool(model.score(X, y) > 0.8)
    True
    """

    label_weight: float = parameter([reals(0, None, "neither")], default=10.0)

    @validated(prefer_skip_nested_validation=True)
    @documented(FIT)
    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, X_val: Any = None
    ) -> Self:
        """Train on `X` and on the labels that are known.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels; -1, None, NaN or pandas.NA for unknown.

        Raises
        ------
        ValueError
            If the data, a parameter or their combination cannot be used, fewer than two
            classes have a label, or the loss is not finite in the first epoch. The
            estimator is then as it was before.
        """
        with self._fitting():
            y = check_labels(y, type(self).__name__)
            self.classes_ = self._classes_of_fit(y, keep=self.warm_start)
            return super().fit(X, y, sample_weight=sample_weight, X_val=X_val)

    @documented(FIT)
    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, *, sample_weight: Any = None
    ) -> Self:
        """Train on one more batch of a stream: one pass over `X`.

        Parameters
        ----------
        X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
            At least one row.
        y : array-like of shape (n_samples,)
            Labels, for unknown ones as in `fit`; in the first call of two classes at
            least.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come, for the first call. None means those in its
            `y`.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Raises
        ------
        ValueError
            As in `fit`, and if `X` has other columns than before, or `y` or `classes`
            other labels.
        """
        with unchanged_on_error(self):
            y = check_labels(y, type(self).__name__)
            self.classes_ = self._classes_of_stream(y, classes)
            return super().partial_fit(X, y, sample_weight=sample_weight)

    @documented(ROWS)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Give the probabilities that the encoder sees.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            Sums to 1 in each row. Adversarial training pushes it towards 0 and 1, so it
            is more certain than it is right.
        """
        return self._probabilities(X)

    def _categories(self) -> int:
        return len(self.classes_)

    def _weights(self) -> dict[str, float]:
        return {"label_weight": float(self.label_weight)}

    def _labels(self, y: Any, n: int) -> np.ndarray | None:
        check_alike({"set of classes in y": digest(self.classes_.tolist())})
        return label_numbers(y, self.classes_, n)

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        assert isinstance(data.sample, SemiSupervisedSampler)
        shares = data.sample.shares(self._categories())
        n = np.count_nonzero(shares)
        if n < 2:
            raise ValueError(ONE_CLASS.format(n=n, es="" if n == 1 else "es"))
        self.class_prior_ = shares
        return architecture.initial_values(network, rng)

    def _prior(self) -> CategoricalPrior:
        return CategoricalPrior(self.n_components_, tuple(self.class_prior_))
