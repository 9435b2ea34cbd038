"""Tables of numbers and categories: filling in, codes and generated rows.

Sets: adult (5,000 training rows drawn by the seed, 2,000 test rows), german_credit (700
and 300 rows), titanic (600 and 291, without the columns that repeat others), and for
utility alone penguins (220 and 113, whose sex is known) and taxis (3,000 and 2,000,
without dates and zones). Test rows are the same for every seed, other draws are not.
Ours take the DataFrame as it is, with ``inputs=Table()``; peers see numbers
standardised and categories one-hot, or in ordinal codes where that suits them
(``codes``).

- imputation: 20 % of the observed cells of test rows are hidden at random and filled
  in, five times. Root mean squared error of numbers in standard deviations of the
  training rows, and share of wrong categories. Training rows miss what they miss by
  themselves.
- draws: 20 % of the observed cells of at most 1,000 test rows are hidden, and drawn 20
  times. Share of the hidden numbers that lie between the 5 % and the 95 % quantile of
  their draws (0.9 is right: multiple imputation), the mean width of that interval in
  standard deviations, and the root mean squared error of the mean of the draws.
- probe: accuracy of logistic regression on codes of 4 and of 8 numbers, against as many
  principal components of the one-hot table, means and modes filled in, and against that
  table itself. Models and components see no label.
- utility: AUROC and accuracy on test rows of gradient boosting that was trained on as
  many generated rows as there are training rows, which have the label as a column and
  the gaps that a model draws; and the share of generated rows that are nearer to a
  training row than to any of as many test rows (0.5 is no copying; a gap is a value of
  its own). The models of CTGAN and TVAE (package ctgan), a Gaussian copula (package
  copulas, whose categories are intervals of a uniform distribution: Patki et al. 2016)
  and ForestDiffusion (10 noisy copies of each row) run if they can be imported, on
  missing values filled in by means and modes. ``each column alone`` draws each column
  from the training rows, independently of the others.

Seconds are those of the fit, with compiling, on one core, of utility CPU time with the
draws. Mean ± deviation over seeds.

``--tune`` puts a fifth of the training rows in the place of the test rows: the
parameters were chosen with it. The folder that holds adult/, german_credit/ and
seaborn_mixed/ is given by ``--data`` or by the environment variable SKUNSUP_DATA::

    python docs/benchmarks/mixed_tables.py --data DIR --output mixed_tables.json
"""

import importlib.util
import json
import os
import time
import warnings
from pathlib import Path

import _common
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SEEDS, HIDDEN, N_TIMES, N_DRAWN, WIDTHS = (0, 1, 2), 0.2, 5, 20, (4, 8)
TAXIS_LEFT_OUT = ("pickup", "dropoff", "pickup_zone", "dropoff_zone")
TITANIC = ["pclass", "sex", "age", "sibsp", "parch", "fare", "embarked", "deck"]


def adult(data, rng):
    """Return training and test rows with their labels."""
    table = read(data, "adult/adult.csv.gz")
    parts = [table[table["part"] == part] for part in ("train", "test")]
    chosen = parts[0].iloc[rng.permutation(len(parts[0]))[:5000]]
    fixed = np.random.default_rng(0).permutation(len(parts[1]))[:2000]
    return [part.drop(columns="part") for part in (chosen, parts[1].iloc[fixed])]


def german_credit(data, rng):
    """Return training and test rows with their labels."""
    return halves(read(data, "german_credit/german_credit.csv.gz"), 700)


def titanic(data, rng):
    """Return training and test rows with their labels."""
    table = read(data, "seaborn_mixed/titanic.csv.gz")[[*TITANIC, "survived"]]
    table["survived"] = table["survived"].astype(str)
    table["pclass"] = pd.Categorical(table["pclass"], ordered=True)
    return halves(table, 600)


def penguins(data, rng):
    """Return training and test rows with their labels."""
    table = read(data, "seaborn_mixed/penguins.csv.gz").dropna(subset="sex")
    return halves(table, 220)


