"""Losses under PyTorch: the core's values and gradients, PyTorch's own losses, and what its autograd and compiler check."""

import copy
import doctest
import pickle
import tracemalloc
import warnings

import ml_dtypes
import numpy as np
import pytest
from peers import needed

import fastloss as fl
from fastloss._core.inputs import Normal
from fastloss._core.registry import REGISTRY

torch = needed("torch")
import torch.nn.functional as TF

from fastloss.adapters import torch as package
from fastloss.adapters.torch import _operators, function, functional, nn

LOSSES = list(REGISTRY.values())
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@pytest.fixture(autouse=True)
def one_seed():
    torch.manual_seed(0)
    torch.set_num_threads(1)


def numpy(tensor):
    if tensor.dtype == torch.bfloat16:
        return tensor.detach().view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return tensor.detach().numpy()


def drawn(loss, dtype=torch.float64, rows=False, size=12):
    """Predictions that require a gradient, targets and weights."""
    pred, target = loss.inputs.draw(Normal(np.dtype(np.float64), 3), size, 4)
    if rows:
        target = np.random.default_rng(3).dirichlet(np.ones(4), len(pred))
    samples = pred.shape[:-1] if "axis" in loss.parameters else target.shape[:-1] if loss.each else pred.shape
    weight = np.random.default_rng(3).random(samples)
    weight.flat[1] = 0 if loss.name != "nt_xent" else 1  # where the other view would be alone
    pred = torch.tensor(pred).to(dtype).requires_grad_()
    target = torch.tensor(target)
    return pred, target.to(dtype) if target.is_floating_point() else target, torch.tensor(weight)


# ---- every loss ------------------------------------------------------------------------------------------------------


@each_loss
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_values_and_gradients_of_the_core(loss, dtype, weighted):
    pred, target, weight = drawn(loss, dtype)
    weight = weight if weighted else None
    for reduction in loss.reductions:
        f = function(loss.name, reduction=reduction)
        given = {"sample_weight": weight, "reduction": reduction}
        value, grad = loss.value_and_grad(numpy(pred), numpy(target), **given)
        found = f(pred, target, weight)
        assert found.dtype == dtype
        asked = torch.ones_like(found)
        pred.grad = None
        found.backward(asked, retain_graph=True)
        np.testing.assert_array_equal(
            numpy(found), numpy(torch.tensor(value, dtype=dtype)) if reduction != "none" else value
        )
        np.testing.assert_array_equal(numpy(pred.grad), grad)
        again = torch.autograd.grad(found, pred, asked)[0]
        np.testing.assert_array_equal(numpy(again), grad)
        with torch.no_grad():
            np.testing.assert_array_equal(numpy(f(pred, target, weight)), numpy(found))
        assert not f(pred.detach(), target, weight).requires_grad


@pytest.mark.parametrize(
    ("loss", "rows"),
    [(loss, rows) for loss in LOSSES for rows in ([False, True] if loss.ids and loss.rows else [False])],
    ids=lambda x: getattr(x, "name", "rows" if x else ""),
)
def test_derivatives_are_differences(loss, rows):
    pred, target, weight = drawn(loss, rows=rows)
    for reduction in loss.reductions:
        f = function(loss, reduction=reduction)
        assert torch.autograd.gradcheck(lambda x, f=f: f(x, target, weight), (pred,))
        assert torch.autograd.gradgradcheck(lambda x, f=f: f(x, target, weight), (pred,))


def test_hessian_of_rows():
    """diag(p) - ppᵀ, which no diagonal is."""
    x = torch.randn(5, dtype=torch.float64)
    f = function("softmax_cross_entropy")
    p = torch.softmax(x, 0)
    found = torch.autograd.functional.hessian(lambda x: f(x[None], torch.tensor([2])), x)
    torch.testing.assert_close(found, torch.diag(p) - torch.outer(p, p), rtol=1e-13, atol=1e-15)


def test_third_derivatives_are_refused():
    x = torch.randn(5, dtype=torch.float64, requires_grad=True)
    value = function("log_cosh")(x, torch.zeros_like(x))
    (first,) = torch.autograd.grad(value, x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    with pytest.raises(NotImplementedError, match="first and second derivatives, and no third ones"):
        torch.autograd.grad(second.sum(), x)


def test_derivatives_that_pytorch_makes_of_others():
    """Rows of a Jacobian at once, and a product with the Hessian as the derivative of another."""
    x, ids, v = torch.randn(3, 4, dtype=torch.float64), torch.tensor([0, 2, 1]), torch.randn(3, 4, dtype=torch.float64)
    made = torch.autograd.functional
    for reduction in ("none", "mean"):
        f = function("softmax_cross_entropy", reduction=reduction)
        rows = made.jacobian(lambda x, f=f: f(x, ids), x, vectorize=True)
        assert torch.equal(rows, made.jacobian(lambda x, f=f: f(x, ids), x))
    ours, theirs = (made.hvp(lambda x, f=f: f(x, ids), x, v)[1] for f in (f, TF.cross_entropy))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15)


# ---- backward --------------------------------------------------------------------------------------------------------


