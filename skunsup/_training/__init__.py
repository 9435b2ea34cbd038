"""The engine: minibatches, the epoch loop, and one compiled program for many steps."""

import skunsup._keras_import  # noqa: F401
from skunsup._training._bagging import EnsembleConfig, bagged_sampler
from skunsup._training._callbacks import check_callbacks
from skunsup._training._checkpoint import checkpointed, running_checkpoint
from skunsup._training._fitted import FittedNetwork, shared_network
from skunsup._training._joint_rows import gathered_in_memory, joint_rows
from skunsup._training._optimizers import OptimizerConfig, optimizer_config
from skunsup._training._pairs import NeighborSampler, RowPairs
from skunsup._training._processes import (
    all_rows,
    check_alike,
    check_rows_of_each,
    mean_of_all,
    n_processes,
    one_process,
    own_of_all,
    share_generator,
)
from skunsup._training._programs import compilations
from skunsup._training._rows import Rows, as_rows, flat_map, hstack, is_mapped
from skunsup._training._samplers import RowSampler, Sampler
from skunsup._training._sampling import BaggedSampler, WeightedSampler, weighted_sample
from skunsup._training._semi_supervised import SemiSupervisedSampler, paired
from skunsup._training._source_rows import SourceRows
from skunsup._training._state import Renewal, TrainingConfig, TrainingState
from skunsup._training._train import network_to_train, train
from skunsup._training._validation import Validation

__all__ = [
    "BaggedSampler",
    "EnsembleConfig",
    "FittedNetwork",
    "NeighborSampler",
    "OptimizerConfig",
    "Renewal",
    "RowPairs",
    "RowSampler",
    "Rows",
    "Sampler",
    "SemiSupervisedSampler",
    "SourceRows",
    "TrainingConfig",
    "TrainingState",
    "Validation",
    "WeightedSampler",
    "all_rows",
    "as_rows",
    "bagged_sampler",
    "check_alike",
    "check_callbacks",
    "check_rows_of_each",
    "checkpointed",
    "compilations",
    "flat_map",
    "gathered_in_memory",
    "hstack",
    "is_mapped",
    "joint_rows",
    "mean_of_all",
    "n_processes",
    "network_to_train",
    "one_process",
    "optimizer_config",
    "own_of_all",
    "paired",
    "running_checkpoint",
    "share_generator",
    "shared_network",
    "train",
    "weighted_sample",
]