def taxis(data, rng):
    """Return training and test rows with their labels."""
    table = read(data, "seaborn_mixed/taxis.csv.gz")
    parts = halves(table.drop(columns=list(TAXIS_LEFT_OUT)), 3000)
    return [parts[0], parts[1].iloc[:2000]]


LOADERS = {
    "adult": adult,
    "german_credit": german_credit,
    "titanic": titanic,
    "penguins": penguins,
    "taxis": taxis,
}
LABELS = {
    "adult": "income",
    "german_credit": "class",
    "titanic": "survived",
    "penguins": "sex",
    "taxis": "color",
}
FOR_ALL_TASKS = ("adult", "german_credit", "titanic")


def read(data, name):
    """Return a table of the data folder."""
    path = Path(data or "") / name
    if data is None or not path.is_file():
        raise SystemExit(
            f"{name} is missing: looked for {path}. Give the folder that holds it with "
            "--data DIR or SKUNSUP_DATA."
        )
    return pd.read_csv(path)


def halves(table, n):
    """Return the same `n` rows and the others in every call."""
    order = np.random.default_rng(0).permutation(len(table))
    return [table.iloc[order[:n]], table.iloc[order[n:]]]


def main():
    """Measure each task on each set in a process of its own, then print tables."""
    options = parse()
    if options.subject:
        task, name = options.subject.split(":")
        found = [run for s in options.seeds for run in TASKS[task](name, s, options)]
        print(json.dumps({"runs": found}))
        return
    runs = []
    for task in options.tasks:
        for name in options.only:
            if name not in FOR_ALL_TASKS and task != "utility":
                continue
            passed = ["--data", options.data, *(["--tune"] if options.tune else [])]
            passed += ["--seeds", *options.seeds, "--subject", f"{task}:{name}"]
            if options.methods:
                passed += ["--methods", *options.methods]
            if options.epochs:
                passed += ["--epochs", *options.epochs]
            done = _common.run_child(__file__, passed, "jax", "one").get("runs", [])
            print(f"\n{task}: {name}\n\n{report(done)}", flush=True)
            runs += [{"task": task, "set": name} | run for run in done]
            _common.store(options.output, runs=runs)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--only", nargs="+", choices=LOADERS, default=[*LOADERS])
    options.add_argument("--tasks", nargs="+", choices=TASKS, default=[*TASKS])
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument(
        "--methods", nargs="+", help="of utility and draws; all by default"
    )
    options.add_argument(
        "--epochs", nargs="+", help="of further diffusion models, of utility"
    )
    options.add_argument("--tune", action="store_true", help="never use test rows")
    options.add_argument("--subject", help="TASK:SET, in this process")
    return options.parse_args()


def split(name, seed, options):
    """Return training rows, test rows, and the labels of both."""
    rng = np.random.default_rng(seed)
    train, test = LOADERS[name](options.data, rng)
    if options.tune:
        order = rng.permutation(len(train))
        held = len(train) // 5
        train, test = train.iloc[order[held:]], train.iloc[order[:held]]
    label = LABELS[name]
    rows = [part.drop(columns=label) for part in (train, test)]
    return *rows, train[label], test[label]


def numeric(table):
    """Return the names of the columns of numbers."""
    return [*table.select_dtypes("number").columns]


def own(name, n_components, seed, **parameters):
    """Return one of our models of tables, without a code where that is None."""
    import skunsup

    given = {"handle_unknown": "ignore", **parameters.pop("table", {})}
    if n_components is not None:
        parameters["n_components"] = n_components
    return getattr(skunsup, name)(
        inputs=skunsup.Table(**given), random_state=seed, **parameters
    )


def imputation(name, seed, options):
    """Yield the errors of each way to fill in hidden cells."""
    train, test, _, _ = split(name, seed, options)
    rng = np.random.default_rng(seed + 100)
    known = test.notna().to_numpy()
    hits = [known & (rng.random(test.shape) < HIDDEN) for _ in range(N_TIMES)]
    for method, make in IMPUTERS.items():
        start = time.perf_counter()
        fill = make(train, seed)
        seconds = time.perf_counter() - start
        found = [errors(train, test, fill(test.mask(hit)), hit) for hit in hits]
        mean = {key: float(np.mean([f[key] for f in found])) for key in found[0]}
        yield {"method": method, **mean, "seconds": seconds}