def test_gradients_are_never_shared():
    """One is handed over to the first who asks; whoever asks again has another."""
    x, target = torch.randn(6, requires_grad=True), torch.zeros(6)
    value = function("huber")(x, target)
    value.backward(retain_graph=True)
    expected = x.grad.clone()
    x.grad *= 100
    x.grad.zero_()
    for times in (1, 2, 3):
        value.backward(retain_graph=True)
        torch.testing.assert_close(x.grad, times * expected)
    other = torch.autograd.grad(value, x)[0]
    assert other.data_ptr() != x.grad.data_ptr()
    torch.testing.assert_close(other, expected)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_what_is_asked_of_the_value(reduction):
    x, ids = torch.randn(6, 4, requires_grad=True), torch.randint(0, 4, (6,))
    weight = torch.rand(6)
    ours = function("softmax_cross_entropy", reduction=reduction)(x, ids)
    theirs = TF.cross_entropy(x, ids, reduction=reduction)
    for value in (3 * ours, (ours * weight).sum(), ours.sum() ** 2):
        assert value.requires_grad
    found = torch.autograd.grad((ours * weight).sum() ** 2 + 3 * ours.sum(), x)[0]
    expected = torch.autograd.grad((theirs * weight).sum() ** 2 + 3 * theirs.sum(), x)[0]
    torch.testing.assert_close(found, expected)


def test_axis_of_classes():
    x, ids = torch.randn(2, 4, 3, 5, dtype=torch.float64, requires_grad=True), torch.randint(0, 4, (2, 3, 5))
    weight = torch.rand(2, 3, 5, dtype=torch.float64)
    f = function("softmax_cross_entropy", axis=1, reduction="none")
    value = f(x, ids)
    assert value.shape == (2, 3, 5)
    found = torch.autograd.grad((value * weight).sum(), x)[0]
    expected = torch.autograd.grad((TF.cross_entropy(x, ids, reduction="none") * weight).sum(), x)[0]
    torch.testing.assert_close(found, expected)
    with pytest.raises(ValueError, match="axis is 4"):
        function("softmax_cross_entropy", axis=4, reduction="none")(x, ids)


def test_training_gives_the_same_weights():
    features, ids = torch.randn(64, 8), torch.randint(0, 3, (64,))
    models = []
    for loss in (function("softmax_cross_entropy"), TF.cross_entropy, nn.CrossEntropyLoss()):
        torch.manual_seed(1)
        model = torch.nn.Linear(8, 3)
        optimiser = torch.optim.SGD(model.parameters(), 0.5, momentum=0.9)
        for _ in range(20):
            optimiser.zero_grad()
            loss(model(features), ids).backward()
            optimiser.step()
        models.append(model)
    for model in models[::2]:
        torch.testing.assert_close(model.weight, models[1].weight, rtol=1e-4, atol=1e-5)


# ---- memory ----------------------------------------------------------------------------------------------------------


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_numpy_allocates_nothing_of_their_size(dtype, reduction):
    x = torch.randn(2000, 100).to(dtype).requires_grad_()
    calls = [(function("huber", reduction=reduction), torch.zeros_like(x.detach()))]
    calls.append((function("softmax_cross_entropy", reduction=reduction), torch.randint(0, 100, (2000,))))
    for f, target in calls:
        f(x, target).sum().backward()
        tracemalloc.start()
        try:
            f(x, target).sum().backward()
            with torch.no_grad():
                f(x, target)
            assert tracemalloc.get_traced_memory()[1] < x.nbytes / 4
        finally:
            tracemalloc.stop()


def test_memory_as_it_lies():
    """Strided, expanded, transposed, conjugated: read where it is, and not written."""
    base = torch.randn(6, 8, dtype=torch.float64)
    views = [
        base[:, ::2],
        base.T,
        base[0].expand(3, 8),
        base[2:3, 1],
        torch.imag(torch.randn(5, dtype=torch.cdouble).conj()),
    ]
    assert views[-1].is_neg()
    for view in views:
        before = view.clone()
        pred, target = view.detach().requires_grad_(), torch.zeros_like(view)
        for reduction in ("mean", "none"):
            value = function("pseudo_huber", reduction=reduction)(pred, target)
            grad = torch.autograd.grad(value.sum(), pred)[0]
            expected = fl.pseudo_huber.grad(before.resolve_neg().numpy(), target.numpy(), reduction=reduction)
            np.testing.assert_array_equal(grad.numpy(), expected)
        torch.testing.assert_close(view, before, rtol=0, atol=0)
    assert np.shares_memory(_operators.array(base.T), base.numpy())
    half = base.bfloat16()
    assert np.shares_memory(_operators.array(half), half.view(torch.int16).numpy())


# ---- operators -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_operators_pass_the_checks_of_pytorch(reduction, weighted):
    x, ids = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True), torch.randint(0, 4, (2, 3))
    weight = torch.rand(2, 3) if weighted else None
    columns = torch.rand(1, 4)
    call = (ids, weight, columns, "softmax_cross_entropy:axis=1 class_weight", reduction)
    torch.library.opcheck(_operators.value_and_grad, (x, *call))
    torch.library.opcheck(_operators.value, (x.detach(), *call))
    torch.library.opcheck(_operators.value, (x.detach().transpose(0, 1).contiguous().transpose(0, 1), *call))
    vector = torch.randn_like(x.detach())
    torch.library.opcheck(_operators.hvp, (x.detach(), *call[:3], vector, *call[3:]))
    named = [str(op) for op in (_operators.value, _operators.value_and_grad, _operators.hvp)]
    assert all("fastloss::" in name for name in named)


