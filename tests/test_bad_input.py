"""Every kind of bad input, to every loss, by every call, on every backend: the same words, and all arrays as they were."""

import re
from functools import cache
from itertools import product

import ml_dtypes
import numpy as np
import pytest
from cases import (
    CALLS,
    DTYPES,
    ELEMENTWISE,
    LEVELS,
    OF_ROWS,
    POINTWISE,
    REGISTRY,
    ROW_WAYS,
    WAYS,
    named,
    pairwise,
    row_inputs,
    running,
    select,
)
from numpy.lib.stride_tricks import as_strided

import fastloss as fl

pytestmark = pytest.mark.thread_unsafe
each_way = pytest.mark.parametrize(("loss", "ids"), WAYS, ids=named)
IDS = [loss for loss, ids in ROW_WAYS if ids]


def good(loss, ids, n=6, classes=4, dtype=np.float64):
    """Arguments that the loss accepts, for the test to change."""
    return {name: x.copy() for name, x in drawn(loss, ids, n, classes, dtype).items()}


@cache
def drawn(loss, ids, n, classes, dtype):
    rng = np.random.default_rng(0)
    if loss.name in POINTWISE:
        pred = rng.uniform(0.1, 0.9, (n, 1)).astype(dtype)
        return {"pred": pred, "target": np.ones_like(pred)}
    pred, target = row_inputs(loss, rng, n, classes, np.float32, ids)
    return {"pred": pred.astype(dtype), "target": target if ids else target.astype(dtype)}


def spoiled(array, *values):
    """A copy with bad numbers: the fifth sample's, and those after it."""
    array = np.array(
        array, dtype=np.result_type(array, *map(type, values)) if not isinstance(values[0], str) else object
    )
    array.reshape(len(array), -1)[4 : 4 + len(values), 0] = values
    return array


def outside(loss, place):
    """Numbers outside the domain, unless they are infinite."""
    return [-1.5, -2.5] if loss.domains[place].text == ">= -1" else [1.5, -0.5]


def sides(loss, place):
    """On which the domain ends."""
    return ["below"] if loss.domains[place].text == ">= -1" else ["above", "below"]


def reductions(loss):
    return ("mean", "batch_mean") if loss.cost_only else ("none", "sum", "mean", "batch_mean")


def words(exception, function, *arguments, kept=(), **keywords):
    """What every backend says to a bad call: the same. The arrays `kept` are as they were, unless it says otherwise."""
    before, said = [array.tobytes() for array in kept], set()
    for level in LEVELS:
        select(level)
        with pytest.raises(exception) as caught:
            function(*arguments, **keywords)
        assert type(caught.value) is exception
        said.add(str(caught.value))
        if not str(caught.value).endswith(PARTLY):
            assert [array.tobytes() for array in kept] == before, f"written to by {level}"
    select()
    assert len(said) == 1, said
    return said.pop()


def whole_or_partly(said, text, pred, ids=False):
    """Whether that is what was said; only of a large batch of numbers, that `out` may have been written to."""
    return said == text or (said == text + PARTLY and pred.nbytes > 2048 and not ids)


def refused(exception, text, function, *arguments, **keywords):
    said = words(exception, function, *arguments, **keywords)
    assert text in said, said


def refused_by_every_call(loss, exception, text, arguments, shape):
    """By every reduction too, and with results of this shape to write to, which nobody does."""
    for call, reduction in product(CALLS, reductions(loss)):
        outs = np.full((2, *(shape[:1] if call == "__call__" and loss.name not in POINTWISE else shape)), 7.0)
        given = {"out": tuple(outs) if call == "grad_and_hess" else outs[0]}
        if call == "__call__" and reduction != "none":
            given = {}
        refused(exception, text, getattr(loss, call), kept=[outs], **({"reduction": reduction} | arguments | given))


# ---- one mistake in an argument --------------------------------------------------------------------------------------

