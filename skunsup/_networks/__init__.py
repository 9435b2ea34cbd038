"""Building blocks in pure `keras.ops`: parts, losses, noise, priors, start values."""

import skunsup._keras_import
import skunsup._networks._keras_forms  # noqa: F401
from skunsup._networks._activations import resolve_activation
from skunsup._networks._adversarial import (
    ADVERSARIAL_LOSSES,
    accuracies,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    zero_gradient_penalty,
)
from skunsup._networks._architecture import Architecture, NetworkSpec
from skunsup._networks._augmentation import N_DRAWS, Augmentation
from skunsup._networks._building import building, building_for, make_variables_in
from skunsup._networks._built import BuiltSpec, Initializer
from skunsup._networks._code_part import CodePart
from skunsup._networks._corruption import Corruption
from skunsup._networks._denoiser import DenoiserSpec
from skunsup._networks._dense import (
    DecoderLayers,
    DenseStack,
    EncoderLayers,
    dense_layers,
    tail,
)
from skunsup._networks._description import Description, described
from skunsup._networks._distances import squared_distances
from skunsup._networks._failures import memory_errors_explained
from skunsup._networks._fitted_prior import FITTED_PRIOR, CodeMixture, fitted_prior
from skunsup._networks._likelihood import Likelihood, Numbers, RealLoss
from skunsup._networks._losses import (
    LOSS_DOMAINS,
    check_loss,
    check_loss_domain,
    column_losses,
    keras_name,
    output_activation,
    row_loss,
    with_shares,
)
from skunsup._networks._network import Group, Network, frozen
from skunsup._networks._noise import (
    NOISE_STATE,
    noise_state,
    normal,
    part_of_draws,
    uniform,
)
from skunsup._networks._own_code import (
    CALLBACK_HINT,
    all_parts,
    culprit,
    own_code_explained,
)
from skunsup._networks._pca import pca_values
from skunsup._networks._priors import PRIORS, GaussianPrior, Prior, make_prior
from skunsup._networks._projected import ProjectionSpec, SphereSpec
from skunsup._networks._records import recorded, take_up, with_callbacks_at_rest
from skunsup._networks._spectral import SpectralDense, new_direction, normalized
from skunsup._networks._summary import summary_html
from skunsup._networks._user import (
    UserNetwork,
    check_finite_weights,
    user_network,
)
from skunsup._networks._wrapped import WrappedSpec

__all__ = [
    "ADVERSARIAL_LOSSES",
    "CALLBACK_HINT",
    "FITTED_PRIOR",
    "LOSS_DOMAINS",
    "NOISE_STATE",
    "N_DRAWS",
    "PRIORS",
    "Architecture",
    "Augmentation",
    "BuiltSpec",
    "CodeMixture",
    "CodePart",
    "Corruption",
    "DecoderLayers",
    "DenoiserSpec",
    "DenseStack",
    "Description",
    "EncoderLayers",
    "GaussianPrior",
    "Group",
    "Initializer",
    "Likelihood",
    "Network",
    "NetworkSpec",
    "Numbers",
    "Prior",
    "ProjectionSpec",
    "RealLoss",
    "SpectralDense",
    "SphereSpec",
    "UserNetwork",
    "WrappedSpec",
    "accuracies",
    "all_parts",
    "building",
    "building_for",
    "check_finite_weights",
    "check_loss",
    "check_loss_domain",
    "column_losses",
    "culprit",
    "dense_layers",
    "described",
    "discriminator_loss",
    "fitted_prior",
    "frozen",
    "generator_loss",
    "gradient_penalty",
    "keras_name",
    "make_prior",
    "make_variables_in",
    "memory_errors_explained",
    "new_direction",
    "noise_state",
    "normal",
    "normalized",
    "output_activation",
    "own_code_explained",
    "part_of_draws",
    "pca_values",
    "recorded",
    "resolve_activation",
    "row_loss",
    "squared_distances",
    "summary_html",
    "tail",
    "take_up",
    "uniform",
    "user_network",
    "with_callbacks_at_rest",
    "with_shares",
    "zero_gradient_penalty",
]
