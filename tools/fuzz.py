"""Fuzz the handling of arguments: whatever a call is given, every backend answers as NumPy's does.

    python -m pip install atheris
    python tools/fuzz.py --seconds 300                      # guided by what the inputs reach of the package's Python code
    python tools/fuzz.py --seconds 300 --engine random      # the same without atheris and without guidance
    python tools/fuzz.py --replay FILE                      # print the call that a file holds, and check it again

An input is a string of bytes, each of which decides one thing about a call: the loss, the arrays' shapes, dtypes, layouts
and containers, what is aliased, the keywords. The first option is always the harmless one, so that short inputs are good
calls. The answer must be one of two:

* a ValueError, TypeError or MemoryError that names an argument, the same in type and text from every backend, with the
  arrays as they were (unless the text says that `out` has been partly written);
* a result of the same type, shape and dtype from every backend, equal to NumPy's but for SLACK units in the last place
  of the precision computed in, and no warning but that of an undefined mean. (Nobody promises the numbers that infinite
  weights give, nor the gradient of an undefined mean.)
"""

import argparse
import collections
import gc
import inspect
import math
import random
import re
import sys
import time
import types
import warnings
from fractions import Fraction
from pathlib import Path

import ml_dtypes
import numpy as np

import fastloss as fl
from fastloss._core import backend as _backend
from fastloss._core.domains import BINARY, SIGN
from fastloss._core.families import RowLoss
from fastloss._core.loss import Loss
from fastloss._core.registry import REGISTRY
from fastloss.functions import Function, RowFunction

SLACK = 64
LENGTH = 64  # bytes of an input at most
BACKENDS = ["numpy", *(name for name in _backend.available() if name != "numpy")]
THINGS = [*REGISTRY.values(), *(x for x in vars(fl).values() if isinstance(x, Function))]
CALLS = ["__call__", "grad", "value_and_grad", "grad_and_hess"]

SHAPES = [
    (3,), (2, 3), (5, 40), (), (0,), (1,), (33,), (2, 3, 4), (3, 0), (0, 3), (3, 1, 5), (2, 3, 4, 2), (200,), (70, 3),
]  # fmt: skip
LARGE = [  # several tiles, several threads
    (3, 1000), (70, 33), (1500, 3), (2, 4100), (5000,), (140_000,), (50_000, 3), (100, 1500),
]  # fmt: skip
DTYPES = [
    np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.int64, np.uint8, np.int8, np.int16, np.uint16, np.int32,
    np.uint32, np.uint64, np.bool_, np.longdouble, ">f4", ">f8", ">f2", ">i8", ">u4", np.complex64, object, "U4", "S4", "m8[s]",
    "M8[s]", "i4,f4",
]  # fmt: skip
VALUES = [
    0.0, -0.0, 1.0, -1.0, 0.5, 2.0, np.nan, np.inf, -np.inf, 1e-45, -5e-324, 1e-8, 3e38, -1e308, 255, 65504, 2**31, 2**53,
    2.0**63,
]  # fmt: skip


class Text(str):
    """A string of another type."""


NUMBERS = [
    0.5, 0.0, 1.0, 0.125, 3, 0.25, 1e-320, 1e-7, 0.49, 1e300, -0.0, -1, np.nan, np.inf, 10**400, -(10**400), np.float16(0.25),
    np.float32(0.1), np.longdouble("1e4000"), np.int64(1), np.uint64(2**64 - 1), True, np.bool_(True), None, "1", b"1", 1j, [],
    [0.5], np.array(0.5), np.array([0.5]), np.float16(np.inf), Fraction(1, 2), ml_dtypes.bfloat16(0.5), Ellipsis,
]  # fmt: skip
INTEGERS = [
    -1, 0, 1, 2, -2, -3, 255, 2**31, 2**63 - 1, -(2**63), 2**63, 10**400, None, True, np.bool_(False), np.int8(-1),
    np.uint64(2**64 - 1), 1.0, np.float64(0), "0", [], (0,), np.array(0), np.array([0]), np.nan, Ellipsis,
]  # fmt: skip
REDUCTIONS = [
    "mean", "sum", "none", "batch_mean", "MEAN", "", None, 0, True, [], {}, b"mean", ("mean",), Text("mean"), Text("none"),
    np.str_("sum"), np.array("mean"), np.array(["mean", "sum"]), np.nan,
]  # fmt: skip
ODDITIES = [
    None, "text", {}, Ellipsis, [[1.0], [1.0, 2.0]], [None], 1j, 10**400, [10**400], b"12345678", range(3),
]  # fmt: skip