BAD_DTYPES = [np.ones(6, complex), np.array([1, None, 2] * 2), np.array(["a", "b", "c"] * 2), np.zeros(6, "m8[s]")]


def mistakes(loss, ids):
    """(name, arguments changed, exception, what its text says)."""
    pred, target = good(loss, ids).values()
    points = loss.name in POINTWISE
    weight = np.ones(pred.shape if points else 6)
    at = "[4, 0]" if pred.ndim == 2 else "[4]"
    if points:
        both = "pred has shape (6, 1) but target has shape {}; they must be equal"
        yield "target's shape", {"target": target[:, 0]}, ValueError, both.format("(6,)")
        yield "target without axes", {"target": 1.0}, ValueError, both.format("()")
        text = "pred has shape (6, 1) but sample_weight has shape (6,); they must be equal"
        yield "weight's shape", {"sample_weight": np.ones(6)}, ValueError, text
    else:
        what = "class ids must have shape (6,)" if ids and not loss.rows else "they must be equal"
        text = f"pred has shape (6, 4) but target has shape (4, 6); {what}"
        yield "target's shape", {"target": np.ones((4, 6), int if ids else float)}, ValueError, text
        text = "pred has shape (6, 4) but sample_weight has shape (6, 4); it must be (6,)"
        yield "weight's shape", {"sample_weight": np.ones((6, 4))}, ValueError, text
        text = "pred has shape (6, 4) but sample_weight has shape (2, 3); it must be (6,)"
        yield "weight's axes", {"sample_weight": np.ones((2, 3))}, ValueError, text
        yield "no axis", {"pred": 1.0, "target": 0}, ValueError, "pred has shape (); it must have an axis of classes"
        text = "pred has shape (6, 0); there are no classes on axis 1"
        yield "no classes", {"pred": np.empty((6, 0)), "target": np.empty((6, 0))}, ValueError, text
    for bad in BAD_DTYPES:
        text = f" has dtype {bad.dtype}; it must be real numbers"
        like = {"pred": pred.shape, "target": target.shape, "sample_weight": weight.shape}
        for name, shape in like.items():
            changed = {name: np.resize(bad, shape)}
            yield f"{name} of {bad.dtype}", changed, TypeError, name + text
    if np.longdouble(0).nbytes > 8:
        text = f"pred has dtype {np.dtype(np.longdouble)}, wider than the float64 that losses are computed in"
        yield "too wide", {"pred": pred.astype(np.longdouble)}, TypeError, text
    for value in (-0.25, np.nan, np.inf):
        where = f"sample_weight{at if weight.ndim == 2 else '[4]'} is {value:g}; sample_weight must be a number >= 0"
        yield f"weight {value}", {"sample_weight": spoiled(weight, value, np.nan)}, ValueError, where
    one_of = "; it must be one of 'none', 'sum', 'mean', 'batch_mean'"
    for reduction in ("median", None, [], {}, np.array(["sum"])):
        yield f"reduction {reduction}", {"reduction": reduction}, ValueError, f"reduction is {reduction!r}{one_of}"
    yield "reduction elsewhere", {"reduction": "average"}, ValueError, f"'average'{one_of} (here it is 'mean')"
    text = f"{loss.name}() got an unexpected keyword argument "
    yield "unknown keyword", {"gamma": 2.0}, TypeError, text + "'gamma'"
    yield "mistyped keyword", {"sampleweight": 2.0}, TypeError, text + "'sampleweight'; did you mean 'sample_weight'?"
    yield "keyword elsewhere", {"y_true": 2.0}, TypeError, text + "'y_true'; here it is target, the second argument"
    if ids:
        for bad in (-1, 4, 2**40):
            text = f"target[4] is {bad}; class ids must be in [0, 4)"
            yield f"id {bad}", {"target": spoiled(target, bad, -5)}, ValueError, text
        text = "class ids must be integers (convert whole numbers with target.astype(int))"
        for dtype in (float, bool):
            changed = target.astype(dtype)
            yield f"ids of {changed.dtype}", {"target": changed}, TypeError, f"target has dtype {changed.dtype}; {text}"
        column = {"target": target[:, None]}
        yield "column of ids", column, ValueError, "(a column of class ids is flattened by target.squeeze(1))"
        column = {"target": target[:, None].astype(float)}
        text = "(a column of class ids is flattened by target.squeeze(1).astype(int))"
        yield "column of ids of floats", column, ValueError, text
        text = "pred has shape (6, 4) but target has shape (5,); class ids must have shape (6,)"
        yield "too few ids", {"target": target[:5]}, ValueError, text
    if "target" in loss.domains and not ids:
        for value in outside(loss, "target"):
            text = f"target{at} is {value:g}; target must be {loss.domains['target'].text}"
            yield f"label {value}", {"target": spoiled(target, value, 3.0)}, ValueError, text
    if "pred" in loss.domains and not ids:
        for value in (*outside(loss, "pred"), -np.inf):
            text = f"pred{at} is {value:g}; pred must be {loss.domains['pred'].text}"
            yield f"probability {value}", {"pred": spoiled(pred, value, 3.0)}, ValueError, text
    for name in loss.parameters:
        if name in ("delta", "margin", "pos_weight", "label_smoothing", "eps", "alpha", "epsilon"):
            bounds = {
                "delta": "0 < delta < inf", "pos_weight": "0 <= pos_weight < inf", "eps": "0 <= eps < 0.5",
                "label_smoothing": "0 <= label_smoothing <= 1", "alpha": "0 < alpha < 1", "epsilon": "0 <= epsilon < inf",
                "margin": "0 <= margin < inf",
            }  # fmt: skip
            outer = {"delta": 0.0, "eps": 0.5, "label_smoothing": np.nextafter(1, 2), "alpha": 1.0}.get(name, np.inf)
            beyond = [-1.0, np.inf, np.nan, outer, -(10**400)]
            if loss.name == "mape":
                bounds["eps"] = "0 <= eps < inf"
                beyond.remove(outer)
            if loss.name == "barron" and name == "alpha":
                bounds["alpha"] = "-inf < alpha < inf"
                beyond = [np.inf, np.nan, -np.inf]
            for value in beyond:
                text = f"{name} is {float(value) if abs(value) < 1e308 else value if value == np.inf else -np.inf}; "
                text = text if value == value else f"{name} is nan; "
                yield f"{name} {value!s:.9}", {name: value}, ValueError, f"{text}it must satisfy {bounds[name]}"
            for value in (
                ("1", True) if loss.parameters[name].per_column else ("1", True, [1.0])
            ):  # a list is for columns
                kind = type(value).__name__
                yield f"{name} of {kind}", {name: value}, TypeError, f"{name} must be a real number, not {kind}"
        elif name == "axis":
            text = "; it must be in [-2, 2) for pred of shape (6, 4)"
            yield "axis", {"axis": 2}, ValueError, f"axis is 2{text}"
            yield "axis < 0", {"axis": -3}, ValueError, f"axis is -3{text}"
            for value in (0.5, True, None):
                text = f"axis must be an integer, not {type(value).__name__}"
                yield f"axis of {type(value).__name__}", {"axis": value}, TypeError, text
            yield "axis beyond 64 bits", {"axis": 2**64}, ValueError, "must fit in 64 bits"
        elif name == "ignore_index":
            if ids:
                text = "ignore_index must be an integer, not float"
                yield "ignore_index of float", {"ignore_index": 0.5}, TypeError, text
                changed = {"target": spoiled(target, 4, -5), "ignore_index": 4}
                yield "ignore_index of another", changed, ValueError, "target[5] is -5; class ids must be in [0, 4)"
            else:
                text = "ignore_index is given, but target holds rows of probabilities, not class ids"
                yield "ignore_index of rows", {"ignore_index": 0}, ValueError, text
        else:
            assert name == "class_weight", "a parameter that is given badly nowhere"
            text = "class_weight has 3 weights but there are 4 classes"
            yield "class_weight's size", {name: np.ones(3)}, ValueError, text
            text = "class_weight has shape (1, 4); it must be (C,)"
            yield "class_weight's shape", {name: np.ones((1, 4))}, ValueError, text
            for value in (-1, np.inf, np.nan):
                text = f"class_weight[2] is {value}; class_weight must be a number >= 0"
                yield f"class_weight {value}", {name: np.array([1, 0, value, np.nan])}, ValueError, text
    if loss.cost_only:
        for reduction in ("none", "sum"):
            text = f"rmse is the root of a mean; reduction='{reduction}' has no meaning for it"
            yield f"no {reduction}", {"reduction": reduction}, ValueError, text


