"""Measures of generated rows: quality, and whether training rows were copied."""

from skunsup.metrics._copying import CopyingReport, copying_report
from skunsup.metrics._manifold import (
    prdc,
    sample_coverage,
    sample_density,
    sample_precision,
    sample_recall,
)
from skunsup.metrics._scorers import (
    SampleScorer,
    coverage_scorer,
    density_scorer,
    draw_rows,
    make_sample_scorer,
    two_sample_scorer,
)
from skunsup.metrics._two_samples import frechet_distance, two_sample_auroc

__all__ = [
    "CopyingReport",
    "SampleScorer",
    "copying_report",
    "coverage_scorer",
    "density_scorer",
    "draw_rows",
    "frechet_distance",
    "make_sample_scorer",
    "prdc",
    "sample_coverage",
    "sample_density",
    "sample_precision",
    "sample_recall",
    "two_sample_auroc",
    "two_sample_scorer",
]
