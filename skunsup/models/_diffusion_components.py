"""Principal components that stand for rows of many columns of numbers."""

import numpy as np
from sklearn.decomposition import PCA

LEAST_REST = 1e-4  # of the variance of columns, which components leave
TINY = 1e-12


class Components:
    """Leading principal components of rows, and rows in the range of the data of them.

    Parameters
    ----------
    block : array of shape (n, d)
        Rows.
    weight : array of shape (n,)
        Their weights.
    n_components : int
        How many, at most.
    seed : int
        Seeds the search for directions in many columns.

    Attributes
    ----------
    rest : float
        Mean variance of a column that the components do not explain.
    """

    def __init__(
        self, block: np.ndarray, weight: np.ndarray, n_components: int, seed: int
    ) -> None:
        self.low, self.high = block.min(axis=0), block.max(axis=0)
        share = weight / weight.sum()
        self.mean = (share @ block).astype(np.float32)
        centred = np.sqrt(share * len(block))[:, None] * (block - self.mean)
        width = min(n_components, *block.shape)
        pca = PCA(width, svd_solver="auto", random_state=seed % 2**31)
        self.directions = pca.fit(centred).components_.T.astype(np.float32)
        variances = centred.var(axis=0)
        rest = variances.mean() - pca.explained_variance_.sum() / len(variances)
        self.rest = max(float(rest), LEAST_REST * float(variances.mean()), TINY)

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """Return the components of rows, float64."""
        return ((block - self.mean) @ self.directions).astype(np.float64)

    def rows(self, components: np.ndarray) -> np.ndarray:
        """Return the rows that components stand for, float32."""
        found = components.astype(np.float32) @ self.directions.T + self.mean
        return np.clip(found, self.low, self.high)