TABLE = [
    pytest.param(loss, ids, changed, exception, text, id="-".join([loss.name, *["ids"] * ids, name]))
    for loss, ids in WAYS
    for name, changed, exception, text in mistakes(loss, ids)
]


@pytest.mark.parametrize(("loss", "ids", "changed", "exception", "text"), TABLE)
def test_refused(loss, ids, changed, exception, text):
    arguments = good(loss, ids)
    refused_by_every_call(loss, exception, text, arguments | changed, arguments["pred"].shape)


@each_way
def test_missing_arguments(loss, ids):
    arguments = good(loss, ids)
    for name, call in product(arguments, CALLS):
        rest = {k: x for k, x in arguments.items() if k != name}
        refused(TypeError, f"{loss.name}() is missing the argument {name!r}", getattr(loss, call), **rest)


@each_way
def test_parameters_that_the_dtype_cannot_hold(loss, ids):
    held = {"delta", "margin", "pos_weight", "label_smoothing", "eps", "alpha", "epsilon"} & set(loss.parameters)
    unbounded = {"delta", "margin", "pos_weight", "epsilon"} | {"barron": {"alpha"}, "mape": {"eps"}}.get(
        loss.name, set()
    )
    for name, value in product(held, (1e-46, 1e39)):
        if value < 1 or name in unbounded:
            for dtype in (np.float16, np.float32):
                text = f"{name} is {value}, which float32"
                refused_by_every_call(loss, ValueError, text, good(loss, ids, dtype=dtype) | {name: value}, (6, 1))
            loss(**good(loss, ids), **{name: value})


