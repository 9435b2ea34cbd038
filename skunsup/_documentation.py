"""Documentation that several methods share, for the decorator `documented`."""

ROWS = """
Parameters
----------
X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
    Rows like those of `fit`.
y : None
    Ignored.
"""

FIT = """
Parameters
----------
X : {array-like, sparse matrix, memory map} of shape (n_samples, n_features)
    Training rows, on a scale near 1.
y : None
    Ignored.
sample_weight : array-like of shape (n_samples,), default=None
    Non-negative. A row of weight 2 is the same as that row twice, a row of
    weight 0 as none, exactly.
X_val : array-like of shape (n_val, n_features), default=None
    Rows to judge epochs by, instead of a fraction held out of `X`.

Returns
-------
self : object
    The fitted estimator.
"""

DISPLAY = """
Parameters
----------
X : object
    Rows, as the estimator takes them.
inputs : Inputs, default=None
    Fitted kind of data; None for tables and rows of numbers.
image_shape : (int, int) or (int, int, int), default=None
    Shape of the images that rows of numbers are.
ax : Axes or None, default=None
    Axes to draw in; None for a new figure.
cmap : str, default="gray"
    Colours of images with one channel.
**options : dict
    Further parameters of `plot`.

Returns
-------
display : object
    The display, drawn.
"""

# Of a display with several panels.
PANELS = DISPLAY.replace(
    "ax : Axes or None, default=None\n    Axes to draw in; None for a new figure.",
    "ax : Axes, ndarray of Axes or None, default=None\n    As of `plot`.",
)
