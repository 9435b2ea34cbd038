"""Texts: their transformer, likelihood, layers and networks."""

from skunsup.inputs.text._text import Text

__all__ = ["Text"]