# ---- out -------------------------------------------------------------------------------------------------------------


def bad_outputs(shape, suits):
    """(name, out for one array, exception, what its text says of `out`), where one of this shape suits."""
    frozen = np.zeros(shape)
    frozen.flags.writeable = False
    text = f" has shape (7,) but the result has shape {shape}; they must be equal"
    yield "shape", np.zeros(7), ValueError, text
    text = " has dtype int64 but the result has dtype float64"
    yield "dtype", np.zeros(shape, "i8"), ValueError, text
    yield "read-only", frozen, ValueError, " is read-only"
    text = " has a stride of 0 along axis 0; its results would overwrite each other"
    one = as_strided(np.zeros(shape[1:]), shape, (0, *np.zeros(shape[1:]).strides))
    yield "one place for several results", one, ValueError, text
    yield "list", frozen.tolist(), TypeError, " must be a NumPy array, not list"
    if suits:
        yield "None", None, TypeError, " must be a NumPy array, not NoneType"


@each_way
def test_refused_outputs(loss, ids):
    arguments = good(loss, ids)
    shape = arguments["pred"].shape
    for call in CALLS[1:] if loss.cost_only else CALLS:
        method = getattr(loss, call)
        pair = call == "grad_and_hess"
        keywords = arguments | ({"reduction": "none"} if call == "__call__" else {})
        size = shape[:1] if call == "__call__" and loss.name not in POINTWISE else shape
        for _, out, exception, text in bad_outputs(size, pair):
            if not pair:
                refused(exception, "out" + text, method, **keywords, out=out)
                continue
            refused(exception, "out[0]" + text, method, **keywords, out=(out, np.zeros(size)))
            refused(exception, "out[1]" + text, method, **keywords, out=(np.zeros(size), out))
        if pair:
            for one in (np.zeros(size), np.zeros((2, *size))):
                refused(TypeError, "out must be a pair of arrays, not ndarray", method, **keywords, out=one)
            refused(TypeError, "out must be a pair of arrays, not tuple", method, **keywords, out=(np.zeros(size),) * 3)
            one = np.zeros(size)
            refused(ValueError, "out[0] and out[1] share memory", method, **keywords, out=(one, one))
    refused(ValueError, "out is given, but a cost is a number", loss, **arguments, out=np.zeros(shape))


