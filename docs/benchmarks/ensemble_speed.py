"""What several networks side by side cost, and what a detector takes as a whole.

Seconds to fit `AutoencoderDetector` on 5,000 x 20 after a first fit in the process, for
several numbers of networks, and milliseconds to score 10,000 rows; medians. Run it on
an otherwise idle machine::

    python docs/benchmarks/ensemble_speed.py
    KERAS_BACKEND=jax python docs/benchmarks/ensemble_speed.py
"""

import _common
import _peers

N_ROWS, N_FEATURES, N_SCORED = 5_000, 20, 10_000
MEMBERS = (1, 4, 8)


def main():
    """Print the table for the running backend."""
    options = _common.parser(__doc__)
    options.add_argument("--repeats", type=int, default=5)
    options = options.parse_args()
    runs = [
        measure(novelty, n_estimators, options.repeats)
        for novelty in (False, True)
        for n_estimators in MEMBERS
    ]
    header = ["novelty", "networks", "fit, s", "score 10,000, ms"]
    print(_common.table(header, [run.values() for run in runs]))
    _common.store(options.output, runs=runs)


def measure(novelty, n_estimators, repeats):
    """Time fits and scorings of one setting."""
    from skunsup import AutoencoderDetector

    X = _peers.gaussian(N_ROWS, N_FEATURES)
    new = _peers.gaussian(N_SCORED, N_FEATURES)
    params = {"novelty": novelty, "n_estimators": n_estimators}
    detector = AutoencoderDetector(random_state=0, **params).fit(X)
    fit = _common.median_seconds(lambda: detector.fit(X), repeats)
    detector.score_samples(new)
    score = _common.median_seconds(lambda: detector.score_samples(new), repeats)
    return {
        "novelty": str(novelty),
        "networks": n_estimators,
        "fit": fit,
        "score": 1e3 * score,
    }


if __name__ == "__main__":
    main()
