"""Cost in loss of `batch_size="auto"` and `epochs="auto"`, and time that they save.

`Autoencoder(2, inputs=Images())` on 2,000 images of MNIST and of Fashion-MNIST, judged
on 1,000 others, and `Autoencoder(2, inputs=Text())` on the articles of BBC news but
300: with these defaults and with those before, 32 rows a step for 100 epochs and
recurrent layers for texts. Seconds of a fit with all that is compiled in it, on the
wall and of all processors, and the loss of unseen rows. The data are read from the
folder given by ``--data`` or by the environment variable SKUNSUP_DATA::

    python docs/benchmarks/defaults.py --data DIR --output defaults.json
"""

import csv
import gzip
import os
import time
from pathlib import Path

import _common
import numpy as np

FORMER = "32 rows, 100 epochs"
SETTINGS = {"auto": {}, FORMER: {"batch_size": 32, "epochs": 100}}
N_IMAGES, N_JUDGES, N_TEXTS = 2_000, 1_000, 300
FILES = {
    "mnist": "mnist/mnist.npz",
    "fashion_mnist": "fashion_mnist/fashion_mnist_12k.npz",
    "bbc_news": "bbc_news/bbc_news.csv.gz",
}


def main():
    """Print a line for each data set and setting."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--only", nargs="+", choices=FILES, default=list(FILES))
    options.add_argument(
        "--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS)
    )
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = options.parse_args()
    if options.data is None:
        raise SystemExit("Give the folder of the data with --data DIR or SKUNSUP_DATA.")
    runs = []
    for name in options.only:
        for seed in options.seeds:
            rows = load(name, Path(options.data), seed)
            for setting in options.settings:
                run = {"data": name, "setting": setting, "seed": seed}
                runs.append(run | measure(name, setting, seed, *rows))
                print(runs[-1], flush=True)
    print(report(runs))
    _common.store(options.output, runs=runs)


def load(name, folder, seed):
    """Return rows to train on and rows to judge by."""
    rng = np.random.default_rng(100 + seed)
    path = folder / FILES[name]
    if not path.is_file():
        raise SystemExit(f"{name} is missing: looked for {path}.")
    if name == "bbc_news":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        texts = sorted({f"{row['title']} {row['text']}" for row in rows})
        drawn = [texts[i] for i in rng.permutation(len(texts))]
        return drawn[N_TEXTS:], drawn[:N_TEXTS]
    file = np.load(path)
    images = np.concatenate([file["x_train"], file["x_test"]])
    drawn = images[rng.permutation(len(images))[: N_IMAGES + N_JUDGES]]
    return drawn[:N_IMAGES], drawn[N_IMAGES:]


def measure(name, setting, seed, X, judges):
    """Fit one model."""
    from skunsup import Autoencoder, Images, Text

    text = Text(layer="gru") if setting == FORMER else Text()
    kind = text if name == "bbc_news" else Images()
    model = Autoencoder(2, inputs=kind, random_state=seed, **SETTINGS[setting])
    wall, processor = time.perf_counter(), time.process_time()
    model.fit(X)
    return {
        "seconds": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "epochs": model.n_iter_,
        "loss": -model.score(judges),
    }


def report(runs):
    """Return the table: a row a data set and setting, means over seeds."""
    header = ["data", "setting", "epochs", "seconds", "of processors", "loss of unseen"]
    rows = []
    for data, setting in dict.fromkeys((r["data"], r["setting"]) for r in runs):
        own = [r for r in runs if (r["data"], r["setting"]) == (data, setting)]
        names = ("epochs", "seconds", "processor", "loss")
        rows.append([data, setting, *(np.mean([r[n] for r in own]) for n in names)])
    return _common.table(header, rows)


if __name__ == "__main__":
    main()
