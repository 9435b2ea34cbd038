"""Kinds of data: each chooses encoder, decoder and likelihood."""

import skunsup._keras_import  # noqa: F401
from skunsup.inputs._base import Inputs as Inputs
from skunsup.inputs._kinds import INPUTS as INPUTS
from skunsup.inputs._kinds import as_kind as as_kind
from skunsup.inputs._sources import fit_inputs as fit_inputs
from skunsup.inputs._sources import read_inputs as read_inputs
from skunsup.inputs._training_defaults import TrainingDefaults as TrainingDefaults
from skunsup.inputs.blocks import Blocks as Blocks
from skunsup.inputs.dense import Dense as Dense
from skunsup.inputs.images import Images as Images
from skunsup.inputs.images import image_paths as image_paths
from skunsup.inputs.sequences import Sequences as Sequences
from skunsup.inputs.table import Table as Table
from skunsup.inputs.text import Text as Text
