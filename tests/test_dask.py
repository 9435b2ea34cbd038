"""Dask searches and scores, with the numbers of one process."""

import os

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from skunsup import Autoencoder, AutoencoderDetector

# Dask is imported where its tests run alone, since that takes seconds.
if keras.backend.backend() != "torch" and not os.environ.get("SKUNSUP_ALL_TESTS"):
    pytest.skip("Runs on torch, or with SKUNSUP_ALL_TESTS=1", allow_module_level=True)

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")

X = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
SMALL = {"hidden_layer_sizes": (8,), "batch_size": 8, "max_steps": 16}


def test_blocks_are_scored_as_the_whole():
    detector = AutoencoderDetector(**SMALL, random_state=0).fit(X)
    blocks = da.from_array(X, chunks=(30, 4))
    scores = blocks.map_blocks(detector.score_samples, drop_axis=1, dtype=np.float32)
    assert np.array_equal(scores.compute(), detector.score_samples(X))


def test_parts_of_a_frame_are_scored_as_the_whole():
    table = pd.DataFrame(X, columns=list("abcd"))
    detector = AutoencoderDetector(**SMALL, random_state=0).fit(table)

    def scored(part):
        return pd.Series(detector.score_samples(part), index=part.index)

    parts = dd.from_pandas(table, npartitions=3)
    found = parts.map_partitions(scored, meta=(None, np.float32)).compute()
    assert np.array_equal(found, detector.score_samples(table))


def test_a_search_gives_the_scores_of_one_process():
    model = Autoencoder(**SMALL, epochs=None, random_state=0)
    search = GridSearchCV(model, {"n_components": [1, 2]}, cv=2)
    wanted = search.fit(X).cv_results_["mean_test_score"]
    with (
        distributed.Client(processes=False, n_workers=1, dashboard_address=None),
        joblib.parallel_config("dask"),
    ):
        found = search.fit(X).cv_results_["mean_test_score"]
    assert np.array_equal(found, wanted)
