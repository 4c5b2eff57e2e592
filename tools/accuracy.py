"""Measure the error of every function, loss, gradient and Hessian in units in the last place, and write the table of the docs.

    python -m pip install -e '.[test]'
    python tools/accuracy.py --json docs/accuracy.json      # some ten minutes
    python tools/accuracy.py --samples 500 --stride 5000    # a quick look

exp, log, log(1 - p) and log(1 + e) are tried with every float32 number of their domains, against NumPy's float64 functions,
which are right to 2^-29 of a float32 unit. Everything else is sampled and compared with 50-digit arithmetic: the formulas
and the inputs are those of the tests. A unit is that of the true value; below the normal numbers it stays that of the smallest.
Where a result is a difference of terms (p - t, log t - log p), which may cancel to nothing, the unit is that of the largest term.
"""

import argparse
import datetime
import json
import sys
from pathlib import Path

import mpmath as mp
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from cases import CASES, exact, sample, ulp_error
from test_accuracy import ELEMENTARY
from test_rows import KINDS, SOFTMAX, as_rows, exact_row, inputs

import fastloss as fl
from fastloss import _backend
from fastloss.bench.report import processor

CHUNK = 1 << 22
EVERY_FLOAT32 = {  # the bits of the domain's ends, and the function in float64
    "exp": (0x80000000, 0xC2D00000, np.exp),  # from -0 to where the result is 0
    "log": (0x00000000, 0x7F800000, np.log),
    "log1m": (0x00000000, 0x3F800000, lambda p: np.log1p(-p)),
    "log1p": (0x00000000, 0x3F800000, np.log1p),
}
FUNCTIONS = {
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(-abs(x))) + max(x, 0),
    "log_sigmoid": lambda x: min(x, 0) - mp.log1p(mp.exp(-abs(x))),
}


class Table:
    """Worst and mean error by function, call, dtype and backend."""

    def __init__(self):
        self.rows = {}

    def add(self, function, call, dtype, backend, errors, where=None):
        """Errors of some inputs; `where` are the inputs themselves."""
        key = (function, call, np.dtype(dtype).name, backend)
        row = self.rows.setdefault(key, {"worst": 0.0, "sum": 0.0, "inputs": 0, "where": None})
        if errors.size and errors.max() >= row["worst"]:
            row["worst"] = float(errors.max())
            row["where"] = None if where is None else repr(float(where[int(errors.argmax())]))
        row["sum"] += float(errors.sum())
        row["inputs"] += int(errors.size)

    def listed(self):
        """As they are written."""
        return [
            dict(zip(("function", "call", "dtype", "backend"), key, strict=True))
            | {
                "worst": round(row["worst"], 2),
                "mean": round(row["sum"] / row["inputs"], 3),
                "inputs": row["inputs"],
                "where": row["where"],
            }
            for key, row in self.rows.items()
        ]


def progress(text):
    print(f"\r{text:100}", end="", file=sys.stderr, flush=True)


def apply(modules, backend, name, x):
    """One of the vector functions themselves."""
    out = np.empty_like(x)
    modules[backend].KERNELS[name].quick(0, x, x, None, "none", out, ())
    return out


def every_float32(table, modules, stride):
    for name, (first, last, function) in EVERY_FLOAT32.items():
        for start in range(first, last + 1, CHUNK * stride):
            progress(f"{name} float32 {(start - first) / (last - first):.0%}")
            bits = np.arange(start, min(start + CHUNK * stride, last + 1), stride, dtype=np.uint32)
            x = bits.view(np.float32)
            with np.errstate(all="ignore"):
                truth = function(x.astype(np.float64))
            unit = np.ldexp(1.0, np.maximum(np.frexp(truth)[1] - 1, -126) - 23)
            for backend in modules:
                result = apply(modules, backend, name, x).astype(np.float64)
                with np.errstate(all="ignore"):
                    error = np.where(result == truth, 0.0, np.abs(result - truth) / unit)
                table.add(name, "value", np.float32, backend, error, x)


def sampled_functions(table, modules, compiled, samples, rng):
    for name, (function, draw) in ELEMENTARY.items():
        progress(f"{name} float64")
        x = draw(rng, samples, float(np.finfo(np.float64).tiny))
        truth = [function(mp.mpf(float(v))) for v in x]
        for backend in compiled:
            table.add(name, "value", np.float64, backend, ulp_error(apply(modules, backend, name, x), truth), x)
    for dtype in (np.float32, np.float64):
        for name, function in FUNCTIONS.items():
            progress(f"{name} {np.dtype(dtype).name}")
            widest = 4.4 if dtype == np.float32 else 6.5
            x = (rng.standard_normal(samples) * np.exp(rng.uniform(-20, widest, samples))).astype(dtype)
            truth = [function(mp.mpf(float(v))) for v in x]
            for backend in modules:
                _backend.select(backend)
                table.add(name, "value", dtype, backend, ulp_error(getattr(fl, name)(x), truth), x)


