"""The guide's table of conventions: both sides of every line are run, wherever the other library is installed."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import fastloss as fl

PAGE = (Path(__file__).parent.parent / "docs" / "conventions.md").read_text()


def lines_of(peer):
    """The two expressions of each line of a peer's table."""
    section = re.split(r"^##+ ", PAGE, flags=re.MULTILINE)
    table = next(text for text in section if text.startswith(peer + "\n"))
    found = re.findall(r"^\| `(.+?)` \| `(.+?)` \|", table, flags=re.MULTILINE)
    assert len(found) == table.count("\n| ") - 1, "a line that is no pair of expressions"
    return found


@pytest.fixture
def arrays(rng):
    """What the names on the page stand for. Weights do not sum to N, and every class occurs."""
    n = 40
    t = rng.integers(0, 2, n).astype(float)
    ids = rng.permutation(np.arange(n) % 3)
    return {
        "np": np, "fl": fl,
        "pred": 3 * rng.standard_normal(n), "target": 3 * rng.standard_normal(n), "w": rng.uniform(1, 3, n),
        "x": 3 * rng.standard_normal(n), "p": rng.uniform(0.01, 0.99, n), "t": t, "s": 2 * t - 1,
        "X": rng.standard_normal((n, 3)), "P": rng.dirichlet([1, 1, 1], n), "T": rng.dirichlet([1, 1, 1], n),
        "ids": ids, "cw": np.array([3.0, 0.5, 1.0]),
    }  # fmt: skip


def imported(*names):
    """The modules, whatever their imports warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [pytest.importorskip(name, exc_type=ImportError) for name in names]


def agree(peer, theirs, ours, rtol):
    """Each line's left side by their names, its right side by ours."""
    for left, right in lines_of(peer):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = np.asarray(eval(left, theirs), dtype=float)
        np.testing.assert_allclose(result, eval(right, ours), rtol=rtol, atol=rtol, err_msg=left)


def test_pytorch(arrays):
    torch, functional = imported("torch", "torch.nn.functional")
    tensors = {name: torch.from_numpy(x) for name, x in arrays.items() if isinstance(x, np.ndarray)}
    agree("PyTorch", {"F": functional, **tensors}, arrays, 1e-12)


def test_scikit_learn(arrays):
    (metrics,) = imported("sklearn.metrics")
    agree("scikit-learn", {"M": metrics, **arrays}, arrays, 1e-12)


def test_keras(arrays, monkeypatch):
    imported("jax")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    (losses,) = imported("keras.losses")
    agree("Keras", {"L": losses, **arrays}, arrays, 2e-5)  # Keras computes in float32


def test_optax(arrays):
    (losses,) = imported("optax.losses")
    agree("optax", {"L": losses, **arrays}, arrays, 2e-5)  # JAX computes in float32


def test_xgboost(arrays, rng):
    (xgboost,) = imported("xgboost")
    features = rng.standard_normal((40, 3))

    for objective, derivatives in lines_of("XGBoost"):
        chosen = eval(objective)
        label = next(arrays[name] for name in ("target", "ids", "t") if re.search(rf"\b{name}\b", derivatives))
        data = xgboost.DMatrix(features, label)
        settings = {"max_depth": 2, "nthread": 1, "base_score": 0.5, "min_child_weight": 0, "verbosity": 0}
        settings |= {name: value for name, value in chosen.items() if name != "objective"}

        def ours(margin, data, derivatives=derivatives):
            own = arrays | dict.fromkeys(("pred", "x", "X"), margin)
            return tuple(np.asarray(part) for part in eval(derivatives, own))

        start = np.zeros(40 * chosen.get("num_class", 1))
        data.set_base_margin(start)
        theirs = xgboost.train(settings | {"objective": chosen["objective"]}, data, num_boost_round=5)
        custom = xgboost.train(settings, data, num_boost_round=5, obj=ours)
        np.testing.assert_allclose(
            custom.predict(data, output_margin=True),
            theirs.predict(data, output_margin=True),
            rtol=1e-4, atol=1e-4, err_msg=objective,
        )  # fmt: skip
        assert np.ptp(custom.predict(data, output_margin=True)) > 0.5, "nothing was learnt"
