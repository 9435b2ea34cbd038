"""Write the results of `clusters.py` into `results/`, for `tables.py`.

Reads the file that ``--cache`` of `clusters.py` made. A cell holds the accuracy on
training and on held-out rows and the processor seconds of the fit, mean and standard
deviation over seeds::

    python docs/benchmarks/cluster_tables.py clusters.json
"""

import argparse
import json
from pathlib import Path

import numpy as np
import tables

TABLES = {
    "clusters_digits": {
        "mnist": "MNIST, 10,000",
        "digits": "digits",
        "optdigits": "optdigits",
    },
    "clusters_images": {
        "fashion": "Fashion, 10,000",
        "coil20": "COIL, 20 objects",
        "orl_faces": "ORL, 40 faces",
    },
    "clusters_texts": {"bbc": "BBC", "sms": "short messages", "breastw": "breastw"},
    "clusters_tables": {
        "wine": "wine",
        "breast_cancer": "breast cancer",
        "penguins": "penguins",
        "iris": "iris",
    },
}
# What the page calls a method, in order.
ROWS = {
    "KMeans": "KMeans",
    "GaussianMixture": "GaussianMixture",
    "PCA + KMeans": "PCA + KMeans",
    "NeighborClustering": "**`NeighborClustering`**",
    "UMAP 10-D + KMeans": "UMAP 10-D + KMeans",
    "UMAP 10-D + GMM": "UMAP 10-D + GMM",
    "UMAP 10-D + HDBSCAN": "UMAP 10-D + HDBSCAN",
    "DeepEmbeddedClustering, weight 0": "`DeepEmbeddedClustering`, weight 0",
    "DeepEmbeddedClustering": "`DeepEmbeddedClustering`",
    "VariationalAutoencoder, mixture": "`VariationalAutoencoder`, mixture",
    "autoencoder + UMAP + GMM": "autoencoder + UMAP + GMM (N2D)",
    "ClustPy DEC": "ClustPy DEC",
    "ClustPy IDEC": "ClustPy IDEC",
    "ClustPy DCN": "ClustPy DCN",
    "ClustPy VaDE": "ClustPy VaDE",
}


def main():
    """Write each table of which there are results."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("cache", type=Path)
    runs = read(options.parse_args().cache)
    for name, sets in TABLES.items():
        found = {"columns": ["", *sets.values()], "rows": rows_of(runs, sets)}
        tables.store(name, tables.read(name) | found)


def read(cache):
    """Runs by set and method, those that failed left out."""
    found = {}
    for key, runs in json.loads(cache.read_text()).items():
        for run in runs:
            if "error" not in run:
                found.setdefault((key.split("/")[0], run["method"]), []).append(run)
    return found


def rows_of(runs, sets):
    """Rows of a table, of the methods that ran on any of its sets."""
    return [
        [title, *(cell(runs.get((name, method), [])) for name in sets)]
        for method, title in ROWS.items()
        if any((name, method) in runs for name in sets)
    ]


def cell(runs):
    """Accuracies and seconds of a method on one set."""
    if not runs:
        return "-"
    figures = [spread([run[part] for run in runs]) for part in ("train", "held out")]
    return f"{' / '.join(figures)}, {seconds([run['fit'] for run in runs])} s"


def spread(values):
    """Mean and standard deviation; the value alone of a single seed."""
    mean = f"{np.mean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ± {np.std(values):.3f}"


def seconds(values):
    """Mean in two digits."""
    mean = np.mean(values)
    if mean < 0.1:
        return "< 0.1"
    return f"{mean:.1f}" if mean < 0.95 else f"{mean:.0f}"


if __name__ == "__main__":
    main()
