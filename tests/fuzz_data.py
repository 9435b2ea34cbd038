"""Data of the fuzz test: any dtype, form and content, from a recipe."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp


@dataclass(frozen=True)
class Data:
    """A recipe of data, so that a case can be read and made again."""

    kind: str
    n: int
    d: int
    dtype: str
    values: str
    container: str

    def make(self):
        """Return the data."""
        rng = np.random.default_rng([self.n, self.d, len(self.values)])
        return MAKE[self.kind](self, rng)


VALUES = (
    *("plain",) * 6,
    "nan",
    "inf",
    "huge",
    "huger",
    "tiny",
    "constant",
    "zero",
    "one constant column",
    "repeated",
    "shifted",
    "ends",
)
DTYPES = (
    *("float64",) * 6,
    *("float32",) * 3,
    "float16",
    "longdouble",
    "int8",
    "uint8",
    "int64",
    "uint64",
    "bool",
    "complex128",
    "object",
    "str",
    "datetime64[s]",
)
CONTAINERS = (
    *("array",) * 8,
    *("pandas",) * 2,
    "list",
    "tuple",
    "polars",
    "csr",
    "csc",
    "coo",
    "fortran",
    "readonly",
    "masked",
    "1-d",
    "3-d",
    "5-d",
    "0-d",
    "ragged",
    "series",
    "dict",
    "generator",
    "None",
    "text",
    "words among numbers",
)


def numbers(data, shape, rng):
    """Return an array of numbers of a dtype, with what is wrong with them."""
    X = rng.normal(size=shape)
    flat = X.reshape(-1) if X.size else X
    match data.values:
        case "nan" | "inf":
            flat[::5] = np.nan if data.values == "nan" else -np.inf
        case "huge" | "huger" | "tiny":
            X *= {"huge": 1e30, "huger": 1e300, "tiny": 1e-310}[data.values]
        case "constant" | "zero":
            X[...] = 3.25 if data.values == "constant" else 0.0
        case "one constant column":
            X[..., -1:] = 1e6
        case "repeated":
            X[1:] = X[:1]
        case "shifted":
            X += 1e7
    if data.dtype == "object":
        return X.astype(object)
    if data.dtype == "str":
        return X.astype(str)
    if data.dtype == "bool":
        return X > 0
    dtype = np.dtype(data.dtype)
    if dtype.kind in "iuM":
        with np.errstate(all="ignore"):
            X = np.rint(np.clip(np.nan_to_num(10 * X), -100, 100)).astype(np.int64)
        X = np.abs(X) if dtype.kind == "u" else X
        X = X.astype(dtype)
        if data.values == "ends" and dtype.kind != "M" and X.size:
            X.reshape(-1)[:2] = np.iinfo(dtype).max, np.iinfo(dtype).min
        return X
    with np.errstate(all="ignore"):
        X = X.astype(dtype)
    if data.values == "ends" and X.size and dtype.kind == "f":
        X.reshape(-1)[:2] = np.finfo(dtype).max, np.finfo(dtype).tiny
    return X


def contained(data, X):
    """Return an array in a container."""
    match data.container:
        case "pandas":
            return pd.DataFrame(X, columns=[f"c{j}" for j in range(X.shape[1])])
        case "polars":
            return pl.DataFrame({f"c{j}": X[:, j].tolist() for j in range(X.shape[1])})
        case "list":
            return X.tolist()
        case "tuple":
            return tuple(map(tuple, X.tolist()))
        case "csr" | "csc" | "coo":
            if X.dtype.kind in "fiub" and X.dtype.char not in "eg":
                return getattr(sp, f"{data.container}_array")(X)
        case "fortran":
            return np.asfortranarray(X)
        case "readonly":
            X.flags.writeable = False
        case "masked":
            return np.ma.masked_array(X, mask=np.zeros(X.shape, bool))
        case "1-d":
            return X[:, 0] if X.shape[1] else X.ravel()
        case "3-d":
            return X[:, :, None]
        case "5-d":
            return X[:, :, None, None, None]
        case "0-d":
            return X.sum() if X.dtype.kind in "fiuc" else np.array(None)
        case "ragged":
            return [[1.0, 2.0], [3.0]] * max(data.n, 1)
        case "series":
            return pd.Series(list(X))
        case "dict":
            return {"a": X}
        case "generator":
            return iter(X)
        case "None":
            return None
        case "text":
            return "some text"
        case "words among numbers":
            X = X.astype(object)
            X[:1] = "word"
    return X


def make_rows(data, rng):
    """Rows of numbers."""
    return contained(data, numbers(data, (data.n, data.d), rng))


def make_images(data, rng):
    """Images of 4 x 4."""
    if data.container in ("array", "readonly", "masked", "list"):
        return contained(data, numbers(data, (data.n, 4, data.d + 1), rng))
    return make_rows(data, rng)


def make_sequences(data, rng):
    """Sequences of two columns and of several lengths."""
    if data.container in ("array", "readonly", "3-d"):
        return numbers(data, (data.n, 3, max(data.d - 1, 0)), rng)
    if data.container in ("list", "tuple", "series"):
        lengths = rng.integers(data.container == "tuple", 5, data.n)
        parts = [numbers(data, (k, max(data.d - 1, 0)), rng) for k in lengths]
        return pd.Series(parts) if data.container == "series" else parts
    return make_rows(data, rng)


WORDS = ("", "a", "the cat", "The, cat sat.", "naïve café", "\0", "[UNK]", "x " * 50)


def make_text(data, rng):
    """Texts."""
    texts = [WORDS[i] for i in rng.integers(len(WORDS), size=data.n)]
    match data.values:
        case "nan":
            texts[:1] = [None]
        case "zero":
            texts = [""] * data.n
        case "huge":
            texts = [text * 200 for text in texts]
        case "inf":
            texts[:1] = ["\ud800"]
    match data.container:
        case "pandas":
            return pd.DataFrame({"c": texts})
        case "polars" if data.values != "inf":
            return pl.DataFrame({"c": texts}, schema={"c": pl.String})
        case "series":
            return pd.Series(texts, dtype=object)
        case "array":
            return np.array(texts, dtype=object)
        case "list" | "tuple":
            return texts
    return make_rows(data, rng)


def make_table(data, rng):
    """A table of a number, a category, a boolean and a text."""
    plain = Data("rows", data.n, data.d, data.dtype, data.values, "array")
    number = numbers(plain, (data.n,), rng)
    columns = {
        "a": number,
        "b": rng.integers(3, size=data.n),
        "c": make_text(Data("text", data.n, 1, "", data.values, "list"), rng),
    }
    if data.container in ("polars", "list") and data.values not in ("inf", "nan"):
        return pl.DataFrame({name: list(column) for name, column in columns.items()})
    frame = pd.DataFrame({name: pd.Series(list(v)) for name, v in columns.items()})
    if data.container == "fortran":
        frame["b"] = frame["b"].astype("category")
    if data.container in ("array", "object"):
        return frame.to_numpy(dtype=object)
    if data.container in ("pandas", "fortran", "readonly", "series", "masked"):
        return frame
    return make_rows(data, rng)


MAKE = {
    "rows": make_rows,
    "images": make_images,
    "sequences": make_sequences,
    "text": make_text,
    "table": make_table,
    "blocks": make_table,
}


def labels(how, n):
    """Return labels for `n` rows."""
    return {
        "none": None,
        "few": np.arange(n) % 3 - 1,
        "all": np.arange(n) % 2,
        "words": np.array(["yes", "no"] * n)[:n],
        "short": np.arange(max(n - 1, 0)) % 2,
        "floats": np.linspace(0, 1, n),
        "missing": [None] * n,
        "nan": np.full(n, np.nan),
        "2-d": np.zeros((n, 2)),
    }[how]


def weights(how, n):
    """Return weights for `n` rows."""
    return {
        "ones": np.ones(n),
        "some": np.arange(n) % 2,
        "zero": np.zeros(n),
        "negative": -np.ones(n),
        "nan": np.full(n, np.nan),
        "short": np.ones(n + 1),
        "huge": np.full(n, 1e300),
        "number": 2.0,
        "words": ["a"] * n,
    }[how]
