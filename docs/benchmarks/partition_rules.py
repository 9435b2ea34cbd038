"""Rules that choose among partitions for `NeighborClustering`, each on sets left out.

The network is trained once for each set and seed, and its candidates for the clusters
are judged by several rules: the greatest mutual information I of the clusters at the
two ends of an edge; the greatest I - p H, where H is the entropy of the clusters, or
I / H; and, of all candidates within some nats or some share of the latter, the one with
the greatest I. Printed are the accuracy on training rows of each rule on each set, mean
over seeds, and, for each group of sets, the rule that is best on the other groups. The
head of the network, which learns the clusters afterwards, k-means on rows and mixtures
are left out.

Sets are those of `clusters.py` and parts of them whose classes are of very different
sizes. ``--cache DIR`` keeps what was computed of each set and seed::

    KERAS_BACKEND=jax python docs/benchmarks/partition_rules.py --data DIR --cache DIR
"""

import itertools
import os
import pickle
from pathlib import Path
from unittest.mock import patch

import _common
import numpy as np
from clusters import SETS, TEXTS, accuracy, components

SEEDS = (0, 1, 2)
GROUPS = {
    "images": (
        "mnist",
        "mnist_rows",
        "fashion",
        "optdigits",
        "digits",
        "coil20",
        "orl_faces",
    ),
    "texts": ("bbc", "sms"),
    "tables": (
        "wine",
        "breast_cancer",
        "iris",
        "penguins",
        "breastw",
        "ionosphere",
        "spambase",
    ),
    "unequal": (
        "digits/130-30-15",
        "mnist/900-400-180-80-40",
        "fashion/900-100",
        "optdigits/330-330-60-60",
        "bbc/280-30",
        "bbc/280-120-40",
    ),
}
PRICES, LEVELS = (0.4, 0.5, 0.6, 0.65, 0.75), (0.0, 0.01, 0.02, 0.03, 0.05)
RULES = [(0.0, 0.0), *itertools.product((*PRICES, None), LEVELS)]  # None is I / H


class Stopped(Exception):
    """The codes are known, and the head is not wanted."""


def main():
    """Print accuracies by rule, and what is chosen without each group."""
    options = parse()
    judged = {
        name: [judge(name, seed, options) for seed in options.seeds]
        for name in options.sets
    }
    found = {
        rule: {
            name: float(np.mean([chosen(each, *rule) for each in runs]))
            for name, runs in judged.items()
        }
        for rule in RULES
    }
    print(report(found, options.sets))
    print(rotation(found, options.sets))
    rows = [
        {"price": rule[0], "level": rule[1], "accuracy": accuracies}
        for rule, accuracies in found.items()
    ]
    _common.store(options.output, seeds=options.seeds, rules=rows)


def parse():
    """Read the command line."""
    every = [name for names in GROUPS.values() for name in names]
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--sets", nargs="+", choices=every, default=every)
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--cache", type=Path, metavar="DIR")
    given = options.parse_args()
    if given.data is None:
        raise SystemExit("Give the folder of the data with --data DIR or SKUNSUP_DATA.")
    return given


def judge(name, seed, options):
    """Return accuracy, information and entropy of all candidates for a set."""
    path = None
    if options.cache:
        path = options.cache / f"{name.replace('/', '_')}_{seed}.pkl"
    if path and path.is_file():
        return pickle.loads(path.read_bytes())
    found = np.array(candidates(*rows_of(name, seed, Path(options.data)), seed))
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(found))
    print(name, seed, flush=True)
    return found


def rows_of(name, seed, folder):
    """Return the training rows of a set or a part of one, classes and image shape."""
    whole, _, sizes = name.partition("/")
    X, y, _, _, shape = SETS[whole](folder, seed)
    if sizes:
        rng = np.random.default_rng(100 + seed)
        classes = rng.permutation(np.unique(y))
        drawn = [
            rng.permutation(np.flatnonzero(y == each))[: int(size)]
            for each, size in zip(classes, sizes.split("-"), strict=False)
        ]
        rows = np.concatenate(drawn)
        X, y = [X[row] for row in rows], y[rows]
    X = components(X, X[:1], seed)[0] if whole in TEXTS else np.asarray(X)
    return X, np.unique(y, return_inverse=True)[1], shape


