"""What must be set before the first import, for the tests and the doctests alike."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # else scikit-learn skips a check
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
