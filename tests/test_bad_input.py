"""Every kind of bad input, to every loss, by every call, on every backend: the same words, and `out` as it was."""

import re

import numpy as np
import pytest
from cases import POINTWISE, REGISTRY
from conftest import BACKENDS, DEFAULT
from test_rows import inputs as row_inputs

from fastloss._core import backend as _backend

CALLS = ["value", "grad", "value_and_grad", "grad_and_hess"]
EVERY = list(REGISTRY.values())


def good(loss, ids):
    """Arguments that the loss accepts: 6 samples."""
    rng = np.random.default_rng(0)
    if loss.name in POINTWISE:
        pred = rng.uniform(0.1, 0.9, (6, 1))
        return pred, np.ones_like(pred)
    return row_inputs(loss, rng, 6, 4, ids=ids)


def spoiled(array, value):
    """A copy with one bad number, the fifth sample's."""
    array = np.array(array, dtype=np.result_type(array, type(value)) if not isinstance(value, str) else object)
    array.reshape(len(array), -1)[4, 0] = value
    return array


def mistakes(loss, ids):
    """(name, arguments changed, exception, what its text says)."""
    pred, target = good(loss, ids)
    weight = np.ones(pred.shape if loss.name in POINTWISE else 6)
    at = "[4, 0]" if pred.ndim == 2 else "[4]"
    yield "shapes", {"target": target[:5]}, ValueError, "target has shape"
    if loss.name in POINTWISE:
        yield "broadcast", {"target": target[:, 0]}, ValueError, "pred has shape (6, 1) but target has shape (6,)"
    yield "weight's shape", {"sample_weight": np.ones(5)}, ValueError, "sample_weight has shape (5,)"
    yield "complex pred", {"pred": pred + 0j}, TypeError, "pred has dtype complex128"
    yield "object pred", {"pred": spoiled(pred, "x")}, TypeError, "pred has dtype object"
    yield "text for target", {"target": target.astype(str)}, TypeError, "target has dtype <U"
    yield "complex weight", {"sample_weight": weight + 0j}, TypeError, "sample_weight has dtype complex128"
    for value in (-0.25, np.nan):
        changed = {"sample_weight": spoiled(weight, value)}
        where = f"sample_weight{at if weight.ndim == 2 else '[4]'} is {value:g}; sample_weight must be"
        yield f"weight {value}", changed, ValueError, where
    yield "reduction", {"reduction": "average"}, ValueError, "reduction is 'average'"
    yield "reduction's type", {"reduction": None}, ValueError, "reduction is None"
    yield "unknown keyword", {"gamma": 2.0}, TypeError, f"{loss.name}() got an unexpected keyword argument 'gamma'"
    if ids:
        for id in (-1, 4, 2**40):
            text = f"target[4] is {id}; class ids must be in [0, 4)"
            yield f"id {id}", {"target": spoiled(target, id)}, ValueError, text
        for name, real in (("real ids", target + 0.5), ("whole ids as floats", target.astype(float))):
            yield name, {"target": real}, TypeError, "target has dtype float64; class ids must be integers"
    elif "target" in loss.domains:
        for value in (1.5, -0.5):
            text = f"target{at} is {value:g}; target must be"
            yield f"label {value}", {"target": spoiled(target, value)}, ValueError, text
        if "-1" in loss.domains["target"].text:
            yield "labels 0 and 1", {"target": spoiled(target, 0.0)}, ValueError, "2 * target - 1"
    if "pred" in loss.domains and not ids:
        for value in (1.5, -0.5):
            text = f"pred{at} is {value:g}; pred must be"
            yield f"probability {value}", {"pred": spoiled(pred, value)}, ValueError, text
    for name, parameter in loss.parameters.items():
        if name in ("delta", "pos_weight", "label_smoothing", "eps"):
            for value in (-1.0, np.inf, np.nan):
                text = f"{name} is {value}; it must satisfy {parameter.condition(name)}"
                yield f"{name} {value}", {name: value}, ValueError, text
            yield f"{name}'s type", {name: "1"}, TypeError, f"{name} must be a real number, not str"
            yield f"{name} true", {name: True}, TypeError, f"{name} must be a real number, not bool"
        elif name == "axis":
            yield "axis", {"axis": 7}, ValueError, "axis is 7"
            yield "axis' type", {"axis": 0.5}, TypeError, "axis must be"
        elif name == "ignore_index" and ids:
            yield "ignore_index", {"ignore_index": 0.5}, TypeError, "ignore_index must be"
        elif name == "class_weight":
            yield (
                "class_weight's shape",
                {"class_weight": np.ones(3)},
                ValueError,
                "class_weight has 3 weights but there are 4 classes",
            )
            yield "class_weight < 0", {"class_weight": [1, 1, -1, 1]}, ValueError, "class_weight[2] is -1"
    if loss.cost_only:
        for reduction in ("none", "sum"):
            yield f"no {reduction}", {"reduction": reduction}, ValueError, f"reduction='{reduction}' has no meaning"


