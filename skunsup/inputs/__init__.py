"""Kinds of data: each chooses encoder, decoder and likelihood."""

import skunsup._keras_import  # noqa: F401
from skunsup.inputs._base import (
    Dense,
    DenseLayout,
    Inputs,
    Layout,
    Read,
    TrainingDefaults,
)
from skunsup.inputs._blocks import Blocks
from skunsup.inputs._files import image_paths
from skunsup.inputs._images import Images
from skunsup.inputs._kinds import INPUTS, as_kind
from skunsup.inputs._sequences import Sequences
from skunsup.inputs._table import Table
from skunsup.inputs._text import Text

__all__ = [
    "INPUTS",
    "Blocks",
    "Dense",
    "DenseLayout",
    "Images",
    "Inputs",
    "Layout",
    "Read",
    "Sequences",
    "Table",
    "Text",
    "TrainingDefaults",
    "as_kind",
    "image_paths",
]