def test_derivatives_of_both_results():
    """Of value + v·grad: the gradient, and the Hessian times v."""
    x, v = torch.randn(5, dtype=torch.float64, requires_grad=True), torch.randn(5, dtype=torch.float64)
    value, grad = _operators.value_and_grad(x, torch.zeros_like(v), None, None, "log_cosh", "sum")
    found = torch.autograd.grad(value + v @ grad, x)[0]
    tanh = torch.tanh(x.detach())
    torch.testing.assert_close(found, tanh + (1 - tanh**2) * v, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("huber", {"delta": 0.3}),
        ("huber", {"delta": 0.3, "reduction": "none"}),
        ("softmax_cross_entropy", {"class_weight": [1.0, 2.0, 3.0, 4.0], "label_smoothing": 0.1}),
        ("softmax_cross_entropy", {"reduction": "none"}),
        ("rmse", {}),
    ],
)
@pytest.mark.parametrize("dynamic", [False, True])
def test_compiled(name, given, dynamic):
    f, loss = function(name, **given), getattr(fl, name)
    torch.compiler.reset()

    @torch.compile(fullgraph=True, backend="aot_eager", dynamic=dynamic)
    def step(x, target, weight):
        return 3 * f(2 * x, target, weight)

    for reads in range(2):
        pred, target, weight = drawn(loss, torch.float32, size=12 + 8 * reads)
        results = []
        for call in (step, lambda x, target, weight: 3 * f(2 * x, target, weight)):
            value = call(pred, target, weight)
            results.append((value.detach(), torch.autograd.grad(value.sum(), pred)[0]))
        torch.testing.assert_close(*results)
        with torch.no_grad():
            torch.testing.assert_close(step(pred, target, weight), results[1][0])


def test_compiled_modules():
    torch.compiler.reset()
    x, ids = torch.randn(8, 4, requires_grad=True), torch.randint(0, 4, (8,))
    given = [{}, {"label_smoothing": 0.1}, {"label_smoothing": 0.2, "ignore_index": 2}, {"label_smoothing": 0.3}]
    for module in (nn.CrossEntropyLoss(torch.rand(4), **options) for options in given):
        compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
        found, expected = compiled(x, ids), module(x, ids)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(torch.autograd.grad(found, x), torch.autograd.grad(expected, x))


def test_tensors_without_memory():
    meta = torch.empty(6, 4, device="meta")
    assert function("mse", reduction="none")(meta, meta).shape == (6, 4)
    assert function("cosine_distance", reduction="none")(meta, meta).shape == (6,)
    assert function("mse")(meta, meta).device.type == "meta"


# ---- functions -------------------------------------------------------------------------------------------------------


def test_parameters_of_every_kind():
    x, target = torch.randn(6, 3), torch.rand(6, 3)
    levels = [0.1, 0.5, 0.9]
    assert function("quantile", alpha=levels)(x, target).item() == np.float32(
        fl.quantile(x.numpy(), target.numpy(), alpha=levels)
    )
    given = {"alpha": [1.0, 0.5, 0.1], "delta": [1.0, 2.0, 3.0]}
    if all(fl.barron.parameters[name].per_column for name in given):
        expected = fl.barron(x.numpy(), target.numpy(), **given)
        assert function("barron", **given)(x, target).item() == np.float32(expected)
    labels = (target > 0.5).float()
    for alpha in (None, 0.25):
        expected = fl.sigmoid_focal(x.numpy(), labels.numpy(), alpha=alpha)
        assert function("sigmoid_focal", alpha=alpha)(x, labels).item() == np.float32(expected)
    ids, steps = torch.tensor([0.0, 1, 2, 2, 1, 0]), [-1.0, 1 / 3]
    expected = fl.ordinal_logistic(x[:, 0].numpy(), ids.numpy(), thresholds=steps)
    assert function("ordinal_logistic", thresholds=steps)(x[:, 0], ids).item() == np.float32(expected)
    times = torch.tensor([1.0, 2, 2, -3, 4, 4])
    for ties in ("breslow", "efron"):
        expected = fl.cox(x[:, 0].numpy(), times.numpy(), ties=ties)
        assert function("cox", ties=ties)(x[:, 0], times).item() == np.float32(expected)
    ids = torch.randint(0, 3, (6,))
    given = {
        "class_weight": torch.tensor([1.0, 2.0, 0.5]),
        "ignore_index": np.int64(1),
        "label_smoothing": np.float32(0.25),
    }
    expected = fl.softmax_cross_entropy(x.numpy(), ids.numpy(), **{**given, "class_weight": [1.0, 2.0, 0.5]})
    assert function("softmax_cross_entropy", **given)(x, ids).item() == np.float32(expected)
    third = 1 / 3 + 1e-16
    assert function("huber", delta=third)(x.double(), target.double()).item() == fl.huber(
        x.double().numpy(), target.double().numpy(), delta=third
    )