def losses(table, modules, samples, rng):
    for dtype in (np.float32, np.float64):
        for case in CASES:
            progress(f"{case} {np.dtype(dtype).name}")
            pred, target = sample(case, rng, samples, dtype)
            truths = {call: exact(getattr(case, call), case, pred, target) for call in ("value", "grad", "hess")}
            labels = "" if np.isin(target, (-1, 0, 1)).all() or case.inputs.__name__ == "numbers" else "soft labels"
            parameters = ", ".join([*(f"{k}={v:g}" for k, v in case.parameters.items()), *([labels] if labels else [])])
            name = f"{case.name} ({parameters})" if parameters else case.name
            for backend in modules:
                _backend.select(backend)
                keywords = dict(case.parameters, reduction="none")
                results = {"value": case.loss(pred, target, **keywords)}
                results["grad"], results["hess"] = case.loss.grad_and_hess(pred, target, **keywords)
                for call, truth in truths.items():
                    cancels = case.name == "sigmoid_cross_entropy" and labels and call == "grad"
                    terms = terms_of_sigmoid(case, pred, target) if cancels else None
                    table.add(name, call, dtype, backend, ulp_error(results[call], truth, terms), pred)


def terms_of_sigmoid(case, pred, target):
    """The two terms of its gradient."""
    smoothing, pos_weight = case.parameters["label_smoothing"], case.parameters["pos_weight"]
    t = target.astype(float) + smoothing * (0.5 - target.astype(float))
    with np.errstate(over="ignore"):
        p = 1 / (1 + np.exp(-pred.astype(float)))
    return np.maximum((1 - t) * p, pos_weight * t * (1 - p))


def terms_of_rows(loss, pred, target):
    """The largest terms of value, gradient and Hessian of each row."""
    x, t = pred.astype(float), target.astype(float)
    logs = x - x.max(axis=1, keepdims=True) if loss in SOFTMAX else np.log(x)
    entropy = np.abs(t * np.log(np.where(t > 0, t, 1))).sum(axis=1) if "kl" in loss.name else 0
    value = np.abs(t * logs).sum(axis=1) + entropy
    if loss not in SOFTMAX:
        return value, 0 * x, 0 * x
    p = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    # The sum whose logarithm is taken is at least 1, and is rounded.
    value = np.maximum(value + t.sum(axis=1) * np.log(np.exp(logs).sum(axis=1)), t.sum(axis=1))
    return value, np.maximum(p * t.sum(axis=1, keepdims=True), t), p * t.sum(axis=1, keepdims=True)


def losses_of_rows(table, modules, samples, rng):
    for dtype in (np.float32, np.float64):
        for loss, ids in KINDS:
            name = f"{loss.name} ({'class ids' if ids else 'rows'})"
            progress(f"{name} {np.dtype(dtype).name}")
            for classes in (2, 10, 100):
                pred, target = inputs(loss, rng, max(1, samples // classes // 10), classes, dtype, ids)
                terms = terms_of_rows(loss, pred, as_rows(target, classes))
                truths = [exact_row(loss, x, t) for x, t in zip(pred, as_rows(target, classes), strict=True)]
                for backend in modules:
                    _backend.select(backend)
                    value = loss(pred, target, reduction="none")
                    grad, hess = loss.grad_and_hess(pred, target, reduction="none")
                    results = value, grad.ravel(), hess.ravel()
                    expected = (
                        [t[0] for t in truths],
                        [g for t in truths for g in t[1]],
                        [h for t in truths for h in t[2]],
                    )
                    for call, result, truth, most in zip(
                        ("value", "grad", "hess"), results, expected, terms, strict=True
                    ):
                        # With class ids nothing is subtracted but from the maximum; in a Hessian, p from 1.
                        unit = most.ravel() if not ids or call == "hess" else None
                        table.add(name, call, dtype, backend, ulp_error(result, truth, unit))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000, help="inputs where they are sampled (default 10000)")
    parser.add_argument("--stride", type=int, default=1, help="try every n-th float32 number only")
    parser.add_argument("--backend", action="append", choices=list(_backend.available()), help="default: all")
    parser.add_argument("--only-losses", action="store_true", help="leave the exhaustive part out")
    parser.add_argument("--json", metavar="FILE", help="write the table to a file as well")
    arguments = parser.parse_args()
    modules = {
        name: m for name, m in _backend.available().items() if name in (arguments.backend or _backend.available())
    }
    compiled = {name: m for name, m in modules.items() if name != "numpy"}  # which has exp and log of its own
    config = fl.show_config(mode="dicts")
    table, rng = Table(), np.random.default_rng(0)
    if not arguments.only_losses:
        every_float32(table, compiled, arguments.stride)
    sampled_functions(table, modules, compiled, arguments.samples, rng)
    losses(table, modules, arguments.samples, rng)
    losses_of_rows(table, modules, arguments.samples, rng)
    _backend.select()
    progress("")
    print(f"\r{'function':56} {'call':6} {'dtype':8} {'kernels':10} {'worst':>7} {'mean':>7} {'inputs':>14}")
    for row in table.listed():
        print(
            f"{row['function']:56} {row['call']:6} {row['dtype']:8} {row['backend']:10} {row['worst']:7.2f} "
            f"{row['mean']:7.3f} {row['inputs']:14,}"
        )
    if arguments.json:
        content = {
            "date": datetime.date.today().isoformat(),
            "processor": processor(),
            "numpy": np.__version__,
            "compiler": config["compiler"],
        }
        rows = ",\n".join("  " + json.dumps(row) for row in table.listed())
        text = json.dumps(content, indent=1)[:-2] + f',\n "rows": [\n{rows}\n ]\n}}\n'
        Path(arguments.json).write_text(text)


if __name__ == "__main__":
    main()
