"""The one door to torch's private API.

Whatever changes in it between releases is fixed here and nowhere else.
"""

from typing import Any

import torch
from torch.fx.experimental.proxy_tensor import make_fx

__all__ = ["FOREACH", "TO_COPY", "make_fx", "schema_of"]

TO_COPY = "_to_copy"  # operator of `torch.Tensor.to`

# Of lists of tensors, all at once.
FOREACH = (
    torch._foreach_add,
    torch._foreach_add_,
    torch._foreach_div,
    torch._foreach_mul,
    torch._foreach_mul_,
    torch._foreach_sqrt,
)


def schema_of(operator: Any) -> Any:
    """Declaration of an operator in torch; None for anything else."""
    return getattr(operator, "_schema", None)