def test_objects():
    f = function("softmax_cross_entropy", reduction="sum", class_weight=[1.0, 2.0, 0.5])
    assert f.__name__ == "softmax_cross_entropy"
    assert repr(f) == "<torch function of softmax_cross_entropy, class_weight=[1.0, 2.0, 0.5], reduction='sum'>"
    assert copy.deepcopy(f) is f
    x, ids = torch.randn(6, 3), torch.randint(0, 3, (6,))
    assert pickle.loads(pickle.dumps(f))(x, ids) == f(x, ids)
    assert function("l2").loss is fl.mse
    assert function(fl.mse).__name__ == "mse"


def test_numbers_that_are_no_floats():
    ints = torch.arange(5)
    found = function("mse", reduction="none")(ints, torch.zeros(5))
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, (ints**2).double())
    assert function("mse")(torch.tensor(3.0), torch.tensor(1.0)) == 4.0


def test_refused_when_made():
    for call, error, text in [
        (lambda: function("hubr"), ValueError, "did you mean 'huber'"),
        (lambda: function("huber", delta=-1.0), ValueError, "delta is -1"),
        (lambda: function("huber", beta=1.0), TypeError, "huber has no keyword 'beta'"),
        (lambda: function("huber", reduction="batchmean"), ValueError, "here it is 'batch_mean'"),
        (lambda: function("rmse", reduction="none"), ValueError, "reduction='none' has no meaning"),
        (lambda: function("cox", reduction="none"), ValueError, "reduction='none' has no meaning"),
    ]:
        with pytest.raises(error, match=text):
            call()


def test_refused_when_called():
    x, target = torch.randn(4, requires_grad=True), torch.zeros(4)
    f = function("mse")
    wants = torch.zeros(4, requires_grad=True)
    for call, error, text in [
        (lambda: f(x, wants), ValueError, "target requires a gradient"),
        (lambda: f(target, wants), ValueError, "target requires a gradient"),
        (lambda: f(x, target, wants), ValueError, "sample_weight requires a gradient"),
        (
            lambda: functional.mse_loss(x, wants),
            ValueError,
            "target requires a gradient but would get none: only input",
        ),
        (lambda: f(x.detach().numpy(), target), TypeError, "pred must be a torch.Tensor, not ndarray"),
        (lambda: f(x, [0.0] * 4), TypeError, "target must be a torch.Tensor, not list"),
        (lambda: f(x, target, 1.0), TypeError, "sample_weight must be a torch.Tensor, not float"),
        (lambda: functional.mse_loss(1.0, target), TypeError, "input must be a torch.Tensor"),
        (lambda: f(x, target.to("meta")), ValueError, "target is on meta but pred is on cpu"),
        (lambda: f(x, target, target.to("meta")), ValueError, "sample_weight is on meta but pred is on cpu"),
        (lambda: f(x, target[:, None]), ValueError, r"pred has shape \(4,\) but target has shape \(4, 1\)"),
        (lambda: f(x, target, -torch.ones(4)), ValueError, r"sample_weight\[0\] is -1"),
        (lambda: f(x.to(torch.complex64), target), TypeError, "pred has dtype complex64"),
        (lambda: function("hinge")(x, target), ValueError, r"target\[0\] is 0"),
        (lambda: function("softmax_cross_entropy")(x[None], torch.tensor([9])), ValueError, r"target\[0\] is 9"),
    ]:
        with pytest.raises(error, match=text):
            call()
    with torch.no_grad():
        assert f(x, wants) == f(x.detach(), target)


# ---- PyTorch's own ---------------------------------------------------------------------------------------------------

N, C = 40, 5


def inputs():
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(N, C, generator=generator, dtype=torch.float64)
    ids = torch.randint(0, C, (N,), generator=generator)
    probabilities = torch.softmax(torch.randn(N, C, generator=generator, dtype=torch.float64), 1)
    return x, ids, probabilities, torch.rand(C, generator=generator, dtype=torch.float64) * 3


