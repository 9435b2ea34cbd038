"""Base of the estimators around a network of pairs of neighbours."""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from skunsup._fit_data import FitData
from skunsup._identity import digest
from skunsup._networks import (
    Architecture,
    DenseStack,
    EncoderLayers,
    Likelihood,
    Network,
    NetworkSpec,
    SphereSpec,
    resolve_activation,
)
from skunsup._training import (
    TrainingState,
    WeightedSampler,
    check_alike,
    gathered_in_memory,
    n_processes,
    one_process,
    share_generator,
)
from skunsup.inputs import TrainingDefaults
from skunsup.models._latent import EncodingTransformer
from skunsup.models._neighbor_data import NeighborData, paired_rows
from skunsup.models._neighbor_network import REFERENCES, PairNetwork
from skunsup.models._neighbor_parameters import NeighborParameters
from skunsup.models._own_parts import own_encoder
from skunsup.models._parts import layer_sizes, linear
from skunsup.models._projection import learned_projection
from skunsup.models._row_graph import (
    check_graph_given,
    graph_neighbors,
    neighbors_of,
    whole_graph,
)

HIDDEN = (256, 256)
# Of few rows smaller minibatches, so that no row is told from many of its own group.
BATCH_SIZES, N_BATCHES = (64, 256), 8
# Steps up to 10,000 rows, and the power of the number of more rows by which they grow.
STEPS, GROWTH = 2000, 0.4
MOST_STEPS, MOST_EPOCHS = 10_000, 10_000


class NeighborEstimator(EncodingTransformer, NeighborParameters):
    """Base of the estimators around a network of pairs of neighbours."""

    _criterion = "pair_loss"
    _width: ClassVar[int] = 10  # of the code, where it is left open

    def _paired(
        self, data: FitData, previous: TrainingState | None, rng: np.random.Generator
    ) -> NeighborData:
        """Return pairs of neighbours among the rows."""
        check_graph_given(self.metric, self.graph)
        if self.graph is not None:
            one_process("graph has the numbers of rows of one process")
        assert isinstance(data.sample, WeightedSampler)
        rows, sample = gathered_in_memory(data.rows, data.sample)
        share_generator(rng)
        data = replace(data, rows=rows, sample=sample)
        if previous is None:
            unit_rows = self.metric == "cosine"
            likelihood = data.inputs.likelihood_
            self._projection = learned_projection(
                rows, sample, likelihood, unit_rows, rng
            )
        features = self._projection.all_of(rows, sample.index)
        if self.graph is not None:
            found = graph_neighbors(self.graph, rows, sample, self.n_neighbors)
        else:
            found = neighbors_of(features, self.n_neighbors, self.metric, rng)
        if n_processes() > 1:
            check_alike({"graph of neighbours": digest((features, found.table))})
        if self.store_graph:
            self.graph_ = whole_graph(found, rows, sample)
        projected = data.inputs.projected_ and self.encoder is None
        return paired_rows(
            data, self._projection, features, found, self.n_views, projected, rng
        )

    def _training_defaults(self, data: FitData) -> TrainingDefaults:
        n = data.sample.n_draws
        size = int(2 ** np.floor(np.log2(max(n / N_BATCHES, 1))))
        steps = int(np.clip(STEPS * (n / 10_000) ** GROWTH, STEPS, MOST_STEPS))
        return TrainingDefaults(int(np.clip(size, *BATCH_SIZES)), steps, 1, MOST_EPOCHS)

    def _pair_network(
        self, network: type[PairNetwork], data: NeighborData, **heads: tuple[int, ...]
    ) -> Architecture:
        """Return an architecture for pairs; `heads` are layers of parts on the code."""
        encoder = self._encoder(data)
        width = encoder.n_outputs
        tops = {name: self._head(width, sizes) for name, sizes in heads.items()}
        parts: dict[str, NetworkSpec] = {"encoder": encoder, **tops}
        noise = self._noise(data) if self.noise_level else None
        settings = {
            "temperature": float(self.temperature),
            "projected": data.projected,
            "noise": noise,
            "noise_level": float(self.noise_level) if noise else 0.0,
            "n_reference": 0 if data.validation is None else data.single.d,
        }
        return Architecture(network, parts, settings, width, likelihood=data.likelihood)

    def _head(self, width: int, sizes: tuple[int, ...]) -> DenseStack:
        if len(sizes) == 1:
            return linear(width, *sizes)
        return DenseStack(width, sizes, resolve_activation(self.activation))

    def _code_width(self) -> int | None:
        """Return the width of the code that was asked for."""
        return self.n_components

    def _default_width(self) -> int:
        """Return the width of the code where it is left open."""
        return self._width

    def _encoder(self, data: NeighborData) -> NetworkSpec:
        wanted = self._code_width()
        if self.encoder is not None:
            return SphereSpec(own_encoder(self.encoder, data.inputs, wanted))
        sizes = (*self._hidden(data), wanted or self._default_width())
        activation = resolve_activation(self.activation)
        if not data.projected:
            return SphereSpec(data.inputs.encoder(EncoderLayers(sizes, activation)))
        kernel, unit_rows = data.projection.kernel, data.projection.unit_rows
        inner = DenseStack(kernel.shape[1], sizes, activation)
        return SphereSpec(inner, len(kernel), unit_rows)

    def _hidden(self, data: NeighborData) -> tuple[int, ...]:
        """Return the widths of the hidden layers of the encoder."""
        given = self.hidden_layer_sizes
        suited = HIDDEN if data.projected else data.inputs.hidden_layer_sizes_
        return suited if given is None else layer_sizes(given)

    def _noise(self, data: NeighborData) -> str | None:
        """Return the noise of rows that nothing else changes."""
        likelihood = data.likelihood
        changed = likelihood is not None and likelihood.corruption() is not None
        return None if data.has_views or changed else kind_of_noise(likelihood)

    def _start_values(
        self,
        architecture: Architecture,
        network: Network,
        data: FitData,
        rng: np.random.Generator,
    ) -> list[np.ndarray]:
        assert isinstance(data, NeighborData)
        values = architecture.initial_values(network, rng)
        if data.projected:
            projection = data.projection
            own = architecture.taken(network, values, "encoder")
            own[:2] = projection.kernel, projection.offset
            architecture.put(network, values, "encoder", own)
        if data.validation is not None:
            place = [v.name for v in network.variables].index("reference")
            drawn = rng.integers(data.single.n, size=REFERENCES)
            values[place] = data.single.take(drawn)
        return values


def kind_of_noise(likelihood: Likelihood | None) -> str:
    """Return the noise that suits rows: of numbers, or of cells without any."""
    numbers = likelihood is None or likelihood.has_numbers
    return "gaussian" if numbers else "masking"
