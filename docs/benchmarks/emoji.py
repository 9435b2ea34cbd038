"""Emoji by image and by text: a code of both against a code of each alone.

EmojiOne: 1,820 colour images of 32 x 32 pixels with a name and keywords, in ten
categories. Autoencoders of equal code width learn from the image, from the text (name
and keywords), or from both as blocks, on three quarters of the emoji without their
categories; a logistic regression on the codes then learns the categories of the same
rows, and its accuracy on the others is shown. Variants of skin tone stand on one side
of the split, which is drawn anew for each seed. The code of both is also asked with one
block missing: what a text says of an emoji whose image is not there, and the reverse.
Last, how well one block is restored from the other: error of the image, and share of
the words that are right, against the mean image and the commonest words.

The data are read from the folder given by ``--data`` or by SKUNSUP_DATA. ``--figure``
draws emoji from their texts (below) and writes texts of their images (above)::

    python docs/benchmarks/emoji.py --data DIR --figure emoji.png
"""

import os
from pathlib import Path

import _common
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEEDS = (0, 1, 2)
N_COMPONENTS, STEPS = 64, 3000
TRAINING = {
    "epochs": None,
    "max_steps": STEPS,
    "batch_size": 64,
    "learning_rate_schedule": "cosine",
}
SHOWN = 8


def main():
    """Print the table, and draw the figure where it is asked for."""
    options = _common.parser(__doc__)
    options.add_argument("--data", default=os.environ.get("SKUNSUP_DATA"))
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options.add_argument("--figure", type=Path)
    options = options.parse_args()
    if options.data is None:
        raise SystemExit("Give the folder of the data with --data DIR or SKUNSUP_DATA.")
    X, category, group = load(Path(options.data) / "emojione")
    runs = []
    for seed in options.seeds:
        split = GroupShuffleSplit(1, test_size=0.25, random_state=seed)
        train, test = next(split.split(X, groups=group))
        both, found = measure(X, category, train, test, seed)
        print(seed, found, flush=True)
        runs.append(found)
        if options.figure and seed == options.seeds[0]:
            draw(both, X.iloc[test], options.figure)
    rows = [
        [name, f"{np.mean(values):.4f} ± {np.std(values):.4f}"]
        for name in runs[0]
        for values in [[run[name] for run in runs]]
    ]
    print(_common.table(["", "mean ± deviation"], rows))
    _common.store(options.output, runs=runs)


def load(folder):
    """Return a table of images and texts, categories, and groups of variants."""
    texts = pd.read_csv(folder / "text.csv.gz").fillna("")
    with np.load(folder / "images32.npz") as file:
        images = file["x"]
    words = texts["name"] + " " + texts["keywords"]
    X = pd.DataFrame({"image": list(images), "text": words})
    group = texts["name"].str.replace(r"\s*tone \d", "", regex=True)
    return X, texts["category"].to_numpy(), group.to_numpy()


def kinds():
    """Return the kinds of the two blocks."""
    from skunsup import Images, Text

    return Images(shift=0.05), Text(sequence_length=12, layer="conv", max_tokens=2000)


def measure(X, category, train, test, seed):
    """Return the model of both, and all figures of one split."""
    from skunsup import Autoencoder, Blocks

    image, text = kinds()
    both = Blocks(
        [("image", image, "image"), ("text", text, "text")],
        missing="allow",
        input_dropout=0.4,
        weights="learned",
    )
    seen = X.iloc[train]
    made = {
        name: Autoencoder(N_COMPONENTS, inputs=inputs, random_state=seed, **TRAINING)
        for name, inputs in {"image": image, "text": text, "both": both}.items()
    }
    asked = {
        "image alone": (made["image"], "image", {}),
        "text alone": (made["text"], "text", {}),
        "both": (made["both"], ["image", "text"], {}),
        "both, text missing": (made["both"], ["image", "text"], {"text": None}),
        "both, image missing": (made["both"], ["image", "text"], {"image": None}),
    }
    made["image"].fit(list(seen["image"]))
    made["text"].fit(list(seen["text"]))
    made["both"].fit(seen)
    found = {
        f"accuracy, {name}": probe(model, columns, gone, X, category, train, test)
        for name, (model, columns, gone) in asked.items()
    }
    return made["both"], found | restored(made["both"], X, train, test)


def probe(model, columns, gone, X, category, train, test):
    """Return the accuracy of a linear classifier on codes."""
    given = X.assign(**gone)[columns]
    codes = [
        model.transform(part if gone or isinstance(columns, list) else list(part))
        for part in (given.iloc[train], given.iloc[test])
    ]
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    return float(linear.fit(codes[0], category[train]).score(codes[1], category[test]))


def restored(model, X, train, test):
    """Accuracy with which each block is restored from the other."""
    new = X.iloc[test]
    images = np.stack(new["image"]) / 255
    drawn = np.stack(model.reconstruct(new.assign(image=None))["image"]) / 255
    mean = np.stack(X["image"].iloc[train]).mean(0) / 255
    written = model.reconstruct(new.assign(text=None))["text"]
    words = pd.Series(" ".join(X["text"].iloc[train].str.lower()).split())
    common = set(words.value_counts().index[:4])
    return {
        "error of the image from the text": float(np.square(drawn - images).mean()),
        "error of the mean image": float(np.square(mean - images).mean()),
        "words found from the image": found_words(new["text"], written),
        "words found by the commonest four": found_words(
            new["text"], [" ".join(common)] * len(new)
        ),
    }


def found_words(texts, written):
    """Return the mean share of a text's words that were written."""
    shares = [
        len(set(text.lower().split()) & set(guess.split())) / len(set(text.split()))
        for text, guess in zip(texts, written, strict=True)
    ]
    return float(np.mean(shares))


def draw(model, new, path):
    """Show emoji beside what the model makes of their texts and of their images."""
    import matplotlib.pyplot as plt

    shown = new.sample(SHOWN, random_state=1)
    drawn = model.reconstruct(shown.assign(image=None))["image"]
    written = model.reconstruct(shown.assign(text=None))["text"]
    figure, axes = plt.subplots(2, SHOWN, figsize=(1.5 * SHOWN, 4))
    lines = zip(axes.T, shown["image"], shown["text"], drawn, written, strict=True)
    for (above, below), image, text, guess, words in lines:
        above.imshow(image)
        below.imshow(guess)
        above.set_title("\n".join(words.split()[:4]), fontsize=8)
        below.set_xlabel("\n".join(text.split()[:4]), fontsize=8)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