X, IDS, P, CLASS_WEIGHT = inputs()
LABELS, SIGNS = (P > 0.2).double(), torch.where(P > 0.2, 1.0, -1.0).double()
IMAGES, PIXELS = X.reshape(4, 10, C).mT.contiguous(), IDS.reshape(4, 10)
IGNORED = IDS.where(IDS != 2, -100)
ENDS = P.clone()
ENDS[:2] = torch.tensor([[0.0, 1.0, 0.0, 1.0, 1e-20], [1e-13, 1e-11, 1.0, 1e-45, 1e-44]], dtype=torch.float64)
LOGARITHMS, VARIANCES = torch.log_softmax(X, 1), 0.1 + 3 * P
FRAMES = torch.log_softmax(X.reshape(10, 4, C), -1)
SEQUENCES, HOW_LONG = IDS[:12].reshape(4, 3).clamp(1), torch.tensor([3, 1, 2, 0])
PARTS = torch.tensor([10, 3, 8, 2])
OWN = [
    *(("cross_entropy", (X, ids), kw) for ids in (IDS, P, IGNORED) for kw in (
        {}, {"weight": CLASS_WEIGHT}, {"label_smoothing": 0.1}, {"weight": CLASS_WEIGHT, "label_smoothing": 0.1}
    )),
    ("cross_entropy", (X, IDS), {"ignore_index": 3, "weight": CLASS_WEIGHT, "label_smoothing": 0.3}),
    ("cross_entropy", (IMAGES, PIXELS), {}),
    ("cross_entropy", (IMAGES, PIXELS), {"weight": CLASS_WEIGHT, "label_smoothing": 0.1}),
    ("cross_entropy", (IMAGES, torch.softmax(IMAGES, 1)), {"weight": CLASS_WEIGHT, "label_smoothing": 0.1}),
    ("cross_entropy", (X[0], IDS[0]), {}),
    ("cross_entropy", (X[0], IDS[0]), {"weight": CLASS_WEIGHT, "label_smoothing": 0.1}),
    ("cross_entropy", (X[0], P[0]), {"weight": CLASS_WEIGHT}),
    ("cross_entropy", (X, IDS), {"weight": torch.zeros(C).double() + torch.eye(C)[1].double(), "label_smoothing": 0.1}),
    ("binary_cross_entropy_with_logits", (X, LABELS), {}),
    ("binary_cross_entropy_with_logits", (X, P), {"weight": P}),
    ("binary_cross_entropy_with_logits", (X, P), {"weight": P[:, :1]}),
    ("binary_cross_entropy_with_logits", (X, P), {"weight": CLASS_WEIGHT, "pos_weight": CLASS_WEIGHT}),
    ("binary_cross_entropy_with_logits", (X, P), {"pos_weight": torch.tensor(3.0)}),
    ("binary_cross_entropy_with_logits", (X[:, 0], P[:, 0]), {"pos_weight": torch.tensor([3.0])}),
    ("binary_cross_entropy", (P, LABELS), {}),
    ("binary_cross_entropy", (P, P.flip(0)), {"weight": P}),
    ("binary_cross_entropy", (ENDS, P), {"weight": CLASS_WEIGHT}),
    ("binary_cross_entropy", (ENDS, LABELS), {}),
    ("binary_cross_entropy", (ENDS.mT, LABELS.mT), {}),
    ("kl_div", (LOGARITHMS, P), {}),
    ("kl_div", (LOGARITHMS, torch.where(P > 0.2, P, 0)), {}),
    ("kl_div", (LOGARITHMS.mT, P.log().mT), {"log_target": True}),
    ("gaussian_nll_loss", (X, P, VARIANCES), {}),
    ("gaussian_nll_loss", (X, P, VARIANCES), {"full": True, "eps": 1.0}),
    ("gaussian_nll_loss", (X, P, VARIANCES[:, 0]), {}),
    ("gaussian_nll_loss", (X, P, VARIANCES[:1]), {"full": True}),
    ("gaussian_nll_loss", (X, P, 2.0), {}),
    ("ctc_loss", (FRAMES, SEQUENCES, torch.full((4,), 10), torch.full((4,), 3)), {}),
    ("ctc_loss", (FRAMES, SEQUENCES, PARTS, HOW_LONG), {}),
    ("ctc_loss", (FRAMES, SEQUENCES, torch.tensor([10, 1, 1, 2]), HOW_LONG), {"zero_infinity": True}),
    ("ctc_loss", (FRAMES, SEQUENCES - 1, PARTS, HOW_LONG), {"blank": 4}),
    ("ctc_loss", (FRAMES, torch.tensor([1, 2, 3, 4, 1, 1]), PARTS, HOW_LONG), {}),
    ("ctc_loss", (FRAMES[:, 0], SEQUENCES[0, :2], torch.tensor(9), torch.tensor(2)), {}),
    ("mse_loss", (X, P), {}),
    ("mse_loss", (X, P), {"weight": P}),
    ("l1_loss", (X, P), {}),
    ("l1_loss", (X, P), {"weight": P}),
    ("huber_loss", (X, P), {}),
    ("huber_loss", (X, P), {"delta": 0.3, "weight": P}),
    ("smooth_l1_loss", (X, P), {}),
    ("smooth_l1_loss", (X, P), {"beta": 0.3}),
    ("smooth_l1_loss", (X, P), {"beta": 0.0}),
    ("soft_margin_loss", (X, SIGNS), {}),
    ("poisson_nll_loss", (X, torch.floor(5 * P)), {}),
    ("poisson_nll_loss", (X, torch.floor(9 * P)), {"full": True}),
    ("poisson_nll_loss", (5 * P, torch.floor(9 * P)), {"log_input": False}),
    ("poisson_nll_loss", (P.round(decimals=1), torch.floor(9 * P)), {"log_input": False, "full": True, "eps": 0.125}),
    ("multi_margin_loss", (X, IDS), {}),
    ("multi_margin_loss", (X, IDS), {"p": 2, "margin": 0.5, "weight": CLASS_WEIGHT}),
]  # fmt: skip


def results(f, arguments, options):
    x = arguments[0].clone().requires_grad_()
    value = f(x, *arguments[1:], **options)
    weight = torch.linspace(1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
    return value.detach(), torch.autograd.grad((value * weight).sum(), x)[0]


def of_pytorch(name, arguments, options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "reduction: 'mean' divides", UserWarning)  # kl_div's
        return results(getattr(TF, name), arguments, options)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("name", "arguments", "options"), OWN)
