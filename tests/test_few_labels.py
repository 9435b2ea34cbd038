"""Classifiers of few labels behind an embedding of all rows."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading

from skunsup import AAEClassifier, NeighborEmbedding, fine_tune

N_LABELS = 100


@pytest.fixture(scope="module")
def digits():
    """Digits, their labels with -1 for those that are hidden, and all labels."""
    X, digit = load_digits(return_X_y=True)
    known = np.random.default_rng(0).permutation(len(X))[:N_LABELS]
    y = np.full(len(X), -1)
    y[known] = digit[known]
    return (X / 16).astype(np.float32), y, digit


@pytest.fixture(scope="module")
def embedding(digits):
    return NeighborEmbedding(max_steps=300, epochs=None, random_state=0).fit(digits[0])


def spreading():
    return LabelSpreading(kernel="knn", n_neighbors=15, max_iter=300)


# Of rows that no label reaches scikit-learn divides 0 by 0.
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_spreading_behind_an_embedding_beats_the_pixels(digits, embedding):
    X, y, digit = digits
    model = make_pipeline(FrozenEstimator(embedding), spreading()).fit(X, y)
    linear = LogisticRegression(max_iter=1000).fit(X[y >= 0], y[y >= 0])
    new, target = X[y < 0], digit[y < 0]
    assert model.score(new, target) > linear.score(new, target) + 0.03


def test_unknown_labels_go_through_a_pipeline(digits, embedding):
    X, y, _ = digits
    small = {"hidden_layer_sizes": (32,), "batch_size": 64, "max_steps": 20}
    classifier = AAEClassifier(random_state=0, **small)
    model = make_pipeline(FrozenEstimator(embedding), StandardScaler(), classifier)
    np.testing.assert_array_equal(model.fit(X, y).classes_, np.arange(10))


def test_fine_tuning_begins_with_the_embedding(digits, embedding):
    X, y, digit = digits
    model = fine_tune(
        embedding, freeze=True, learning_rate=1e-2, epochs=60, random_state=0
    ).fit(X[y >= 0], y[y >= 0])
    assert model.score(X[y < 0], digit[y < 0]) > 0.8
