"""Codes of texts: bags of words and sequences of tokens, against TruncatedSVD.

BBC news (2225 articles of 5 classes) and the SMS spam collection (5574 messages of 2),
split in half anew for each seed. On codes of equal width: KMeans with as many clusters
as classes, fitted to the codes of one half and judged on the other (accuracy under the
best assignment, NMI, ARI), and logistic regression trained on 10 labelled texts a class
and judged on the other half (mean over five draws; balanced accuracy, as spam is rare).
All codes are scaled to length 1. `AAEClustering` has clusters of its own.

Bags of words are those of `TfidfVectorizer` with the same settings for all: the SVD of
them is latent semantic analysis. "of 50 components" means behind the first 50 of these,
scaled to length 1, and there is PCA of just the same. Token models see the first words
of each text.

``--components`` changes the width of all codes. ``--tune`` splits the training half
again and leaves the other alone: what `METHODS` says was chosen with it, on seeds 10
and 11 (`AAEClustering`: 11 to 16).

The data are read from the folder given by ``--data`` or by the environment variable
SKUNSUP_DATA::

    python docs/benchmarks/texts.py --data DIR --output texts.json
"""

import csv
import gzip
import os
from pathlib import Path

import _common
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    adjusted_rand_score,
    balanced_accuracy_score,
    normalized_mutual_info_score,
)
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer

SEEDS = (0, 1, 2)
N_COMPONENTS, N_WIDE = 10, 50
LABELS, DRAWS = 10, 5
FIGURES = ("KMeans", "NMI", "ARI", "probe")
FILES = {"bbc_news": "text", "sms_spam": "text"}
CLASSES = {"bbc_news": 5, "sms_spam": 2}
LENGTHS = {"bbc_news": 100, "sms_spam": 32}  # tokens


def main():
    """Print one table a data set."""
    options = parse()
    runs = []
    for name in options.only:
        for seed in options.seeds:
            split = load(name, Path(options.data), seed, options.tune)
            for method in options.methods:
                run = {"data": name, "method": method, "seed": seed}
                run |= measure(name, method, seed, options.components, *split)
                print(run, flush=True)
                runs.append(run)
    for name in options.only:
        shown = _common.table_of_methods(runs, name, options.methods, FIGURES, 3)
        print(f"\n{name}\n\n{shown}")
    _common.store(options.output, runs=runs)