class Choices:
    """Decisions, one from each byte; when the bytes are used up, the first option each time."""

    def __init__(self, data):
        self.data = iter(data)

    def byte(self):
        return next(self.data, 0)

    def of(self, options):
        return options[self.byte() % len(options)]

    def rarely(self):
        return self.byte() % 8 == 7


# ---- arrays ----------------------------------------------------------------------------------------------------------


def strided(x):
    wide = np.zeros((*x.shape, 2), x.dtype)
    wide[..., 1] = x
    return wide[..., 1]


def reversed_(x):
    return x[::-1].copy()[::-1] if x.ndim else x


def unaligned(x):
    raw = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    raw[...] = x
    return raw


def read_only(x):
    x.flags.writeable = False
    return x


LAYOUTS = [
    lambda x: x,
    lambda x: x.copy(order="F"),
    strided,
    reversed_,
    lambda x: x if x.dtype.hasobject else unaligned(x),
    read_only,
    lambda x: np.broadcast_to(x[(0,) * x.ndim], x.shape) if x.size else x,
    lambda x: np.concatenate([x.ravel(), x.ravel()])[x.size :].reshape(x.shape),
    lambda x: x.swapaxes(0, -1).copy().swapaxes(0, -1) if x.ndim else x,
]


class Holder:
    """What NumPy can make an array of."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


CONTAINERS = [
    lambda x: x,
    lambda x: x.tolist(),
    Holder,
    lambda x: x.view(np.matrix) if x.ndim == 2 else x,
    lambda x: np.ma.masked_array(x),
    lambda x: memoryview(x) if x.dtype.char in "bBhHiIlLfd" and x.dtype.isnative else x,
    lambda x: x.flat[0] if x.size == 1 else x,
]


class Arrays:
    """Makes a call's arrays, and remembers their memory."""

    def __init__(self, choose):
        self.choose = choose
        self.kept = []

    def numbers(self, role, shape, classes):
        """An array that suits its role, but for one value now and then."""
        choose = self.choose
        rng = np.random.default_rng(choose.byte())
        numbers = {
            "signs": lambda: rng.choice([-1.0, 1.0], shape),
            "labels": lambda: rng.integers(0, 2, shape).astype(float),
            "probabilities": lambda: rng.random(shape),
            "ids": lambda: rng.integers(0, max(classes, 1), shape).astype(float),
            "scores": lambda: rng.standard_normal(shape) * 3,
            "positives": lambda: np.exp(rng.standard_normal(shape)),
        }[role]()
        numbers = np.asarray(numbers)
        if choose.rarely() and numbers.size:
            numbers.flat[choose.byte() % numbers.size] = choose.of(VALUES)
        return numbers

    def array(self, role, shape, classes=1):
        """An array of some dtype and layout."""
        choose = self.choose
        if choose.rarely():
            shape = choose.of([(*shape, 1), shape[:-1], shape[1:], shape[::-1], (*shape[:-1], 7), ()])
        numbers = self.numbers(role, shape, classes)
        dtype = np.dtype(
            choose.of(DTYPES if role != "ids" else ["i8", *DTYPES]) if choose.rarely() else choose.of(USUAL[role])
        )
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = numbers.astype(dtype) if dtype.names is None else np.zeros(shape, dtype)
        array = choose.of(LAYOUTS)(array) if choose.rarely() else array
        self.kept.append(array)
        return array

    def given(self, array):
        """The array as the call gets it."""
        choose = self.choose
        if not choose.rarely():
            return array
        return choose.of(ODDITIES) if choose.rarely() else choose.of(CONTAINERS)(array)

    def output(self, shape, dtype, inputs):
        """Where a result could go, and some places where it cannot."""
        choose = self.choose
        if choose.rarely():
            return choose.of([[0.0, 0.0, 0.0], "out", 1.0, (), Ellipsis, *inputs])
        if choose.rarely():
            shape = choose.of([(*shape, 1), shape[:-1], (7,), ()])
        if choose.rarely():
            dtype = np.dtype(choose.of(DTYPES))
        out = np.full(shape, None if dtype.hasobject else 0, dtype)
        if choose.rarely():
            out = choose.of(LAYOUTS)(out)
        if choose.rarely() and inputs[0].ndim and inputs[0].shape[0] > 1:
            out = inputs[0][::-1]
        if choose.rarely():
            out = choose.of(
                [out.view(np.matrix) if out.ndim == 2 else out, np.ma.masked_array(out), out[:0] if out.ndim else out]
            )
        self.kept.append(out)
        return out


