"""Ray searches and scores, with the numbers of one process."""

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skunsup import Autoencoder, AutoencoderDetector

ray = pytest.importorskip("ray")  # installed by hand: no other test needs it

X = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
SMALL = {"hidden_layer_sizes": (8,), "batch_size": 8, "max_steps": 16}


@pytest.fixture(scope="module")
def session():
    ray.init(num_cpus=1, include_dashboard=False)
    yield
    ray.shutdown()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Ray itself
def test_blocks_are_scored_as_the_whole(session):
    data = pytest.importorskip("ray.data")
    detector = AutoencoderDetector(**SMALL, random_state=0).fit(X)

    def scored(batch):
        rows = batch["data"]
        return {"row": rows[:, 4], "score": detector.score_samples(rows[:, :4])}

    numbered = np.column_stack([X, np.arange(len(X), dtype=np.float32)])
    blocks = data.from_numpy(numbered).map_batches(scored, batch_size=30)
    found = blocks.to_pandas().sort_values("row")["score"]
    assert np.array_equal(found, detector.score_samples(X))


def test_a_search_gives_the_scores_of_one_process(session):
    from ray.util.joblib import register_ray

    model = Autoencoder(**SMALL, epochs=None, random_state=0)
    search = GridSearchCV(model, {"n_components": [1, 2]}, cv=2)
    wanted = search.fit(X).cv_results_["mean_test_score"]
    register_ray()
    with joblib.parallel_config("ray"):
        found = search.fit(X).cv_results_["mean_test_score"]
    assert np.array_equal(found, wanted)