def errors(train, test, filled, hit):
    """Errors of the hidden cells of numbers and of categories."""
    squares, wrong = [], []
    for place, column in enumerate(test.columns):
        true, given = (t[column].to_numpy()[hit[:, place]] for t in (test, filled))
        if column in numeric(test):
            squares.append(np.square((given - true) / train[column].std()))
        else:
            wrong.append(given.astype(object) != true.astype(object))
    rmse = np.sqrt(np.concatenate(squares).mean())
    return {"rmse": float(rmse), "wrong": float(np.concatenate(wrong).mean())}


def draws(name, seed, options):
    """Yield how well intervals of draws cover hidden numbers."""
    train, test, _, _ = split(name, seed, options)
    test = test.iloc[:1000]
    rng = np.random.default_rng(seed + 100)
    hit = test.notna().to_numpy() & (rng.random(test.shape) < HIDDEN)
    places = [j for j, c in enumerate(test) if c in numeric(test)]
    for method, make in chosen(DRAWERS, options).items():
        start = time.perf_counter()
        draw = make(train, seed)
        seconds = time.perf_counter() - start
        tables = [draw(test.mask(hit), k) for k in range(N_DRAWN)]
        inside, widths, squares = [], [], []
        for j in places:
            column, hits = test.columns[j], hit[:, j]
            found = np.stack([t[column].to_numpy(float)[hits] for t in tables])
            low, high = np.quantile(found, [0.05, 0.95], axis=0)
            truth, unit = test[column].to_numpy(float)[hits], train[column].std()
            inside.append((low <= truth) & (truth <= high))
            widths.append((high - low) / unit)
            squares.append(np.square((found.mean(axis=0) - truth) / unit))
        yield {
            "method": method,
            "covered": float(np.concatenate(inside).mean()),
            "width": float(np.concatenate(widths).mean()),
            "rmse of mean": float(np.sqrt(np.concatenate(squares).mean())),
            "seconds": seconds,
        }


def draw_by_model(name, n_components, **parameters):
    """Draw by `complete` of one of our models."""

    def learn(train, seed):
        model = own(name, n_components, seed, **parameters).fit(train)
        return lambda gaps, k: model.complete(gaps, random_state=k)

    return learn


def draw_by_ridge(train, seed):
    """Draw from the posterior of Bayesian ridge regressions."""
    encoder = Encoder(train, one_hot=True)
    imputer = IterativeImputer(max_iter=5, random_state=seed, sample_posterior=True)
    imputer.fit(encoder.numbers(train))

    def draw(gaps, k):
        imputer.random_state_ = np.random.RandomState(k)
        numbers = imputer.transform(encoder.numbers(gaps))
        return gaps.fillna(encoder.table(numbers, gaps))

    return draw


def draw_columns(train, seed):
    """Draw each column from the training rows, whatever the others are."""

    def draw(gaps, k):
        rng = np.random.default_rng(k)
        drawn = {c: rng.choice(train[c].dropna(), len(gaps)) for c in gaps}
        return gaps.fillna(pd.DataFrame(drawn, index=gaps.index))

    return draw


DRAWERS = {
    "each column alone": draw_columns,
    "IterativeImputer, ridge, drawn": draw_by_ridge,
    "**`VariationalAutoencoder.complete`**": draw_by_model("VariationalAutoencoder", 8),
    "**`VariationalAutoencoder.complete`**, quantiles": draw_by_model(
        "VariationalAutoencoder", 8, table={"scaling": "quantile"}, fitted_prior=True
    ),
    "**`DiffusionModel.complete`**": draw_by_model("DiffusionModel", None),
}


def by_model(name, n_components):
    """Fill in by the reconstruction of a model."""

    def learn(train, seed):
        model = own(name, n_components, seed).fit(train)
        return lambda gaps: gaps.fillna(model.reconstruct(gaps))

    return learn