USUAL = {
    "signs": [np.float64, np.float32, np.int8],
    "labels": [np.float64, np.float32, np.bool_, np.int64],
    "probabilities": [np.float64, np.float32],
    "ids": [np.int64, np.int32, np.uint8, np.uint64, np.int8],
    "scores": [np.float64, np.float32],
    "positives": [np.float64, np.float32],
}


# ---- a call ----------------------------------------------------------------------------------------------------------


class Call:
    """The call that some bytes stand for, its arrays made anew."""

    def __init__(self, data):
        choose = Choices(data)
        arrays = Arrays(choose)
        self.thing = choose.of(THINGS)
        self.method = choose.of(CALLS) if isinstance(self.thing, Loss) else "__call__"
        self.arguments, self.keywords = [], {}
        shape = choose.of(LARGE) if choose.rarely() else choose.of(SHAPES)
        axis, classes, rows = None, 1, shape
        if isinstance(self.thing, RowLoss | RowFunction):
            axis = choose.byte() % len(shape) if shape and choose.rarely() else len(shape) - 1
            classes = shape[axis] if shape else 1
            rows = shape[:axis] + shape[axis + 1 :] if shape else ()
            if shape and axis != len(shape) - 1:
                self.keywords["axis"] = axis - len(shape) if choose.rarely() else axis
        pred_role, target_role = self.roles(choose)
        pred = arrays.array(pred_role, shape)
        inputs = [pred]
        if isinstance(self.thing, Loss):
            inputs.append(arrays.array(target_role, rows if target_role == "ids" else shape, classes))
            if choose.rarely():
                inputs[1] = pred
            if choose.byte() % 4 == 3:
                weight = arrays.array("probabilities", rows)
                inputs.append(weight)
                self.keywords["sample_weight"] = arrays.given(weight)
            self.reduction(choose)
            self.own(choose, arrays, classes)
        elif axis is not None and choose.rarely():
            self.keywords["axis"] = choose.of(INTEGERS)
        self.arguments = [arrays.given(x) for x in inputs[:2]]
        if choose.byte() % 4 == 3:
            self.keywords["out"] = self.out(choose, arrays, shape, rows, inputs)
        self.arrays = arrays.kept

    def roles(self, choose):
        """What the losses expect of pred and target."""
        name = self.thing.name
        domains = getattr(self.thing, "domains", {})
        pred = "probabilities" if "pred" in domains or name == "kl_divergence" else "scores"
        if getattr(self.thing, "ids", False) and not (self.thing.rows and choose.byte() % 2):
            return pred, "ids"
        if "target" not in domains:
            return pred, "scores"
        if domains["target"] == SIGN:
            return pred, "signs"
        if domains["target"].contains(np.array([2.0])).all():
            return pred, "positives"
        return pred, "labels" if domains["target"] == BINARY or choose.byte() % 2 else "probabilities"

    def reduction(self, choose):
        if choose.byte() % 2:
            self.keywords["reduction"] = choose.of(REDUCTIONS if choose.rarely() else REDUCTIONS[:4])

    def own(self, choose, arrays, classes):
        """The loss's own keywords, and one that it has not."""
        for name in self.thing.parameters:
            if choose.byte() % 4 < 3 or name in self.keywords:
                continue
            if name == "class_weight":
                weights = arrays.array("probabilities", (classes,))
                self.keywords[name] = arrays.given(weights)
            elif name in ("axis", "ignore_index"):
                self.keywords[name] = choose.of(INTEGERS)
            else:
                self.keywords[name] = choose.of(NUMBERS if choose.rarely() else NUMBERS[:4])
        if choose.rarely() and choose.rarely():
            self.keywords[choose.of(["detla", "delta", "axis", "eps"])] = 1

    def out(self, choose, arrays, shape, rows, inputs):
        pred = inputs[0]
        dtype = (
            pred.dtype.newbyteorder("=") if pred.dtype.kind in "fV" and pred.dtype.names is None else np.dtype(float)
        )
        value = self.method == "__call__" and (isinstance(self.thing, Loss) or self.thing.name == "logsumexp")
        shape = rows if value else shape
        out = arrays.output(shape, dtype, inputs)
        if (self.method == "grad_and_hess") != choose.rarely():
            other = out if choose.rarely() else arrays.output(shape, dtype, inputs)
            out = choose.of([(out, other), [out, other], (out,), (out, None), (out, other, other)])
        return out

    def __str__(self):
        given = [repr_of(x) for x in self.arguments] + [f"{k}={repr_of(v)}" for k, v in self.keywords.items()]
        return f"{self.thing.name}.{self.method}({', '.join(given)})"

    def infinite_weights(self):
        weights = (self.keywords.get(name) for name in ("sample_weight", "class_weight"))
        return any(np.isinf(np.asarray(w, np.float32)).any() for w in weights if w is not None)

    def names(self):
        """What an error may name."""
        return {*inspect.signature(self.thing).parameters, *self.keywords, "out"}


