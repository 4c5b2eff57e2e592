"""Losses under PyTorch: the core's values and gradients, PyTorch's own losses, and what its autograd and compiler check."""

import copy
import doctest
import importlib
import pickle
import sys
import tracemalloc

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
    with pytest.raises(RuntimeError, match=r"through fastloss\.hvp.*no autograd formula"):
        torch.autograd.grad(second.sum(), x)


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
            "target requires a gradient, and would get none: input alone",
        ),
        (lambda: f(x.detach().numpy(), target), TypeError, "pred must be a torch.Tensor, not ndarray"),
        (lambda: f(x, [0.0] * 4), TypeError, "target must be a torch.Tensor, not list"),
        (lambda: f(x, target, 1.0), TypeError, "sample_weight must be a torch.Tensor, not float"),
        (lambda: functional.mse_loss(1.0, target), TypeError, "input must be a torch.Tensor"),
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
    ("multi_margin_loss", (X, IDS), {}),
    ("multi_margin_loss", (X, IDS), {"p": 2, "margin": 0.5, "weight": CLASS_WEIGHT}),
]  # fmt: skip


def results(f, arguments, options):
    x = arguments[0].clone().requires_grad_()
    value = f(x, *arguments[1:], **options)
    weight = torch.linspace(1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
    return value.detach(), torch.autograd.grad((value * weight).sum(), x)[0]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("name", "arguments", "options"), OWN)
def test_functional(name, arguments, options, dtype, reduction):
    def cast(x):
        return x.to(dtype) if isinstance(x, torch.Tensor) and x.is_floating_point() else x

    arguments = [cast(x) for x in arguments]
    options = {key: cast(x) for key, x in options.items()} | {"reduction": reduction}
    ours = results(getattr(functional, name), arguments, options)
    theirs = results(getattr(TF, name), arguments, options)
    eps = torch.finfo(dtype).eps
    for found, expected in zip(ours, theirs, strict=True):
        assert found.dtype == dtype
        # float32: PyTorch adds N terms in it, and is off by as many roundings
        torch.testing.assert_close(found, expected, rtol=16 * eps, atol=4 * eps * float(1 + expected.abs().max()))


MODULES = [
    ("CrossEntropyLoss", (X, IDS), {"weight": CLASS_WEIGHT, "ignore_index": 2, "label_smoothing": 0.1}),
    ("BCEWithLogitsLoss", (X, P), {"weight": CLASS_WEIGHT, "pos_weight": CLASS_WEIGHT}),
    ("MSELoss", (X, P), {}),
    ("L1Loss", (X, P), {}),
    ("HuberLoss", (X, P), {"delta": 0.3}),
    ("SmoothL1Loss", (X, P), {"beta": 0.3}),
    ("SoftMarginLoss", (X, SIGNS), {}),
    ("PoissonNLLLoss", (X, torch.floor(5 * P)), {}),
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
    for found, expected in zip(results(ours, arguments, {}), results(theirs, arguments, {}), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-14)
    again = pickle.loads(pickle.dumps(copy.deepcopy(ours)))
    torch.testing.assert_close(again(*arguments), ours(*arguments), rtol=0, atol=0)


def test_all_that_is_exported():
    assert {case[0] for case in OWN} == set(functional.__all__)
    assert {case[0] for case in MODULES} == set(nn.__all__)


def test_masks_of_logits():
    x = X.clone()
    x[:, 0] = -torch.inf
    ids = IDS.clamp(1)
    for given in ({}, {"weight": CLASS_WEIGHT}):
        ours, theirs = (results(f, (x, ids), given) for f in (functional.cross_entropy, TF.cross_entropy))
        torch.testing.assert_close(ours, theirs)


def test_functional_refuses():
    with pytest.raises(ValueError, match=r"pos_weight has shape \(5, 1\)"):
        functional.binary_cross_entropy_with_logits(X, P, pos_weight=torch.ones(5, 1))
    with pytest.raises(ValueError, match="log_input is False"):
        functional.poisson_nll_loss(X, P, False)
    with pytest.raises(ValueError, match="full is True"):
        nn.PoissonNLLLoss(full=True)(X, P)
    with pytest.raises(ValueError, match="a weight for each class requires a gradient"):
        functional.cross_entropy(X, IDS, CLASS_WEIGHT.clone().requires_grad_())
    with pytest.raises(ValueError, match="reduction is 'batchmean'"):
        functional.mse_loss(X, P, reduction="batchmean")


# ---- the module itself -----------------------------------------------------------------------------------------------


def test_examples():
    for module in (package, functional, nn):
        found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
        assert found.attempted > 0
        assert found.failed == 0


@pytest.mark.thread_unsafe
def test_without_the_tool(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("fastloss.adapters.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"torch is not installed: pip install 'fastloss\[torch\]'"):
        importlib.import_module("fastloss.adapters.torch")