def parse():
    """Read the command line."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--only", nargs="+", choices=FILES, default=list(FILES))
    options.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--components", type=int, default=N_COMPONENTS)
    options.add_argument("--tune", action="store_true", help="never use the other half")
    given = options.parse_args()
    if given.data is None:
        raise SystemExit("Give the folder of the data with --data DIR or SKUNSUP_DATA.")
    return given


def load(name, folder, seed, tune):
    """Return texts and classes to train on and to judge by."""
    path = folder / name / f"{name}.csv.gz"
    if not path.is_file():
        raise SystemExit(f"{name} is missing: looked for {path}.")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [f"{row.get('title', '')} {row['text']}".strip() for row in rows]
    y = np.array([row["label"] for row in rows])
    halves = train_test_split(texts, y, test_size=0.5, stratify=y, random_state=seed)
    if tune:
        X, _, y, _ = halves
        halves = train_test_split(X, y, test_size=0.5, stratify=y, random_state=seed)
    X, new, y, target = halves
    return X, y, new, target


def words():
    """Return the bag of words that all methods share."""
    return TfidfVectorizer(
        min_df=3, max_df=0.5, sublinear_tf=True, stop_words="english", dtype=np.float32
    )


def svd(name, n_components, seed):
    """Return latent semantic analysis."""
    return make_pipeline(words(), TruncatedSVD(n_components, random_state=seed))


TRAINING = {"epochs": None, "learning_rate_schedule": "cosine"}


def components(seed):
    """Return transformers to many components, of mean square 1."""
    wide = TruncatedSVD(N_WIDE, random_state=seed)
    return words(), wide, Normalizer(), FunctionTransformer(enlarged)


def enlarged(X):
    """Return rows of length 1 as rows of mean square 1."""
    return X * np.sqrt(X.shape[1])


def principal(name, n_components, seed):
    """Return principal components of many components."""
    return make_pipeline(*components(seed), PCA(n_components, random_state=seed))


def denoising(name, n_components, seed):
    """Return a denoising autoencoder of many components, which starts as PCA."""
    from skunsup import Autoencoder

    model = Autoencoder(
        n_components,
        hidden_layer_sizes=(256,),
        init="pca",
        noise="gaussian",
        noise_level=0.5,
        batch_size=64,
        max_steps=1000,
        random_state=seed,
        **TRAINING,
    )
    return make_pipeline(*components(seed), model)


def clusters(name, n_components, seed):
    """Return linear `AAEClustering` of many components; its whole code is as wide."""
    from skunsup import AAEClustering

    n_clusters = CLASSES[name]
    model = AAEClustering(
        n_clusters,
        n_components=n_components - n_clusters,
        init_weight=0.0,
        hidden_layer_sizes=(),
        discriminator_layer_sizes=(64,),
        noise_level=1.0,
        batch_size=64,
        epochs=None,
        max_steps=2000,
        random_state=seed,
    )
    return make_pipeline(*components(seed), model)


def autoencoder(name, n_components, seed):
    """Return an autoencoder of bags of words, with the loss of a multinomial."""
    from skunsup import Autoencoder

    model = Autoencoder(
        n_components,
        loss="categorical_crossentropy",
        random_state=seed,
        **BAG[name],
    )
    return make_pipeline(words(), model)


def variational(name, n_components, seed):
    """Return a variational autoencoder of bags of words."""
    from skunsup import VariationalAutoencoder

    model = VariationalAutoencoder(
        n_components,
        likelihood="multinomial",
        random_state=seed,
        **BETA[name],
        **BAG[name],
    )
    return make_pipeline(words(), model)


def adversarial(name, n_components, seed):
    """Return an adversarial autoencoder of bags of words."""
    from skunsup import AdversarialAutoencoder

    model = AdversarialAutoencoder(
        n_components,
        discriminator_layer_sizes=(128,),
        loss="categorical_crossentropy",
        adversarial_weight=WEIGHT[name],
        random_state=seed,
        **BAG[name],
    )
    return make_pipeline(words(), model)


def tokens(name, n_components, seed):
    """Return an autoencoder of the first tokens."""
    from skunsup import Autoencoder, Text

    model = Autoencoder(
        n_components,
        inputs=Text(
            max_tokens=2000,
            sequence_length=LENGTHS[name],
            layer="conv",
            input_dropout=0.3,
        ),
        random_state=seed,
        **TOKENS,
    )
    return make_pipeline(model)


# Long texts bear a hidden layer; short ones want linear networks and little training.
BAG = {
    "bbc_news": {"hidden_layer_sizes": (128,), "max_steps": 1000},
    "sms_spam": {"hidden_layer_sizes": (), "max_steps": 300, "learning_rate": 0.01},
}
BAG = {name: {"batch_size": 64, **TRAINING, **given} for name, given in BAG.items()}
BETA = {
    "bbc_news": {"beta": 0.3, "warmup_epochs": 10},
    "sms_spam": {"beta": 0.003},
}
# In units of a loss most of which no code can explain; with 0.1 codes know nothing.
WEIGHT = {"bbc_news": 0.01, "sms_spam": 0.003}
TOKENS = {"batch_size": 64, "max_steps": 600, **TRAINING}
METHODS = {
    "TruncatedSVD": svd,
    "PCA of 50 components": principal,
    "Autoencoder of 50 components": denoising,
    "AAEClustering of 50 components": clusters,
    "Autoencoder, bag of words": autoencoder,
    "VariationalAutoencoder, bag of words": variational,
    "AdversarialAutoencoder, bag of words": adversarial,
    "Autoencoder, tokens": tokens,
}


def measure(name, method, seed, n_components, X, y, new, target):
    """Fit one model and judge its codes."""
    fitted = METHODS[method](name, n_components, seed)
    duration = _common.seconds(lambda: fitted.fit(X))
    unit = Normalizer()
    codes = unit.fit_transform(fitted.transform(X))
    new_codes = unit.transform(fitted.transform(new))
    if hasattr(fitted, "predict"):
        found = fitted.predict(new)
    else:
        kmeans = KMeans(CLASSES[name], n_init=10, random_state=seed).fit(codes)
        found = kmeans.predict(new_codes)
    pairs = contingency_matrix(target, found)
    matched = pairs[linear_sum_assignment(-pairs)].sum()
    return {
        "seconds": duration,
        "KMeans": float(matched / len(target)),
        "NMI": float(normalized_mutual_info_score(target, found)),
        "ARI": float(adjusted_rand_score(target, found)),
        "probe": probe(codes, y, new_codes, target, seed),
    }


def probe(codes, y, new_codes, target, seed):
    """Return the balanced accuracy of a linear classifier from few labels."""
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(DRAWS):
        known = np.concatenate(
            [rng.permutation(np.flatnonzero(y == c))[:LABELS] for c in np.unique(y)]
        )
        model = LogisticRegression(C=10.0, max_iter=1000).fit(codes[known], y[known])
        scores.append(balanced_accuracy_score(target, model.predict(new_codes)))
    return float(np.mean(scores))


if __name__ == "__main__":
    main()
