"""Kinds of data: each chooses encoder, decoder and likelihood."""

import skunsup._keras_import  # noqa: F401
from skunsup.inputs._base import Inputs
from skunsup.inputs._kinds import INPUTS, as_kind
from skunsup.inputs._sources import fit_inputs, read_inputs
from skunsup.inputs._training_defaults import TrainingDefaults
from skunsup.inputs.blocks import Blocks
from skunsup.inputs.dense import Dense
from skunsup.inputs.images import Images, image_paths
from skunsup.inputs.sequences import Sequences
from skunsup.inputs.table import Table
from skunsup.inputs.text import Text

__all__ = [
    "INPUTS",
    "Blocks",
    "Dense",
    "Images",
    "Inputs",
    "Sequences",
    "Table",
    "Text",
    "TrainingDefaults",
    "as_kind",
    "fit_inputs",
    "image_paths",
    "read_inputs",
]