@each_way
def test_overlapping_outputs_are_refused(loss, ids):
    """All but an input itself: a gradient shifted by one number would be read back as an input."""
    for call, name, backwards in product(CALLS[1:], ("pred", "target", "sample_weight"), (False, True)):
        arguments = good(loss, ids) | {"sample_weight": np.ones((6, 1))}
        if loss.name not in POINTWISE and (name == "sample_weight" or (name == "target" and ids)):
            continue
        if loss.name not in POINTWISE:
            del arguments["sample_weight"]
        given = arguments[name]
        room = np.empty(given.size + 1)
        arguments[name] = room[1:].reshape(given.shape)
        arguments[name][...] = given
        out = room[:-1].reshape(given.shape)
        if backwards:
            out = arguments[name][::-1]
        given = (np.empty_like(out), out) if call == "grad_and_hess" else out
        text = f"overlaps {name} without being the same array; results would overwrite it before it is read"
        refused(ValueError, text, getattr(loss, call), **arguments, out=given, kept=[room])


def test_results_may_not_lie_in_one_place():
    """Along any axis; one of length 1 has but one."""
    pred = np.ones((4, 3))
    for axis, steps in ((0, (0, 8)), (1, (8, 0))):
        out = as_strided(np.zeros(4), (4, 3), steps)
        text = f"out has a stride of 0 along axis {axis}; its results would overwrite each other"
        for function in (fl.mse.grad, fl.softmax_kl_divergence.grad, fl.cosine_distance.grad):
            refused(ValueError, text, function, pred, pred / 4, out=out)
        refused(ValueError, text, fl.mse.hvp, pred, pred, pred, out=out)
        for function in (fl.sigmoid, fl.softmax):
            refused(ValueError, text, function, pred, out=out)
    one = as_strided(np.zeros(3), (1, 3), (0, 8))
    assert fl.mse.grad(pred[:1], pred[:1], out=one) is one


def test_a_result_may_not_lie_across_an_input():
    """As its transpose does, which begins in the same place."""
    square = np.full((5, 5), 0.5)
    text = "out overlaps pred without being the same array"
    refused(ValueError, text, fl.mse.grad, square, square.copy(), out=square.T, kept=[square])


# ---- where the bad value is ------------------------------------------------------------------------------------------

PARTLY = "; out may have been partly written"
SIGNS = "target must be -1 or 1 (labels 0 and 1 become -1 and 1 by 2 * target - 1)"
LABELS = "target must be in [0, 1]"
REMEDY = " (labels -1 and 1 become 0 and 1 by (target + 1) / 2)"
OUTSIDE = [
    ("hinge", "target", 0.0, SIGNS),
    ("hinge", "target", 2.0, SIGNS),
    ("squared_hinge", "target", -0.5, SIGNS),
    ("binary_cross_entropy", "pred", 1.5, "pred must be in [0, 1]"),
    ("binary_cross_entropy", "pred", -np.inf, "pred must be in [0, 1]"),
    ("binary_cross_entropy", "target", -0.5, LABELS),
    ("binary_cross_entropy", "target", -1.0, LABELS + REMEDY),
    ("sigmoid_cross_entropy", "target", 2.0, LABELS),
    ("sigmoid_cross_entropy", "target", -1.0, LABELS + REMEDY),
    ("msle", "pred", -1.5, "pred must be >= -1"),
    ("msle", "target", -np.inf, "target must be >= -1"),
    *(
        (name, "sample_weight", bad, "sample_weight must be a number >= 0 and finite")
        for name in POINTWISE
        for bad in (-1.0, np.inf, np.nan)
    ),
]


