"""Blocks of several kinds: their transformer, likelihood, layers and networks."""

from skunsup.inputs.blocks._blocks import Blocks

__all__ = ["Blocks"]
