"""The import of Keras, which moves the generators of Python and NumPy.

TensorFlow's log lines that are no errors do not reach the screen either.

Each package here that needs Keras imports this module first, since it may be the first
in a process to do so: in the middle of a user's code, or when a pickle is loaded.
"""

from skunsup._log_lines import tensorflow_quiet
from skunsup._random import global_state_kept

with tensorflow_quiet(), global_state_kept():
    import keras  # noqa: F401
