"""Charts: what is drawn is what the losses compute, it can be read in grey, and nothing is shown or imported unasked."""

import doctest
import subprocess
import sys

import numpy as np
import pytest
from cases import REGISTRY
from truths_more import COUNTS

import fastloss as fl
from fastloss.__main__ import main

pytestmark = [pytest.mark.slow, pytest.mark.figures]
pyplot = pytest.importorskip("matplotlib.pyplot")
plot = pytest.importorskip("fastloss.plot")

DRAWN = [name for name, loss in REGISTRY.items() if not loss.cost_only] + list(COUNTS)
CERTAIN = [  # take no probability between 0 and 1
    "hinge", "squared_hinge", "perceptron", "logistic", "exponential", "modified_huber", "sigmoid_asymmetric",
    "sparse_categorical_cross_entropy",
]  # fmt: skip
RELATIVE = ["msle", "mape", "smape"]  # to a target of 0 there is none


@pytest.fixture(autouse=True)
def nothing_shown(monkeypatch):
    def show(*arguments, **keywords):
        raise AssertionError("show was called")

    pyplot.switch_backend("agg")
    monkeypatch.setattr(pyplot, "show", show)
    yield
    pyplot.close("all")


def test_import_of_the_package_does_not_import_charts():
    code = "import fastloss, sys; sys.exit('matplotlib' in sys.modules or 'fastloss.plot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_examples():
    result = doctest.testmod(plot)
    assert result.failed == 0
    assert result.attempted >= 8


@pytest.mark.parametrize("name", DRAWN)
def test_curves_are_a_loss_its_slope_and_its_curvature(name):
    """Each derivative that is drawn is the slope of what is drawn before it."""
    of_means = name in COUNTS and COUNTS[name].family.partition(" ")[0] in ("means", "log-means")
    positive = of_means or name in RELATIVE
    for target in (1.0, 0.7) if positive else (1.0, 0.0) if name in CERTAIN else (1.0, 0.0, 0.7):
        left, right = plot.curves(name, target=target)
        x, losses = left.lines[0].get_data()
        again, slopes = right.lines[0].get_data()
        bends = plot.curves(name, target=target, curvature=True)[2].lines[0].get_ydata()
        np.testing.assert_array_equal(x, again)
        assert losses.min() >= 0
        assert np.ptp(losses) > 0.4
        for y, derivative in ((losses, slopes), (slopes, bends)):
            middle = (y[2:] - y[:-2]) / (x[2:] - x[:-2])
            error = np.abs(middle - derivative[1:-1]) / (1 + np.abs(middle))
            assert np.sort(error)[:-5].max() < 0.02, "but for corners"


def test_values():
    """Some points of some lines, by hand."""
    losses = ["mse", "l1", "huber:delta=2", fl.pseudo_huber]
    lines = plot.compare(*losses, span=(-6, 6)).lines
    at_6 = [line.get_ydata()[-1] for line in lines[:4]]
    assert at_6 == pytest.approx([36, 6, 10, 37**0.5 - 1])
    slopes = [line.get_ydata()[-1] for line in plot.compare(*losses, span=(-6, 6), derivative=True).lines[:4]]
    assert slopes == pytest.approx([12, 1, 2, 6 / 37**0.5])
    scores = plot.compare(
        "hinge", "squared_hinge", "sigmoid_cross_entropy", "softmax_cross_entropy", span=(-3, 3)
    ).lines
    at_minus_3 = [line.get_ydata()[0] for line in scores[:4]]
    assert at_minus_3 == pytest.approx([4, 16, np.log1p(np.exp(3)), np.log1p(np.exp(3))])
    both = plot.compare("categorical_cross_entropy", "kl_divergence", target=0.7).lines
    entropy = -0.7 * np.log(0.7) - 0.3 * np.log(0.3)
    np.testing.assert_allclose(both[0].get_ydata() - both[1].get_ydata(), entropy, rtol=1e-12)


def test_where_it_is_drawn():
    figure, axes = pyplot.subplots(1, 3)
    assert plot.compare("mse", ax=axes[0]) is axes[0]
    assert plot.surface("mse", np.eye(2), [1, 2], ax=axes[0]) is axes[0]
    assert list(plot.curves("mse", axes=axes[1:])) == list(axes[1:])
    assert pyplot.get_fignums() == [figure.number]
    assert plot.compare("mse").figure is not figure


