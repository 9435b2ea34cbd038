"""Bases of the networks with an encoder and a decoder."""

from collections.abc import Callable
from typing import Any, ClassVar

from keras import ops

from skunsup._networks import Corruption, Network, column_losses, row_loss, with_shares


class DecodingNetwork(Network):
    """Base of the networks that `encode` rows and have a part `decoder` of codes."""

    def decode(self, code: Any) -> Any:
        """Rows of codes."""
        return self.rows(self.decoder(code, training=False))

    def reconstruct(self, x: Any) -> Any:
        """Rows of the codes of rows."""
        return self.decode(self.encode(x))


class DecoderNetwork(DecodingNetwork):
    """Base of the networks that decode what `encode` gives, with a reconstruction loss.

    Its `settings` are `loss`, as `check_loss` returns it, and others.
    """

    defaults: ClassVar[dict[str, Any]] = {"loss": "mean_squared_error"}

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        loss = self.settings["loss"]
        self.reconstruction_loss = row_loss(loss)
        if self.n_members > 1 or self.likelihood is not None:
            self.reconstruction_loss = _flattened(self.reconstruction_loss)
        self.shares = column_losses(loss, self.reconstruction_loss)

    def output_loss(self, x: Any, output: Any, training: bool = False) -> Any:
        """Loss of each row, given what the decoder returned."""
        if self.likelihood is None:
            return self.reconstruction_loss(x, output)
        return ops.sum(self.output_losses(x, output, training), axis=-1)

    def output_losses(self, x: Any, output: Any, training: bool = False) -> Any:
        """Share of each cell in `output_loss`, for losses that are means."""
        if self.likelihood is None:
            return self.shares(x, output)
        losses = self.likelihood.losses(x, output, self._real_losses)
        losses = losses * self.likelihood.weights(x)
        return (
            losses if self.balance is None else self.balance(losses, training=training)
        )

    def _real_losses(self, x: Any, output: Any, _: Any) -> Any:
        return self.reconstruction_loss(x[..., None], output[..., None])

    def row_loss(self, x: Any) -> Any:
        """Reconstruction loss of each row."""
        return self.output_loss(x, self._output(x))

    def row_score(self, x: Any) -> Any:
        """Score of each row, higher for more normal ones."""
        return -self.row_loss(x)

    def split_loss(self, x: Any) -> Any:
        """Reconstruction loss of each row, then each cell's share, if it is a mean."""
        output = self._output(x)
        shares = self.output_losses(x, output)
        if self.likelihood is None:
            return with_shares(self.output_loss(x, output), shares)
        return with_shares(ops.sum(shares, axis=-1), shares)

    def _output(self, x: Any) -> Any:
        return self.decoder(self.encode(x), training=False)


class CodeNetwork(DecoderNetwork):
    """Base of the networks whose encoder gives the codes that their decoder takes.

    Beside `loss`, its `settings` are `noise` ("gaussian", "masking", "swap" or None)
    and `noise_level`, how the input is corrupted in training; and others.
    """

    defaults: ClassVar[dict[str, Any]] = {
        **DecoderNetwork.defaults,
        "noise": None,
        "noise_level": 0.1,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        kind, level = self.settings["noise"], self.settings["noise_level"]
        self.corruption = Corruption(kind, level, self.likelihood) if kind else None

    def code_and_loss(self, x: Any) -> tuple[Any, Any]:
        """Codes of a minibatch, corrupted, and the mean loss of the clean rows."""
        code = self.encoder(self.seen(x), training=True)
        output = self.decoder(code, training=True)
        return code, ops.mean(self.output_loss(x, output, training=True))

    def seen(self, x: Any) -> Any:
        x = super().seen(x)
        return x if self.corruption is None else self.corruption(x)

    def encode(self, x: Any) -> Any:
        """Codes of rows."""
        return self.encoder(x, training=False)

    def call(self, x: Any, training: bool = False) -> Any:
        """Reconstruct, as Keras users expect of the model: the mean over members."""
        code = self.encoder(self.to_members(x), training=training)
        output = self.rows(self.decoder(code, training=training))
        return ops.mean(output, axis=0) if self.n_members > 1 else output


def _flattened(loss: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Let a loss of (rows, columns) take any number of axes in front of the rows."""

    def apply(target: Any, output: Any) -> Any:
        d = output.shape[-1]
        losses = loss(ops.reshape(target, (-1, d)), ops.reshape(output, (-1, d)))
        return ops.reshape(losses, ops.shape(output)[:-1])

    return apply