def repr_of(x):
    if isinstance(x, np.ndarray):
        text = np.array2string(x, threshold=20).replace("\n", "")
        return f"{type(x).__name__}({text}, {x.dtype}, shape={x.shape}, strides={x.strides}, writeable={x.flags.writeable})"
    if isinstance(x, tuple | list) and any(isinstance(y, np.ndarray) for y in x):
        return f"{type(x).__name__}({', '.join(repr_of(y) for y in x)})"
    return repr(x)[:200]


# ---- the property ----------------------------------------------------------------------------------------------------


class Answer:
    """What a call gave on one backend."""

    def __init__(self, data, backend):
        _backend.select(backend)
        self.call = Call(data)
        before = [x.tobytes() for x in self.call.arrays]
        self.error, self.result = None, None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                method = getattr(self.call.thing, self.call.method)
                self.result = method(*self.call.arguments, **self.call.keywords)
            except Exception as error:
                self.error = error
        self.warnings = sorted((w.category.__name__, str(w.message)) for w in caught)
        self.changed = [x for x, was in zip(self.call.arrays, before, strict=True) if x.tobytes() != was]

    def check(self):
        """What must be so whatever the other backends say."""
        for category, text in self.warnings:
            assert category == "RuntimeWarning", text
            assert text.startswith("the mean over "), text
        if self.error is not None:
            text = str(self.error)
            assert isinstance(self.error, ValueError | TypeError | MemoryError), repr(self.error)
            assert any(re.search(rf"\b{name}\b", text) for name in self.call.names()) or self.unreadable(), text
            assert not self.changed or "partly written" in text, f"{self.error!r} came after an array was written to"
        else:
            out = self.call.keywords.get("out")
            given = out if isinstance(out, tuple | list) else [out]
            for x in self.changed:
                assert any(isinstance(o, np.ndarray) and np.may_share_memory(o, x) for o in given), (
                    "an input was written to"
                )

    def unreadable(self):
        """Whether the error is NumPy's own, of something that it cannot make an array of."""
        for x in [*self.call.arguments, *self.call.keywords.values()]:
            try:
                np.asarray(x)
            except Exception as error:
                if type(error) is type(self.error) and str(error) == str(self.error):
                    return True
        return False

    def parts(self):
        return self.result if isinstance(self.result, tuple) else (self.result,)