def outputs(loss, ids):
    """(name, out for one array, exception, text): for the calls that take one."""
    pred, _ = good(loss, ids)
    frozen = np.zeros_like(pred)
    frozen.flags.writeable = False
    yield "out's shape", np.zeros(3), ValueError, "out has shape (3,)"
    yield "out's dtype", np.zeros_like(pred, np.int64), ValueError, "out has dtype int64"
    yield "read-only out", frozen, ValueError, "read-only"
    yield "a list for out", pred.tolist(), TypeError, "out must be"


WAYS = [
    (loss, ids) for loss in EVERY for ids in ([True] * getattr(loss, "ids", 0) + [False] * getattr(loss, "rows", 1))
]
TABLE = [(loss, ids, *row) for loss, ids in WAYS for row in mistakes(loss, ids)]
OUTPUTS = [(loss, ids, *row) for loss, ids in WAYS for row in outputs(loss, ids)]


def named(value):
    if isinstance(value, bool):
        return "ids" if value else "rows"
    return value if isinstance(value, str) else getattr(value, "name", "")


def called(loss, call):
    return loss if call == "value" else getattr(loss, call)


@pytest.fixture
def refused():
    """Checks that every backend refuses a call with the same words, and leaves `kept` as it was; the words."""

    def run(call, loss, exception, arguments, kept):
        before, said = [array.copy() for array in kept], {}
        for backend in BACKENDS:
            _backend.select(backend)
            with pytest.raises(exception) as caught:
                called(loss, call)(**arguments)
            assert type(caught.value) is exception
            said[backend] = str(caught.value)
            for array, copy in zip(kept, before, strict=True):
                np.testing.assert_array_equal(array, copy, err_msg=f"written to by {backend}")
        assert len(set(said.values())) == 1, said
        return said[backend]

    yield run
    _backend.select(DEFAULT)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("loss", "ids", "mistake", "changed", "exception", "text"), TABLE, ids=named)
def test_refused(refused, loss, ids, mistake, changed, exception, text, call):
    pred, target = good(loss, ids)
    arguments = {"pred": pred, "target": target} | changed
    outs = {"value": [], "grad_and_hess": [np.full_like(pred, 7.0), np.full_like(pred, 8.0)]}.get(call, [pred * 0 + 7])
    if outs:
        arguments["out"] = tuple(outs) if call == "grad_and_hess" else outs[0]
    assert text in refused(call, loss, exception, arguments, outs)


def test_every_parameter_is_given_badly():
    """A loss with a parameter that the table does not know would pass unasked."""
    for loss, ids in WAYS:
        names = " ".join(name for name, *_ in mistakes(loss, ids))
        for parameter in loss.parameters:
            assert re.search(rf"\b{parameter}\b", names) or (parameter == "ignore_index" and not ids), (loss, parameter)


@pytest.mark.parametrize("call", CALLS[1:])
@pytest.mark.parametrize(("loss", "ids", "mistake", "out", "exception", "text"), OUTPUTS, ids=named)
def test_refused_outputs(refused, loss, ids, mistake, out, exception, text, call):
    pred, target = good(loss, ids)
    arguments = {"pred": pred, "target": target, "out": (out, out) if call == "grad_and_hess" else out}
    said = refused(call, loss, exception, arguments, [pred, target])
    assert re.search(re.escape(text).replace("out", r"out(\[0\])?"), said)


@pytest.mark.parametrize("call", CALLS[1:])
@pytest.mark.parametrize(("loss", "ids"), WAYS, ids=named)
def test_overlapping_outputs_are_refused(refused, loss, ids, call):
    """All but an input itself: a gradient shifted by one number would be read back as an input."""
    pred, target = good(loss, ids)
    room = np.empty(pred.size + 1)
    shifted = room[1:].reshape(pred.shape)
    shifted[:] = pred
    out = room[:-1].reshape(pred.shape)
    arguments = {
        "pred": shifted,
        "target": target,
        "out": (out, np.empty_like(pred)) if call == "grad_and_hess" else out,
    }
    said = refused(call, loss, ValueError, arguments, [shifted, target])
    assert "overlaps pred" in said