def test_every_domain_is_tested():
    assert {(name, place) for name, place, *_ in OUTSIDE if place != "sample_weight"} == {
        (loss.name, place) for loss in POINTWISE.values() for place in loss.domains
    }


SPREADS = {
    "plain": lambda x: x,
    "every other": lambda x: np.repeat(x, 2)[::2],
    "swapped": lambda x: x if x.dtype == ml_dtypes.bfloat16 else x.astype(x.dtype.newbyteorder()),
    "in two dimensions": lambda x: x.reshape(1, -1),
}
HALVES = [np.float16, ml_dtypes.bfloat16]


@pytest.mark.parametrize(("name", "place", "bad", "text"), OUTSIDE, ids=str)
def test_the_first_bad_value_is_named(name, place, bad, text):
    """Whatever its size and form; what has been written is said."""
    loss = getattr(fl, name)
    choices = [3, 41, 50_000], [*HALVES, *DTYPES], list(SPREADS), CALLS, reductions(loss), DTYPES
    for size, dtype, spread, call, reduction, weight_dtype in pairwise(*choices):
        arguments = {"pred": np.full(size, 0.5, dtype), "target": np.ones(size, dtype)}
        if place == "sample_weight":
            arguments[place] = np.ones(size, weight_dtype)
        arguments[place][[1, 2]] = bad, np.copysign(3, bad)
        arguments = {k: SPREADS[spread](x) for k, x in arguments.items()}
        outs = np.full((2, *arguments["pred"].shape), 7, dtype)
        given = {"out": tuple(outs) if call == "grad_and_hess" else outs[0]}
        given = {} if call == "__call__" and reduction != "none" else given
        where = "[0, 1]" if spread == "in two dimensions" else "[1]"
        said = words(ValueError, getattr(loss, call), **arguments, reduction=reduction, **given, kept=[outs])
        assert whole_or_partly(said, f"{place}{where} is {bad:g}; {text}", arguments["pred"])
        assert given or not said.endswith(PARTLY)
        if call == "grad":
            before = arguments["pred"] = arguments["pred"].astype(np.float64)
            words(ValueError, loss.grad, **arguments, out=before, kept=[before])


OF_ROW_PLACES = [
    *((loss, ids, "pred", bad) for loss, ids in ROW_WAYS if "pred" in loss.domains for bad in (1.5, -0.25)),
    *((loss, ids, "target", bad) for loss, ids in ROW_WAYS for bad in ((-1, "classes") if ids else (1.5, -0.25))),
    *((loss, ids, "sample_weight", bad) for loss, ids in ROW_WAYS for bad in (-1.0, np.inf, np.nan)),
]


