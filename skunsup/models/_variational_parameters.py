"""Likelihood and prior of variational autoencoders, as parameters say them."""

import numpy as np

from skunsup._parameters import parameter, parameters
from skunsup._sklearn import StrOptions, integers, reals
from skunsup.models._parameters import CodeParameters

# Activation of the decoder's output, by likelihood.
LIKELIHOODS = {"gaussian": "linear", "bernoulli": "sigmoid", "multinomial": "softmax"}


def check_likelihood(likelihood: str, low: float, high: float) -> None:
    """Raise ValueError where data in [low, high] cannot have that likelihood."""
    largest = 1.0 if likelihood == "bernoulli" else np.inf
    if low < 0 or high > largest:
        needed = "values in [0, 1]" if largest == 1.0 else "counts, from 0 up"
        raise ValueError(
            f"likelihood={likelihood!r} needs {needed}, but X holds values from "
            f"{low:g} to {high:g}. Scale X with MinMaxScaler() in a Pipeline, or use "
            "likelihood='gaussian'."
        )


@parameters
class VariationalParameters(CodeParameters):
    """Likelihood and prior.

    Parameters
    ----------
    n_components : int
        Width of the code. None means 2, or half of what an own `encoder` returns.
    likelihood : {"gaussian", "bernoulli", "multinomial"}
        Distribution of a row given its code. "bernoulli" is for X in [0, 1]; the
        decoder then ends in a sigmoid, and `sample` returns probabilities.
        "multinomial" is for counts, and for weights such as tf-idf, of words or items
        [4]_; the decoder ends in a softmax, and what it returns are proportions.
    noise_variance : {"diagonal", "isotropic"} or float
        Variance of the Gaussian likelihood, in squared units of X: learned for each
        column or for all together [3]_, or fixed. Learned ones stay above 0.0001.
    beta : float
        Weight of the KL term; more asks for codes that are more independent [1]_.
    warmup_epochs : int
        Epochs over which the weight of the KL term rises from near 0 to `beta`.
    n_importance_samples : int
        None makes `score_samples` the evidence lower bound; a number the tighter
        importance-weighted bound with so many draws a row [2]_, at most 100,000. The
        draws are fixed.
    early_stopping : bool
        Hold out `validation_fraction` of the distinct rows (or take `X_val` of `fit`),
        stop when their loss no longer falls, and keep the best weights. The loss is
        minus the lower bound with the KL term weighted by `beta`, without drawing.
    encoder, decoder : keras.Model or callable
        Own networks for either half: an unfitted Keras model, or a callable that
        returns one. An encoder is called with (n_features, 2 n_components) and returns
        means and log-variances side by side, a decoder with (n_components, n_features).
        They are copied and trained from fresh weights, fixed by `random_state`.

    References
    ----------
    .. [1] Higgins et al., "beta-VAE: Learning basic visual concepts with a constrained
       variational framework", ICLR 2017.
    .. [2] Burda, Grosse & Salakhutdinov, "Importance weighted autoencoders", ICLR 2016.
    .. [3] Rybkin, Daniilidis & Levine, "Simple and effective VAE training with
       calibrated decoders", ICML 2021.
    .. [4] Liang, Krishnan, Hoffman & Jebara, "Variational autoencoders for
       collaborative filtering", WWW 2018, section 2.2.
    """

    likelihood: str = parameter([StrOptions(set(LIKELIHOODS))], default="gaussian")
    noise_variance: str | float = parameter(
        [StrOptions({"diagonal", "isotropic"}), reals(0, None, "neither")],
        default="diagonal",
    )
    beta: float = parameter([reals(0, None, "left")], default=1.0)
    warmup_epochs: int = parameter([integers(0)], default=0)
    n_importance_samples: int | None = parameter(
        [integers(1, 100_000), None], default=None
    )
