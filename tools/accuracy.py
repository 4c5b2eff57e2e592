"""Measure the error of every function, loss, gradient and Hessian in units in the last place, and write the table of the docs.

    python -m pip install -e '.[test]'
    python tools/accuracy.py --json docs/accuracy.json      # some twenty minutes
    python tools/accuracy.py --samples 500 --stride 5000    # a quick look

exp, log, log(1 - p) and log(1 + e) are tried with every float32 number of their domains, sigmoid, softplus and log_sigmoid with
every one of 2^-30 <= |x| <= 104 (below they are what they are at 0, above a constant or x), against NumPy's float64 functions,
which are right to 2^-28 of a float32 unit. In float64 the same functions are sampled densely, against formulas in long double
where that has 64 bits, and a search for worse inputs starts from the worst: what it finds is not in the mean.
Everything else is sampled and compared with 50-digit arithmetic. The formulas and the inputs are those of the tests; rows of nearly
equal logits, with one class far ahead, and of nearly equal distributions come on top.
A unit is that of the true value; below the normal numbers it stays that of the smallest. Where a result is a difference of
terms (p - t, log t - log p), which may cancel to nothing, the unit is that of the largest term.
"""

import argparse
import datetime
import itertools
import json
import sys
from pathlib import Path

import mpmath as mp
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from cases import CASES, ROW_WAYS, SOFTMAX, VECTOR_FUNCTIONS, as_rows, distributions, row_inputs, sample
from sample import Sample
from truths import FUNCTIONS as DEFINED
from truths import POINTS, digits, exact, exact_rows, num, ulp_error
from truths_alignments import ctc
from truths_more import NEW, ROOTS, cox, more_batch, of_batch
from truths_structured import embeddings, listmle, pairwise_logistic, supcon, triplet

import fastloss as fl
from fastloss._core import backend as _backend
from fastloss.bench.report import processor

CHUNK = 1 << 22
DENSE, STARTS, ROUNDS, TRIES = (
    1000,
    64,
    40,
    500,
)  # of the search in float64: inputs for each sample, and what it keeps and tries
MODERATE = [(0x30800000, 0x42D00000), (0xB0800000, 0xC2D00000)]  # 2^-30 ... 104 and -2^-30 ... -104
EVERY_FLOAT32 = {  # the bits of the domain's ends
    "exp": [(0x80000000, 0xC2D00000)],  # from -0 to where the result is 0
    "log": [(0x00000000, 0x7F800000)],
    "log1m": [(0x00000000, 0x3F800000)],
    "log1p": [(0x00000000, 0x3F800000)],
    "sigmoid": MODERATE,
    "softplus": MODERATE,
    "log_sigmoid": MODERATE,
}
WIDER = {  # the functions in a dtype that is wider than the result's
    "exp": np.exp,
    "log": np.log,
    "log1m": lambda p: np.log1p(-p),
    "log1p": np.log1p,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0),
    "log_sigmoid": lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),
}
DOMAINS = {"exp": (-800, 0), "log": (0, np.inf), "log1m": (0, 1 - 2.0**-53), "log1p": (0, 1)}
FUNCTIONS = {name: DEFINED[name] for name in ("sigmoid", "softplus", "log_sigmoid")}
LOGITS = {  # the numbers of classes, and rows of them
    "spread": ((2, 10, 100, 1000), lambda rng, shape: 3 * rng.standard_normal(shape)),
    "nearly equal": ((1000, 50_257), lambda rng, shape: 0.02 * rng.standard_normal(shape)),
    "one far ahead": (
        (2, 10, 100, 1000),
        lambda rng, shape: np.where(np.arange(shape[1]), -rng.uniform(10, 80, shape), 0),
    ),
}


class Table:
    """Worst and mean error by function, call, dtype and backend."""

    def __init__(self):
        self.rows = {}

    def add(self, function, call, dtype, backend, errors, where=None, searched=False):
        """Errors of some inputs; `where` are the inputs themselves. Those that were searched for are not in the mean."""
        key = (function, call, np.dtype(dtype).name, backend)
        row = self.rows.setdefault(key, {"worst": 0.0, "sum": 0.0, "inputs": 0, "where": None})
        errors = np.where(np.isnan(errors), np.inf, errors)
        if errors.size and errors.max() >= row["worst"]:
            row["worst"] = float(errors.max())
            row["where"] = None if where is None else repr(float(where[int(errors.argmax())]))
        if not searched:
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


def unit_of(truth, dtype):
    """The unit in the last place of numbers that come in a wider dtype."""
    info = np.finfo(dtype)
    return np.ldexp(truth.dtype.type(1), np.maximum(np.frexp(truth)[1] - 1, info.minexp) - info.nmant)


