"""Transformers that make rows out of series and of texts."""

import skunsup._keras_import  # noqa: F401
from skunsup.preprocessing._tokens import TokenVectorizer
from skunsup.preprocessing._windows import SlidingWindows

__all__ = ["SlidingWindows", "TokenVectorizer"]
