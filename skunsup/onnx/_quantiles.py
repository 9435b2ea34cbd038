"""Numbers as normal scores of their ranks, as `QuantileTransformer` gives them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

from skunsup.onnx._graph import Graph
from skunsup.onnx._search import interpolated

# Half a unit of this lies between 0 and 1 and the least and largest share.
BOUND = 1e-7
HIGHEST = float(ndtri(1.0 - (BOUND - np.spacing(1.0))))
LOWEST = float(ndtri(BOUND - np.spacing(1.0)))
# The normal quantile function of Wichura (1988, AS 241, PPND16), relative error 1e-16:
# coefficients of numerators and denominators by power, from 0 up.
CENTRAL = (
    (
        3.3871328727963666080,
        133.14166789178437745,
        1971.5909503065514427,
        13731.693765509461125,
        45921.953931549871457,
        67265.770927008700853,
        33430.575583588128105,
        2509.0809287301226727,
    ),
    (
        1.0,
        42.313330701600911252,
        687.18700749205790830,
        5394.1960214247511077,
        21213.794301586595867,
        39307.895800092710610,
        28729.085735721942674,
        5226.4952788528545610,
    ),
)
TAIL = (
    (
        1.42343711074968357734,
        4.63033784615654529590,
        5.76949722146069140550,
        3.64784832476320460504,
        1.27045825245236838258,
        0.241780725177450611770,
        0.0227238449892691845833,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187,
        1.67638483018380384940,
        0.689767334985100004550,
        0.148103976427480074590,
        0.0151986665636164571966,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)


def normal_scores(graph: Graph, x: str, quantiles: Any) -> str:
    """Return the normal scores of each column of `x`, (n, k), float64.

    Parameters
    ----------
    graph : Graph
        Gets the nodes.
    x : str
        Numbers; NaN stays NaN.
    quantiles : QuantileTransformer
        Fitted, with normal output.
    """
    knots = list(quantiles.quantiles_.T)
    ranks = [quantiles.references_] * len(knots)
    up = interpolated(graph, x, knots, ranks)
    # Equal knots: the mean of the first and the last of their ranks.
    back = [-each[::-1] for each in knots]
    down = interpolated(
        graph, graph.node("Neg", [x]), back, [-each[::-1] for each in ranks]
    )
    share = graph.node("Sub", [up, down])
    share = graph.node("Mul", [share, graph.doubles(0.5)])
    share = _ends(graph, x, share, knots)
    score = _normal_quantile(graph, share)
    return graph.node("Clip", [score, graph.doubles(LOWEST), graph.doubles(HIGHEST)])


def _ends(graph: Graph, x: str, share: str, knots: Sequence[np.ndarray]) -> str:
    """Return shares, 1 and 0 within `BOUND` of the largest and the least number."""
    high = graph.node("Add", [x, graph.doubles(BOUND)])
    high = graph.node("Greater", [high, graph.doubles([each[-1] for each in knots])])
    share = graph.node("Where", [high, graph.doubles(1.0), share])
    low = graph.node("Sub", [x, graph.doubles(BOUND)])
    low = graph.node("Less", [low, graph.doubles([each[0] for each in knots])])
    return graph.node("Where", [low, graph.doubles(0.0), share])


def _normal_quantile(graph: Graph, share: str) -> str:
    """Return quantiles of the normal distribution, of shares off 0 and 1."""
    ends = (graph.doubles(BOUND / 2), graph.doubles(1.0 - BOUND / 2))
    share = graph.node("Clip", [share, *ends])
    middle = graph.node("Sub", [share, graph.doubles(0.5)])
    square = graph.node("Mul", [middle, middle])
    argument = graph.node("Sub", [graph.doubles(0.180625), square])
    central = graph.node("Mul", [middle, _ratio(graph, argument, CENTRAL)])
    rest = graph.node("Sub", [graph.doubles(1.0), share])
    log = graph.node("Log", [graph.node("Min", [share, rest])])
    root = graph.node("Sqrt", [graph.node("Neg", [log])])
    argument = graph.node("Sub", [root, graph.doubles(1.6)])
    sign = graph.node("Sign", [middle])
    tail = graph.node("Mul", [sign, _ratio(graph, argument, TAIL)])
    near = graph.node("Less", [graph.node("Abs", [middle]), graph.doubles(0.425)])
    return graph.node("Where", [near, central, tail])


def _ratio(graph: Graph, x: str, fraction: tuple[Sequence[float], ...]) -> str:
    """Return the ratio of two polynomials."""
    above, below = (_polynomial(graph, x, each) for each in fraction)
    return graph.node("Div", [above, below])


def _polynomial(graph: Graph, x: str, coefficients: Sequence[float]) -> str:
    """Return a polynomial by Horner's rule."""
    found = graph.doubles(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        product = graph.node("Mul", [found, x])
        found = graph.node("Add", [product, graph.doubles(coefficient)])
    return found
