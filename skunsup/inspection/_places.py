"""Places of codes on a map, and the label that most rows of a place have."""

from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from skunsup.inspection._figures import check_choice, styles
from skunsup.inspection._groups import Colouring


def as_codes(codes: Any) -> np.ndarray:
    """Return codes as an array; raise ValueError where they have no columns."""
    found = np.asarray(codes.to_numpy() if hasattr(codes, "to_numpy") else codes, float)
    if found.ndim != 2 or not found.size:
        raise ValueError(
            f"codes has shape {found.shape}, but expected (n_samples, n_components), "
            "with one row at least."
        )
    return found


def placed(codes: np.ndarray, components: Any) -> tuple[np.ndarray, list[str]]:
    """Return the place of each row on the map, and the names of the axes.

    Raises
    ------
    ValueError
        If there is no such component.
    """
    n, width = codes.shape
    if isinstance(components, str):
        check_choice(components, ("pca",), "components")
    elif components is not None:
        chosen = [int(c) for c in np.ravel(components)]
        if len(chosen) != 2 or min(chosen) < 0 or max(chosen) >= width:
            raise ValueError(
                f"components={components!r}, but codes have {width} components. Give "
                f"two numbers from 0 to {width - 1}, or 'pca'."
            )
        return codes[:, chosen], [f"component {c}" for c in chosen]
    if width < 3 and components is None:
        return codes, [f"component {c}" for c in range(width)]
    if n < 2 or width == 1:  # too few for principal components
        return codes[:, :2], [f"component {c}" for c in range(min(width, 2))]
    pca = PCA(2, random_state=0).set_output(transform="default").fit(codes)
    shares = np.nan_to_num(pca.explained_variance_ratio_)
    names = [
        f"principal component {i + 1} ({share:.0%} of variance)"
        for i, share in enumerate(shares)
    ]
    return pca.transform(codes), names


def most_frequent(ax: Any, places: np.ndarray, groups: Colouring) -> Any:
    """Draw hexagons in the colour of the label that most of their rows have."""
    from matplotlib.colors import ListedColormap

    assert groups.names is not None
    n = len(groups.names)
    looks = styles(n)
    drawn = ax.hexbin(
        *places.T,
        groups.values,
        gridsize=60,
        reduce_C_function=lambda inside: int(np.bincount(inside).argmax()),
        cmap=ListedColormap([colour for colour, _ in looks]),
        vmin=-0.5,
        vmax=n - 0.5,
    )
    drawn.set_edgecolor("face")
    for name, (colour, _) in zip(groups.names, looks, strict=True):
        ax.scatter([], [], color=colour, marker="h", label=name)
    return drawn
