"""Seconds of a grid search, and how many programs it compiled.

`GridSearchCV` of 10 learning rates and 3 folds over a scaler and an autoencoder on
scikit-learn's digits (1,797 x 64), 20 epochs of minibatches of 32, ``n_jobs=1``:
31 fits with the final one. The peer is a scaler and scikeras's `KerasRegressor`
learning to predict the pixels it is shown, scored by negative mean squared error.
Each subject runs in its own process, with the libraries' own number of threads and
with one; the faster is shown.

Run it on an otherwise idle machine::

    python docs/benchmarks/search.py --output search.json
"""

import json

import _common
import _libraries
import _peers
import numpy as np

LEARNING_RATES = np.geomspace(1e-4, 1e-2, 10)
HIDDEN, N_COMPONENTS, BATCH_SIZE = (64, 32), 8, 32
SUBJECTS = ["skunsup-tensorflow", "skunsup-jax", "scikeras"]


def main():
    """Measure one subject in this process, or all in processes of their own."""
    options = _common.parser(__doc__)
    _common.add_subject_options(options, SUBJECTS, repeats=1)
    options.add_argument("--epochs", type=int, default=20)
    options.add_argument("--rates", type=int, default=len(LEARNING_RATES))
    options.add_argument("--folds", type=int, default=3)
    options = options.parse_args()
    if options.subject:
        print(json.dumps(measure(options)))
        return
    runs = _common.run_each(
        __file__,
        options.only or SUBJECTS,
        [f"--{key}={getattr(options, key)}" for key in ("epochs", "rates", "folds")],
        _peers.backend,
        options.threads,
        options.repeats,
    )
    print(report(runs))
    _common.store(options.output, epochs=options.epochs, runs=runs)


def measure(options):
    """Time the search of one subject, imports not included."""
    from sklearn.datasets import load_digits

    X = load_digits().data.astype(np.float32)
    _peers.load(options.subject)
    is_peer = options.subject == "scikeras"
    search = (search_scikeras if is_peer else search_skunsup)(options)
    duration = _common.seconds(lambda: search.fit(X, X if is_peer else None))
    return {
        "seconds": duration,
        "fits": options.rates * options.folds + 1,
        "compilations": compilations(options.subject),
        "best_rate": float(next(iter(search.best_params_.values()))),
    }


def compilations(subject):
    """Number of programs that skunsup has compiled; None for a peer."""
    if not subject.startswith("skunsup"):
        return None
    from skunsup import _training

    return _training.compilations()


def search_skunsup(options):
    """Return the search over our pipeline, scored by its own ``score``."""
    from skunsup import Autoencoder

    return grid_search(
        Autoencoder(
            N_COMPONENTS,
            hidden_layer_sizes=HIDDEN,
            batch_size=BATCH_SIZE,
            epochs=options.epochs,
            random_state=0,
        ),
        "learning_rate",
        options,
    )


def search_scikeras(options):
    """Return the search over the peer's pipeline."""
    from scikeras.wrappers import KerasRegressor

    task = _peers.Task(hidden=HIDDEN, n_components=N_COMPONENTS)
    regressor = KerasRegressor(
        model=lambda meta: _libraries.keras_autoencoder(meta["n_features_in_"], task),
        loss="mse",
        optimizer="adam",
        optimizer__learning_rate=1e-3,
        batch_size=BATCH_SIZE,
        epochs=options.epochs,
        random_state=0,
        verbose=0,
    )
    return grid_search(
        regressor,
        "optimizer__learning_rate",
        options,
        scoring="neg_mean_squared_error",
    )


def grid_search(estimator, parameter, options, scoring=None):
    """Return a search over the learning rate of a scaled estimator."""
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), estimator)
    step = pipeline.steps[-1][0]
    grid = {f"{step}__{parameter}": LEARNING_RATES[: options.rates].tolist()}
    return GridSearchCV(
        pipeline, grid, cv=options.folds, scoring=scoring, error_score="raise"
    )


def report(runs):
    """Return the table: a row a subject at its better thread setting."""
    rows = []
    for subject in dict.fromkeys(run["subject"] for run in runs):
        own = [run for run in runs if run["subject"] == subject and "error" not in run]
        if own:
            run = min(own, key=lambda run: run["seconds"])
            rows.append([subject, run["fits"], run["seconds"], run["compilations"]])
    return _common.table(["subject", "fits", "seconds", "programs compiled"], rows)


if __name__ == "__main__":
    main()