def compare(answer, model):
    """Whether two backends agree."""
    assert type(answer.error) is type(model.error), (answer.error, model.error)
    assert str(answer.error) == str(model.error)
    assert answer.warnings == model.warnings, (answer.warnings, model.warnings)
    if model.error is not None:
        return
    assert type(answer.result) is type(model.result), (answer.result, model.result)
    single = np.asarray(model.call.arguments[0]).dtype.name in ("float16", "bfloat16", "float32")
    for x, y in zip(answer.parts(), model.parts(), strict=True):
        assert type(x) is type(y), (x, y)
        if isinstance(y, np.ndarray):
            assert (x.shape, x.dtype) == (y.shape, y.dtype)
        if not (model.warnings or model.call.infinite_weights()):
            equal(x, y, np.finfo(np.float32 if single else np.float64).eps)


def equal(x, y, precision):
    x, y = (np.asarray(v) for v in (x, y))
    if x.dtype.itemsize == 2:
        precision = float(ml_dtypes.finfo(x.dtype).eps)
    with np.errstate(all="ignore"):
        x, y = x.astype(np.float64), y.astype(np.float64)
        finite = np.isfinite(y)
        slack = SLACK * precision * max(1.0, 4 * math.sqrt(y.size) - 16)  # results may be running sums
        same = (x == y) | (np.isnan(x) & np.isnan(y)) | (finite & (np.abs(x - y) <= slack * (np.abs(y) + 1)))
    if not same.all():
        first = tuple(int(i[0]) for i in np.nonzero(~same)) if same.ndim else ()
        raise AssertionError(f"{first}: {x[first]!r} and {y[first]!r}")


SEEN = collections.Counter()


def check(data):
    """Run the input on every backend; an AssertionError says what was wrong with the answers."""
    data = bytes(data)
    Call(data).thing._last = None  # what the loss remembers of its last call
    model = None
    for backend in BACKENDS:
        answer = Answer(data, backend)
        try:
            answer.check()
            compare(answer, model or answer)
        except AssertionError as error:
            raise AssertionError(f"{error}\non {backend}, by {answer.call}") from None
        model = model or answer
    SEEN["inputs"] += 1
    SEEN["calls"] += len(BACKENDS)
    SEEN[f"raised {type(model.error).__name__}" if model.error else "answered"] += 1
    SEEN["warned"] += bool(model.warnings)


# ---- the command -----------------------------------------------------------------------------------------------------


def guided(options):
    """Let atheris look for inputs that reach new code; it ends the process."""
    import atheris

    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and (thing.__module__ or "").startswith("fastloss"):
            atheris.instrument_func(thing)
    settings = [f"-seed={options.seed}", f"-max_total_time={options.seconds}", f"-max_len={LENGTH}", "-timeout=60"]
    settings += ["-len_control=0", "-artifact_prefix=fuzz-", "-print_final_stats=1", *options.corpus]
    atheris.Setup([sys.argv[0], *settings], check)
    atheris.Fuzz()


def unguided(options):
    """Random inputs for so many seconds."""
    generator = random.Random(options.seed)
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        data = generator.randbytes(generator.randrange(1, LENGTH + 1))
        try:
            check(data)
        except AssertionError:
            Path("fuzz-failure").write_bytes(data)
            print("python tools/fuzz.py --replay fuzz-failure", file=sys.stderr)
            raise


def replay(paths):
    for path in paths:
        data = path.read_bytes()
        print(f"{path}: {Call(data)}", flush=True)
        check(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=["atheris", "random"], default="atheris")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE", help="check these inputs and no others")
    parser.add_argument("corpus", nargs="*", help="folders of inputs to begin with; new ones go to the first")
    options = parser.parse_args()
    if options.replay:
        replay(options.replay)
    else:
        (guided if options.engine == "atheris" else unguided)(options)
    print(*(f"{what}: {count:,}" for what, count in SEEN.items()), sep="\n")


if __name__ == "__main__":
    main()
