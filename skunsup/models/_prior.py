"""Base of the networks whose codes follow a prior."""

from typing import Any, ClassVar

from keras import ops

from skunsup._networks import fitted_prior, noise_state
from skunsup.models._code import CodeNetwork

DECAY = 0.95


class PriorNetwork(CodeNetwork):
    """Base of the encoder-decoder networks whose codes follow `settings["prior"]`.

    Its `settings` are those of `CodeNetwork` with `prior`, the width `n_features` of
    rows, `density_weight`, the weight of the prior's log-density in `row_score`, and
    `fitted_prior`, for a prior that takes its place there after training.
    """

    defaults: ClassVar[dict[str, Any]] = {
        **CodeNetwork.defaults,
        "density_weight": 1.0,
        "fitted_prior": None,
    }

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.noise_state = noise_state()
        self.error = self.add_weight(
            name="error", shape=(), initializer="ones", trainable=False
        )
        self.fitted = fitted_prior(self)

    def code_and_error(self, x: Any) -> tuple[Any, Any, Any]:
        """`code_and_loss`, and the number that the loss is, without a gradient.

        A moving average follows it.
        """
        code, loss = self.code_and_loss(x)
        unit = self.mean_of_all(ops.stop_gradient(loss))
        old = ops.convert_to_tensor(self.error)
        self.error.assign(DECAY * old + (1.0 - DECAY) * unit)
        return code, loss, unit

    def prior_draws(self, code: Any) -> Any:
        """As many draws from the prior as there are codes."""
        return self.settings["prior"].draw(ops.shape(code)[0], self.noise_state)

    def row_score(self, x: Any) -> Any:
        """Log-density of each row with its code, but for a constant.

        Without a part of the code, minus the reconstruction loss.
        """
        code = self.encode(x)
        loss = self.output_loss(x, self.decoder(code, training=False))
        weight = self.settings["density_weight"]
        if not weight:
            return -loss
        n = (
            self.settings["n_features"]
            if self.likelihood is None
            else self.likelihood.n_cells
        )
        scale = 0.5 * n / (self.error + 1e-12)
        prior = self.fitted or self.settings["prior"]
        return weight * prior.log_density(code) - scale * loss


def rescale(term: Any, unit: Any) -> Any:
    """`term` in units of the reconstruction loss, `unit`.

    So a weight means the same on any scale of the data, and more as the loss falls.
    """
    return ops.abs(unit) * term
