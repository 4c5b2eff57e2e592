"""The guide's table of conventions, run: ``python conventions.py Keras`` compares both sides of every line of Keras's.

Each library gets a process of its own, because JAX forbids those after it to fork.
"""

import importlib
import os
import re
import sys
import warnings
from pathlib import Path

import numpy as np

import fastloss as fl

PAGE = (Path(__file__).parent.parent / "docs" / "conventions.md").read_text()
NEEDS = {
    "PyTorch": ["torch"],
    "Keras": ["keras", "jax"],
    "scikit-learn": ["sklearn"],
    "SciPy": ["scipy"],
    "statsmodels": ["statsmodels"],
    "optax": ["optax"],
    "XGBoost": ["xgboost"],
    "LightGBM": ["lightgbm"],
}
MODULES = {
    "scikit-learn": ("M", "sklearn.metrics"),
    "SciPy": ("O", "scipy.optimize"),
    "statsmodels": ("N", "statsmodels.robust.norms"),
}
N = 40


def lines_of(peer):
    """The two expressions of each line of a peer's table."""
    section = re.split(r"^##+ ", PAGE, flags=re.MULTILINE)
    table = next(text for text in section if text.startswith(peer + "\n"))
    found = re.findall(r"^\| `(.+?)` \| `(.+?)` \|", table, flags=re.MULTILINE)
    assert len(found) == table.count("\n| ") - 1, "a line that is no pair of expressions"
    return found


def arrays():
    """What the names on the page stand for. Weights do not sum to N, and every class occurs."""
    rng = np.random.default_rng(20260101)
    t = rng.integers(0, 2, N).astype(float)
    ids = rng.permutation(np.arange(N) % 3)
    return {
        "pred": 3 * rng.standard_normal(N), "target": 3 * rng.standard_normal(N), "w": rng.uniform(1, 3, N),
        "x": 3 * rng.standard_normal(N), "p": rng.uniform(0.01, 0.99, N), "t": t, "s": 2 * t - 1,
        "X": rng.standard_normal((N, 3)), "P": rng.dirichlet([1, 1, 1], N), "T": rng.dirichlet([1, 1, 1], N),
        "frames": rng.standard_normal((N, 5, 3)), "labels": rng.integers(1, 3, (N, 2)),
        "ids": ids, "onehot": np.eye(3)[ids], "cw": np.array([3.0, 0.5, 1.0]),
    }  # fmt: skip


def compare(peer, theirs, tolerance):
    """Each line's left side by their names, its right side by ours."""
    ours = {"np": np, "fl": fl, **arrays()}
    for left, right in lines_of(peer):
        result = np.asarray(eval(left, theirs), dtype=float)
        np.testing.assert_allclose(result, eval(right, ours), rtol=tolerance, atol=tolerance, err_msg=left)


def compare_trees():
    """XGBoost's objectives, and ours in their place: the predictions of what they grow."""
    import xgboost

    features = np.random.default_rng(1).standard_normal((N, 3))
    given = {"np": np, "fl": fl, **arrays()}
    for left, right in lines_of("XGBoost"):
        chosen = eval(left)
        objective = chosen.pop("objective")
        label = next(given[name] for name in ("target", "ids", "t", "p") if re.search(rf"\b{name}\b", right))
        data = xgboost.DMatrix(features, label, base_margin=np.zeros(N * chosen.get("num_class", 1)))
        settings = {"max_depth": 2, "nthread": 1, "min_child_weight": 0, "verbosity": 0, **chosen}

        def ours(margin, data, right=right):
            return tuple(np.asarray(part) for part in eval(right, given | dict.fromkeys(("pred", "x", "X"), margin)))

        grown = [
            xgboost.train(settings | {"objective": objective}, data, num_boost_round=5),
            xgboost.train(settings, data, num_boost_round=5, obj=ours),
        ]
        theirs, same = (trees.predict(data, output_margin=True) for trees in grown)
        np.testing.assert_allclose(same, theirs, rtol=1e-4, atol=1e-4, err_msg=left)
        assert np.ptp(same) > 0.2, "nothing was learnt"


def compare_leaves():
    """The same of LightGBM's."""
    import lightgbm

    features = np.random.default_rng(1).standard_normal((N, 3))
    given = {"np": np, "fl": fl, **arrays()}
    settings = {"num_leaves": 4, "min_data_in_leaf": 1, "boost_from_average": False, "num_threads": 1, "verbosity": -1}
    for left, right in lines_of("LightGBM"):
        label = next(given[name] for name in ("target", "t") if re.search(rf"\b{name}\b", right))

        def ours(margin, data, right=right):
            return tuple(np.asarray(part) for part in eval(right, given | dict.fromkeys(("pred", "x"), margin)))

        grown = [
            lightgbm.train(settings | chosen, lightgbm.Dataset(features, label), num_boost_round=5)
            for chosen in (eval(left), {"objective": ours})
        ]
        theirs, same = (trees.predict(features, raw_score=True) for trees in grown)
        np.testing.assert_allclose(same, theirs, rtol=1e-4, atol=1e-4, err_msg=left)
        assert np.ptp(same) > 0.5, "nothing was learnt"


def main(peer):
    """Run a peer's table. JAX, and so Keras and optax, compute in float32."""
    warnings.simplefilter("ignore")
    os.environ["KERAS_BACKEND"] = "jax"
    if peer == "PyTorch":
        import torch

        tensors = {name: torch.from_numpy(x) for name, x in arrays().items()}
        compare(peer, {"F": torch.nn.functional, **tensors}, 1e-12)
    elif peer in MODULES:
        name, module = MODULES[peer]
        compare(peer, {name: importlib.import_module(module), **arrays()}, 1e-12)
    elif peer == "XGBoost":
        compare_trees()
    elif peer == "LightGBM":
        compare_leaves()
    else:
        losses = importlib.import_module(f"{peer.lower()}.losses")
        compare(peer, {"L": losses, "np": np, **arrays()}, 2e-5)


if __name__ == "__main__":
    main(sys.argv[1])
