"""A release says the same everywhere: the version, which Pythons and NumPy there are, what builds it."""

import re
from pathlib import Path

import pytest

import fastloss as fl

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
tomllib = pytest.importorskip("tomllib", reason="Python 3.11 has it")

if not WORKFLOWS:
    pytest.skip("what is checked is in the repository alone", allow_module_level=True)


@pytest.fixture(scope="module")
def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def read(*names):
    return (ROOT.joinpath(*names)).read_text()


def test_version():
    changelog = re.search(r"^## (\S+)", read("CHANGELOG.md"), flags=re.MULTILINE)[1]
    recipe = re.search(r'version: "(.*)"', read("conda", "recipe.yaml"))[1]
    assert changelog == recipe == fl.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", fl.__version__)
    minor = fl.__version__.rpartition(".")[0]
    assert re.search(rf"^\| {re.escape(minor)} \|", read("docs", "releases.md"), flags=re.MULTILINE)


def test_pythons(pyproject):
    listed = [c.rpartition(":: ")[2] for c in pyproject["project"]["classifiers"] if re.search(r":: 3\.\d+$", c)]
    oldest, newest = listed[0], listed[-1]
    built = re.search(r"cp3\{(.*)\}-\*", pyproject["tool"]["cibuildwheel"]["build"])[1].split(",")
    assert [f"3.{minor}" for minor in built] == [*listed, f"{newest}t"]
    assert pyproject["project"]["requires-python"] == f">={oldest}"
    ci = read(".github", "workflows", "ci.yml")
    assert re.search(r"python: \[(.*)\]", ci)[1] == ", ".join(f'"{version}"' for version in listed)
    assert f'python-version: "{newest}t"' in ci
    assert f"| {oldest} to {newest}, {newest} without the interpreter's lock |" in read("docs", "releases.md")
    assert f"Python {oldest} or newer" in read("README.md")


def test_oldest_numpy(pyproject):
    assert pyproject["project"]["dependencies"] == ["numpy>=2"]
    assert '"numpy==2.0.0"' in read(".github", "workflows", "ci.yml")


def test_recipe_needs_what_the_package_needs(pyproject):
    host = re.search(r"  host:\n(.*?)  run:", read("conda", "recipe.yaml"), flags=re.DOTALL)[1]
    needed = {re.split("[>= ]+", line.strip("- "))[0]: line for line in host.strip().splitlines()}
    for requirement in pyproject["build-system"]["requires"]:
        name, _, version = requirement.partition(">=")
        assert name in needed
        assert name == "numpy" or f">={version}" in needed[name]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned(workflow):
    uses = re.findall(r"uses: (.*)", workflow.read_text())
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
