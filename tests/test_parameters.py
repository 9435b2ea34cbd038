"""Parameters that are declared once: signatures, ranges and documentation."""

import inspect

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone

import skunsup
from skunsup._docstrings import Docstring, completed, documented
from skunsup._parameters import groups, parameter, parameters
from skunsup._sklearn import check_params, integers, range_in_words, reals

ESTIMATORS = [
    cls
    for cls in (getattr(skunsup, name) for name in skunsup.__all__)
    if isinstance(cls, type) and issubclass(cls, BaseEstimator)
]
TRAINED = [c for c in ESTIMATORS if "checkpoint" in inspect.signature(c).parameters]


@parameters
class Size:
    """Size.

    Parameters
    ----------
    width, height : int
        In pixels [1]_.

    References
    ----------
    .. [1] The size paper.
    """

    width: int = parameter([integers(1)], default=3)
    height: int = parameter([integers(1)], default=4)


@parameters
class Box(BaseEstimator, Size):
    """Box, as in [1]_.

    Parameters
    ----------
    depth : int
        Behind the others.

    Attributes
    ----------
    volume_ : int
        Product.

    References
    ----------
    .. [1] The box paper.
    """

    height: int = parameter(default=7)
    depth: int = parameter([integers(2)], default=5, kw_only=False)


def test_a_signature_has_the_parameters_of_all_groups():
    assert str(inspect.signature(Box)) == (
        "(depth: int = 5, *, width: int = 3, height: int = 7) -> None"
    )
    assert clone(Box(2, width=9)).get_params() == {"depth": 2, "width": 9, "height": 7}


def test_a_range_comes_from_where_it_is_declared():
    check_params(Box())
    for wrong in ({"width": 0}, {"height": 0}, {"depth": 1}):
        with pytest.raises(ValueError, match=f"The {next(iter(wrong))!r} parameter"):
            check_params(Box(**wrong))


def test_a_parameter_without_a_range_is_refused():
    with pytest.raises(TypeError, match="Lid gives no range for its parameter lid"):

        @parameters
        class Lid(BaseEstimator):
            lid: int = parameter(default=1)


def test_documentation_is_merged_and_citations_are_renumbered():
    doc = Docstring(Box.__doc__)
    entries = doc.entries("Parameters")
    assert list(entries) == ["depth", "width", "height"]
    assert entries["depth"].startswith("depth : int, default=5\n")
    assert entries["width"].endswith("In pixels [2]_.\n    Range: from 1 up.")
    assert entries["depth"].endswith("Range: from 2 up.")
    assert doc.references() == {"1": "The box paper.", "2": "The size paper."}


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ([integers(1, 10_000), None], "from 1 to 10,000"),
        ([reals(0, None, "left")], "from 0 up"),
        ([reals(0, None, "neither")], "above 0"),
        ([integers(1), reals(0, 0.5, "right")], "from 1 up, or in (0, 0.5]"),
        ([str, None], ""),
    ],
)
def test_ranges_are_in_the_documentation(allowed, words):
    assert range_in_words(allowed) == words


def test_a_range_that_a_description_names_is_not_repeated():
    entry = "share : float\n    Share in (0, 0.5]."
    assert completed(entry, 0.1, "in (0, 0.5]") == (
        "share : float, default=0.1\n    Share in (0, 0.5]."
    )


def test_a_nearer_class_says_what_a_parameter_means():
    @parameters
    class Flat(Box):
        """Flat box.

        Parameters
        ----------
        depth : int
            Ignored.
        """

    assert "Ignored." in Docstring(Flat.__doc__).entries("Parameters")["depth"]
    assert list(Docstring(Flat.__doc__).entries("Attributes")) == ["volume_"]
    assert groups(Flat) == {"Box, as in [1]_": ["depth"], "Size": ["width", "height"]}


def test_a_class_may_have_no_docstring():
    @parameters
    class Bare(Box):
        pass

    assert "Parameters" not in Bare.__doc__
    assert Bare().width == 3


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_each_parameter_is_documented_with_its_default(cls):
    entries = Docstring(cls.__doc__).entries("Parameters")
    signature = inspect.signature(cls).parameters
    assert list(entries) == list(signature)
    for name, described in entries.items():
        default, head = signature[name].default, described.split("\n")[0]
        shown = f'"{default}"' if isinstance(default, str) else repr(default)
        required = default is inspect.Parameter.empty
        assert head.partition(", default=")[2] == ("" if required else shown)


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_each_citation_has_its_reference(cls):
    text = Docstring(cls.__doc__)
    cited = {n for n in range(1, 30) if f"[{n}]_" in cls.__doc__}
    assert {str(n) for n in cited} == set(text.references())


@pytest.mark.parametrize("cls", TRAINED)
def test_parameters_are_checked_before_fit_uses_them(cls):
    given = {"n_clusters": 2} if "Clustering" in cls.__name__ else {}
    model = cls(**given, checkpoint=())
    with pytest.raises(ValueError, match="The 'checkpoint' parameter of"):
        model.fit(np.eye(8), np.arange(8) % 2)


def test_a_function_gets_the_entries_that_its_docstring_lacks():
    @documented("Parameters\n----\nx : int\n    One.\n**options\n    More.\n")
    def scaled(x, y, **options):
        """Scale.

        Parameters
        ----------
        y : int
            Two.
        """

    entries = Docstring(scaled.__doc__).entries("Parameters")
    assert list(entries) == ["x", "y", "**options"]