@pytest.mark.parametrize(("loss", "ids", "place", "bad"), OF_ROW_PLACES, ids=named)
def test_the_bad_row_is_named(loss, ids, place, bad):
    """Near the end of a batch of one block or of many, of narrow and wide rows; what has been written is said."""
    sizes = [(5, 3), (40, 200), (25_003, 3), (70, 1000)]
    for (n, classes), dtype, call, reduction in pairwise(sizes, DTYPES, CALLS, ["none", "mean"]):
        arguments = good(loss, ids, n, classes, dtype)
        if ids:
            arguments["target"][-2] = 1
        if place == "sample_weight":
            arguments[place] = np.ones(n, dtype)
        where = (n - 2, 1)[: arguments[place].ndim]
        value = classes if bad == "classes" else bad
        arguments[place][where] = value
        if ids and place == "pred":
            arguments[place][0, (arguments["target"][0] + 1) % classes] = value  # of a class that is not asked for
        outs = np.full((2, n, classes), 7, dtype)
        losses = np.full(n, 7, dtype)
        given = {"out": {"__call__": losses, "grad_and_hess": tuple(outs)}.get(call, outs[0])}
        given = {} if call == "__call__" and reduction == "mean" else given
        must = {"target": f"class ids must be in [0, {classes})"} if ids else {}
        must |= {"sample_weight": "sample_weight must be a number >= 0 and finite"}
        said = words(ValueError, getattr(loss, call), **arguments, reduction=reduction, **given, kept=[outs, losses])
        at = ", ".join(map(str, where))
        text = f"{place}[{at}] is {value:.7g}; {must.get(place, f'{place} must be in [0, 1]')}"
        assert whole_or_partly(said, text, arguments["pred"], ids)
        assert given or not said.endswith(PARTLY)


@each_way
def test_a_bad_value_without_weight_is_not_named(loss, ids):
    """The next one is, that has a weight; of rows in any axis."""
    for place, axis in product(["target", *["pred"] * ("pred" in loss.domains)], (0, -1)):
        if not ids and place not in loss.domains:
            continue
        arguments = good(loss, ids)
        if ids:
            arguments["target"][:] = 0
        bad = -3 if ids and place == "target" else outside(loss, place)[0]
        array = arguments[place]
        array.reshape(6, -1)[[1, 4], 0] = bad
        weight = np.ones((6, 1) if loss.name in POINTWISE else 6)
        weight[1] = 0
        where = "4" if array.ndim == 1 else "4, 0"
        if loss.name not in POINTWISE:
            turned = {k: x if x.ndim == 1 else np.moveaxis(x, -1, axis) for k, x in arguments.items()}
            where = "0, 4" if axis == 0 and array.ndim == 2 else where
            arguments = turned | {"axis": axis}
        refused(ValueError, f"{place}[{where}] is {bad:g};", loss, **arguments, sample_weight=weight)


def test_a_bad_value_without_axes():
    """It has no place to be named, whether it has a weight or not."""
    for weight in (None, np.array(0.5)):
        refused(
            ValueError,
            "target is 2; target must be in [0, 1]",
            fl.sigmoid_cross_entropy,
            1.0,
            2.0,
            sample_weight=weight,
        )
    assert fl.sigmoid_cross_entropy(1.0, 2.0, sample_weight=np.array(0.0), reduction="sum") == 0


@pytest.mark.parametrize("loss", IDS, ids=named)
def test_ids_beyond_63_bits(loss):
    for bad, ignored, call in product((2**63, 2**64 - 100, 2**64 - 1), (None, -(2**63), -100, -1), CALLS):
        arguments = good(loss, True, 40, 10, np.float32)
        arguments["target"] = arguments["target"].astype(np.uint64)
        arguments["target"][7] = bad
        text = f"target[7] is {bad}; class ids must be in [0, 10)"
        refused(ValueError, text, getattr(loss, call), **arguments, ignore_index=ignored)


NEAR = [
    *((loss, ids, "pred", x) for loss, ids in WAYS if "pred" in loss.domains for x in sides(loss, "pred")),
    *((loss, ids, "target", x) for loss, ids in WAYS if "target" in loss.domains and not ids for x in sides(loss, "target")),
    *((loss, ids, "sample_weight", "below") for loss, ids in WAYS),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "ids", "place", "side"), NEAR, ids=named)
