"""Texts: embeddings of their tokens, in order."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skunsup._networks import DecoderLayers, EncoderLayers, NetworkSpec
from skunsup._parameters import parameter, parameters
from skunsup._sklearn import MOST_UNITS, StrOptions, check_params, integers, reals
from skunsup._training import Rows
from skunsup.inputs._base import Inputs
from skunsup.inputs._names import learn_columns
from skunsup.inputs._training_defaults import TrainingDefaults
from skunsup.inputs.sequences import StepLayers, n_layers_for
from skunsup.inputs.text._likelihood import TokenLikelihood
from skunsup.inputs.text._networks import TokenDecoder, TokenEncoder
from skunsup.preprocessing import TokenVectorizer
from skunsup.preprocessing._tokens import MAX_CHARACTERS

MOST_LOGITS = 2**19  # of a text: 2 MiB
HIDDEN = (64,)
# Logits to train on, where the user leaves it open: 516 steps of 104 tokens of 5,000.
# Of long texts a code explains little, so that the loss is soon near its lowest.
TRAINED_LOGITS = 2**33
MOST_LAYERS = 4  # of convolutions, where the user leaves it open
DEFAULT_LAYERS = {"gru": 1, "lstm": 1}


@parameters
class Text(Inputs):
    """Texts, one a row: as value of `inputs`, it lets a model take strings.

    X is a list, an array or a Series of strings, or a table with one column of them.
    Texts are split into tokens and looked up in a vocabulary by
    :class:`TokenVectorizer`, which `fit` learns; what it did not see is the unknown
    token. The encoder reads the embeddings of the tokens in their order; the decoder
    returns for each place a probability of each token, all places at once, so that a
    token depends on those before it through the code alone. The loss of a token is the
    cross-entropy, whatever the `loss` or `likelihood` of the model, and every token of
    a text counts as much, as does its end. What a model gives back (`reconstruct`,
    `inverse_transform`, `sample`) are texts of the likeliest tokens in standard form.

    Parameters
    ----------
    max_tokens : int
        Size of the vocabulary at most, with padding and unknown.
    sequence_length : int
        Tokens of a text that count; longer texts lose their end. None means what
        suffices for 95 % of the texts in `fit`, within the limit below.
    layer : {"conv", "gru", "lstm"}
        What reads the tokens: dilated convolutions, of which mean, maximum and last
        step go on, or recurrent layers, of which the last state does. The decoder has
        the same layers. Convolutions learn in fewer epochs what long texts are about.
    embedding_dim : int
        Numbers that stand for a token in the encoder, at most 1,000,000.
    units : int
        Width of each recurrent layer or convolution, at most 1,000,000.
    n_layers : int
        Number of layers, at most 1,000. None means 1 of a recurrent kind, or as many
        convolutions as let the last step see all tokens, up to 4.
    kernel_size : int
        Tokens that a convolution looks at; they are 1, 2, 4, ... tokens apart from one
        layer to the next. At most 1,000,000.
    input_dropout : float
        Probability in [0, 1) that the encoder sees a token as unknown in training,
        which then must be guessed from the others [1]_.
    standardize : str, callable or None
        As of :class:`TokenVectorizer`.
    split : {"whitespace", "character"}
        As of :class:`TokenVectorizer`.
    max_characters : int or None
        Length of a text at most; a longer one is an error. None for no limit.

    See Also
    --------
    TokenVectorizer : Texts as rows of ids.
    sklearn.feature_extraction.text.TfidfVectorizer : Texts without order, as rows of
        numbers that models take without `inputs`.

    Notes
    -----
    A decoder makes `sequence_length` times the size of the vocabulary numbers of each
    text, of which there are 32 or `batch_size` in memory at a time, and eight times as
    many when a VariationalAutoencoder scores. So this product is limited to 2**19, such
    as 104 tokens of 5,000.

    ``batch_size="auto"`` of a model means 32. ``epochs="auto"`` means as many as it
    takes to make 2**33 of these numbers in all, but from 4 to 100: 9 for 2,000 texts of
    104 tokens of 5,000, and 100 for as many of 10 tokens of 2,000.

    Logits of the decoder start as tokens are frequent by Zipf's law [2]_: as minus the
    logarithm of their place in the vocabulary.

    An empty text is one whose first token is the end. `feature_scores` has a column for
    each token, the end among them.

    Ids have no gradient and no distance. So GAN and BiGAN do not take texts, and
    detectors do with ``scoring="reconstruction"``. Own encoders take the ids as
    numbers, own decoders return logits, token by token.

    References
    ----------
    .. [1] Iyyer, Manjunatha, Boyd-Graber & Daume, "Deep unordered composition rivals
       syntactic methods for text classification", ACL 2015, section 3.1.
    .. [2] Mandelbrot, "An informational theory of the statistical structure of
       language", in Communication Theory (ed. Jackson), 1953.

    Examples
    --------
    >>> from skunsup import Autoencoder, Text
    >>> X = ["the cat sat", "the dog ran", "a cat ran", "a dog sat"]
    >>> model = Autoencoder(2, inputs=Text(), epochs=2, random_state=0).fit(X)
    >>> model.transform(["the cat ran"]).shape
    (1, 2)
    """

    _boxed = True

    max_tokens: int = parameter([integers(3)], default=5000, kw_only=False)
    sequence_length: int | None = parameter([integers(1), None], default=None)
    layer: str = parameter([StrOptions({"gru", "lstm", "conv"})], default="conv")
    embedding_dim: int = parameter([integers(1, MOST_UNITS)], default=64)
    units: int = parameter([integers(1, MOST_UNITS)], default=64)
    n_layers: int | None = parameter([integers(1, 1_000), None], default=None)
    kernel_size: int = parameter([integers(1, MOST_UNITS)], default=3)
    input_dropout: float = parameter([reals(0, 1, "left")], default=0.0)
    standardize: str | Callable | None = parameter(
        TokenVectorizer._parameter_constraints["standardize"],
        default="lower_and_strip_punctuation",
    )
    split: str = parameter(
        TokenVectorizer._parameter_constraints["split"], default="whitespace"
    )
    max_characters: int | None = parameter([integers(1), None], default=MAX_CHARACTERS)

    def fit_rows(self, X: Any, owner: BaseEstimator, min_samples: int = 1) -> Rows:
        """Learn the vocabulary of the texts in `X`, and return their rows of ids."""
        check_params(self)
        vectorizer = TokenVectorizer(
            int(self.max_tokens),
            sequence_length=self.sequence_length,
            standardize=self.standardize,
            split=self.split,
            max_characters=self.max_characters,
        )
        vectorizer.set_output(transform="default").fit(X)
        if len(X) < min_samples:
            raise ValueError(
                f"X holds {len(X)} text(s) (n_samples={len(X)}), but a minimum of "
                f"{min_samples} is required."
            )
        length = self._length(vectorizer)
        vectorizer.set_params(sequence_length=length).sequence_length_ = length
        self.vectorizer_ = vectorizer
        self.n_columns_, self.n_tokens_ = length, len(vectorizer.vocabulary_)
        self.likelihood_ = TokenLikelihood(
            length, self.n_tokens_, float(self.input_dropout)
        )
        self.hidden_layer_sizes_ = HIDDEN
        n_logits = TrainingDefaults.batch_size * length * self.n_tokens_
        self.training_ = TrainingDefaults(
            max_steps=max(TRAINED_LOGITS // n_logits, 1), least_epochs=4
        )
        learn_columns(owner, X, length)
        return self.read_rows(X, owner)

    def _length(self, vectorizer: TokenVectorizer) -> int:
        """Return the number of tokens that count, once logits are known to be few."""
        n_tokens, length = len(vectorizer.vocabulary_), vectorizer.sequence_length_
        most = max(MOST_LOGITS // n_tokens, 1)
        if self.sequence_length is None:
            return min(length, most)
        if length > most:
            raise ValueError(
                f"sequence_length={length} with {n_tokens} tokens makes "
                f"{length * n_tokens} numbers of each text, more than {MOST_LOGITS}. "
                f"Use sequence_length={most} or max_tokens={MOST_LOGITS // length}."
            )
        return int(length)

    @property
    def _steps(self) -> StepLayers:
        """Layers over the tokens."""
        kernel_size, n = int(self.kernel_size), self.n_layers
        if n is None:
            n = DEFAULT_LAYERS.get(
                self.layer, min(n_layers_for(self.n_columns_, kernel_size), MOST_LAYERS)
            )
        return StepLayers(self.layer, int(self.units), int(n), kernel_size)

    def value_range(self, rows: Rows) -> tuple[float, float]:
        """Return 0 and 0: there are no numbers that a loss could not take."""
        return 0.0, 0.0

    def read_rows(self, X: Any, owner: BaseEstimator, name: str = "X") -> Rows:
        """Return rows of ids."""
        try:
            return Rows(self.vectorizer_.transform(X))
        except (TypeError, ValueError) as error:
            # The vectorizer calls X what it is given.
            message = str(error).replace("X ", f"{name} ", 1)
            raise type(error)(message) from error

    def restore_rows(
        self, rows: np.ndarray, dtype: np.dtype, like: Any = None
    ) -> np.ndarray:
        """Return texts."""
        return self.vectorizer_.inverse_transform(rows)

    def encoder(self, layers: EncoderLayers) -> NetworkSpec:
        """Return embeddings, layers over the tokens, and fully connected ones."""
        return TokenEncoder(
            self.n_columns_,
            self.n_tokens_,
            int(self.embedding_dim),
            self._steps,
            *layers[:4],
        )

    def decoder(self, layers: DecoderLayers) -> NetworkSpec:
        """Return fully connected layers, layers over the tokens, and logits."""
        n_inputs, sizes, activation, _ = layers
        return TokenDecoder(
            n_inputs, self.n_columns_, self.n_tokens_, self._steps, sizes, activation
        )