def units(result, truth, unit):
    with np.errstate(all="ignore"):
        error = np.abs(result - truth) / unit
    error[result == truth] = 0  # infinities too
    return error.astype(float, copy=False)


def apply(modules, backend, name, x):
    """One of the functions, or of the vector functions that only the kernels have."""
    if name in FUNCTIONS:
        _backend.select(backend)
        return getattr(fl, name)(x)
    out = np.empty_like(x)
    modules[backend].KERNELS[name].quick(0, x, x, None, "none", out, ())
    return out


def wider(name, x, dtype):
    with np.errstate(all="ignore"):
        return WIDER[name](x.astype(dtype))


def every_float32(table, modules, compiled, stride):
    for name, ranges in EVERY_FLOAT32.items():
        for first, last in ranges:
            for start in range(first, last + 1, CHUNK * stride):
                progress(f"{name} float32 {(start - first) / (last - first):.0%}")
                bits = np.arange(start, min(start + CHUNK * stride, last + 1), stride, dtype=np.uint32)
                x = bits.view(np.float32)
                truth = wider(name, x, np.float64)
                unit = unit_of(truth, np.float32)
                for backend in modules if name in FUNCTIONS else compiled:
                    errors = units(apply(modules, backend, name, x), truth, unit)
                    table.add(name, "value", np.float32, backend, errors, x)


def draw(name, rng, n, dtype):
    """Inputs of a function: those of the tests, and numbers of every exponent."""
    info = np.finfo(dtype)
    if name in VECTOR_FUNCTIONS:
        return VECTOR_FUNCTIONS[name](rng, n, float(info.tiny)).astype(dtype)
    moderate = rng.standard_normal(n) * np.exp(rng.uniform(-20, 4.4 if dtype == np.float32 else 6.5, n))
    every = rng.choice([-1.0, 1.0], n) * np.exp2(rng.uniform(info.minexp - info.nmant, info.maxexp, n))
    return np.concatenate([moderate, every]).astype(dtype)


def sampled_functions(table, modules, compiled, samples, rng):
    for dtype in (np.float32, np.float64):
        for name in [*(VECTOR_FUNCTIONS if dtype == np.float64 else ()), *FUNCTIONS]:
            progress(f"{name} {np.dtype(dtype).name}")
            x = draw(name, rng, samples, dtype)
            truth = [DEFINED[name](mp.mpf(float(v))) for v in x]
            for backend in modules if name in FUNCTIONS else compiled:
                table.add(name, "value", dtype, backend, ulp_error(apply(modules, backend, name, x), truth), x)


