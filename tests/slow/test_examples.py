"""The examples reach scikit-learn's optima, and what the pages about them show is what they do."""

import doctest
import importlib
import runpy
import sys
from pathlib import Path

import pytest

pytest.importorskip("scipy")
pytest.importorskip("sklearn")

pytestmark = [pytest.mark.slow, pytest.mark.examples]

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ["linear_regression", "binary_classification", "digits"]
CORNERED = {"mae", "hinge"}  # scipy's method, made for smooth functions, stops short of their optimum


@pytest.fixture
def example(request, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    yield importlib.import_module(request.param)
    for name in ("optimum", request.param):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("example", EXAMPLES, indirect=True)
def test_optimum(example):
    page = (ROOT / "docs" / "examples.md").read_text()
    for result in example.results():
        assert abs(result.descent) < 1e-9, result
        assert abs(result.scipy) < (1e-3 if result.name in CORNERED else 1e-9), result
        assert str(result).split(" descent")[0] in page


@pytest.mark.parametrize("example", ["linear_regression"], indirect=True)
def test_outliers(example):
    errors = example.errors()
    page = (ROOT / "docs" / "examples.md").read_text()
    assert errors["mse"] > 3 * errors["huber"] > 3 * errors["mae"] - 3
    assert all(f"{name:22} mean absolute error on sound targets: {error:.1f}" in page for name, error in errors.items())


@pytest.mark.parametrize("page", ["linear", "files"])
def test_pages(page):
    result = doctest.testfile(str(ROOT / "docs" / f"{page}.md"), module_relative=False)
    assert result.failed == 0
    assert result.attempted


@pytest.mark.filterwarnings("error")
def test_tour(tmp_path, monkeypatch, capsys):
    """It keeps what it says of its fits, and runs without a booster."""
    pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.setattr(sys, "argv", ["tour.py", str(tmp_path)])
    told = runpy.run_path(str(ROOT / "examples" / "tour.py"), run_name="__main__")
    sound, squared, huber, tukey = (slope for slope, _ in told["lines"].values())
    assert abs(squared - sound) > 20
    assert abs(huber - sound) < 2.5
    assert abs(tukey - sound) < 1
    by_quantiles, by_width = told["coverage"].values()
    assert all(0.87 < share < 0.95 for share in by_quantiles)
    assert by_width[1] > 0.97
    assert by_width[2] < 0.8
    assert told["total"].compute() == pytest.approx(told["whole"], rel=1e-15)
    if told["precision"]:
        assert min(told["precision"].values()) > 0.3
    else:
        assert "nothing is boosted" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["interval.svg", "losses.svg", "robust.svg"]