def test_lines_differ_without_colours():
    ax = plot.compare(*["mse", "mae", "huber", "pseudo_huber", "huber:delta=2", "huber:delta=0.5"])
    lines = ax.lines[:6]
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 6
    greys = [np.dot(line.get_color()[:3], [0.299, 0.587, 0.114]) for line in lines]
    assert np.diff(greys).min() > 0.04
    assert greys[-1] < 0.75, "too light for paper"


def test_legend_has_formulas():
    figure = plot.compare("huber:delta=2", "mae").figure
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [f"huber (delta=2):  {fl.huber.formula}", f"mae:  {fl.mae.formula}"]
    axes = pyplot.subplots(1, 2)[1]
    plot.curves(["mse"], axes=axes)
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == [f"mse:  {fl.mse.formula}"]
    assert axes[1].get_legend() is None


@pytest.mark.parametrize("name", ["mse", "huber:delta=3", "sigmoid_cross_entropy", "rmse", fl.pseudo_huber])
def test_surface(name, rng):
    """The way only goes down, and ends where the gradient does."""
    X = np.column_stack([np.ones(80), rng.standard_normal(80)])
    y = X @ [1.0, 2.0] + rng.standard_normal(80)
    y = (y > 0).astype(float) if name == "sigmoid_cross_entropy" else y
    ax = plot.surface(name, X, y, start=(-1, 1), steps=200)
    way = ax.lines[0].get_xydata()
    assert way[0].tolist() == [-1, 1]
    loss, parameters = (name, {}) if isinstance(name, fl.Loss) else plot.named(name)
    costs = [loss(X @ w, y, **parameters) for w in way]
    assert np.all(np.diff(costs) < 0)
    assert np.abs(X.T @ loss.grad(X @ way[-1], y, **parameters)).max() < 1e-6
    contours = ax.collections[0]
    assert len(contours.get_paths()) >= 5
    if name == "mse":
        np.testing.assert_allclose(way[-1], np.linalg.lstsq(X, y)[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: plot.compare(), "no loss to draw"),
        (lambda: plot.compare("mse", "hinge"), "mse is drawn against the pred − target but hinge against the score"),
        (lambda: plot.compare("rmse"), "rmse is a cost only"),
        (lambda: plot.compare("mse", span=(1, 1)), r"span is \(1, 1\); it must be two finite numbers"),
        (lambda: plot.compare("mse", span=(np.nan, 1)), r"span is \(nan, 1\)"),
        (lambda: plot.curves("reverse_kl_divergence"), "reverse_kl_divergence has no finite value for a target of 1;"),
        (lambda: plot.compare("hubert"), "there is no loss 'hubert'; did you mean 'huber'?"),
        (lambda: plot.compare("huber:detla=2"), "huber has no keyword 'detla' .it has: delta"),
        (lambda: plot.compare("huber:2"), "'2' must be written keyword=value"),
        (lambda: plot.compare("huber:delta=two"), "delta is 'two', which is not a number"),
        (lambda: plot.compare("huber:delta=-2"), "delta is -2.0; it must satisfy 0 < delta < inf"),
        (lambda: plot.compare("huber:delta=[1]"), "delta must be a real number, not list"),
        (lambda: plot.compare("sparse_categorical_cross_entropy", target=0.5), "target is 0.5; it must be 0 or 1"),
        (lambda: plot.compare("hinge", target=0.5), "target must be -1 or 1"),
        (lambda: plot.surface("mse", np.eye(3), [1, 2, 3]), r"X has shape \(3, 3\)"),
        (lambda: plot.surface("softmax_cross_entropy", np.eye(2), [0, 1]), "takes rows, not scores"),
        (lambda: plot.surface("log_loss", np.eye(2), [0, 1]), "binary_cross_entropy takes probabilities, not scores"),
    ],
)
def test_mistakes(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_command(tmp_path, ending, begins):
    path = tmp_path / f"losses.{ending}"
    main(["plot", "huber", "pseudo_huber", "mse", "mae", "huber:delta=2", "--span", "-5", "5", "-o", str(path)])
    assert path.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["hubert", "-o", "x.png"], "did you mean 'huber'?"),
        (["mse", "-o", "x.jp"], "'jp' is not supported"),
        (["mse", "-o", "/no/such/folder/x.png"], "/no/such/folder"),
        (["mse"], "required: -o"),
    ],
)
def test_mistakes_of_command(arguments, text, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["plot", *arguments])
    assert caught.value.code == 2
    assert text in capsys.readouterr().err
