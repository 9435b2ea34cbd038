"""Displays: figures of fitted models, with matplotlib (`skunsup[plot]`)."""

import skunsup._keras_import  # noqa: F401
from skunsup.inspection._clusters import ClusterDisplay
from skunsup.inspection._embedding import EmbeddingDisplay
from skunsup.inspection._feature_scores import FeatureScoresDisplay
from skunsup.inspection._history import HistoryDisplay
from skunsup.inspection._outlier_scores import OutlierScoresDisplay
from skunsup.inspection._reconstruction import ReconstructionDisplay
from skunsup.inspection._reliability import OutlierReliabilityDisplay
from skunsup.inspection._samples import SamplesDisplay
from skunsup.inspection._series import SeriesScoresDisplay

__all__ = [
    "ClusterDisplay",
    "EmbeddingDisplay",
    "FeatureScoresDisplay",
    "HistoryDisplay",
    "OutlierReliabilityDisplay",
    "OutlierScoresDisplay",
    "ReconstructionDisplay",
    "SamplesDisplay",
    "SeriesScoresDisplay",
]
