"""Numbers of a table, brought to mean 0 and variance 1."""

import numpy as np
from sklearn.preprocessing import QuantileTransformer

MOST_QUANTILES = 1000
LARGEST = float(np.finfo(np.float32).max)
ROUNDING = 2 * float(np.finfo(np.float32).eps)


class NumberScale:
    """Numbers to mean 0 and variance 1, and back into the range they came from.

    Parameters
    ----------
    numbers : array of shape (n, k), float64
        NaN where missing; none of the columns is all NaN.
    kind : {"standard", "quantile"}
        As `Table.scaling`.
    """

    def __init__(self, numbers: np.ndarray, kind: str) -> None:
        # Sorted, so that the order of rows changes no sum in its last digit.
        numbers = np.sort(numbers, axis=0)
        self.quantiles: QuantileTransformer | None = None
        if not numbers.shape[1]:
            self.low = self.high = self.mean = self.scale = np.zeros(0)
            return
        self.low, self.high = np.nanmin(numbers, axis=0), np.nanmax(numbers, axis=0)
        if kind == "quantile":
            self.quantiles = QuantileTransformer(
                n_quantiles=min(len(numbers), MOST_QUANTILES),
                output_distribution="normal",
                subsample=None,
            ).set_output(transform="default")
            numbers = np.sort(self.quantiles.fit_transform(numbers), axis=0)
        constant = self.low == self.high
        self.mean = np.where(constant, numbers[0], np.nanmean(numbers, axis=0))
        scale = np.nanstd(numbers, axis=0)
        flat = ~constant & (scale == 0)  # the squares of tiny numbers are zero
        if flat.any():
            span = self.high[flat] - self.low[flat]
            scale[flat] = np.nanstd(numbers[:, flat] / span, axis=0) * span
        self.scale = np.where(constant | (scale == 0), 1.0, scale)

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        """Return scaled numbers, float32, NaN where missing."""
        if self.quantiles is not None:
            numbers = self.quantiles.transform(numbers)
        scaled = (numbers - self.mean) / self.scale
        return np.clip(scaled, -LARGEST, LARGEST).astype(np.float32)

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """Return numbers, float64, of scaled ones."""
        numbers = scaled.astype(np.float64) * self.scale + self.mean
        if self.quantiles is not None:
            numbers = self.quantiles.inverse_transform(numbers)
            return np.clip(numbers, self.low, self.high)
        numbers = np.clip(numbers, self.low, self.high)
        # Frequent ends, such as 0, shall come back as they are.
        for end in (self.low, self.high):
            rounding = ROUNDING * (np.abs(end - self.mean) + self.scale)
            numbers = np.where(np.abs(numbers - end) <= rounding, end, numbers)
        return numbers
