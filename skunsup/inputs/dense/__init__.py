"""Rows of numbers."""

from skunsup.inputs.dense._dense import Dense

__all__ = ["Dense"]