def test_functional(name, arguments, options, dtype, reduction):
    def cast(x):
        return x.to(dtype) if isinstance(x, torch.Tensor) and x.is_floating_point() else x

    arguments = [cast(x) for x in arguments]
    options = {key: cast(x) for key, x in options.items()} | {"reduction": reduction}
    ours = results(getattr(functional, name), arguments, options)
    theirs = of_pytorch(name, arguments, options)
    eps = torch.finfo(dtype).eps
    for found, expected in zip(ours, theirs, strict=True):
        assert found.dtype == dtype
        # float32: PyTorch adds N terms in it, and is off by as many roundings
        torch.testing.assert_close(found, expected, rtol=16 * eps, atol=4 * eps * float(1 + expected.abs().max()))
    if dtype == torch.float64:  # two roundings of the largest term or sum, and of a slope four: a softmax less a target
        largest = max(
            float(x.abs().max()) for x in (of_pytorch(name, arguments, options | {"reduction": "none"})[0], theirs[0])
        )
        parts = 2 if name == "poisson_nll_loss" else 1  # how many terms of that size a loss may be the difference of
        assert float((ours[0] - theirs[0]).abs().max()) <= 2 * parts * eps * largest
        allowed = 16 if name == "ctc_loss" else 4
        assert float((ours[1] - theirs[1]).abs().max()) <= allowed * eps * float(theirs[1].abs().max())


