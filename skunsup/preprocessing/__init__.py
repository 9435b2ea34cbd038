"""Transformers that make rows out of series and of texts."""

from skunsup.preprocessing._tokens import TokenVectorizer
from skunsup.preprocessing._windows import SlidingWindows

__all__ = ["SlidingWindows", "TokenVectorizer"]
