"""Networks whose reconstruction loss has a weight."""

from typing import Any, ClassVar

import numpy as np
from keras import ops

from skunsup._networks import Architecture, Network
from skunsup._training import FittedNetwork, Rows
from skunsup.models._code import DecoderNetwork

SMALLEST = 1e-12


class WeightedDecoder(DecoderNetwork):
    """Base of the networks in whose objective the reconstruction loss has a weight.

    Its settings are those of `DecoderNetwork`, and `reconstruction_weight`, in units of
    the loss at the start. With a weight of 0 the decoder learns what it would with 1,
    and what gives the codes does not see its loss.
    """

    defaults: ClassVar[dict[str, Any]] = {
        **DecoderNetwork.defaults,
        "reconstruction_weight": 1.0,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.unit = self.add_weight(
            name="unit", shape=(), initializer="ones", trainable=False
        )

    def weighted_loss(self, code: Any, rows: Any, counted: Any = None) -> Any:
        """Mean reconstruction loss of rows by their codes, weighted.

        Parameters
        ----------
        code : tensor of shape (n, width)
            Codes.
        rows : tensor of shape (n, n_columns)
            What to restore.
        counted : tensor of shape (n,), default=None
            1 for rows that count, 0 for others; None for all.
        """
        weight = self.settings["reconstruction_weight"]
        output = self.decoder(
            code if weight else ops.stop_gradient(code), training=True
        )
        losses = self.output_loss(rows, output, training=True)
        loss = ops.mean(losses if counted is None else counted * losses)
        return (weight or 1.0) * loss / ops.convert_to_tensor(self.unit)


def set_unit(
    architecture: Architecture, network: Network, values: list[np.ndarray], rows: Rows
) -> None:
    """Write the mean loss of rows into the values of a network, as its unit.

    Parameters
    ----------
    architecture : Architecture
        Of a `WeightedDecoder`.
    network : Network
        What it builds.
    values : list of arrays
        Its start values.
    rows : Rows
        Rows to restore.
    """
    loss = FittedNetwork(architecture, values).compute("row_loss", rows)
    mean = max(loss.mean(dtype=np.float64), SMALLEST)
    architecture.put_own(network, values, unit=np.array(mean))