def by_imputer(make, one_hot=True):
    """Fill in by an imputer of numbers."""

    def learn(train, seed):
        encoder = Encoder(train, one_hot)
        imputer = make(seed).fit(encoder.numbers(train))

        def fill(gaps):
            numbers = imputer.transform(encoder.numbers(gaps))
            return gaps.fillna(encoder.table(numbers, gaps))

        return fill

    return learn


class Encoder:
    """Tables as numbers, missing cells as NaN, and back.

    Parameters
    ----------
    train : DataFrame
        Says what columns there are.
    one_hot : bool
        Whether categories are one-hot but for their first value, without which
        regressions would find each of the columns in the others; or else one column
        of codes.
    """

    def __init__(self, train, one_hot):
        self.one_hot = one_hot
        self.scales = {c: (train[c].mean(), train[c].std()) for c in numeric(train)}
        self.levels = {
            c: np.array(sorted(train[c].dropna().unique()), object)
            for c in train
            if c not in self.scales
        }

    def numbers(self, table):
        """Return an array of numbers."""
        blocks = []
        for column in table:
            if column in self.scales:
                mean, scale = self.scales[column]
                blocks.append((table[[column]].to_numpy(float) - mean) / scale)
                continue
            values = table[column].to_numpy(object)[:, None]
            block = (values == self.levels[column]).astype(float)
            if not self.one_hot:
                block = block.argmax(axis=1)[:, None].astype(float)
            block[table[column].isna().to_numpy()] = np.nan
            blocks.append(block[:, self.one_hot :])
        return np.hstack(blocks)

    def table(self, numbers, like):
        """Return a table like another one."""
        filled, at = {}, 0
        for column in like:
            levels = self.levels.get(column)
            width = len(levels) - 1 if levels is not None and self.one_hot else 1
            block = numbers[:, at : at + width]
            at += width
            if levels is None:
                mean, scale = self.scales[column]
                filled[column] = block[:, 0] * scale + mean
            elif self.one_hot:
                first = 1.0 - block.sum(axis=1, keepdims=True)
                filled[column] = levels[np.hstack([first, block]).argmax(axis=1)]
            else:
                code = np.clip(np.rint(block[:, 0]), 0, len(levels) - 1)
                filled[column] = levels[code.astype(int)]
        return pd.DataFrame(filled, index=like.index).astype(
            {c: d for c, d in like.dtypes.items() if c in self.levels}
        )


def ridge(seed):
    """Return the imputer by Bayesian ridge regression."""
    return IterativeImputer(max_iter=5, random_state=seed)


def forest(seed):
    """Return the imputer in the manner of MissForest (Stekhoven & Buehlmann 2012)."""
    trees = ExtraTreesRegressor(30, min_samples_leaf=5, random_state=seed)
    return IterativeImputer(trees, max_iter=3, random_state=seed)


def mean_and_mode(train, seed=None):
    """Fill in by the mean or the mode of the training rows."""
    typical = {**train.mode().iloc[0], **train[numeric(train)].mean()}
    return lambda gaps: gaps.fillna(typical)


IMPUTERS = {
    "mean, mode": mean_and_mode,
    "KNNImputer, k=5": by_imputer(lambda seed: KNNImputer(n_neighbors=5)),
    "KNNImputer, k=20": by_imputer(lambda seed: KNNImputer(n_neighbors=20)),
    "IterativeImputer, ridge": by_imputer(ridge),
    "IterativeImputer, trees, codes": by_imputer(forest, one_hot=False),
    "**`Autoencoder`**": by_model("Autoencoder", 16),
    "**`VariationalAutoencoder`**": by_model("VariationalAutoencoder", 8),
}


