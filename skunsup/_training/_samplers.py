"""Samplers that minibatches are drawn by."""

from skunsup._training._pairs import NeighborSampler
from skunsup._training._sampling import WeightedSampler
from skunsup._training._semi_supervised import SemiSupervisedSampler

# Of rows as they were read, which can be held out; and of anything.
RowSampler = WeightedSampler | SemiSupervisedSampler
Sampler = RowSampler | NeighborSampler
