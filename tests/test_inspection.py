"""Displays: their conventions, and what each draws."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.sparse import csr_array
from sklearn.cluster import DBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skunsup import (
    Autoencoder,
    AutoencoderDetector,
    Blocks,
    Images,
    OutlierDetector,
    Sequences,
    SeriesDetector,
    SlidingWindows,
    Table,
    Text,
    VariationalAutoencoder,
    inspection,
)
from skunsup.inspection import (
    ClusterDisplay,
    EmbeddingDisplay,
    FeatureScoresDisplay,
    HistoryDisplay,
    OutlierReliabilityDisplay,
    OutlierScoresDisplay,
    ReconstructionDisplay,
    SamplesDisplay,
    SeriesScoresDisplay,
)
from skunsup.inspection._cluster_columns import unusual_columns
from skunsup.inspection._shown import as_columns

from .helpers import on_torch_or_asked

plt = pytest.importorskip("matplotlib.pyplot")

QUICK = {"n_components": 2, "hidden_layer_sizes": (8,), "epochs": 3, "random_state": 0}
FEW = {"max_steps": 4, "epochs": None, "random_state": 0}
NAMES = [f"x{j}" for j in range(6)]
LABELS = np.arange(60) % 3


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def frame(blobs):
    return pd.DataFrame(100 + 10 * blobs, columns=NAMES)


@pytest.fixture(scope="module")
def scaled(frame):
    """A pipeline with a scaler in front, for rows far from 0."""
    return make_pipeline(StandardScaler(), VariationalAutoencoder(**QUICK)).fit(frame)


@pytest.fixture(scope="module")
def clustered(frame):
    steps = StandardScaler(), Autoencoder(**QUICK), KMeans(3, random_state=0)
    return make_pipeline(*steps).fit(frame)


@pytest.fixture(scope="module")
def detector(blobs):
    return OutlierDetector(Autoencoder(**QUICK), contamination=0.1).fit(blobs)


@pytest.fixture(scope="module")
def series():
    values = np.sin(np.arange(200) / 3)[:, None] + [0.0, 1.0]
    values[120:124, 0] = 4
    index = pd.date_range("2024-01-01", periods=200, freq="h")
    return pd.DataFrame(values, index=index, columns=["power", "heat"])


@pytest.fixture(scope="module")
def watcher(series):
    return SeriesDetector(PCA(2), window_length=8, contamination=0.05).fit(series)


@pytest.fixture(scope="module")
def every_display(frame, blobs, scaled, clustered, detector, series, watcher):
    """Each display: its class, and a call of `from_estimator` with given `ax`."""
    truth = np.arange(60) < 6
    return {
        EmbeddingDisplay: lambda ax: EmbeddingDisplay.from_estimator(
            scaled, frame, LABELS, ax=ax
        ),
        ReconstructionDisplay: lambda ax: ReconstructionDisplay.from_estimator(
            scaled, frame, ax=ax
        ),
        HistoryDisplay: lambda ax: HistoryDisplay.from_estimator(scaled, ax=ax),
        OutlierScoresDisplay: lambda ax: OutlierScoresDisplay.from_estimator(
            detector, blobs, truth, ax=ax
        ),
        OutlierReliabilityDisplay: (
            lambda ax: OutlierReliabilityDisplay.from_estimator(
                detector, blobs, truth, ax=ax
            )
        ),
        FeatureScoresDisplay: lambda ax: FeatureScoresDisplay.from_estimator(
            detector, blobs, ax=ax
        ),
        SeriesScoresDisplay: lambda ax: SeriesScoresDisplay.from_estimator(
            watcher, series, ax=ax
        ),
        SamplesDisplay: lambda ax: SamplesDisplay.from_estimator(
            scaled, frame, random_state=0, ax=ax
        ),
        ClusterDisplay: lambda ax: ClusterDisplay.from_estimator(
            clustered, frame, ax=ax
        ),
    }


@pytest.fixture(scope="module")
def drawn_displays(every_display):
    """Each display in a figure of its own."""
    return {display: draw(None) for display, draw in every_display.items()}


DISPLAYS = [getattr(inspection, name) for name in inspection.__all__]


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_display_is_drawn_in_a_figure_of_its_own(display, drawn_displays):
    drawn = drawn_displays[display]
    assert isinstance(drawn, display)
    assert isinstance(drawn.figure_, Figure)
    axes = np.ravel(np.asarray(drawn.ax_, object))
    assert all(isinstance(ax, Axes) and ax.figure is drawn.figure_ for ax in axes)
    assert all(ax.has_data() for ax in axes if ax.axison)
    drawn.figure_.canvas.draw()


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_display_is_drawn_in_the_axes_given(display, every_display):
    figure, axes = plt.subplots(1, 2)
    drawn = every_display[display](axes[1])
    assert drawn.figure_ is figure
    assert not axes[0].has_data()
    again = drawn.plot(plt.figure().subplots())
    assert again is drawn
    assert drawn.figure_ is not figure


@pytest.mark.parametrize("display", DISPLAYS)
def test_other_numbers_of_axes_are_refused(display, drawn_displays):
    drawn = drawn_displays[display]
    n = np.size(np.asarray(drawn.ax_, object)) + 7
    with pytest.raises(ValueError, match=f"ax holds {n} Axes, but this display draws"):
        drawn.plot(np.full(n, drawn.figure_.axes[0], object))
    with pytest.raises(TypeError, match="ax holds int, but expected Axes"):
        drawn.plot(1)


@pytest.mark.parametrize("display", DISPLAYS)
def test_the_constructor_takes_the_data_and_draws_nothing(display, drawn_displays):
    drawn = drawn_displays[display]
    names = [name for name in vars(drawn) if not name.endswith("_")]
    copied = display(**{name: getattr(drawn, name) for name in names})
    assert not [name for name in vars(copied) if name.endswith("_")]
    copied.plot()
    assert vars(copied).keys() == vars(drawn).keys()


@pytest.mark.parametrize("display", DISPLAYS)
def test_an_estimator_that_is_not_fitted_is_refused(display, blobs):
    given = () if display is HistoryDisplay else (blobs,)
    given = (blobs, LABELS == 0) if display is OutlierReliabilityDisplay else given
    with pytest.raises(NotFittedError, match="not fitted"):
        display.from_estimator(Autoencoder(), *given)


@pytest.mark.parametrize(
    ("display", "method"),
    [
        (EmbeddingDisplay, "transform"),
        (ReconstructionDisplay, "reconstruct"),
        (OutlierScoresDisplay, "score_samples"),
        (FeatureScoresDisplay, "feature_scores"),
        (SamplesDisplay, "sample"),
    ],
)
def test_the_method_that_lacks_is_named(display, method, blobs):
    message = f"DBSCAN has no {method}, which {display.__name__} needs"
    with pytest.raises(ValueError, match=message):
        display.from_estimator(DBSCAN().fit(blobs), blobs)


def test_matplotlib_is_asked_for(monkeypatch, blobs):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'skunsup\[plot\]'"):
        EmbeddingDisplay.from_predictions(blobs)


# Embeddings


def offsets(points):
    return np.concatenate([np.asarray(each.get_offsets()) for each in points])


def test_points_are_the_codes_coloured_by_label(scaled, frame):
    display = EmbeddingDisplay.from_estimator(scaled, frame, LABELS)
    codes = scaled.transform(frame)
    order = np.argsort(LABELS, kind="stable")
    np.testing.assert_allclose(offsets(display.points_), codes[order])
    colours = {tuple(points.get_facecolor()[0]) for points in display.points_}
    assert len(colours) == 3
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["0", "1", "2"]


def test_the_legend_is_beside_the_points(scaled, frame):
    display = EmbeddingDisplay.from_estimator(scaled, frame, LABELS)
    display.figure_.canvas.draw()
    legend = display.ax_.get_legend().get_window_extent()
    assert legend.x0 >= display.ax_.get_window_extent().x1
    assert legend.x1 <= display.figure_.bbox.x1


def test_numbers_and_methods_colour_by_a_scale(scaled, frame):
    display = EmbeddingDisplay.from_estimator(scaled, frame, "score_samples")
    (points,) = display.points_
    np.testing.assert_allclose(points.get_array(), scaled.score_samples(frame))
    assert display.colorbar_.ax.get_ylabel() == "score_samples"


@pytest.mark.parametrize(
    ("width", "components", "names"),
    [
        (2, None, ["component 0", "component 1"]),
        (4, (3, 1), ["component 3", "component 1"]),
        (1, None, ["component 0", "rows"]),
    ],
)
def test_components_are_chosen(width, components, names, blobs):
    codes = blobs[:, :width]
    display = EmbeddingDisplay.from_predictions(codes, components=components)
    assert [display.ax_.get_xlabel(), display.ax_.get_ylabel()] == names
    expected = codes if components is None else codes[:, components]
    np.testing.assert_array_equal(display.places_, expected)


def test_many_components_are_projected(blobs):
    display = EmbeddingDisplay.from_predictions(blobs)
    pca = PCA(2, random_state=0).fit(blobs)
    np.testing.assert_allclose(display.places_, pca.transform(blobs))
    share = f"{pca.explained_variance_ratio_[0]:.0%}"
    assert share in display.ax_.get_xlabel()
    assert EmbeddingDisplay.from_predictions(blobs[:1]).places_.shape == (1, 2)


def test_many_rows_are_counted():
    codes = np.random.default_rng(0).normal(size=(10_001, 2))
    display = EmbeddingDisplay.from_predictions(codes)
    assert display.points_[0].get_array().sum() == 10_001
    labels = np.where(codes[:, 0] > 0, "right", "left")
    most = EmbeddingDisplay.from_predictions(codes, labels).points_[0]
    at = np.asarray(most.get_offsets())[:, 0]
    assert (most.get_array()[at > 0.2] == 1).all()
    assert (most.get_array()[at < -0.2] == 0).all()


def test_images_are_drawn_at_their_places(blobs):
    images = np.random.default_rng(0).uniform(size=(60, 4, 4))
    display = EmbeddingDisplay(blobs[:, :2], shown=images).plot(n_thumbnails=9)
    rows = display.thumbnail_rows_
    assert 4 <= len(rows) == len(set(rows)) <= 9
    for row, box in zip(rows, display.thumbnails_, strict=True):
        np.testing.assert_array_equal(box.xy, display.places_[row])
        grey = box.offsetbox.get_data()[..., 0]
        assert np.corrcoef(grey.ravel(), images[row].ravel())[0, 1] > 0.99


def test_texts_are_listed_below_the_map(blobs):
    texts = [f"text {i}" for i in range(60)]
    display = EmbeddingDisplay(blobs[:, :2], shown=texts).plot(n_thumbnails=5)
    *numbers, listed = display.thumbnails_
    lines = [line.split("  ") for line in listed.get_text().splitlines()]
    assert {text for _, text in lines} == {texts[i] for i in display.thumbnail_rows_}
    for number, (which, text) in zip(numbers, lines, strict=True):
        assert number.get_text() == which
        place = display.places_[texts.index(text)]
        np.testing.assert_array_equal(number.get_position(), place)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"codes": [[np.nan, 0.0]]}, r"codes holds nan at \(0, 0\)"),
        ({"codes": [[0.0, 1.0]], "components": (0, 2)}, "codes have 2 components"),
        ({"codes": [[0.0, 1.0]], "components": "tsne"}, "one of .'pca'."),
        ({"codes": [[0.0, 1.0]], "y": [1, 2]}, "y has 2 entries, but there are 1 rows"),
        ({"codes": [[0.0, 1.0]], "y": [np.nan]}, "y holds nan at 0"),
        ({"codes": [0.0, 1.0]}, r"codes has shape \(2,\)"),
    ],
)
def test_codes_that_cannot_be_drawn_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingDisplay(**given).plot()


def test_thumbnails_need_images_or_texts(scaled, frame):
    with pytest.raises(ValueError, match="neither images nor texts"):
        EmbeddingDisplay.from_estimator(scaled, frame, thumbnails=True)
    with pytest.raises(ValueError, match=r"image_shape=\(2, 2\) has 4 numbers"):
        EmbeddingDisplay.from_estimator(scaled, frame, image_shape=(2, 2))


# Reconstructions


def test_cells_are_in_the_units_of_the_table(scaled, frame):
    display = ReconstructionDisplay.from_estimator(scaled, frame, rows=[3, 7, 40])
    back = scaled[0].inverse_transform(
        scaled[1].reconstruct(scaled[0].transform(frame))
    )
    apart = np.abs(frame - back).to_numpy()[[3, 7, 40]]
    spread = frame.std(ddof=0).to_numpy()
    np.testing.assert_allclose(display.errors_[0], apart / spread, rtol=1e-5)
    shades = np.minimum(display.errors_[0].T, 3.0)
    np.testing.assert_allclose(display.artists_[0].get_array(), shades)
    texts = [text.get_text() for text in display.ax_.texts]
    assert f"{frame.iloc[3, 0]:.3g}" in texts[0]
    worst = {(box.get_x() + 0.48, box.get_y() + 0.46) for box in display.ax_.patches}
    assert worst == {(i, j) for i, j in enumerate(display.errors_[0].argmax(axis=1))}


def test_sparse_rows_and_single_rows_are_drawn(detector, blobs):
    sparse = csr_array(np.where(np.abs(blobs) > 0.5, blobs, 0.0))
    display = ReconstructionDisplay.from_estimator(detector, sparse, rows=5)
    assert display.errors_[0].shape == (1, 6)
    scores = FeatureScoresDisplay.from_estimator(detector, blobs[:1])
    assert len(scores.artists_) == 6
    with pytest.raises(ValueError, match="rows=60, but X has 60 rows"):
        ReconstructionDisplay.from_estimator(detector, blobs, rows=60)
    with pytest.raises(ValueError, match="expected numbers of rows"):
        ReconstructionDisplay.from_estimator(detector, blobs, rows=[0.5])


# Histories


def test_lines_are_the_history_and_the_best_epoch_is_marked():
    history = {"loss": [4.0, 2.0, 1.0], "val_loss": [4.0, 1.5, 2.0], "told": [0.5] * 3}
    display = HistoryDisplay(history, metrics=["told"]).plot()
    for name, values in history.items():
        line = display.lines_[name]
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert display.lines_["told"].axes is display.ax_[1]
    assert display.lines_["loss"].axes is display.ax_[0]
    assert display.best_epoch_ == 2
    assert "best epoch: 2" in display.ax_[0].get_legend_handles_labels()[1]
    assert HistoryDisplay({"loss": [1000.0, 1.0]}).plot().ax_.get_yscale() == "log"


def test_a_single_term_is_not_drawn_twice(scaled, detector):
    display = HistoryDisplay.from_estimator(scaled)
    assert {*display.lines_} == {"loss", "reconstruction", "kl", "beta"}
    assert display.lines_["beta"].axes is display.ax_[1]
    assert [*HistoryDisplay.from_estimator(detector).lines_] == ["loss"]


def test_what_has_no_history_is_refused(blobs):
    with pytest.raises(ValueError, match="PCA has no history_"):
        HistoryDisplay.from_estimator(PCA(2).fit(blobs))
    with pytest.raises(ValueError, match="history is empty"):
        HistoryDisplay({"loss": []}).plot()


# Scores of outliers


def test_the_histogram_counts_scores_and_the_threshold_is_drawn(detector, blobs):
    truth = np.arange(60) < 6
    display = OutlierScoresDisplay.from_estimator(detector, blobs, truth)
    np.testing.assert_array_equal(display.counts_.sum(axis=1), [54, 6])
    threshold = -detector.offset_
    assert display.threshold_line_.get_xdata()[0] == threshold
    assert f"{(detector.predict(blobs) == -1).sum()} of 60 rows above" in str(
        display.threshold_line_.get_label()
    )
    x, p = display.probability_line_.get_data()
    np.testing.assert_allclose(x, np.sort(-detector.score_samples(blobs)))
    np.testing.assert_allclose(p, np.sort(detector.outlier_probability(blobs)))


@pytest.mark.parametrize("labels", [[1, 0, 0], [True, False, False], [-1, 1, 1]])
def test_outliers_are_1_or_minus_1(labels):
    display = OutlierScoresDisplay.from_predictions([3.0, 1.0, 1.0], labels)
    assert display.counts_[1, -1] == 1
    assert display.counts_[0, 0] == 2


def test_long_tails_have_a_logarithmic_scale_and_equal_scores_a_bar():
    long = OutlierScoresDisplay.from_predictions([1.0] * 9 + [100.0])
    assert long.ax_.get_xscale() == "log"
    assert OutlierScoresDisplay.from_predictions([2.0]).counts_.sum() == 1


@pytest.mark.parametrize(
    ("scores", "y", "message"),
    [
        ([1.0, np.nan], None, "scores holds nan at 1"),
        ([1.0, 2.0], [1], "y has 1 entries, but there are 2 rows"),
        ([1.0, 2.0], [2, 3], "expected 1 for outliers"),
    ],
)
def test_scores_that_cannot_be_drawn_are_refused(scores, y, message):
    with pytest.raises(ValueError, match=message):
        OutlierScoresDisplay.from_predictions(scores, y)


def test_shares_are_those_of_the_bins():
    probability = np.repeat([0.1, 0.3, 0.8], 20)
    truth = np.r_[np.arange(20) < 2, np.arange(20) < 6, np.arange(20) < 16]
    display = OutlierReliabilityDisplay.from_predictions(truth, probability, n_bins=3)
    np.testing.assert_allclose(display.mean_probability, [0.1, 0.3, 0.8])
    np.testing.assert_allclose(display.share, [0.1, 0.3, 0.8])
    np.testing.assert_array_equal(display.counts, [20, 20, 20])
    low, high = display.points_[2][0].get_segments()[1][:, 1]
    # Wilson's interval of 6 of 20, as statsmodels gives it.
    np.testing.assert_allclose([low, high], [0.1455, 0.5190], atol=2e-4)
    with pytest.raises(ValueError, match="expected probabilities in"):
        OutlierReliabilityDisplay.from_predictions([0, 1], [0.5, 1.5])


# Columns of outliers


def test_bars_are_shares_with_what_was_expected(detector, blobs):
    display = FeatureScoresDisplay.from_estimator(detector, blobs, rows=[4])
    shares = detector.feature_scores(blobs[[4]])[0]
    shares = np.sort(shares / shares.sum())[::-1]
    widths = [bar.get_width() for bar in display.artists_]
    np.testing.assert_allclose(widths, shares)
    first = int(display.ax_.get_yticklabels()[0].get_text().removeprefix("column "))
    note = display.ax_.texts[0].get_text()
    assert f"{blobs[4, first]:.3g}, expected" in note
    back = detector.estimator_.reconstruct(blobs[[4]])[0, first]
    assert f"{back:.3g}" in note


def test_the_worst_rows_are_lines_of_a_heat_map(detector, blobs):
    display = FeatureScoresDisplay.from_estimator(detector, blobs)
    worst = detector.score_samples(blobs).argsort()[:8]
    np.testing.assert_array_equal(display.rows, worst)
    shares = detector.feature_scores(blobs[worst])
    shares = shares / shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(display.artists_.get_array(), shares)


# Series


def test_a_series_is_drawn_with_its_scores_and_flags(watcher, series):
    truth = np.zeros(200, bool)
    truth[120:124] = True
    display = SeriesScoresDisplay.from_estimator(watcher, series, truth)
    assert [ax.get_ylabel() for ax in display.ax_] == [
        "power",
        "heat",
        "outlier\nscore",
    ]
    np.testing.assert_allclose(display.lines_[0].get_ydata(), series["power"])
    scores = display.lines_[2].get_ydata()
    np.testing.assert_allclose(scores, -watcher.score_samples(series))
    flagged = np.flatnonzero(watcher.predict(series) == -1)
    found = [np.arange(first, last + 1) for first, last in display.flagged_]
    np.testing.assert_array_equal(np.concatenate(found), flagged)
    labels = display.ax_[0].get_legend_handles_labels()[1]
    assert labels == ["flagged", "known"]


@on_torch_or_asked
def test_windows_in_a_pipeline_give_scores_of_time_points(series):
    windows = SlidingWindows(8)
    model = OutlierDetector(Autoencoder(**FEW, hidden_layer_sizes=(8,)))
    pipeline = make_pipeline(windows, StandardScaler(), model).fit(series)
    display = SeriesScoresDisplay.from_estimator(pipeline, series)
    expected = windows.point_scores(pipeline.score_samples(series), 200)
    np.testing.assert_allclose(display.scores, -expected)
    assert len(display.expected_lines_) == 2
    # Close to the series, in its units and not in those of the scaler.
    assert abs(display.expected_lines_[1].get_ydata().mean() - 1.0) < 0.3


def test_series_without_windows_are_refused(detector, blobs):
    with pytest.raises(ValueError, match="OutlierDetector has no windows"):
        SeriesScoresDisplay.from_estimator(detector, blobs)
    with pytest.raises(ValueError, match="A time point has 7 numbers"):
        SeriesScoresDisplay(np.ones((5, 7)), np.ones(5)).plot()
    with pytest.raises(ValueError, match="scores holds nan at 1"):
        SeriesScoresDisplay.from_predictions([1.0, 2.0], [1.0, np.nan])


# Drawn rows


def test_margins_are_shares_of_real_and_drawn_rows(scaled, frame):
    display = SamplesDisplay.from_estimator(scaled, frame, random_state=0)
    drawn = scaled[0].inverse_transform(scaled[1].sample(60, random_state=0))
    np.testing.assert_allclose(display.drawn.values[2], drawn[:, 2])
    filled, outline = display.artists_["x2"]
    edges = filled.get_data().edges
    for patch, values in ((filled, frame["x2"]), (outline, drawn[:, 2])):
        counts = np.histogram(values, edges)[0] / 60
        np.testing.assert_allclose(patch.get_data().values, counts)
    assert [ax.get_title() for ax in display.ax_.flat[:6]] == NAMES


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_drawn_columns_are_found_by_their_names(blobs, kind):
    table = kind(dict(zip(NAMES, blobs.T, strict=True)))
    display = SamplesDisplay.from_predictions(table, table[NAMES[::-1]])
    for name in NAMES:
        np.testing.assert_array_equal(*display.shares_[name])
    assert SamplesDisplay.from_predictions(table, blobs).drawn.names == NAMES
    for other in (table[NAMES[:4]], blobs[:, :4]):
        with pytest.raises(ValueError, match="Give rows of the same columns"):
            SamplesDisplay.from_predictions(table, other)
    with pytest.raises(ValueError, match="samples has 4 columns, but X has 6"):
        SamplesDisplay.from_predictions(blobs, blobs[:, :4])


def test_pairs_and_images_are_drawn(blobs):
    display = SamplesDisplay.from_predictions(blobs, blobs[::-1])
    display.plot(kind="pairs", features=[1, 4])
    points = display.artists_["column 1, column 4: real"]
    np.testing.assert_array_equal(points.get_offsets(), blobs[:, [1, 4]])
    grid = SamplesDisplay.from_predictions(
        np.zeros((3, 6)), np.ones((3, 6)), image_shape=(2, 3)
    ).artists_["grid"]
    picture = np.asarray(grid.get_array())[..., 0]
    assert (picture[:2, :3] == 0).all()
    assert (picture[-2:, :3] == 1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "grid"}, "kind='grid' does not fit rows that are columns"),
        ({"kind": "pairs", "features": [0]}, "needs two columns"),
        ({"features": ["y"]}, "features holds 'y'"),
        ({"kind": "all"}, "kind='all', but expected one of"),
    ],
)
def test_views_that_do_not_fit_are_refused(options, message, blobs):
    with pytest.raises(ValueError, match=message):
        SamplesDisplay.from_predictions(blobs, blobs, **options)


# Clusters


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["b", None, "a"], ["a", "b", "missing"]),
        ([2.0, np.nan, 1.0], ["1", "2", "missing"]),
        (pd.Series([2, None, 1], dtype="Int64"), ["1", "2", "missing"]),
        (np.array([1, None, "a"], dtype=object), ["1", "a", "missing"]),
    ],
)
def test_rows_without_a_label_are_a_group(labels, names):
    display = ClusterDisplay.from_predictions(np.eye(3), labels)
    assert display.clusters_.tolist() == names
    assert display.sizes_.tolist() == [1, 1, 1]
    assert np.isfinite(display.unusual_.effects).all()


def test_labels_of_two_columns_are_refused():
    with pytest.raises(ValueError, match=r"labels has shape \(3, 1\)"):
        ClusterDisplay.from_predictions(np.eye(3), np.zeros((3, 1)))


def test_unusual_columns_are_deviations_from_all_rows():
    table = pd.DataFrame(
        {
            "size": [1.0, 1.0, 1.0, 5.0, 5.0, np.nan],
            "kind": ["a", "a", "b", "b", "b", None],
            "same": [0.1] * 6,  # whose mean is rounded
        }
    )
    labels = [0, 0, 0, 1, 1, 1]
    display = ClusterDisplay.from_predictions(table, labels)
    found = display.unusual_
    assert found.names == [
        "size",
        "size missing",
        "kind = b",
        "kind = a",
        "kind missing",
        "same",
    ]
    size = table["size"].dropna()
    effect = (np.array([1.0, 5.0]) - size.mean()) / size.std(ddof=0)
    np.testing.assert_allclose(found.effects[:, 0], effect)
    assert [row[0] for row in found.texts] == ["1", "5"]
    assert [row[2] for row in found.texts] == ["33%", "100%"]
    np.testing.assert_allclose(found.effects[:, 5], 0.0, atol=1e-15)
    np.testing.assert_array_equal(display.artists_.get_array(), found.effects)
    names = [tick.get_text() for tick in display.ax_.get_yticklabels()]
    assert names[0] == "cluster 0\n3 rows, 50%"


def test_a_missing_cell_of_a_row_is_missing_in_all_categories():
    kinds, flags = ["a", "b", "c", "a", None, "c"], [True] * 3 + [False] * 2 + [None]
    every = pd.DataFrame({"kind": kinds, "flag": pd.array(flags, "boolean")})
    chosen = every.iloc[[4, 3]].assign(flag=pd.array([None, False], "boolean"))
    labels = np.array([0, 0, 0, 1, 1, 1])
    found = unusual_columns(as_columns(every), labels, 12, as_columns(chosen))
    assert found.names == ["kind = a", "kind = c", "kind = b", "flag"]
    assert found.texts == [["missing"] * 4, ["yes", "no", "no", "no"]]
    assert not found.effects[0].any()


def test_prototypes_are_decoded_centres(clustered, frame):
    display = ClusterDisplay.from_estimator(clustered, frame, kind="prototypes")
    centres = clustered[-1].cluster_centers_
    rows = clustered[0].inverse_transform(clustered[1].inverse_transform(centres))
    found = np.stack(display.prototypes.values, axis=1)
    np.testing.assert_allclose(found, rows, rtol=1e-5)
    np.testing.assert_array_equal(display.sizes_, np.bincount(clustered.predict(frame)))


def test_representatives_are_rows_near_the_middle(clustered, frame):
    display = ClusterDisplay.from_estimator(clustered, frame, kind="representatives")
    codes, labels = clustered[:-1].transform(frame), clustered.predict(frame)
    for cluster, row in enumerate(display.representatives):
        assert labels[row] == cluster
        own = codes[labels == cluster]
        apart = np.linalg.norm(own - own.mean(axis=0), axis=1)
        assert np.linalg.norm(codes[row] - own.mean(axis=0)) == apart.min()


def test_prototypes_that_cannot_be_had_are_refused(frame, blobs):
    model = KMeans(2, random_state=0).fit(blobs)
    display = ClusterDisplay.from_estimator(model, blobs)
    with pytest.raises(ValueError, match="no prototypes: KMeans or a step"):
        display.plot(kind="prototypes")
    bars = display.plot(kind="sizes").artists_
    assert sum(bar.get_width() for bar in bars) == 60
    with pytest.raises(ValueError, match="labels has 2 entries"):
        ClusterDisplay.from_predictions(frame, [0, 1])


# Kinds of data


@on_torch_or_asked
def test_images_are_drawn_in_rows_of_a_grid():
    images = np.random.default_rng(0).uniform(size=(20, 4, 4))
    detector = AutoencoderDetector(
        inputs=Images(), scoring="reconstruction", n_components=2, **FEW
    ).fit(images)
    display = ReconstructionDisplay.from_estimator(detector, images, rows=[0, 7])
    picture = np.asarray(display.artists_[0].get_array())[..., 0]
    np.testing.assert_allclose(picture[:4, 5:9], images[7], atol=0.005)
    back = np.clip(detector.estimator_.reconstruct(images[[7]])[0], 0, 1)
    np.testing.assert_allclose(picture[-4:, 5:9], back, atol=0.005)
    blame = FeatureScoresDisplay.from_estimator(detector, images, rows=[7])
    share = detector.feature_scores(images[[7]])[0].reshape(4, 4)
    worst = np.unravel_index(share.argmax(), share.shape)
    marked = np.asarray(blame.artists_.get_array())[-4:]
    np.testing.assert_allclose(marked[worst], [0.835, 0.369, 0.0], atol=1e-6)


@on_torch_or_asked
def test_words_that_did_not_come_back_are_coloured():
    texts = ["the cat sat", "the dog ran", "a cat ran", "a dog sat"] * 3
    model = Autoencoder(2, inputs=Text(), **FEW).fit(texts)
    display = ReconstructionDisplay.from_estimator(model, texts, rows=[0])
    (back,) = model.reconstruct(texts[:1])
    written = [text.get_text() for text in display.artists_[0]]
    assert written == texts[0].split() + back.split()
    for text in display.artists_[0][3:]:
        known = text.get_text() in texts[0].split()
        assert (text.get_color() == "black") == known
    blame = FeatureScoresDisplay.from_estimator(model, texts, rows=[0, 1])
    assert [text.get_text() for text in blame.artists_[:3]] == ["the", "cat", "sat"]
    codes = EmbeddingDisplay.from_estimator(model, texts, thumbnails=True)
    assert set(codes.thumbnail_rows_) <= set(range(12))


@on_torch_or_asked
def test_sequences_are_lines_and_their_steps_are_blamed():
    X = [np.sin(i + np.arange(n) / 2) for i, n in enumerate([9, 7, 8, 9])]
    model = Autoencoder(2, inputs=Sequences("conv"), **FEW).fit(X)
    display = ReconstructionDisplay.from_estimator(model, X, rows=[1])
    original, restored = display.artists_[0]
    assert restored.get_linestyle() == "--"
    np.testing.assert_allclose(original.get_ydata(), X[1])
    np.testing.assert_allclose(restored.get_ydata(), model.reconstruct([X[1]])[0])
    blame = FeatureScoresDisplay.from_estimator(model, X, rows=[0])
    assert len(blame.ax_.patches) == 9
    worst = model.feature_scores(X)[0][:9].argmax()
    strengths = [patch.get_alpha() for patch in blame.ax_.patches]
    assert np.argmax(strengths) == worst


@on_torch_or_asked
def test_each_block_has_a_panel_of_its_own():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"image": list(rng.uniform(size=(12, 4, 4)))})
    X["ink"], X["area"] = rng.normal(size=(2, 12))
    blocks = Blocks(
        [("image", Images(), ["image"]), ("numbers", None, ["ink", "area"])]
    )
    model = Autoencoder(2, inputs=blocks, **FEW).fit(X)
    display = ReconstructionDisplay.from_estimator(model, X)
    assert [one.form for one in display.original] == ["images", "columns"]
    assert display.original[1].names == ["ink", "area"]
    assert display.errors_[0] is None
    blame = FeatureScoresDisplay.from_estimator(model, X, rows=[2, 3])
    assert blame.feature_names == ["image", "ink", "area"]
    scores = model.feature_scores(X.iloc[[2, 3]])
    np.testing.assert_allclose(blame.feature_scores[:, 0], scores[:, :16].sum(axis=1))


@on_torch_or_asked
def test_tables_with_gaps_are_drawn():
    X = pd.DataFrame(
        {
            "height": [171, 185, None, 169, 178, 180] * 3,
            "colour": ["red", "blue", "red", None, "red", "blue"] * 3,
            "member": [True, False, True, True, True, False] * 3,
        }
    )
    model = VariationalAutoencoder(2, inputs=Table(), **FEW).fit(X)
    display = ReconstructionDisplay.from_estimator(model, X, rows=[2, 3])
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts[0].startswith("missing\n→ ")
    assert display.errors_[0][0, 0] == display.errors_[0][1, 1] == 0
    samples = SamplesDisplay.from_estimator(model, X, random_state=0)
    np.testing.assert_allclose(samples.shares_["colour"].sum(axis=1), 1.0)
    clusters = ClusterDisplay.from_estimator(
        model, X, labels=np.arange(18) % 2, kind="prototypes"
    )
    assert {text for row in clusters.unusual_.texts for text in row} & {"yes", "no"}
    means = ClusterDisplay.from_predictions(X, np.arange(18) % 2)
    assert "height missing" in means.unusual_.names