IN_BFLOAT16 = [  # without a loss that PyTorch has not in it, and terms of targets and weights, which PyTorch rounds
    case
    for case in OWN
    if case[0] != "ctc_loss"
    and not (case[0] == "cross_entropy" and "weight" in case[2] and (case[1][1] is not IDS or len(case[2]) > 1))
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "arguments", "options"), IN_BFLOAT16)
def test_functional_in_bfloat16(name, arguments, options, reduction):
    """The numbers of PyTorch's single precision for the same tensors, rounded."""

    def cast(x):
        return x.bfloat16() if isinstance(x, torch.Tensor) and x.is_floating_point() else x

    def single(x):
        return x.float() if isinstance(x, torch.Tensor) and x.is_floating_point() else x

    arguments = [cast(x) for x in arguments]
    options = {key: cast(x) for key, x in options.items()}
    ours = results(getattr(functional, name), arguments, options | {"reduction": reduction})
    theirs = of_pytorch(
        name, [single(x) for x in arguments], {k: single(x) for k, x in options.items()} | {"reduction": reduction}
    )
    eps = torch.finfo(torch.bfloat16).eps
    for found, expected in zip(ours, theirs, strict=True):
        assert found.dtype == torch.bfloat16
        torch.testing.assert_close(found.float(), expected, rtol=2 * eps, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradients_of_all_arguments(reduction, dtype):
    """Of variances too, below eps as at it; and of rows that are compared with each other."""
    small = VARIANCES.clone()
    small[0] = 1e-3
    small[1] = 0.0
    cases = [
        ("gaussian_nll_loss", (X, P, VARIANCES), (0, 2), {"full": True}),
        ("gaussian_nll_loss", (X, P, VARIANCES[:, :1]), (0, 2), {}),
        ("gaussian_nll_loss", (X, P, small), (0, 2), {"eps": 0.05}),
        ("triplet_margin_loss", (X[:10], X[10:20], X[20:30]), (0, 1, 2), {}),
        ("triplet_margin_loss", (X[:10], X[10:20], X[20:30]), (0, 1, 2), {"margin": 0.3, "eps": 0.01}),
    ]
    eps = torch.finfo(dtype).eps
    for name, arguments, differentiated, options in cases:
        found = []
        for module in (functional, TF):
            given = [x.to(dtype).requires_grad_(i in differentiated) for i, x in enumerate(map(torch.clone, arguments))]
            value = getattr(module, name)(*given, reduction=reduction, **options)
            found.append((value.detach(), *torch.autograd.grad(value, [given[i] for i in differentiated])))
        for ours, theirs in zip(*found, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=16 * eps, atol=4 * eps * float(1 + theirs.abs().max()))


def test_mean_over_the_first_axis():
    for options in ({}, {"log_target": True}):
        target = P.log() if options else P
        found = functional.kl_div(LOGARITHMS, target, reduction="batchmean", **options)
        torch.testing.assert_close(found, TF.kl_div(LOGARITHMS, target, reduction="batchmean", **options))
    single = torch.tensor(-1.0)
    assert functional.kl_div(single, single.exp(), reduction="batchmean").abs() < 1e-7


NEW = [
    ("binary_cross_entropy", (P[:6],), (LABELS[:6],), {"weight": P[:6]}),
    ("kl_div", (LOGARITHMS[:6],), (P[:6],), {}),
    ("kl_div", (LOGARITHMS[:6],), (P[:6].log(),), {"log_target": True}),
    ("gaussian_nll_loss", (X[:6], VARIANCES[:6]), (P[:6],), {}),
    ("poisson_nll_loss", (P[:6],), (torch.floor(9 * P[:6]),), {"log_input": False, "full": True, "eps": 0.125}),
    ("ctc_loss", (FRAMES,), (SEQUENCES, PARTS, HOW_LONG), {}),
    ("triplet_margin_loss", (X[:6], X[6:12], X[12:18]), (), {}),
]


def called(name, differentiated, others, options, reduction):
    """A function of what is differentiated, its size, and the tensors."""
    f = getattr(functional, name)

    def value(*tensors):
        if name == "ctc_loss":  # whose argument has to sum to 1
            return f(torch.log_softmax(tensors[0], -1), *others, reduction=reduction, **options)
        if name == "gaussian_nll_loss":
            return f(tensors[0], others[0], tensors[1], reduction=reduction, **options)
        return f(*tensors, *others, reduction=reduction, **options)

    return value, [x.clone().requires_grad_() for x in differentiated]


@pytest.mark.parametrize("case", NEW, ids=lambda case: case[0])
def test_derivatives_of_functional_are_differences(case):
    for reduction in ("mean", "sum") if case[0] == "triplet_margin_loss" else ("mean", "sum", "none"):
        f, tensors = called(*case, reduction)
        assert torch.autograd.gradcheck(f, tensors)
        if case[0] != "ctc_loss":  # slow
            assert torch.autograd.gradgradcheck(f, tensors)


@pytest.mark.parametrize("case", NEW, ids=lambda case: case[0])
def test_functional_compiled(case):
    torch.compiler.reset()
    f, tensors = called(*case, "mean")
    compiled = torch.compile(f, fullgraph=True, backend="aot_eager")
    found, expected = compiled(*tensors), f(*tensors)
    torch.testing.assert_close(found, expected, rtol=1e-14, atol=0)
    torch.testing.assert_close(
        torch.autograd.grad(found, tensors), torch.autograd.grad(expected, tensors), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("name", ["binary_cross_entropy", "kl_div", "kl_div_of_logarithms"])
@pytest.mark.parametrize("reduction", ["batch_mean", "none"])
def test_losses_of_pytorch_pass_its_checks(name, reduction):
    x = ENDS.clone() if name == "binary_cross_entropy" else LOGARITHMS.clone()
    call = (P, None, None, f"torch.{name}", reduction)
    torch.library.opcheck(_operators.value_and_grad, (x.requires_grad_(), *call))
    torch.library.opcheck(_operators.value, (x.detach(), *call))
    torch.library.opcheck(_operators.hvp, (x.detach(), *call[:3], torch.randn_like(P), *call[3:]))


def test_second_derivatives_at_the_ends():
    """Of a slope over 1e-12."""
    x = ENDS[0].clone().requires_grad_()
    (first,) = torch.autograd.grad(functional.binary_cross_entropy(x, LABELS[0], reduction="sum"), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(second, torch.full_like(second, 1e12), rtol=1e-7, atol=0)


MODULES = [
    ("CrossEntropyLoss", (X, IDS), {"weight": CLASS_WEIGHT, "ignore_index": 2, "label_smoothing": 0.1}),
    ("BCEWithLogitsLoss", (X, P), {"weight": CLASS_WEIGHT, "pos_weight": CLASS_WEIGHT}),
    ("BCELoss", (ENDS, P), {"weight": CLASS_WEIGHT}),
    ("KLDivLoss", (LOGARITHMS, P.log()), {"log_target": True}),
    ("GaussianNLLLoss", (X, P, VARIANCES), {"full": True, "eps": 0.5}),
    ("CTCLoss", (FRAMES, SEQUENCES - 1, PARTS, HOW_LONG), {"blank": 4, "zero_infinity": True}),
    ("MSELoss", (X, P), {}),
    ("L1Loss", (X, P), {}),
    ("HuberLoss", (X, P), {"delta": 0.3}),
    ("SmoothL1Loss", (X, P), {"beta": 0.3}),
    ("SoftMarginLoss", (X, SIGNS), {}),
    ("PoissonNLLLoss", (P, torch.floor(9 * P)), {"log_input": False, "full": True, "eps": 0.125}),
    ("MultiMarginLoss", (X, IDS), {"p": 2, "margin": 0.5, "weight": CLASS_WEIGHT}),
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "arguments", "options"), MODULES, ids=[case[0] for case in MODULES])
def test_modules(name, arguments, options, reduction):
    theirs = getattr(torch.nn, name)(reduction=reduction, **options)
    ours = getattr(nn, name)(reduction=reduction, **options)
    assert isinstance(ours, type(theirs))
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    warnings.filterwarnings("ignore", "reduction: 'mean' divides", UserWarning)  # kl_div's
    for found, expected in zip(results(ours, arguments, {}), results(theirs, arguments, {}), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-14)
    again = pickle.loads(pickle.dumps(copy.deepcopy(ours)))
    torch.testing.assert_close(again(*arguments), ours(*arguments), rtol=0, atol=0)


def test_module_of_triplets():
    options = {"margin": 0.5, "eps": 1e-3, "reduction": "sum"}
    ours, theirs = (module.TripletMarginLoss(**options) for module in (nn, torch.nn))
    assert repr(ours) == repr(theirs)
    torch.testing.assert_close(ours(X[:10], X[10:20], X[20:30]), theirs(X[:10], X[10:20], X[20:30]))


def test_all_that_is_exported():
    assert {case[0] for case in OWN} == set(functional.__all__) - {"triplet_margin_loss"}
    assert {case[0] for case in MODULES} == set(nn.__all__) - {"TripletMarginLoss"}


def test_masks_of_logits():
    x = X.clone()
    x[:, 0] = -torch.inf
    ids = IDS.clamp(1)
    for given in ({}, {"weight": CLASS_WEIGHT}):
        ours, theirs = (results(f, (x, ids), given) for f in (functional.cross_entropy, TF.cross_entropy))
        torch.testing.assert_close(ours, theirs)


@pytest.mark.filterwarnings("ignore:the mean over no sample")
def test_of_no_target_only_the_value_is_undefined():
    for given in ({}, {"weight": CLASS_WEIGHT}, {"weight": CLASS_WEIGHT, "label_smoothing": 0.1}):
        value, grad, *_ = results(functional.cross_entropy, (X, torch.full_like(IDS, -100)), given)
        assert value.isnan()
        assert not grad.any()


def test_one_class():
    x, ids, weight = torch.zeros(2, 1).double(), torch.zeros(2, dtype=torch.long), torch.tensor([0.7]).double()
    assert functional.cross_entropy(x, ids, weight, label_smoothing=0.1).item() == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_under_autocast_losses_are_those_of_single_precision(dtype):
    logits, rows = X.to(dtype).requires_grad_(), P.to(dtype)
    for name, target in (("cross_entropy", IDS), ("mse_loss", rows), ("binary_cross_entropy_with_logits", rows)):
        with torch.autocast("cpu", dtype=dtype):
            cost = getattr(functional, name)(logits, target)
        single = getattr(functional, name)(logits.float(), target if target is IDS else target.float())
        assert cost.dtype == torch.float32
        assert cost.item() == single.item()
        (grad,) = torch.autograd.grad(65536 * cost, logits)
        assert grad.dtype == dtype
        assert torch.equal(grad, torch.autograd.grad(65536 * single, logits)[0])


def test_functional_refuses():
    with pytest.raises(ValueError, match=r"pos_weight has shape \(5, 1\)"):
        functional.binary_cross_entropy_with_logits(X, P, pos_weight=torch.ones(5, 1))
    with pytest.raises(ValueError, match=r"pred\[0, \d\] is -.*; pred must be >= 0"):
        functional.poisson_nll_loss(X, P, False)
    with pytest.raises(ValueError, match="a weight for each class requires a gradient"):
        functional.cross_entropy(X, IDS, CLASS_WEIGHT.clone().requires_grad_())
    with pytest.raises(ValueError, match="reduction is 'batchmean'"):
        functional.mse_loss(X, P, reduction="batchmean")
    for reduction in ("batchmean", "none"):
        with pytest.raises(ValueError, match=r"target has shape \(5, 40\)"):
            functional.kl_div(LOGARITHMS, P.mT, reduction=reduction)
    with pytest.raises(ValueError, match=r"pred\[0, 3\] is -?[\d.]+; pred must be in \[0, 1\]"):
        functional.binary_cross_entropy(torch.tensor([[0.0, 1.0, 0.5, 1.5]]), torch.ones(1, 4))
    with pytest.raises(ValueError, match=r"input has shape \(40, 5\) but var has shape \(2, 5\)"):
        functional.gaussian_nll_loss(X, P, VARIANCES[:2])
    with pytest.raises(ValueError, match=r"var has the negative number -1\.0"):
        functional.gaussian_nll_loss(X, P, -1.0)
    with pytest.raises(ValueError, match="p is 1 and swap is False"):
        functional.triplet_margin_loss(X, X, X, p=1)
    with pytest.raises(ValueError, match="swap is True"):
        nn.TripletMarginLoss(swap=True)(X, X, X)
    with pytest.raises(ValueError, match="reduction is 'none', but triplet is a cost"):
        functional.triplet_margin_loss(X, X, X, reduction="none")
    with pytest.raises(ValueError, match=r"shapes \(40, 5\), \(40, 5\), \(5,\)"):
        functional.triplet_margin_loss(X, X, X[0])
    lengths = (torch.full((4,), 10), torch.full((4,), 3))
    with pytest.raises(ValueError, match="log_probs must be logarithms of probabilities"):
        functional.ctc_loss(FRAMES + 1e-9, SEQUENCES, *lengths)
    with pytest.raises(ValueError, match="reduction is 'batch_mean'"):
        functional.ctc_loss(FRAMES, SEQUENCES, *lengths, reduction="batch_mean")
    padded = torch.cat([FRAMES, torch.zeros(2, 4, C)])  # frames after the end may hold anything
    torch.testing.assert_close(
        functional.ctc_loss(padded, SEQUENCES, *lengths), functional.ctc_loss(FRAMES, SEQUENCES, *lengths)
    )


# ---- the module itself -----------------------------------------------------------------------------------------------


def test_examples():
    for module in (package, functional, nn):
        found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
        assert found.attempted > 0
        assert found.failed == 0
