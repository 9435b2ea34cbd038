"""The engine: minibatches, the epoch loop, and one compiled program for many steps."""

import skunsup._keras_import  # noqa: F401
from skunsup._training._bags import Bags, Members, bags
from skunsup._training._callbacks import check_callbacks
from skunsup._training._fitted import FittedNetwork, shared_network
from skunsup._training._loop import Plan, TrainingState, Validation, train
from skunsup._training._optimizers import OptimizerRecipe, optimizer_recipe
from skunsup._training._pairs import Pairs, paired
from skunsup._training._programs import compilations
from skunsup._training._records import with_callbacks_at_rest
from skunsup._training._rows import Rows, as_rows, beside, is_mapped
from skunsup._training._sampling import Sample, weighted_sample

__all__ = [
    "Bags",
    "FittedNetwork",
    "Members",
    "OptimizerRecipe",
    "Pairs",
    "Plan",
    "Rows",
    "Sample",
    "TrainingState",
    "Validation",
    "as_rows",
    "bags",
    "beside",
    "check_callbacks",
    "compilations",
    "is_mapped",
    "optimizer_recipe",
    "paired",
    "shared_network",
    "train",
    "weighted_sample",
    "with_callbacks_at_rest",
]
