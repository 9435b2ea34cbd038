"""Building blocks in pure `keras.ops`: parts, losses, corruption, start values."""

from skunsup._networks._activations import resolve_activation
from skunsup._networks._architecture import Architecture, Network, Part
from skunsup._networks._corruption import Corruption
from skunsup._networks._dense import DenseStack
from skunsup._networks._losses import (
    LOSS_DOMAINS,
    check_loss,
    check_loss_domain,
    keras_name,
    output_activation,
    row_loss,
)
from skunsup._networks._pca import pca_values
from skunsup._networks._user import UserNetwork, user_network

__all__ = [
    "LOSS_DOMAINS",
    "Architecture",
    "Corruption",
    "DenseStack",
    "Network",
    "Part",
    "UserNetwork",
    "check_loss",
    "check_loss_domain",
    "keras_name",
    "output_activation",
    "pca_values",
    "resolve_activation",
    "row_loss",
    "user_network",
]
