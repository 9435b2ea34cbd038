"""The import of Keras, which moves the generators of Python and NumPy.

Each package here that needs Keras imports this module first, since it may be the first
in a process to do so: in the middle of a user's code, or when a pickle is loaded.
"""

from skunsup._random import global_state_kept

with global_state_kept():
    import keras  # noqa: F401
