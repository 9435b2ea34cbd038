"""The one door to Keras's private API.

Whatever changes in it between releases is fixed here and nowhere else.
"""

from typing import Any

# Name of the variables of seed generators, which start with (seed, count of draws).
SEED_VARIABLE = "seed_generator_state"


def loss_settings(loss: Any) -> dict[str, Any]:
    """Return what tells a loss from others of its class."""
    return {k: v for k, v in vars(loss).items() if k != "_dtype_policy"}


def takes_logits(settings: dict[str, Any]) -> bool:
    """Return True if a loss with these `loss_settings` takes logits."""
    return bool(settings.get("_fn_kwargs", {}).get("from_logits"))


def leave_unreduced(optimizer: Any) -> None:
    """Let an optimizer take gradients as they are.

    Keras sums them over replicas, of which there is one, by a function whose gradient
    TensorFlow registers for ever, and with it the graph of the program.
    """
    optimizer._all_reduce_sum_gradients = lambda pairs: pairs
