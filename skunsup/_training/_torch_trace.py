"""torch: functions of tensors as traces, with less of Python around them."""

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from skunsup._interrupts import interrupts_put_off
from skunsup._training._torch_private import FOREACH, TO_COPY, make_fx, schema_of

# Traced operators that are called faster as functions of torch.
DIRECT = {
    function.__name__: function
    for function in (
        torch.add,
        torch.cat,
        torch.div,
        torch.exp,
        torch.mean,
        torch.mm,
        torch.mul,
        torch.neg,
        torch.pow,
        torch.relu,
        torch.sub,
        torch.sum,
        torch.t,
        torch.Tensor.view,
        *FOREACH,
    )
}
SHAPED = {"aten::ones_like", "aten::zeros_like"}  # of their argument, the shape alone

# A trace patches torch.nn, which two threads would undo in the wrong order.
_tracing = threading.Lock()


def trace(function: Callable, *given: Any) -> Callable:
    """Faster function with the bits of `function`, for tensors of the same shapes.

    Raises
    ------
    RuntimeError
        If `function` looks at values, which a trace would not see.
    """
    return called_sooner(reduced_trace(function, *given))


def reduced_trace(function: Callable, *given: Any) -> torch.fx.GraphModule:
    """Return a trace of `function` without the calls that change no bit.

    Raises
    ------
    RuntimeError
        As in `trace`.
    """
    with interrupts_put_off(), _tracing, _TensorsOnly():
        return reduced(make_fx(function)(*given))


class _TensorsOnly(TorchFunctionMode):
    """Refuses to turn tensors into NumPy arrays, which no trace would see."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if func in (torch.Tensor.numpy, torch.Tensor.__array__):
            raise RuntimeError("A trace is of tensors alone.")
        return func(*args, **(kwargs or {}))


def reduced(traced: torch.fx.GraphModule) -> torch.fx.GraphModule:
    """Leave calls out of a trace that change no bit.

    Parameters
    ----------
    traced : torch.fx.GraphModule
        By `make_fx`, without a gradient to come; changed in place, and returned.
    """
    _without_detaching(traced.graph)
    _fold_constants(traced)
    _fold_views(traced.graph)
    _without_the_unused(traced.graph)
    return traced


def called_sooner(traced: torch.fx.GraphModule) -> Callable:
    """Return a trace as a function that takes less time between its operators."""
    for node in traced.graph.nodes:
        node.target = _direct(node)
    traced.recompile()
    # Parameters are found by a slow search unless they are plain attributes.
    vars(traced).update(traced.named_parameters())
    vars(traced).update(traced.named_buffers())
    return torch.no_grad()(traced.forward)


def _direct(node: torch.fx.Node) -> Any:
    """Callable of a node, a function of torch where there is one."""
    name = _name(node).removeprefix("aten::")
    if name == TO_COPY and set(node.kwargs) == {"dtype"}:
        before = getattr(node.args[0].meta.get("val"), "dtype", None)
        if before not in (None, node.kwargs["dtype"]):  # else `to` makes no copy
            return torch.Tensor.to
    return DIRECT.get(name, node.target)


def _name(node: torch.fx.Node) -> str:
    return str(getattr(schema_of(node.target), "name", ""))


def _without_detaching(graph: torch.fx.Graph) -> None:
    """Drop what matters to autograd alone."""
    for node in graph.nodes:
        if _name(node) == "aten::detach":
            _replace(node, node.args[0])


def _replace(node: torch.fx.Node, other: torch.fx.Node) -> None:
    node.replace_all_uses_with(other)
    node.graph.erase_node(node)


def _fold_constants(traced: torch.fx.GraphModule) -> None:
    """Compute once what depends on numbers and shapes alone."""
    known: dict[torch.fx.Node, torch.Tensor] = {}
    changed = changed_memory(traced.graph)
    for node in list(traced.graph.nodes):
        value = None if node in changed else _constant(traced, node, known)
        if value is not None:
            known[node] = value
    for at, (node, value) in enumerate(known.items()):
        if any(user not in known for user in node.users):
            name = f"folded{at}"
            traced.register_buffer(name, value, persistent=False)
            with traced.graph.inserting_before(node):
                folded = traced.graph.get_attr(name)
            folded.meta = dict(node.meta)
            node.replace_all_uses_with(
                folded, delete_user_cb=lambda user: user not in known
            )


def _constant(
    traced: torch.fx.GraphModule,
    node: torch.fx.Node,
    known: dict[torch.fx.Node, torch.Tensor],
) -> torch.Tensor | None:
    """Return the value of `node` if it is the same at each call, else None."""
    if node.op != "call_function":
        return None
    if _name(node) == "aten::lift_fresh_copy":  # of a Python number
        return getattr(traced, node.args[0].target).clone()
    if _name(node) in SHAPED:
        like = node.meta["val"]
        return node.target(
            torch.empty(like.shape, dtype=like.dtype, device=like.device)
        )
    inputs, schema = node.all_input_nodes, schema_of(node.target)
    if schema is None or schema.is_mutable or is_random(node) or not inputs:
        return None
    if any(each not in known for each in inputs):
        return None
    args, kwargs = torch.fx.map_arg((node.args, node.kwargs), known.__getitem__)
    value = node.target(*args, **kwargs)
    return value if torch.is_tensor(value) else None


def is_random(node: torch.fx.Node) -> bool:
    tags = getattr(node.target, "tags", ())
    return torch.Tag.nondeterministic_seeded in tags


def changed_memory(graph: torch.fx.Graph) -> set[torch.fx.Node]:
    """Return whose memory is written to, be it through a view."""
    changed = set()
    for node in graph.nodes:
        if getattr(schema_of(node.target), "is_mutable", False):
            changed |= {_memory_of(given) for given in node.all_input_nodes}
    return changed


def _memory_of(node: torch.fx.Node) -> torch.fx.Node:
    """Follow views, and entries of lists of them, to what they show."""
    while node.op == "call_function" and node.all_input_nodes:
        schema = schema_of(node.target)
        if schema and not any(given.alias_info for given in schema.returns):
            break
        node = node.all_input_nodes[0]
    return node


def _fold_views(graph: torch.fx.Graph) -> None:
    """Leave out changes of shape that another change, or none, would do."""
    for node in list(graph.nodes):
        if _name(node) != "aten::view":
            continue
        source: Any = node.args[0]
        if _name(source) == "aten::view":
            source = source.args[0]
            node.replace_input_with(node.args[0], source)
        shape, before = _shape(node), _shape(source)
        if before is None:  # of a weight, in some releases
            continue
        alone = len(source.users) == 1 and _name(source) == "aten::sum"
        if shape == before:
            _replace(node, source)
        elif alone and source.args[1:] == ([0], True) and shape == before[1:]:
            source.args = source.args[:2]
            source.meta["val"] = node.meta["val"]
            _replace(node, source)


def _shape(node: torch.fx.Node) -> Any:
    return getattr(node.meta.get("val"), "shape", None)


def _without_the_unused(graph: torch.fx.Graph) -> None:
    """Drop calls whose results nobody asks for, but for those that change something.

    (`Graph.eliminate_dead_code` of older releases drops the latter as well.)
    """
    for node in reversed(graph.nodes):
        schema = schema_of(node.target)
        idle = node.op == "get_attr" or (schema and not schema.is_mutable)
        if idle and not node.users:
            graph.erase_node(node)
