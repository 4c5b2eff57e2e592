"""Losses for least_squares: rho and its derivatives by mpmath, fits beside SciPy's own losses."""

import copy
import doctest
import pickle

import numpy as np
import pytest
from peers import needed

optimize = needed("scipy.optimize")
mpmath = needed("mpmath")

import fastloss as fl
from fastloss._core.registry import REGISTRY
from fastloss.adapters import scipy as adapter
from fastloss.adapters.scipy import DERIVATIVES, rho

SETTINGS = {
    "mse": [{}],
    "barron": [{"alpha": a, "delta": d} for a in (-40, -2, 0, 1, 2, 3.5) for d in (1.0, 0.5)],
    "squared_epsilon_insensitive": [{"epsilon": 0.0}, {"epsilon": 0.25}],
}
CASES = [(name, own) for name in DERIVATIVES for own in SETTINGS.get(name, [{"delta": d} for d in (1.0, 0.5, 2.0)])]
Z = np.array([1e-12, 3e-5, 0.01, 0.07, 0.3, 0.75, 1.5, 2.2, 2.3, 7.0, 40.0, 1e5])
ENDS = np.array([0.0, 1e-300, 1e300])


def truth(name, z, delta=1.0, alpha=1.0, epsilon=0.1):
    """2ℓ(√z)."""
    d, delta = mpmath.sqrt(z), mpmath.mpf(delta)
    r = d / delta
    match name:
        case "mse":
            return 2 * d**2
        case "huber":
            return d**2 if d <= delta else 2 * delta * d - delta**2
        case "pseudo_huber":
            return 2 * delta**2 * (mpmath.sqrt(1 + r**2) - 1)
        case "log_cosh":
            return 2 * delta**2 * mpmath.log(mpmath.cosh(r))
        case "fair":
            return 2 * delta**2 * (r - mpmath.log1p(r))
        case "cauchy":
            return delta**2 * mpmath.log1p(r**2)
        case "tukey_biweight":
            return delta**2 / 3 * (1 - (1 - r**2) ** 3 if r < 1 else 1)
        case "welsch":
            return -(delta**2) * mpmath.expm1(-(r**2))
        case "geman_mcclure":
            return d**2 / (1 + r**2)
        case "squared_epsilon_insensitive":
            return 2 * max(0, d - epsilon) ** 2
        case "barron":
            b = mpmath.mpf(abs(alpha - 2))
            if b == 0:
                return d**2
            return (
                2
                * delta**2
                * (
                    b / alpha * ((1 + r**2 / b) ** (mpmath.mpf(alpha) / 2) - 1)
                    if alpha
                    else b / 2 * mpmath.log1p(r**2 / b)
                )
            )


@pytest.mark.parametrize(("name", "own"), CASES, ids=str)
def test_rho_and_its_derivatives(name, own):
    found = rho(name, **own)(Z)
    with mpmath.workdps(120):
        for i, z in enumerate(Z.tolist()):
            step = mpmath.mpf(z) * mpmath.mpf(10) ** -30
            low, mid, high = (truth(name, mpmath.mpf(z) + k * step, **own) for k in (-1, 0, 1))
            exact = [mid, (high - low) / (2 * step), (high - 2 * mid + low) / step**2]
            # What exp(−z/δ²) is good to depends on z, whoever computes it; and what (1 + z)^α is, on α.
            allowed = {"welsch": 4 + z / own.get("delta", 1) ** 2, "barron": 40}.get(name, 4)
            if name == "squared_epsilon_insensitive":  # √z − ε loses what they have in common
                allowed *= 1 + own["epsilon"] / abs(z**0.5 - own["epsilon"])
            for row, value in enumerate(map(float, exact)):
                if abs(value) > 1e-25:
                    assert abs(found[row, i] - value) <= allowed * np.spacing(abs(value)), (row, z)
                else:
                    assert abs(found[row, i]) < 1e-24, (row, z)


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("name", ["huber", "pseudo_huber"])
def test_rho_and_its_derivatives_at_the_ends(name, delta):
    """Where thirty digits of a step are less than the digits that a square root loses."""
    found = rho(name, delta=delta)(ENDS)
    with mpmath.workdps(1500):
        for i, z in enumerate(ENDS.tolist()):
            z = mpmath.mpf(z) or mpmath.mpf(10) ** -700  # the limit
            step = z * mpmath.mpf(10) ** -30
            low, mid, high = (truth(name, z + k * step, delta=delta) for k in (-1, 0, 1))
            exact = [mid, (high - low) / (2 * step), (high - 2 * mid + low) / step**2]
            for row, value in enumerate(map(float, exact)):
                assert abs(found[row, i] - value) <= 4 * np.spacing(abs(value)), (row, z)


@pytest.mark.parametrize(("name", "own"), CASES, ids=str)
def test_slopes_are_the_majorizer(name, own):
    loss, z = REGISTRY[name], np.concatenate([Z, ENDS])  # the last of which overflows for alpha > 2
    d, zero = np.sqrt(z), np.zeros_like(z)
    if loss.majorizer and own.get("alpha", 0) <= 2:  # beyond, it is the second derivative
        slopes = loss.grad_and_hess(d, zero, reduction="none", curvature="majorizer", **own)[1]
    else:
        slopes = loss.grad(d, zero, reduction="none", **own) / np.where(d > 0, d, 1)
        slopes[d == 0] = 2.0 * (own["epsilon"] == 0) if "epsilon" in own else 1
    np.testing.assert_allclose(rho(name, **own)(z)[1][:-1], slopes[:-1], rtol=1e-12)


