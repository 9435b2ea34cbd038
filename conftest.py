"""What must be set before the first import, for the tests and the doctests alike."""

import gc
import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # else scikit-learn skips a check
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
# Nearly all the time goes into compiling programs that run for some milliseconds. So
# XLA spares its optimisations, here and in the processes that tests start.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
    "--xla_cpu_parallel_codegen_split_count=1",
)
# Threads of OpenMP and OpenBLAS that wait take no time from the other test process.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")


def pytest_collection_finish():
    """Let garbage be collected seldom, and not among what was imported.

    Tracing makes so many objects that the collector takes a sixth of its time. Programs
    are in cycles of references, so it must look at old objects now and then.
    """
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
