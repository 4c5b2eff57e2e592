"""What is written is so: examples run, signatures are those of the calls, the README knows every loss."""

import doctest
import inspect
import re
from pathlib import Path

import pytest
from cases import REGISTRY, Function

import fastloss as fl

ROOT = Path(__file__).parent.parent
PUBLIC = [getattr(fl, name) for name in fl.__all__ if name != "__version__"]
SECTIONS = ["Parameters", "Returns", "Raises", "References", "Examples"]


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("thing", [*PUBLIC, fl], ids=lambda x: getattr(x, "__name__", str(x)))
def test_examples(thing):
    finder = doctest.DocTestParser()
    test = finder.get_doctest(thing.__doc__ or "", {}, getattr(thing, "__name__", "?"), None, 0)
    result = doctest.DocTestRunner().run(test)
    assert result.failed == 0
    assert result.attempted or thing is fl.Loss


@pytest.mark.parametrize(
    "thing",
    [x for x in PUBLIC if isinstance(x, (fl.Loss, Function))],
    ids=lambda x: x.name,
)
def test_docstring_has_every_section(thing):
    for section in SECTIONS:
        if section == "Raises" and "Raises" not in thing.__doc__:
            pytest.fail("no section on errors")
        assert f"\n{section}\n{'-' * len(section)}" in inspect.cleandoc(thing.__doc__), section
    for name in getattr(thing, "parameters", {}):
        assert re.search(rf"^(\w+, )*{name}(, \w+)* ?:? ?", thing.__doc__, re.MULTILINE), name


@pytest.mark.parametrize("loss", [getattr(fl, name) for name in REGISTRY], ids=lambda x: x.name)
def test_signature(loss):
    names = list(inspect.signature(loss).parameters)
    assert names == ["pred", "target", *loss.parameters, "sample_weight", "reduction", "out"]
    for name, parameter in loss.parameters.items():
        assert inspect.signature(loss).parameters[name].default == parameter.default


def test_everything_is_exported():
    for name, loss in REGISTRY.items():
        assert getattr(fl, name) is loss
        for alias in loss.aliases:
            assert getattr(fl, alias) is loss
    assert sorted(fl.__all__) == fl.__all__


def test_readme_lists_every_loss():
    readme = (ROOT / "README.md").read_text()
    for loss in REGISTRY.values():
        for name in (loss.name, *loss.aliases):
            assert f"`{name}`" in readme, name


@pytest.mark.thread_unsafe
def test_readme_examples():
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.failed == 0
    assert result.attempted >= 5