def probe(name, seed, options):
    """Yield the accuracy of a linear classifier on codes."""
    train, test, y_train, y_test = split(name, seed, options)
    numbers = numeric(train)
    one_hot = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (
            make_pipeline(
                SimpleImputer(strategy="most_frequent"),
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            ),
            [c for c in train if c not in numbers],
        ),
    )
    methods = {"one-hot": one_hot}
    for k in WIDTHS:
        methods[f"PCA, {k}"] = make_pipeline(one_hot, PCA(k, random_state=seed))
        for model in ("Autoencoder", "VariationalAutoencoder"):
            methods[f"**`{model}`**, {k}"] = own(model, k, seed)
    for method, model in methods.items():
        start = time.perf_counter()
        codes = model.fit(train).transform(train)
        seconds = time.perf_counter() - start
        judge = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        accuracy = judge.fit(codes, y_train).score(model.transform(test), y_test)
        yield {"method": method, "accuracy": float(accuracy), "seconds": seconds}


def utility(name, seed, options):
    """Yield what a classifier learns from generated rows."""
    train, test, y_train, y_test = split(name, seed, options)
    whole = train.assign(label=y_train)
    methods = {"training rows": lambda table, seed: table} | GENERATORS
    methods |= {name: make for name, make in PEERS.items() if importable(name)}
    methods |= {
        f"`DiffusionModel`, {n} epochs": by_own("DiffusionModel", None, epochs=int(n))
        for n in options.epochs or ()
    }
    for method, generate in chosen(methods, options).items():
        start = time.process_time()
        rows = generate(whole, seed)
        seconds = time.process_time() - start
        judge = HistGradientBoostingClassifier(
            categorical_features="from_dtype", random_state=0
        )
        judge.fit(typed(rows.drop(columns="label"), train), rows["label"])
        known = typed(test, train)
        score = judge.predict_proba(known)[:, 1]
        yield {
            "method": method,
            "auroc": float(roc_auc_score(y_test == judge.classes_[1], score)),
            "accuracy": float(judge.score(known, y_test)),
            "nearer": nearer(whole, test.assign(label=y_test), rows),
            "seconds": seconds,
        }


def chosen(methods, options):
    """Return the methods that were asked for."""
    asked = options.methods or methods
    return {name: methods[name] for name in methods if name in asked}


def nearer(train, test, rows):
    """Return the share of rows that are nearer to training rows than to test rows."""
    from skunsup.metrics import copying_report

    report = copying_report(rows[train.columns], train, test)
    return report.share_nearer_to_training


def typed(table, train):
    """Give categories the dtype that the classifier knows them by."""
    kinds = {
        c: pd.CategoricalDtype(sorted(train[c].dropna().unique()))
        for c in train
        if c not in numeric(train)
    }
    return table.astype(kinds)


def by_own(name, n_components, **parameters):
    """Generate by one of our models."""

    def generate(table, seed):
        model = own(name, n_components, seed, **parameters).fit(table)
        return model.sample(len(table), random_state=seed)

    return generate


def alone(table, seed):
    """Draw each column by itself."""
    rng = np.random.default_rng(seed)
    return table.apply(lambda column: column.to_numpy()[rng.permutation(len(table))])


def by_ctgan(name):
    """Generate by a model of the ctgan package, at its defaults."""

    def generate(table, seed):
        import ctgan

        whole = mean_and_mode(table)(table)
        discrete = [c for c in whole if c not in numeric(whole)]
        model = getattr(ctgan, name)(enable_gpu=False)
        model.set_random_state(seed)
        np.random.seed(seed)  # noqa: NPY002 - its transformer draws from there
        model.fit(whole.astype(dict.fromkeys(discrete, object)), discrete)
        return model.sample(len(table)).astype(table.dtypes)

    return generate


