"""Norms for RLM, beside statsmodels' own."""

import copy
import doctest
import pickle

import numpy as np
import pytest
from peers import needed

needed("statsmodels")

from statsmodels.api import RLM, add_constant
from statsmodels.robust import norms
from statsmodels.robust.resistant_linear_model import RLMDetSMM
from statsmodels.robust.scale import HuberScale

import fastloss as fl
from fastloss._core.registry import REGISTRY
from fastloss.adapters import statsmodels as adapter
from fastloss.adapters.statsmodels import REDESCENDING, norm

METHODS = ("rho", "psi", "weights", "psi_deriv")
Z = np.concatenate([[0.0, 1.345, -1.345, 1e-300, -1e300], 3 * np.random.default_rng(1).standard_normal(200)])


def data(samples=300):
    rng = np.random.default_rng(0)
    X = add_constant(rng.standard_normal((samples, 3)))
    return X @ [1.0, 2.0, 3.0, 4.0] + rng.standard_t(2, samples), X


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(norm("huber", delta=1.345), norms.HuberT()), (norm("huber", delta=2), norms.HuberT(2)), (norm("mse"), norms.LeastSquares())],
    ids=str,
)  # fmt: skip
def test_bits_of_the_built_in(ours, theirs):
    for method in METHODS[1:]:
        np.testing.assert_array_equal(getattr(ours, method)(Z), getattr(theirs, method)(Z), err_msg=method)
    np.testing.assert_array_max_ulp(ours.rho(Z[5:]), theirs.rho(Z[5:]), 4)
    y, X = data()
    fits = [RLM(y, X, M=M).fit() for M in (ours, theirs)]
    np.testing.assert_array_equal(fits[0].params, fits[1].params)
    np.testing.assert_array_equal(fits[0].bse, fits[1].bse)


def test_biweight_of_the_built_in():
    ours, theirs = norm("tukey_biweight"), norms.TukeyBiweight()
    z = Z[np.abs(Z) < 1e100]
    for method in METHODS:
        np.testing.assert_allclose(getattr(ours, method)(z), getattr(theirs, method)(z), rtol=0, atol=1e-14)
    assert ours.max_rho() == pytest.approx(theirs.max_rho(), rel=1e-15)
    y, X = data()
    np.testing.assert_allclose(RLM(y, X, M=ours).fit().params, RLM(y, X, M=theirs).fit().params, rtol=1e-13)