def candidates(X, y, shape, seed):
    """Return accuracy, information and entropy of each candidate."""
    from skunsup.models import _partition

    codes, data = embedded(X, int(y.max()) + 1, shape, seed)
    kept = []

    def watch(found, graph, n_clusters):
        weight, truth = data.sample.sample.weight, y[data.origin]
        times = np.ones(len(truth), int) if weight is None else weight.astype(int)
        for labels in found:
            told = _partition.edge_information(labels, graph, n_clusters)
            right = accuracy(np.repeat(truth, times), np.repeat(labels, times))
            kept.append((right, *told))
        raise Stopped

    with patch.object(_partition, "best_partition", watch):
        try:
            _partition.partition(
                codes,
                data.neighbors,
                data.sample.sample.weight,
                int(y.max()) + 1,
                seed,
            )
        except Stopped:
            return kept
    raise RuntimeError("No candidates were compared.")


def embedded(X, n_clusters, shape, seed):
    """Return codes of the distinct rows and the data that were trained on."""
    from skunsup import Images, NeighborClustering
    from skunsup.models import _neighbor_clustering

    kept = []

    def watch(codes, data, rng, *, alike):
        kept.extend((codes, data))
        raise Stopped

    inputs = None if shape is None else Images(shape, filters=())
    model = NeighborClustering(n_clusters, inputs=inputs, random_state=seed)
    with patch.object(_neighbor_clustering, "found_clusters", watch):
        try:
            model.fit(X)
        except Stopped:
            return kept
    raise RuntimeError("No codes were divided.")


def chosen(judged, price, level):
    """Return the accuracy of the candidate that a rule takes."""
    right, information, entropy = judged.T
    if price is None:
        gain = information / np.maximum(entropy, 1e-12)
        least = (1 - level) * gain.max()
    else:
        gain = information - price * entropy
        least = gain.max() - level
    return right[np.where(gain >= least, information, -np.inf).argmax()]


def by_group(accuracies, without=None):
    """Return the mean over groups, but one, of the mean over their sets."""
    means = [
        np.mean([accuracies[name] for name in names if name in accuracies])
        for group, names in GROUPS.items()
        if group != without and any(name in accuracies for name in names)
    ]
    return float(np.mean(means))


def report(found, sets):
    """Return a table: a row a rule, of the best twelve and I alone."""
    best = sorted(found, key=lambda rule: -by_group(found[rule]))[:12]
    always = [(0.0, 0.0), (0.65, 0.02), (None, 0.03)]
    rows = [
        [named(price, level), by_group(found[price, level])]
        + [f"{found[price, level][name]:.3f}" for name in sets]
        for price, level in dict.fromkeys([*always, *best])
    ]
    return _common.table(["rule", "mean", *sets], rows)


def named(price, level):
    """Name of a rule in a table."""
    return f"I / H, {level:g}" if price is None else f"I - {price:g} H, {level:g}"


def rotation(found, sets):
    """Return a table: for each group, the rule that is best on the others."""
    rows = []
    for group, names in GROUPS.items():
        mine = [name for name in names if name in sets]
        if not mine or len(mine) == len(sets):
            continue
        rule = max(found, key=lambda rule: by_group(found[rule], group))
        held = np.mean([found[rule][name] for name in mine])
        plain = np.mean([found[0.0, 0.0][name] for name in mine])
        rows.append([group, named(*rule), f"{held:.3f}", f"{plain:.3f}"])
    return _common.table(["left out", "best on others", "there", "I alone"], rows)


if __name__ == "__main__":
    main()