def test_an_offending_value_differs_from_its_bound(loss, ids, place, side):
    for dtype in DTYPES:
        arguments = good(loss, ids, 2, 3, dtype)
        arguments["sample_weight"] = np.ones((2, 1) if loss.name in POINTWISE else 2, dtype)
        bound = dtype(1 if side == "above" or ("hinge" in loss.name and place == "target") else 0)
        bound = dtype(-1) if place in loss.domains and loss.domains[place].text == ">= -1" else bound
        value = np.nextafter(bound, dtype(2 if side == "above" else -2))
        if ids:
            arguments["target"][:] = 0
        arguments[place].flat[0] = value
        said = words(ValueError, loss, **arguments)
        number = re.search(r"\] is (\S+);", said)[1]
        assert said.startswith(f"{place}[0")
        assert dtype(number) == value, said
        assert float(number) != float(bound)


def test_half_written_is_said():
    """A large batch is inspected while it is computed; what then stands in `out` is not what stood there."""
    pred, target = np.full(1 << 18, 0.5), np.ones(1 << 18)
    target[-1] = 0
    said = f"target[{(1 << 18) - 1}] is 0; {SIGNS}"
    partly = words(ValueError, fl.hinge.grad, pred, target, out=np.empty(1 << 18))
    assert partly == said + PARTLY
    probabilities = np.full((1 << 15, 8), 0.125)
    rows = np.eye(8)[np.zeros(1 << 15, int)]
    rows[-1, -1] = 2
    for loss in (fl.categorical_cross_entropy, fl.kl_divergence, fl.dice):
        assert words(ValueError, loss.grad, probabilities, rows, out=np.empty((1 << 15, 8))).endswith("[0, 1]" + PARTLY)
    assert words(ValueError, fl.hinge.grad, pred, target) == said
    assert words(ValueError, fl.hinge.grad, pred, target, out=pred, kept=[pred]) == said
    weight, out = np.ones(1 << 18), np.full(1 << 18, 7.0)
    weight[-1] = -1
    bad = {"sample_weight": weight, "reduction": "batch_mean", "out": out, "kept": [out]}
    assert "written" not in words(ValueError, fl.rmse.grad, pred, target, **bad), "a root is known before its slope"


# ---- functions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*ELEMENTWISE, *OF_ROWS])
def test_functions(name):
    function = getattr(fl, name)
    x = np.ones((2, 3))
    shape = (2,) if name == "logsumexp" else (2, 3)
    refused(TypeError, "x has dtype complex128; it must be real numbers", function, x.astype(complex))
    if np.longdouble(0).nbytes > 8:
        refused(TypeError, f"x has dtype {np.dtype(np.longdouble)}, wider", function, x.astype(np.longdouble))
    for _, out, exception, text in bad_outputs(shape, False):
        refused(exception, "out" + text, function, x, out=out)
    room = np.ones(7)
    overlapping = room[1:7].reshape(2, 3) if shape == (2, 3) else room[1:3]
    text = "out overlaps x without being the same array"
    refused(ValueError, text, function, room[:6].reshape(2, 3), out=overlapping, kept=[room])
    if name in OF_ROWS:
        refused(ValueError, "axis is 2; it must be in [-2, 2) for x of shape (2, 3)", function, x, axis=2)
        refused(ValueError, "x has shape (); it must have an axis of classes", function, 1.0)
        refused(ValueError, "x has shape (2, 0); there are no classes on axis 1", function, np.ones((2, 0)))
        for axis in (None, "0", 0.0, True, [], (0,)):
            text = f"axis must be an integer, not {type(axis).__name__}"
            refused(TypeError, text, function, x, axis=axis)


# ---- what looks bad and is not ---------------------------------------------------------------------------------------


def test_parameters_may_be_any_number():
    assert fl.huber([3.0], [0.0], delta=1) == fl.huber([3.0], [0.0], delta=np.float32(1)) == 2.5
    assert fl.huber([3.0], [0.0], delta=np.array(1.0)) == 2.5


def test_a_probability_that_is_not_used_may_be_anything():
    for level in LEVELS:
        with running(level):
            assert fl.sparse_categorical_cross_entropy([[1.5, 1.0]], [1]) == 0


def test_every_loss_is_given_bad_input():
    assert {row.values[0] for row in TABLE} == set(REGISTRY.values())
