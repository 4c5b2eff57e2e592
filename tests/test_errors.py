"""What bad input gets: the same words from every backend, and the caller's array as it was."""

import re

import numpy as np
import pytest
from cases import POINTWISE

import fastloss as fl

ALL = list(POINTWISE.values())
CALLS = ["__call__", "grad", "value_and_grad", "grad_and_hess"]
INSIDE = {  # arguments that every loss accepts
    "pred": np.full(3, 0.5),
    "target": np.ones(3),
}


def refused(error, text, function, *arguments, **keywords):
    with pytest.raises(error, match=re.escape(text)):
        function(*arguments, **keywords)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)
class TestEveryLoss:
    def test_shapes(self, backend, loss, call):
        method = getattr(loss, call)
        text = "pred has shape (3,) but target has shape (3, 1); they must be equal"
        refused(ValueError, text, method, np.ones(3), np.ones((3, 1)))
        refused(ValueError, "pred has shape (3,) but target has shape (); they must be equal", method, np.ones(3), 1.0)
        text = "pred has shape (3,) but sample_weight has shape (2,); they must be equal"
        refused(ValueError, text, method, **INSIDE, sample_weight=[1, 1])

    @pytest.mark.parametrize(
        "bad", [np.ones(3, complex), np.array([1, None, 2]), np.array(["a", "b", "c"]), np.zeros(3, "m8[s]")]
    )
    def test_dtypes(self, backend, loss, call, bad):
        method = getattr(loss, call)
        refused(TypeError, f"pred has dtype {bad.dtype}; it must be real numbers", method, bad, INSIDE["target"])
        refused(TypeError, f"target has dtype {bad.dtype}; it must be real numbers", method, INSIDE["pred"], bad)
        text = f"sample_weight has dtype {bad.dtype}; it must be real numbers"
        refused(TypeError, text, method, **INSIDE, sample_weight=bad)

    def test_too_wide(self, backend, loss, call):
        text = f"pred has dtype {np.dtype(np.longdouble)}, wider than the float64 that losses are computed in"
        refused(TypeError, text, getattr(loss, call), INSIDE["pred"].astype(np.longdouble), INSIDE["target"])

    @pytest.mark.parametrize("bad", [-1.0, np.nan])
    def test_weights(self, backend, loss, call, bad):
        reduction = "batch_mean" if loss.cost_only else "none"
        for r in ("mean", "batch_mean", reduction):
            text = f"sample_weight[1] is {bad:g}; sample_weight must be a number >= 0"
            out = np.full(3, 7.0), np.full(3, 7.0)
            given = {"grad_and_hess": out, "__call__": out[0] if r == "none" else None}.get(call, out[0])
            refused(
                ValueError, text, getattr(loss, call), **INSIDE, sample_weight=[1, bad, bad], reduction=r, out=given
            )
            assert (np.array(out) == 7).all()

    def test_reduction(self, backend, loss, call):
        text = "reduction is 'median'; it must be one of 'none', 'sum', 'mean', 'batch_mean'"
        refused(ValueError, text, getattr(loss, call), **INSIDE, reduction="median")
        refused(ValueError, "reduction is None; it must be one of", getattr(loss, call), **INSIDE, reduction=None)

    def test_unknown_keyword(self, backend, loss, call):
        text = f"{loss.name}() got an unexpected keyword argument 'detla'"
        refused(TypeError, text, getattr(loss, call), **INSIDE, detla=1.0)

    def test_out(self, backend, loss, call):
        method = getattr(loss, call)
        if call == "__call__":
            refused(ValueError, "out is given, but a cost is a number", method, **INSIDE, out=np.empty(3))
            if loss.cost_only:
                return
        keywords = dict(INSIDE, reduction="mean" if loss.cost_only else "none")
        pair = call == "grad_and_hess"
        name = "out[0]" if pair else "out"
        locked = np.empty(3)
        locked.flags.writeable = False
        shared = np.full(5, 0.5)
        for out, error, text in (
            (np.empty(4), ValueError, f"{name} has shape (4,) but the result has shape (3,); they must be equal"),
            (
                np.empty(3, int),
                ValueError,
                f"{name} has dtype int64 but the result has dtype float64; it must be that or a narrower float",
            ),
            (locked, ValueError, f"{name} is read-only"),
            ([0, 0, 0], TypeError, f"{name} must be a NumPy array, not list"),
        ):
            refused(error, text, method, **keywords, out=(out, np.empty(3)) if pair else out)
        keywords["pred"], out = shared[:3], shared[1:4]
        text = f"{name} overlaps pred without being the same array"
        refused(ValueError, text, method, **keywords, out=(out, np.empty(3)) if pair else out)
        keywords["pred"] = shared[2::-1]
        refused(ValueError, text, method, **keywords, out=(shared[:3], np.empty(3)) if pair else shared[:3])
        if pair:
            refused(TypeError, "out must be a pair of arrays, not ndarray", method, **keywords, out=np.empty(3))
            refused(
                ValueError,
                "out[0] and out[1] share memory",
                method,
                **keywords,
                out=(locked_pair := np.empty(3), locked_pair),
            )


DOMAINS = [
    (fl.hinge, "target", 0.0, "target must be -1 or 1 (labels 0 and 1 become -1 and 1 by 2 * target - 1)"),
    (fl.squared_hinge, "target", 2.0, "target must be -1 or 1 (labels 0 and 1 become -1 and 1 by 2 * target - 1)"),
    (fl.binary_cross_entropy, "pred", 1.5, "pred must be in [0, 1]"),
    (fl.binary_cross_entropy, "pred", -np.inf, "pred must be in [0, 1]"),
    (fl.binary_cross_entropy, "target", -0.5, "target must be in [0, 1]"),
    (fl.sigmoid_cross_entropy, "target", 2.0, "target must be in [0, 1]"),
]