class Ordinal:
    """Tables as numbers, one column each, and back.

    Parameters
    ----------
    table : DataFrame
        Without missing values.
    rng : numpy.random.Generator or None
        Puts categories at random places of an interval as long as their share is; None
        for their numbers.
    """

    def __init__(self, table, rng=None):
        self.like, self.rng = table, rng
        self.shares = {
            c: table[c].value_counts(normalize=True)
            for c in table
            if c not in numeric(table)
        }

    def numbers(self):
        """Return a DataFrame of floats."""
        found = {}
        for c in self.like:
            if c not in self.shares:
                found[c] = self.like[c].astype(float)
                continue
            share = self.shares[c]
            code = share.index.get_indexer(self.like[c].astype(object))
            if self.rng is not None:
                low = np.cumsum(share.to_numpy()) - share.to_numpy()
                code = low[code] + share.to_numpy()[code] * self.rng.random(len(code))
            found[c] = code.astype(float)
        return pd.DataFrame(found, columns=self.like.columns)

    def table(self, numbers):
        """Return a table of rows of numbers."""
        found = pd.DataFrame(np.asarray(numbers), columns=self.like.columns)
        for c, share in self.shares.items():
            values = found[c].to_numpy(float)
            if self.rng is not None:
                values = np.searchsorted(np.cumsum(share.to_numpy())[:-1], values)
            code = np.clip(np.rint(values), 0, len(share) - 1).astype(int)
            found[c] = share.index.to_numpy(object)[code]
        whole = [c for c in numeric(self.like) if self.like[c].dtype.kind in "iu"]
        found[whole] = found[whole].round()
        return found.astype(self.like.dtypes)


def by_copula(table, seed):
    """Generate by a Gaussian copula of the copulas package."""
    from copulas.multivariate import GaussianMultivariate

    coder = Ordinal(mean_and_mode(table)(table), np.random.default_rng(seed))
    model = GaussianMultivariate(random_state=seed)
    model.fit(coder.numbers())
    return coder.table(model.sample(len(table))[table.columns])


def by_forest(table, seed):
    """Generate by ForestDiffusion."""
    from ForestDiffusion import ForestDiffusionModel

    coder = Ordinal(mean_and_mode(table)(table))
    numbers = coder.numbers().to_numpy()
    sizes = [len(coder.shares.get(c, ())) for c in table]
    places = {
        "bin_indexes": [j for j, k in enumerate(sizes) if k == 2],
        "cat_indexes": [j for j, k in enumerate(sizes) if k > 2],
        "int_indexes": [
            j for j, c in enumerate(table) if coder.like[c].dtype.kind in "iu"
        ],
    }
    model = ForestDiffusionModel(numbers, duplicate_K=10, n_jobs=1, seed=seed, **places)
    return coder.table(model.generate(batch_size=len(table)))


PEERS = {
    "CTGAN": by_ctgan("CTGAN"),
    "TVAE": by_ctgan("TVAE"),
    "Gaussian copula": by_copula,
    "ForestDiffusion": by_forest,
}


def importable(name):
    """Return True if the package of a peer is installed."""
    packages = {"Gaussian copula": "copulas", "ForestDiffusion": "ForestDiffusion"}
    return importlib.util.find_spec(packages.get(name, "ctgan")) is not None


GENERATORS = {
    "each column alone": alone,
    "**`VariationalAutoencoder`**": by_own(
        "VariationalAutoencoder", 8, table={"input_dropout": 0.0}
    ),
    "**`VariationalAutoencoder`**, fitted prior": by_own(
        "VariationalAutoencoder", 8, table={"input_dropout": 0.0}, fitted_prior=True
    ),
    "**`DiffusionModel`**": by_own("DiffusionModel", None),
    "**`AdversarialAutoencoder`**": by_own("AdversarialAutoencoder", 8),
    "**`GAN`**": by_own(
        "GAN",
        16,
        optimizer={"class_name": "Adam", "config": {"beta_1": 0.5}},
        activation="leaky_relu",
        learning_rate=5e-4,
        batch_size=128,
        hidden_layer_sizes=(128, 128),
    ),
}
TASKS = {
    "imputation": imputation,
    "draws": draws,
    "probe": probe,
    "utility": utility,
}


def report(runs):
    """Return the table: a row a method."""
    keys = [key for key in (runs or [{}])[0] if key != "method"]
    rows = []
    for method in dict.fromkeys(run["method"] for run in runs):
        row = [method]
        for key in keys:
            values = [run[key] for run in runs if run["method"] == method]
            row.append(f"{np.mean(values):.3f} ± {np.std(values):.3f}")
        rows.append(row)
    return _common.table(["method", *keys], rows)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
