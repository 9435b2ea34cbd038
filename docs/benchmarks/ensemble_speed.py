"""Time of several networks side by side, and of a detector as a whole.

Seconds to fit `AutoencoderDetector` on 5,000 x 20 after a first fit in the process, for
several numbers of networks, how many times that of one network, and milliseconds to
score 10,000 rows; medians over rounds, in each of which every number has its turn. Run
it on an otherwise idle machine::

    python docs/benchmarks/ensemble_speed.py
    KERAS_BACKEND=jax python docs/benchmarks/ensemble_speed.py
"""

from functools import partial

import _common
import _peers
import numpy as np

N_ROWS, N_FEATURES, N_SCORED = 5_000, 20, 10_000
MEMBERS = (1, 4, 8)


def main():
    """Print the table for the running backend."""
    options = _common.parser(__doc__)
    options.add_argument("--repeats", type=int, default=9)
    options = options.parse_args()
    runs = [run for novelty in (False, True) for run in measure(novelty, options)]
    header = ["novelty", "networks", "fit, s", "times one", "score 10,000, ms"]
    print(_common.table(header, [run.values() for run in runs]))
    _common.store(options.output, runs=runs)


def measure(novelty, options):
    """Time fits and scorings for each number of networks, in turns."""
    X = _peers.gaussian(N_ROWS, N_FEATURES)
    new = _peers.gaussian(N_SCORED, N_FEATURES)
    detectors = [detector(novelty, members, X, new) for members in MEMBERS]
    seconds = np.array(
        [
            [
                (
                    _common.seconds(partial(each.fit, X)),
                    _common.seconds(partial(each.score_samples, new)),
                )
                for each in detectors
            ]
            for _ in range(options.repeats)
        ]
    )
    ratios = np.median(seconds[..., 0] / seconds[:, :1, 0], axis=0)
    for members, times, ratio in zip(
        MEMBERS, np.median(seconds, axis=0), ratios, strict=True
    ):
        yield {
            "novelty": str(novelty),
            "networks": members,
            "fit": float(times[0]),
            "ratio": float(ratio),
            "score": 1e3 * float(times[1]),
        }


def detector(novelty, members, X, new):
    """Return a detector whose programs are compiled."""
    from skunsup import AutoencoderDetector

    made = AutoencoderDetector(novelty=novelty, n_estimators=members, random_state=0)
    made.fit(X).fit(X).score_samples(new)
    return made


if __name__ == "__main__":
    main()
