"""torch: processes of `torch.distributed`, which average their gradients."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import keras
import numpy as np
import torch
from torch import distributed

from skunsup._networks import Network, part_of_draws
from skunsup._training._placement import refuse_distribution

MOST_APART = 1e-3  # of gradients; rounding is a thousandth of it

OTHER_TRANSPORT = (
    "The {n} processes of torch.distributed are joined by {found!r}, but training goes "
    "by gloo. Call torch.distributed.init_process_group('gloo')."
)
COMPARED = (
    "The mean gradient of the {n} processes of torch.distributed is not that of the "
    "minibatch that they have together ({apart:.1g} of it apart). A loss, corruption "
    "or layer compares the rows of a minibatch, or draws by their number, as the loss "
    "of WassersteinAutoencoder, batch normalisation and dropout do. Fit in one "
    "process, or set KERAS_BACKEND=jax, whose processes cut such minibatches too."
)
LEFT = (
    "The processes of torch.distributed no longer train together: one of them ended, "
    "failed or was interrupted. Look at its output, and start all of them anew."
)

Tensors = list[torch.Tensor]


def placement() -> Hashable:
    """Key of the processes that train together, None for a single one.

    Raises
    ------
    ValueError
        If something else than gloo joins them, or `keras.distribution` is set.
    """
    refuse_distribution()
    n = n_processes()
    if n == 1:
        return None
    found = distributed.get_backend()
    if found != "gloo":
        raise ValueError(OTHER_TRANSPORT.format(n=n, found=found))
    return n, distributed.get_rank()


def n_processes() -> int:
    """Return the number of processes that `torch.distributed` has joined."""
    joined = distributed.is_available() and distributed.is_initialized()
    return int(distributed.get_world_size()) if joined else 1


def rank() -> int:
    """Return the place of this process among them."""
    return int(distributed.get_rank()) if n_processes() > 1 else 0


def gathered(values: np.ndarray) -> np.ndarray:
    """Return the arrays of all processes behind a new first axis."""
    own = torch.from_numpy(np.array(values))
    found = [torch.empty_like(own) for _ in range(n_processes())]
    with _explained():
        distributed.all_gather(found, own)
    return np.stack([each.numpy() for each in found])


def averaged(tensors: Tensors) -> Tensors:
    """Return the means over processes, by one sum of all entries; the same bits in all.

    Gradients of a mean over rows and that mean, since processes have as many rows each.
    """
    n = n_processes()
    if n == 1:
        return tensors
    entries = torch.cat([tensor.reshape(-1) for tensor in tensors])
    total = entries.cpu()
    with _explained():
        distributed.all_reduce(total)
    means = (total / n).to(entries.device).split([t.numel() for t in tensors])
    pairs = zip(means, tensors, strict=True)
    return [mean.reshape(tensor.shape) for mean, tensor in pairs]


def mean_of_all(mean: torch.Tensor) -> torch.Tensor:
    """Return the mean of what all processes have, each without a gradient.

    A trace would not see it, and ends by the conversion to an array.
    """
    if n_processes() == 1:
        return mean
    found = gathered(mean.detach().cpu().numpy())
    return torch.as_tensor(found.mean(axis=0)).to(mean.device)


def own_draws(n_members: int) -> AbstractContextManager[None]:
    """Block of code in which noise is that of the rows of this process.

    It is what one process would draw for these rows of the whole minibatch.
    """
    return part_of_draws(rank(), n_processes(), n_members)


def check_cut(
    slopes: Callable[[torch.Tensor], Tensors],
    x: torch.Tensor,
    network: Network,
) -> None:
    """Raise ValueError where processes cannot share a minibatch by their gradients.

    Parameters
    ----------
    slopes : callable
        From a minibatch to gradients of the loss on it.
    x : tensor of shape (n, d)
        Rows of this process.
    network : Network
        Whose variables `slopes` may change, which are put back.
    """
    variables = network.variables
    before = [variable.value.detach().clone() for variable in variables]
    rows = gathered(x.detach().cpu().numpy())
    whole = torch.from_numpy(rows.reshape(-1, x.shape[-1])).to(x.device)
    with own_draws(network.n_members):
        own = averaged(slopes(x))
    _put(variables, before)
    wanted = slopes(whole)
    _put(variables, before)
    apart = max(
        float((a - b).norm() / b.norm()) for a, b in zip(own, wanted, strict=True)
    )
    if apart > MOST_APART:
        raise ValueError(COMPARED.format(n=n_processes(), apart=apart))


def _put(variables: Sequence[keras.Variable], values: Tensors) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.value.data.copy_(value)


@contextmanager
def _explained() -> Iterator[None]:
    """Block of code that waits for other processes; says so where they are gone."""
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(LEFT) from error
