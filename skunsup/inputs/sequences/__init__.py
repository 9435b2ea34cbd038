"""Sequences: their transformer, likelihood, layers and networks."""

from skunsup.inputs.sequences._sequences import Sequences
from skunsup.inputs.sequences._step_layers import StepLayers, hstack, n_layers_for

__all__ = ["Sequences", "StepLayers", "hstack", "n_layers_for"]