def test_every_domain_is_tested():
    assert {(loss.name, name) for loss, name, *_ in DOMAINS} == {(x.name, name) for x in ALL for name in x.domains}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [3, 50_000])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("loss", "name", "bad", "text"), DOMAINS, ids=lambda x: getattr(x, "name", None))
def test_domain(backend, loss, name, bad, text, call, size, dtype):
    """The first offending value is named with its position, and nothing has been written."""
    arguments = {"pred": np.full(size, 0.5, dtype), "target": np.ones(size, dtype)}
    arguments[name][[1, 2]] = bad, np.copysign(3, bad)
    out = np.full((2, size), 7, dtype)
    given = {"__call__": out[0], "grad_and_hess": tuple(out)}.get(call, out[0])
    message = f"{name}[1] is {bad:g}; {text}"
    refused(ValueError, message, getattr(loss, call), **arguments, reduction="none", out=given)
    refused(ValueError, message, getattr(loss, call), **arguments)
    assert (out == 7).all()
    strided = {k: np.repeat(v, 2)[::2] for k, v in arguments.items()}
    refused(ValueError, message, getattr(loss, call), **strided, reduction="none", out=given)
    assert (out == 7).all()
    shaped = {k: v.reshape(1, size) for k, v in arguments.items()}
    refused(ValueError, f"{name}[0, 1] is {bad:g}; {text}", getattr(loss, call), **shaped)
    before = arguments["pred"].copy()
    if call == "grad":
        refused(ValueError, message, loss.grad, **arguments, out=arguments["pred"])
        np.testing.assert_array_equal(arguments["pred"], before)


def test_half_written_is_said(backend):
    """A large batch is inspected while it is computed; what then stands in `out` is not what stood there."""
    pred, target = np.full(1 << 18, 0.5), np.ones(1 << 18)
    target[-1] = 0
    message = f"target[{(1 << 18) - 1}] is 0; target must be -1 or 1"
    refused(
        ValueError, "2 * target - 1); out has been partly written", fl.hinge.grad, pred, target, out=np.empty(1 << 18)
    )
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        fl.hinge.grad(pred, target)
    assert "written" not in str(caught.value)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        fl.hinge.grad(pred, target, out=pred)
    assert "written" not in str(caught.value)
    assert (pred == 0.5).all()


@pytest.mark.parametrize(
    ("loss", "name", "bad", "text"),
    [
        (fl.huber, "delta", 0.0, "delta is 0.0; it must satisfy 0 < delta < inf"),
        (fl.huber, "delta", -1, "delta is -1.0; it must satisfy 0 < delta < inf"),
        (fl.pseudo_huber, "delta", np.inf, "delta is inf; it must satisfy 0 < delta < inf"),
        (fl.pseudo_huber, "delta", np.nan, "delta is nan; it must satisfy 0 < delta < inf"),
        (fl.binary_cross_entropy, "eps", 0.5, "eps is 0.5; it must satisfy 0 <= eps < 0.5"),
        (fl.binary_cross_entropy, "eps", -1e-9, "eps is -1e-09; it must satisfy 0 <= eps < 0.5"),
        (fl.sigmoid_cross_entropy, "pos_weight", -1.0, "pos_weight is -1.0; it must satisfy 0 <= pos_weight < inf"),
        (
            fl.sigmoid_cross_entropy,
            "label_smoothing",
            1.1,
            "label_smoothing is 1.1; it must satisfy 0 <= label_smoothing <= 1",
        ),
    ],
)
@pytest.mark.parametrize("call", CALLS)
def test_parameters(backend, loss, call, name, bad, text):
    refused(ValueError, text, getattr(loss, call), **INSIDE, **{name: bad})
    refused(TypeError, f"{name} must be a real number, not str", getattr(loss, call), **INSIDE, **{name: "1"})
    refused(TypeError, f"{name} must be a real number, not bool", getattr(loss, call), **INSIDE, **{name: True})


def test_parameters_may_be_any_number():
    assert fl.huber([3.0], [0.0], delta=1) == fl.huber([3.0], [0.0], delta=np.float32(1)) == 2.5


@pytest.mark.parametrize("call", CALLS)
def test_rmse_has_no_samples(backend, call):
    for reduction in ("none", "sum"):
        text = f"rmse is the root of a mean; reduction={reduction!r} has no meaning for it"
        refused(ValueError, text, getattr(fl.rmse, call), [1.0], [0.0], reduction=reduction)


@pytest.mark.parametrize("function", [fl.sigmoid, fl.log_sigmoid, fl.softplus], ids=lambda f: f.name)
def test_functions(backend, function):
    x = np.ones(3)
    refused(TypeError, "x has dtype complex128; it must be real numbers", function, np.ones(3, complex))
    refused(
        TypeError,
        "x has dtype float128" if np.longdouble(0).nbytes == 16 else "x has",
        function,
        np.ones(3, np.longdouble),
    )
    refused(ValueError, "out has shape (2,) but the result has shape (3,)", function, x, out=np.empty(2))
    refused(ValueError, "out has dtype float32 but the result has dtype float64", function, x, out=np.empty(3, "f"))
    x = np.ones(5)
    refused(ValueError, "out overlaps x without being the same array", function, x[:3], out=x[1:4])
