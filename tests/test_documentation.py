"""What is written is so: examples run, signatures are those of the calls, links lead somewhere, the guide knows every loss."""

import doctest
import inspect
import re
from pathlib import Path

import pytest
from cases import REGISTRY, Function

import fastloss as fl

ROOT = Path(__file__).parent.parent
PUBLIC = [getattr(fl, name) for name in fl.__all__ if name != "__version__"]
LOSSES = {x.name for x in PUBLIC if isinstance(x, fl.Loss)}
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
    assert sorted(fl.losses.__all__) == fl.losses.__all__
    assert len(set(fl.__all__)) == len(fl.__all__)


def named(text):
    return set(re.findall(r"`(\w+)`", text))


@pytest.mark.parametrize("page", ["choosing.md", "table of uses"])
def test_guide_names_every_loss(page):
    """Which loss for what; and, of each, when to use it and when to avoid it."""
    if page == "choosing.md":
        text = (ROOT / "docs" / page).read_text()
    else:
        text = ""
        for path in (ROOT / "docs").glob("*.md"):
            for table in path.read_text().split("| loss | use it | avoid it |")[1:]:
                text += "".join(row for row in table.partition("\n\n")[0].splitlines())
    assert LOSSES - named(text) == set()


def test_readme_s_map_names_losses():
    """And nothing else."""
    table = (ROOT / "README.md").read_text().partition("\n## Which loss\n")[2].partition("\n## ")[0]
    names = named("".join(row for row in table.splitlines() if row.startswith("| ")))
    assert len(names) > 30
    assert names <= LOSSES


def test_readme_s_links():
    """Whole addresses, which hold on the package's page too: of files that are here."""
    home = re.search(r'^Repository = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    raw = home.replace("github.com", "raw.githubusercontent.com")
    links = re.findall(r"\]\((.*?)\)", (ROOT / "README.md").read_text())
    assert len(links) > 20
    for link in links:
        place = link.removeprefix(f"{home}/blob/main/").removeprefix(f"{raw}/main/")
        assert place != link, link
        assert (ROOT / place).is_file(), link


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 120


@pytest.mark.thread_unsafe
def test_readme_examples():
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.failed == 0
    assert result.attempted >= 5
