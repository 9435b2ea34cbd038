"""An error about data names the kind of data that would take them."""

import numpy as np
import pandas as pd
import pytest

from skunsup import (
    Autoencoder,
    AutoencoderDetector,
    OutlierDetector,
    PretrainedFeatures,
)
from skunsup.inputs import Dense

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": RNG.random(6), "b": ["x", "y"] * 3})
TEXTS = ["red apple", "green pear"] * 3
CASES = {
    "images": (RNG.random((6, 8, 8)), r"dim 3.*Images\(\).*Sequences\(\).*reshape"),
    "coloured": (RNG.random((6, 8, 8, 3)), r"dim 4.*Images\(\).*reshape"),
    "list of images": (list(RNG.random((6, 8, 8))), r"dim 3.*Images\(\).*Sequences"),
    "nested lists": (RNG.random((6, 2, 2)).tolist(), r"dim 3.*Images\(\).*Sequences"),
    "ragged": (
        [np.ones((2, 1)), np.ones((3, 1))],
        r"different lengths.*inputs=Sequences\(\)",
    ),
    "texts": (TEXTS, r"'red apple'.*Text\(\).*Tfidf.*Images\(\) for paths"),
    "array of texts": (np.array(TEXTS), r"Text\(\)"),
    "Series of texts": (pd.Series(TEXTS, index=range(6, 12)), r"Text\(\)"),
    "a path": ("data.csv", "Read a file first.*read_csv"),
    "NaN": (np.array([[1.0, np.nan]] * 6), r"NaN.*SimpleImputer.*Or.*Table\(\)"),
    "strings": (FRAME, r"'x' in row 0, column 'b'.*OneHotEncoder.*Table\(\).*Text\(\)"),
    "categories": (FRAME.astype({"b": "category"}), r"OneHotEncoder.*Table\(\)"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("cls", [Autoencoder, AutoencoderDetector])
def test_the_kind_that_takes_the_data_is_named(cls, case):
    X, words = CASES[case]
    with pytest.raises(ValueError, match=words):
        cls().fit(X)


def test_through_a_detector_around_a_model():
    with pytest.raises(ValueError, match=r"inputs=Table\(\)"):
        OutlierDetector(Autoencoder()).fit(FRAME)


def test_what_is_no_kind_of_data_gets_no_hint():
    with pytest.raises(ValueError, match="infinity") as caught:
        Autoencoder().fit([[1.0, np.inf]] * 3)
    assert "inputs=" not in str(caught.value)


def test_an_estimator_without_kinds_names_none():
    with pytest.raises(ValueError, match="NaN") as caught:
        Dense().fit_rows(np.array([[1.0, np.nan]] * 6), PretrainedFeatures())
    assert "inputs=" not in str(caught.value)