def test_the_ends_of_the_range():
    """Where differences of the loss's own derivatives have nothing left."""
    for delta in (1.0, 0.5, 2.0):
        d2 = delta**2
        assert rho("huber", delta=delta)(ENDS)[1:].tolist() == [[1, 1, delta * 1e-150], [0, 0, 0]]
        np.testing.assert_array_equal(
            rho("pseudo_huber", delta=delta)(ENDS)[1:], [[1, 1, delta * 1e-150], [-0.5 / d2, -0.5 / d2, 0]]
        )
        np.testing.assert_allclose(rho("log_cosh", delta=delta)(ENDS)[2], [-1 / (3 * d2), -1 / (3 * d2), 0], rtol=1e-15)
    values = rho("huber")(ENDS)[0]
    np.testing.assert_allclose(values, [0, 1e-300, 2e150], rtol=4e-16)
    assert np.isfinite(rho("fair")(ENDS)).all()
    assert np.isnan(rho("huber")([np.nan])).all()


def residuals(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 5, 80)
    y = 3 * np.exp(-0.7 * x) + 0.5 + 0.05 * rng.standard_normal(80)
    y[::9] += rng.uniform(1, 4, len(y[::9]))
    slopes = lambda w: np.exp(-w[1] * x)[:, None] * np.column_stack([np.ones(80), -w[0] * x, np.exp(w[1] * x)])
    return lambda w: w[0] * np.exp(-w[1] * x) + w[2] - y, slopes


@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("name", "theirs"), [("huber", "huber"), ("pseudo_huber", "soft_l1"), ("cauchy", "cauchy")])
def test_fit_is_that_of_the_built_in(name, theirs, delta):
    (f, _), start = residuals(), [1.0, 1.0, 0.0]
    fits = [
        optimize.least_squares(f, start, loss=loss, f_scale=scale)
        for loss, scale in ((rho(name, delta=delta), 1.0), (rho(name), delta), (theirs, delta))
    ]
    tight = [
        optimize.least_squares(f, start, loss=loss, f_scale=scale, ftol=1e-15, xtol=1e-15, gtol=1e-15)
        for loss, scale in ((rho(name, delta=delta), 1.0), (theirs, delta))
    ]
    assert abs(fits[0].nfev - fits[2].nfev) <= 2
    assert abs(fits[1].nfev - fits[2].nfev) <= 2
    np.testing.assert_allclose(tight[0].x, tight[1].x, rtol=0, atol=1e-7)
    for fit in (fits[0], tight[0]):
        np.testing.assert_array_max_ulp(
            fit.cost, REGISTRY[name](fit.fun, 0 * fit.fun, delta=delta, reduction="sum"), 2
        )  # their sum is rounded


@pytest.mark.parametrize("name", DERIVATIVES)
@pytest.mark.parametrize("method", ["trf", "dogbox"])
def test_every_loss_fits(name, method):
    f, jac = residuals()
    fit = optimize.least_squares(
        f, [2.5, 0.6, 0.4], jac, loss=rho(name), method=method, gtol=1e-9, ftol=1e-15, xtol=1e-15
    )
    assert fit.success
    assert np.abs(REGISTRY[name].grad(fit.fun, 0 * fit.fun, reduction="sum") @ jac(fit.x)).max() < 1e-6
    assert fit.cost == pytest.approx(REGISTRY[name](fit.fun, 0 * fit.fun, reduction="sum"), rel=1e-14)


def test_one_delta_for_each_residual():
    (f, _), delta = residuals(), np.linspace(0.5, 2, 80)
    fit = optimize.least_squares(f, [1.0, 1.0, 0.0], loss=rho("huber", delta=delta))
    assert fit.cost == pytest.approx(fl.huber(fit.fun, 0 * fit.fun, delta=delta, reduction="sum"), rel=1e-14)


def test_result_is_its_own():
    f, z = rho("mse"), np.array([1.0, 4.0])
    first, second = f(z), f(z)
    first[...] = 0
    assert second.tolist() == [[2, 8], [2, 2], [0, 0]]
    assert z.tolist() == [1, 4]
    assert f(np.float32([4])).dtype == np.float64
    assert f(4.0).tolist() == [8, 2, 0]
    assert f([]).shape == (3, 0)


def test_refusals():
    taken = set()
    for name in REGISTRY:
        try:
            rho(name)
        except ValueError as error:
            assert str(error).startswith(f"{name} cannot be used with least_squares: ")  # noqa: PT017
        else:
            taken.add(name)
    assert taken == set(DERIVATIVES)
    for name, words in {
        "mae": "corner",
        "rmse": "mse has the same minimum",
        "expectile": "sign",
        "mape": "depends on the target",
        "log_loss": "not a loss of residuals",
        "cox": "not a loss of residuals",
    }.items():
        with pytest.raises(ValueError, match=words):
            rho(name)
    with pytest.raises(TypeError, match="huber has no keyword 'beta'"):
        rho("huber", beta=1.0)
    with pytest.raises(ValueError, match=r"delta is -1\.0"):
        rho(fl.huber, delta=-1.0)
    with pytest.raises(ValueError, match="did you mean 'huber'"):
        rho("hubert")
    with pytest.raises(ValueError, match=r"z\[1\] is -2; it must be the square of a residual"):
        rho("huber")([1.0, -2.0])


def test_as_an_object():
    f = rho("soft_l1", delta=2.0)
    for other in (f, pickle.loads(pickle.dumps(f)), copy.deepcopy(f), rho(fl.pseudo_huber, delta=2.0)):
        assert other.__name__ == "pseudo_huber"
        assert repr(other) == "<rho of pseudo_huber(delta=2.0)>"
        np.testing.assert_array_equal(other(Z), f(Z))


@pytest.mark.thread_unsafe
def test_examples():
    result = doctest.testmod(adapter)
    assert result.failed == 0 < result.attempted