@pytest.mark.parametrize("name", REDESCENDING)
def test_what_a_norm_is(name):
    """psi is rho's derivative, psi_deriv psi's, and weights psi(z)/z."""
    own = {"alpha": 0.8} if name == "expectile" else {}
    M, z = norm(name, **own), np.array([-4.0, -1.7, -0.3, 0.2, 0.9, 2.5, 6.0])
    step = 1e-6
    np.testing.assert_allclose((M.rho(z + step) - M.rho(z - step)) / (2 * step), M.psi(z), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose((M.psi(z + step) - M.psi(z - step)) / (2 * step), M.psi_deriv(z), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(M.psi(z) / z, M.weights(z), rtol=1e-14)
    np.testing.assert_array_equal(M(z), M.rho(z))
    np.testing.assert_array_equal(M.weights(1e-200), M.psi_deriv(1e-200))
    assert M.weights(0.0) == M.psi_deriv(0.0)
    assert M.max_rho() == M.rho(1e308) or M.max_rho() == np.inf
    far = np.abs(M.psi(1e12))
    assert {"not": far >= 0.99 * np.abs(M.psi(1.0)), "soft": 0 <= far < 1e-6, "hard": far == 0}[M.redescending]


@pytest.mark.parametrize("name", REDESCENDING)
def test_every_norm_fits(name):
    own = {"alpha": 0.8} if name == "expectile" else {}
    y, X = data()
    M = norm(name, **own)
    fit = RLM(y, X, M=M).fit(maxiter=300, tol=1e-12)
    assert np.abs(X.T @ M.psi(fit.resid / fit.scale)).max() < 1e-6
    assert type(M).__name__ in fit.summary().as_text()
    assert np.isfinite(fit.bse).all()


def test_fixed_scale_is_a_cost():
    """Of RLM with a known scale, what is least is our cost."""
    from scipy.optimize import minimize

    y, X = data()
    fit = RLM(y, X, M=norm("pseudo_huber", delta=1.3)).fit(scale_est=HuberScale(), maxiter=500, tol=1e-14)
    cost = fl.linear.objective(fl.pseudo_huber, X, y, delta=1.3 * fit.scale, fit_intercept=False)
    best = minimize(cost, fit.params, jac=True, options={"gtol": 1e-12})
    assert best.fun <= cost(fit.params)[0]
    assert np.abs(best.x - fit.params).max() < 1e-2  # the scale has moved on after the last step of the weights


def test_numbers_and_arrays():
    M = norm("huber", delta=2.0)
    for method in (M, *(getattr(M, method) for method in METHODS)):
        assert isinstance(method(3.0), float)
        assert isinstance(method(3), float)
        assert method(np.float32([1, 3])).dtype == np.float64
        assert method([[1.0], [3.0]]).shape == (2, 1)
        assert method([]).shape == (0,)
    z = np.array([1.0, np.nan, 5.0])
    assert np.isnan(M.psi(z)).tolist() == [False, True, False]
    assert z.tolist()[::2] == [1, 5]


def test_tuning():
    M = norm("tukey_biweight", delta=3.0)
    other = M._set_tuning_param(5.0)
    assert (M.max_rho(), other.max_rho()) == (pytest.approx(1.5), pytest.approx(25 / 6))
    assert M._set_tuning_param(5.0, inplace=True) is M
    assert M.max_rho() == other.max_rho()
    with pytest.raises(ValueError, match="delta is 0"):
        M._set_tuning_param(0)
    with pytest.raises(TypeError, match="mse has no keyword 'delta'"):
        norm("mse")._set_tuning_param(1.0)


def test_resistant_models():
    rng = np.random.default_rng(0)
    X = add_constant(rng.normal(size=(60, 2)))
    y = X @ [1, 2, 3] + rng.normal(size=60)
    y[:6] += 20
    ours, theirs = (
        RLMDetSMM(y, X, norm=own).fit().params
        for own in (norm("tukey_biweight", delta=1.547), norms.TukeyBiweight(c=1.547))
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert not hasattr(norm("huber"), "get_tuning")


def test_refusals():
    taken = set()
    for name in REGISTRY:
        try:
            norm(name)
        except ValueError as error:
            assert str(error).startswith(f"{name} cannot be used with RLM: ")  # noqa: PT017
        else:
            taken.add(name)
    assert taken == set(REDESCENDING)
    with pytest.raises(ValueError, match="corner"):
        norm("quantile", alpha=0.9)
    with pytest.raises(ValueError, match="the root of a mean"):
        norm("rmse")
    with pytest.raises(ValueError, match="alpha is 3; it must be up to 2"):
        norm("barron", alpha=3)
    with pytest.raises(ValueError, match=r"delta is -1\.0"):
        norm("huber", delta=-1.0)
    with pytest.raises(TypeError, match="huber has no keyword 't'"):
        norm("huber", t=1.345)


def test_as_an_object():
    M = norm(fl.huber, delta=1.5)
    assert isinstance(M, norms.RobustNorm)
    for other in (M, pickle.loads(pickle.dumps(M)), copy.deepcopy(M), copy.copy(M)):
        assert (type(other).__name__, repr(other)) == ("Huber", "<norm huber(delta=1.5)>")
        assert type(other) is type(norm("huber"))
        np.testing.assert_array_equal(other.psi(Z), M.psi(Z))


@pytest.mark.thread_unsafe
def test_examples():
    result = doctest.testmod(adapter)
    assert result.failed == 0 < result.attempted