def searched_functions(table, modules, compiled, samples, rng):
    """In float64: many samples, and a search around the worst of them."""
    if np.finfo(np.longdouble).nmant < 63:
        return
    for name in WIDER:
        worst = {backend: np.empty(0) for backend in (modules if name in FUNCTIONS else compiled)}

        def add(backend, x, truth, unit, name=name, searched=False):
            errors = units(apply(modules, backend, name, x), truth, unit)
            table.add(name, "value", np.float64, backend, errors, x, searched)
            return x[np.argpartition(errors, -STARTS)[-STARTS:]]

        for n in range(0, samples * DENSE, CHUNK // 8):
            progress(f"{name} float64 {n / (samples * DENSE):.0%}")
            x = draw(name, rng, max(STARTS, min(CHUNK // 8, samples * DENSE - n)), np.float64)
            truth = wider(name, x, np.longdouble)
            unit = unit_of(truth, np.float64)
            for backend, found in worst.items():
                worst[backend] = np.append(found, add(backend, x, truth, unit))
        for backend, x in worst.items():
            for _ in range(ROUNDS):  # steps from half of a number down to its last bit
                size = (TRIES, x.size)
                steps = rng.standard_normal(size) * np.exp2(-rng.uniform(1, 52, size))
                near = np.clip(np.append(x, x * (1 + steps)), *DOMAINS.get(name, (-np.inf, np.inf)))
                near = np.unique(near)
                truth = wider(name, near, np.longdouble)
                x = add(backend, near, truth, unit_of(truth, np.float64), searched=True)


def exact_functions(x, some):
    """logsumexp of a row and the larger of its two terms; softmax and log_softmax of some of its classes."""
    x = [mp.mpf(float(v)) for v in x]
    top = max(x)
    total = mp.fsum(mp.exp(v - top) for v in x)
    log = mp.log(total)
    below = [x[i] - top for i in some]
    return top + log, max(abs(top), log), [mp.exp(v) / total for v in below], [v - log for v in below]


def functions_of_rows(table, modules, samples, rng):
    for dtype in (np.float32, np.float64):
        for kind, (widths, make) in LOGITS.items():
            for classes in widths:
                progress(f"logsumexp, softmax, log_softmax of {classes} ({kind}) {np.dtype(dtype).name}")
                x = make(rng, (max(4, samples // classes // 2), classes)).astype(dtype)
                some = rng.choice(classes, min(classes, 250), replace=False)
                if kind == "one far ahead":
                    some[0] = 0
                sums, terms, *others = zip(*(exact_functions(row, some) for row in x), strict=True)
                shares, logs = ([v for row in rows for v in row] for rows in others)
                for backend in modules:
                    _backend.select(backend)
                    for name, result, truth, unit in (
                        ("logsumexp", fl.logsumexp(x), sums, terms),
                        ("softmax", fl.softmax(x)[:, some].ravel(), shares, None),
                        ("log_softmax", fl.log_softmax(x)[:, some].ravel(), logs, None),
                    ):
                        table.add(f"{name} ({kind})", "value", dtype, backend, ulp_error(result, truth, unit))


def losses(table, modules, samples, rng):
    for dtype in (np.float32, np.float64):
        for case in CASES:
            progress(f"{case} {np.dtype(dtype).name}")
            pred, target = sample(case, rng, samples, dtype)
            truths = dict(zip(("value", "grad", "hess"), exact(case, pred, target), strict=True))
            labels = (
                ""
                if np.isin(target, (-1, 0, 1)).all() or case.inputs.__name__ in ("numbers", "counts", "amounts")
                else "soft labels"
            )
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
        for loss, ids in ROW_WAYS:
            name = f"{loss.name} ({'class ids' if ids else 'rows'})"
            progress(f"{name} {np.dtype(dtype).name}")
            for classes in (2, 10, 100):
                pred, target = row_inputs(loss, rng, max(1, samples // classes // 10), classes, dtype, ids)
                terms = terms_of_rows(loss, pred, as_rows(target, classes))
                truths = exact_rows(loss, ids, pred, target)
                for backend in modules:
                    _backend.select(backend)
                    value = loss(pred, target, reduction="none")
                    grad, hess = loss.grad_and_hess(pred, target, reduction="none")
                    results = value, grad.ravel(), hess.ravel()
                    expected = (
                        [t.value for t in truths],
                        [g for t in truths for g in t.grad],
                        [h for t in truths for h in t.hess],
                    )
                    for call, result, truth, most in zip(
                        ("value", "grad", "hess"), results, expected, terms, strict=True
                    ):
                        # With class ids nothing is subtracted but from the maximum; in a Hessian, p from 1.
                        unit = most.ravel() if not ids or call == "hess" else None
                        table.add(name, call, dtype, backend, ulp_error(result, truth, unit))


def nearly_equal_rows(table, modules, samples, rng):
    """Divergences of rows that hardly differ. The unit is that of the larger of Σ t·(w − 1 − log w), w = p/t, and Σ(t − p)."""
    for dtype in (np.float32, np.float64):
        for loss in (fl.kl_divergence, fl.softmax_kl_divergence):
            for difference in (1e-3, 1e-5):
                name = f"{loss.name} (rows that differ by {difference:g})"
                progress(f"{name} {np.dtype(dtype).name}")
                for classes in (2, 10, 100, 1000):
                    target = distributions(rng, max(4, samples // classes // 4), classes)
                    pred = target * (1 + difference * rng.standard_normal(target.shape))
                    pred = np.log(pred) if loss in SOFTMAX else np.minimum(pred / pred.sum(axis=1, keepdims=True), 1)
                    pred, target = pred.astype(dtype), target.astype(dtype)
                    truth = [t.value for t in exact_rows(loss, False, pred, target)]
                    masses = [
                        mp.fsum(map(float, t)) - (1 if loss in SOFTMAX else mp.fsum(map(float, x)))
                        for x, t in zip(pred, target, strict=True)
                    ]
                    terms = [max(abs(v - mass), abs(mass)) for v, mass in zip(truth, masses, strict=True)]
                    for backend in modules:
                        _backend.select(backend)
                        result = loss(pred, target, reduction="none")
                        table.add(name, "value", dtype, backend, ulp_error(result, truth, terms))


def later_losses(table, modules, samples, rng):
    """Those that are not among the cases: one for each sample, or row."""
    named = {case.name for case in CASES}
    for dtype in (np.float32, np.float64):
        for kind in [*NEW, *(kind for kind in POINTS if kind.name not in named)]:
            name = kind.name if kind.target in ("points", "one") else f"{kind.name} ({kind.target})"
            progress(f"{name} {np.dtype(dtype).name}")
            for classes in (5,) if kind.points or kind.target == "one" else (2, 10, 50):
                n = max(4, samples // 4 if kind.points else samples // (8 * classes))
                pred, target = more_batch(kind, n, dtype, int(rng.integers(1 << 30)), classes)
                reduction = "mean" if kind.name in ROOTS else "none"
                with digits(80):
                    truth = of_batch(kind, kind.samples(pred, target), [mp.mpf(1)] * len(pred), reduction)
                for backend in modules:
                    _backend.select(backend)
                    value, grad = kind.loss.value_and_grad(pred, target, reduction=reduction)
                    hess = kind.loss.grad_and_hess(pred, target, reduction=reduction)[1]
                    for call, result, exact_ones in (
                        ("value", np.atleast_1d(dtype(value) if np.ndim(value) == 0 else value), truth.value),
                        ("grad", grad, truth.grad),
                        ("hess", hess, truth.hess),
                    ):
                        table.add(name, call, dtype, backend, exact_ones.units(result))


def structured_losses(table, modules, samples, rng):
    """Those of a whole batch: groups of twelve, sequences; and the cost alone of embeddings."""
    normal = rng.standard_normal
    for dtype, name in itertools.product(
        (np.float32, np.float64), ("cox", "listmle", "pairwise_logistic", "ctc", "supcon", "triplet")
    ):
        progress(f"{name} {np.dtype(dtype).name}")
        for _ in range(max(2, samples // 500)):
            if name in ("supcon", "triplet"):
                pred, target = embeddings(name, 12, int(rng.integers(1 << 30)))
            elif name == "ctc":
                pred, target = normal((5, 3)), np.array([1, 2])
            else:
                pred, target = (
                    2 * normal(12),
                    rng.integers(1, 6, 12) * (1 - 2.0 * (name == "cox") * (rng.random(12) < 0.3)),
                )
            pred, target = pred.astype(dtype), target if target.dtype.kind == "i" else target.astype(dtype)
            truth = STRUCTURED[name](
                [num(v) if np.ndim(v) == 0 else [num(u) for u in v] for v in pred], target.tolist()
            )
            for backend in modules:
                _backend.select(backend)
                loss = getattr(fl, name)
                results = {"value": np.array([dtype(loss(pred, target, reduction="sum"))])}
                results["grad"], results["hess"] = loss.grad_and_hess(pred, target, reduction="sum")
                for call, result in results.items() if isinstance(truth, Sample) else [("value", results["value"])]:
                    true = getattr(truth, call, truth)
                    sizes = getattr(truth, "size" if call == "value" else f"{call}_sizes", None)
                    if call == "value":
                        true, sizes = [true], [sizes] if sizes else None
                    table.add(name, call, dtype, backend, ulp_error(result, true, sizes))


STRUCTURED = {
    "cox": cox,
    "listmle": lambda x, t: listmle(x, t).sample(),
    "pairwise_logistic": lambda x, t: pairwise_logistic(x, t).sample(),
    "ctc": ctc,
    "supcon": lambda x, t: supcon(x, t, num(0.1))[0],
    "triplet": lambda x, t: triplet(x, t)[0],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000, help="inputs where they are sampled (default 10000)")
    parser.add_argument("--stride", type=int, default=1, help="try every n-th float32 number only")
    parser.add_argument("--backend", action="append", choices=list(_backend.available()), help="default: all")
    parser.add_argument("--only-losses", action="store_true", help="leave the exhaustive part and the search out")
    parser.add_argument("--json", metavar="FILE", help="write the table to a file as well")
    arguments = parser.parse_args()
    modules = {
        name: _backend.load(name)
        for name in _backend.available()
        if name in (arguments.backend or _backend.available())
    }
    compiled = {name: m for name, m in modules.items() if name != "numpy"}  # which has exp and log of its own
    config = fl.show_config(mode="dicts")
    table, rng = Table(), np.random.default_rng(0)
    if not arguments.only_losses:
        every_float32(table, modules, compiled, arguments.stride)
        searched_functions(table, modules, compiled, arguments.samples, rng)
    sampled_functions(table, modules, compiled, max(1, arguments.samples // 4), rng)
    losses(table, modules, arguments.samples, rng)
    losses_of_rows(table, modules, arguments.samples, rng)
    functions_of_rows(table, modules, arguments.samples, rng)
    nearly_equal_rows(table, modules, arguments.samples, rng)
    later_losses(table, modules, arguments.samples, rng)
    structured_losses(table, modules, arguments.samples, rng)
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
