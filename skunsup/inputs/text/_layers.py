"""Layers of texts: embeddings of tokens."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="skunsup")
class TokenEmbedding(keras.layers.Layer):
    """Learned numbers for each token, looked up by its place in the vocabulary.

    Parameters
    ----------
    n_tokens, width : int
        Size of the vocabulary, and numbers for each token.
    initializer : str or keras.initializers.Initializer
        Of the table.
    """

    def __init__(
        self, n_tokens: int, width: int, initializer: Any = "uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.n_tokens, self.width, self.initializer = n_tokens, width, initializer

    def build(self, input_shape: Any) -> None:
        """Create the table."""
        shape = (self.n_tokens, self.width)
        self.table = self.add_weight(
            name="table", shape=shape, initializer=self.initializer
        )

    def call(self, ids: Any) -> Any:
        """Return the numbers of tokens (n, steps), given as whole float32 numbers."""
        # Times one, so that the gradient is a dense tensor on TensorFlow, too.
        table = 1.0 * ops.convert_to_tensor(self.table)
        return ops.take(table, ops.cast(ids, "int32"), axis=0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The numbers of a token are the last axis."""
        return (*input_shape, self.width)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "n_tokens": self.n_tokens, "width": self.width}
