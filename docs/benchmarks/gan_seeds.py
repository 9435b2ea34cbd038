"""Coverage of a GAN's rows over many seeds, and how many fits go wrong.

Sets: the six numeric columns of adult and the normal rows of pendigits, landsat and
magic.gamma (ADBench's), as `generation.py` splits them: at most 10,000 training rows
drawn by the seed, at most 2,000 held out. GAN sees standardised columns, adult's after
a QuantileTransformer. A fit is called ruined if its coverage (`skunsup.metrics.prdc`, 5
neighbours) is more than 0.03 below the median over seeds.

R1 is the weight of half the squared gradient of the discriminator at training rows. The
generator is the moving average, as by default. Seconds are CPU time.

The folder that holds adult/ and adbench/ is given by ``--data`` or SKUNSUP_DATA::

    python docs/benchmarks/gan_seeds.py --data DIR --output FILE.json
"""

import os
import time
import warnings

import _common
import _generators
import generation
import numpy as np

SEEDS, RUINED = range(20), 0.03
FILES = {"landsat": "19_landsat", "magic.gamma": "22_magic.gamma"}
SETS = ("adult", "pendigits", *FILES)
PENALTIES = (0.0, 0.1)


def main():
    """Measure each set and penalty in a process of its own, then print a table."""
    options = parse()
    if options.subject:
        _common.answer(options, measure)
        return
    print(report(_common.run_pairs(__file__, options, options.penalties)))


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--only", nargs="+", choices=SETS, default=SETS)
    options.add_argument("--penalties", nargs="+", type=float, default=PENALTIES)
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--subject", help="SET:PENALTY, in this process")
    return options.parse_args()


def load(name, data, seed):
    """Return training rows drawn by the seed, and held-out rows."""
    if name in FILES:
        with np.load(generation.found(data, f"adbench/{FILES[name]}.npz")) as file:
            rows = file["X"][file["y"] == 0]
        rows = rows[np.random.default_rng(0).permutation(len(rows))]
        n = min(generation.N_COMPARED, len(rows) // 3)
        X, held_out = rows[n:], rows[:n]
    else:
        X, held_out = generation.LOADERS[name](data, seed)
        held_out = held_out[: generation.N_COMPARED]
    order = np.random.default_rng(seed).permutation(len(X))
    return X[order[: generation.MOST_FITTED]], held_out


def measure(name, penalty, seed, data):
    """Return the coverage of one fit."""
    from sklearn.preprocessing import StandardScaler

    from skunsup import metrics

    warnings.simplefilter("ignore")
    X, held_out = load(name, data, seed)
    known = _generators.PARAMETERS.get(name, _generators.PARAMETERS["adult"])["GAN"]
    parameters = known | {
        "gradient_penalty": float(penalty),
        "gradient_penalty_at": "real",
    }
    kind = name if name == "adult" else "pendigits"
    space = generation.input_space(kind, "GAN")
    start = time.process_time()
    sample = _generators.own("GAN", parameters)(space.fit_transform(X), seed)
    seconds = time.process_time() - start
    rows = space.inverse_transform(sample(len(held_out)))
    rows = generation.observable(rows, X)
    scale = StandardScaler().fit(X)
    real, fake = (scale.transform(part) for part in (held_out, rows))
    found = metrics.prdc(real, fake, n_neighbors=5, standardize=False)
    return {
        "set": name,
        "penalty": float(penalty),
        "seed": seed,
        "coverage": float(found["coverage"]),
        "seconds": seconds,
    }


def report(runs):
    """Return the table: a row a set and penalty."""
    rows = []
    for key in dict.fromkeys((run["set"], run["penalty"]) for run in runs):
        own = [run for run in runs if (run["set"], run["penalty"]) == key]
        found = np.array([run["coverage"] for run in own])
        middle = np.median(found)
        ruined = int((found < middle - RUINED).sum())
        row = [*key, len(own), f"{found.mean():.3f} ± {found.std():.3f}"]
        seconds = np.mean([run["seconds"] for run in own])
        rows.append([*row, f"{middle:.3f}", f"{found.min():.3f}", ruined, seconds])
    header = ["set", "R1", "seeds", "coverage", "median", "worst", "ruined", "seconds"]
    return _common.table(header, rows)


if __name__ == "__main__":
    main()
