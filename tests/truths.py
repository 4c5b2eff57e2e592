"""Every loss and function by its definition, in exact arithmetic, and how results are compared with it.

Nothing here is taken from the package, and nothing is a stable form: mpmath has the digits that a definition needs.
"""

import math
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache

import mpmath as mp
import numpy as np
import truths_robust as robust
from sample import ONE, ZERO, Sample

import fastloss as fl

mp.mp.dps = 50
inf, nan = np.inf, np.nan

LOCK = threading.RLock()


@contextmanager
def digits(n):
    """More digits for as long as the block lasts. mpmath has as many for every thread, and one at a time may change that."""
    with LOCK, mp.workdps(n):
        yield


@lru_cache(maxsize=1 << 18)
def num(x):
    return mp.mpf(float(x))


def exact_own(own):
    """Hyperparameters, as the numbers that they are."""
    return {k: tuple(map(num, v)) if np.ndim(v) else num(v) for k, v in own.items()}


def chop(x, size):
    """0 for what only the digits of mpmath leave of a difference of terms of this size."""
    return ZERO if abs(x) < size * mp.mpf(10) ** (8 - mp.mp.dps) else x


def over(a, b):
    """a/b, infinite for b = 0 < a."""
    return a / b if b else mp.inf


# ---- definitions -----------------------------------------------------------------------------------------------------


def mse(p, t):
    return Sample((p - t) ** 2, [2 * (p - t)], [mp.mpf(2)])


def mae(p, t):
    return Sample(abs(p - t), [mp.sign(p - t)], [ZERO])


def huber(p, t, delta):
    d = p - t
    near = abs(d) <= delta
    value = d**2 / 2 if near else delta * (abs(d) - delta / 2)
    return Sample(value, [d if near else delta * mp.sign(d)], [mp.mpf(near)])


def pseudo_huber(p, t, delta):
    d = p - t
    if mp.isinf(d):
        return Sample(mp.inf, [delta * mp.sign(d)], [ZERO])
    root = mp.sqrt(1 + (d / delta) ** 2)
    return Sample(delta**2 * (root - 1), [d / root], [root**-3])


def hinge(s, t, margin=ONE):
    return Sample(max(ZERO, margin - t * s), [-t if t * s < margin else ZERO], [ZERO])


def squared_hinge(s, t, margin=ONE):
    lack = max(ZERO, margin - t * s)
    return Sample(lack**2, [-2 * t * lack], [mp.mpf(2 * (t * s < margin))])


def binary_cross_entropy(p, t, eps=ZERO):
    value, slopes, hess = ZERO, [ZERO], ZERO
    for share, argument, sign in ((t, p, -1), (1 - t, 1 - p, 1)):
        if share:
            value -= share * mp.log(max(argument, eps))
            if argument >= eps:
                slopes.append(sign * over(share, argument))
                hess += over(share, argument**2)
    return Sample(value, [mp.fsum(slopes)], [hess], grad_sizes=[max(map(abs, slopes))])


def sigmoid_cross_entropy(x, t, pos_weight=ONE, label_smoothing=ZERO):
    t = (1 - label_smoothing) * t + label_smoothing / 2
    up, down = 1 / (1 + mp.exp(-x)), 1 / (1 + mp.exp(x))
    value = (pos_weight * t * mp.log(1 / up) if t else ZERO) + ((1 - t) * mp.log(1 / down) if t != 1 else ZERO)
    slopes = (1 - t) * up, pos_weight * t * down
    return Sample(value, [slopes[0] - slopes[1]], [(pos_weight * t + 1 - t) * up * down], grad_sizes=[max(slopes)])


def softmax_cross_entropy(x, t, label_smoothing=ZERO):
    t = [(1 - label_smoothing) * v + label_smoothing / len(t) for v in t] if label_smoothing else t
    e = {v: mp.exp(v) for v in set(x)}
    total, mass = mp.fsum(e[v] for v in x), mp.fsum(t)
    log_total = mp.log(total)
    value = mp.fsum(w * chop(log_total - v, 1 + abs(v)) for v, w in zip(x, t, strict=True) if w)
    pairs = list(zip(x, t, strict=True))
    p = {v: e[v] / total for v in e}
    slope = {(v, w): p[v] * mass - w for v, w in set(pairs)}
    size = {(v, w): max(p[v] * mass, w) for v, w in slope}
    hess, hess_size = {v: q * (1 - q) * mass for v, q in p.items()}, {v: q * mass for v, q in p.items()}
    return Sample(
        value, [slope[k] for k in pairs], [hess[v] for v in x], 0, [size[k] for k in pairs], [hess_size[v] for v in x]
    )


def softmax_kl_divergence(x, t):
    cross = softmax_cross_entropy(x, t)
    entropy = mp.fsum(w * mp.log(w) for w in t if w)
    return Sample(
        cross.value + entropy,
        cross.grad,
        cross.hess,
        max(cross.value, abs(entropy)),
        cross.grad_sizes,
        cross.hess_sizes,
    )


def categorical_cross_entropy(p, t, eps=ZERO):
    value = -mp.fsum(w * mp.log(max(q, eps)) for q, w in zip(p, t, strict=True) if w)
    slope = [w and q >= eps for q, w in zip(p, t, strict=True)]
    grad = [-over(w, q) if s else ZERO for q, w, s in zip(p, t, slope, strict=True)]
    return Sample(value, grad, [over(w, q**2) if s else ZERO for q, w, s in zip(p, t, slope, strict=True)])


def kl_divergence(p, t):
    cross = categorical_cross_entropy(p, t)
    entropy = mp.fsum(w * mp.log(w) for w in t if w)
    masses = mp.fsum(w - q for q, w in zip(p, t, strict=True) if w)
    return Sample(cross.value + entropy, cross.grad, cross.hess, abs(masses))


sparse_categorical_cross_entropy = categorical_cross_entropy  # of a row that is 1 at the id
DEFINITIONS = {
    f.__name__: f
    for f in (
        mse, mae, huber, pseudo_huber, hinge, squared_hinge, binary_cross_entropy, sigmoid_cross_entropy,
        softmax_cross_entropy, softmax_kl_divergence, categorical_cross_entropy, kl_divergence,
    )
} | {"rmse": mse, "sparse_categorical_cross_entropy": categorical_cross_entropy} | robust.DEFINITIONS  # fmt: skip
OWN = {"huber": {"delta": 1.0}, "pseudo_huber": {"delta": 1.0}}
FUNCTIONS = {
    "exp": mp.exp,
    "grow": mp.exp,
    "expm1": mp.expm1,
    "log": mp.log,
    "log1m": lambda p: mp.log1p(-p),
    "log1p": mp.log1p,
    "log_one": mp.log1p,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(-abs(x))) + max(x, 0),
    "log_sigmoid": lambda x: min(x, 0) - mp.log1p(mp.exp(-abs(x))),
}


def functions_of_row(x):
    """logsumexp, log_softmax and softmax of a row."""
    x = [num(v) for v in x]
    e = {v: mp.exp(v) for v in set(x)}
    total = mp.fsum(e[v] for v in x)
    log_total = mp.log(total)
    return {
        "logsumexp": Exact([chop(log_total, 1)]),
        "log_softmax": Exact([chop(v - log_total, 1 + abs(v)) for v in x]),
        "softmax": Exact([e[v] / total for v in x]),
    }


# ---- losses and their inputs -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """A loss with a kind of target: of every element ("points"), class ids, or rows."""

    name: str
    target: str
    family: str = field(compare=False)

    @property
    def loss(self):
        return getattr(fl, self.name)

    @property
    def points(self):
        return self.target == "points"

    def __str__(self):
        return self.name if self.points else f"{self.name}-{self.target}"

    def sample(self, p, t, **own):
        """The truth of one sample, of the very numbers given."""
        own = exact_own(OWN.get(self.name, {}) | own)
        if self.points:
            return DEFINITIONS[self.name](num(p), num(t), **own)
        t = np.arange(len(p)) == t if self.target == "ids" else t
        return DEFINITIONS[self.name]([num(v) for v in p], [num(v) for v in t], **own)

    def samples(self, pred, target, **own):
        return [self.sample(p, t, **own) for p, t in zip(pred, target, strict=True)]


POINTS = [
    *(Kind(name, "points", "numbers") for name in ("mse", "rmse", "mae", "huber", "pseudo_huber")),
    *(Kind(name, "points", "signs") for name in ("hinge", "squared_hinge")),
    Kind("binary_cross_entropy", "points", "probabilities"),
    Kind("sigmoid_cross_entropy", "points", "logits"),
    *(Kind(name, "points", family) for name, family in robust.FAMILIES.items()),
]
ROWS = [
    Kind("categorical_cross_entropy", "rows", "probabilities"),
    Kind("sparse_categorical_cross_entropy", "ids", "probabilities"),
    Kind("softmax_cross_entropy", "ids", "logits"),
    Kind("softmax_cross_entropy", "rows", "logits"),
    Kind("kl_divergence", "rows", "probabilities"),
    Kind("softmax_kl_divergence", "rows", "logits"),
]
KINDS = POINTS + ROWS


def kind_of(loss, ids):
    """By a loss of rows, and whether it is given class ids."""
    return next(kind for kind in ROWS if kind.loss is loss and (kind.target == "ids") == ids)


WEIGHTS = np.array([1, 2, 3, 1, 2, 3.0])

GOOD = {
    "numbers": ([0.5, -2, 3.25, 0.125, 40, -7], [0, 1, 3, 0, 1, -6.5]),
    "signs": ([0.5, -2, 3, 0.125, -0.75, 0.25], [1, 1, -1, -1, 1, -1]),
    "probabilities": ([0.5, 0.25, 0.9, 0.01, 0.75, 0.3], [1, 0, 0.5, 1, 0.25, 0]),
    "logits": ([0.5, -2, 3, -8, 20, 0.1], [1, 0, 0.5, 1, 0, 0.25]),
} | robust.GOOD


def distributions(rng, shape):
    x = rng.random(shape) + 0.01
    return x / x.sum(-1, keepdims=True)


def batch(kind, n, classes, dtype, seed=0):
    """A batch that suits the loss, for the test to change."""
    return tuple(x.copy() for x in drawn(kind, n, classes, dtype, seed))


@lru_cache(maxsize=64)
def drawn(kind, n, classes, dtype, seed):
    rng = np.random.default_rng(seed)
    if kind.points:
        pred, target = {
            "numbers": lambda: (rng.standard_normal(n) * 3, rng.standard_normal(n) * 3),
            "signs": lambda: (rng.standard_normal(n), rng.choice([-1.0, 1.0], n)),
            "probabilities": lambda: (rng.uniform(0.01, 0.99, n), rng.random(n)),
            "logits": lambda: (rng.standard_normal(n) * 5, rng.random(n)),
            "amounts": lambda: robust.amounts(rng, n),
            "counts": lambda: robust.counts(rng, n),
        }[kind.family]()
        return pred.astype(dtype), target.astype(dtype)
    logits = kind.family == "logits"
    pred = rng.standard_normal((n, classes)) * 3 if logits else distributions(rng, (n, classes))
    target = rng.integers(0, classes, n) if kind.target == "ids" else distributions(rng, (n, classes)).astype(dtype)
    return pred.astype(dtype), target


@cache
def good(kind, dtype, classes=3):
    """Six samples and their truths."""
    if kind.points:
        pred, target = (np.array(x, dtype) for x in GOOD[kind.family])
    else:
        pred, target = batch(kind, 6, classes, dtype)
    return pred, target, kind.samples(pred, target)


def summed(dtype, classes):
    """Units that a sum of so many rounded terms may be off by, if it is a sum of doubles."""
    return math.sqrt(classes) / 2 if dtype == np.float64 else 0.0


def spread(kind, pred):
    """exp of a rounded difference is off by half a unit for each unit of the difference."""
    if kind.points:
        return 0.0
    finite = pred[np.isfinite(pred)]
    return summed(pred.dtype, pred.shape[-1]) + (float(np.ptp(finite)) if kind.family == "logits" else 0.0)


# ---- inputs of cases.py -----------------------------------------------------------------------------------------------


def exact(case, pred, target):
    """Losses, gradients and curvatures of a case's samples, each with what its error is measured by."""
    kind = next(kind for kind in POINTS if kind.name == case.name)
    with digits(150):  # a definition may cancel
        samples = kind.samples(pred, target, **case.parameters)
    sized = kind.name in robust.DEFINITIONS  # test_accuracy.py has limits of its own for the others
    terms = [
        [s.size or s.value, *(s.grad_sizes or s.grad), *(s.hess_sizes or s.hess)]
        if sized
        else [s.value, *s.grad, *s.hess]
        for s in samples
    ]
    results = zip(*([s.value, *s.grad, *s.hess] for s in samples), strict=True)
    return [Exact(list(truth), list(size)) for truth, size in zip(results, zip(*terms, strict=True), strict=True)]


def exact_rows(loss, ids, pred, target):
    """The truth of each row."""
    return kind_of(loss, ids).samples(pred, target)


def ulp_error(result, truth, terms=None):
    """Error of each result in units in the last place of the true value, or of the largest term that it is made of."""
    if isinstance(truth, Exact):
        return (truth if terms is None else truth.sized(terms)).units(result)
    return Exact(truth, truth if terms is None else terms).units(result)


# ---- what is compared ------------------------------------------------------------------------------------------------


def split(numbers):
    """Each number as two doubles that it is the sum of, to twice the digits of one. The same object is converted once."""
    parts = {}
    for x in numbers:
        if id(x) not in parts:
            exact = mp.mpf(x)
            high = float(exact)
            parts[id(x)] = high, float(exact - high) if math.isfinite(high) else 0.0
    return np.array([parts[id(x)] for x in numbers]).reshape(-1, 2).T


class Exact:
    """True values, and the size that an error of each is measured by."""

    def __init__(self, truths, sizes=()):
        truths = list(truths)
        self.high, self.low = split(truths)
        self.size = np.abs(self.high)
        if len(sizes):
            self.size = np.maximum(self.size, np.abs(split(list(sizes))[0]))

    def sized(self, sizes):
        """The same, measured by other sizes too."""
        other = object.__new__(Exact)
        vars(other).update(vars(self), size=np.maximum(self.size, np.abs(sizes)))
        return other

    def repeated(self, order):
        """The same of rows of equal length, in another order."""
        other = object.__new__(Exact)
        for name, x in vars(self).items():
            setattr(other, name, x.reshape(max(order) + 1, -1)[order].ravel())
        return other

    def units(self, result):
        """The error of each result in units in the last place of its dtype."""
        info = np.finfo(result.dtype)
        result = np.asarray(result, np.float64).ravel()
        assert result.shape == self.high.shape
        with np.errstate(all="ignore"):
            unit = np.maximum(np.exp2(np.frexp(self.size)[1] - 1.0 - info.nmant), float(info.smallest_subnormal))
            errors = np.abs((result - self.high) - self.low) / unit
        beyond = np.abs(self.high) > float(info.max)
        return np.where(beyond, np.where(result == np.copysign(inf, self.high), 0, inf), errors)


def near(result, exact, units=4.0):
    exact = exact if isinstance(exact, Exact) else Exact(exact)
    errors = exact.units(np.atleast_1d(result))
    worst = np.argmax(np.where(np.isnan(errors), inf, errors))
    got = float(np.ravel(result)[worst])
    assert errors[worst] <= units, f"[{worst}] is {got!r}, not {exact.high[worst]!r}: {errors[worst]:g} units"


@dataclass(frozen=True)
class Whole:
    """The truth of a batch under a reduction."""

    value: Exact
    grad: Exact
    hess: Exact


def whole(kind, samples, weight, reduction):
    """Of samples, None where one is not there, with weights (numbers of mpmath). What occurs twice is computed once."""
    divisor = {"mean": mp.fsum(weight), "batch_mean": mp.mpf(len(samples))}.get(reduction, mp.mpf(1))
    there = next(s for s in samples if s is not None)
    nothing = Sample(ZERO, [ZERO] * len(there.grad), [ZERO] * len(there.grad))
    places, order = {}, []
    for s, w in zip(samples, weight, strict=True):
        order.append(places.setdefault((id(s), w), (len(places), s or nothing, w / divisor))[0])
    pairs = [(s, f) for _, s, f in places.values()]
    counts = [order.count(i) for i in range(len(pairs))]

    def total(numbers):
        return mp.fsum(x * n for x, n in zip(numbers, counts, strict=True))

    values, sizes = [s.value * f for s, f in pairs], [(s.size or s.value) * f for s, f in pairs]
    grads = [g for s, f in pairs for g in multiplied(s.grad, f)]
    grad_sizes = [g for s, f in pairs for g in multiplied(s.grad_sizes or s.grad, f)]
    hess = [h for s, f in pairs for h in multiplied(s.hess, f)]
    hess_sizes = [h for s, f in pairs for h in multiplied(s.hess_sizes or s.hess, f)]
    if kind.name == "rmse":
        root = mp.sqrt(total(values))
        grads = grad_sizes = [g / (2 * root) for g in grads]
        hess_sizes = [h / (2 * root) for h in hess]
        hess = [h - g**2 / root for h, g in zip(hess_sizes, grads, strict=True)]
        value = Exact([root])
    elif reduction == "none":
        value = Exact(values, sizes).repeated(order)
    else:
        value = Exact([total(values)], [total(sizes)])
    return Whole(value, Exact(grads, grad_sizes).repeated(order), Exact(hess, hess_sizes).repeated(order))


def multiplied(numbers, factor):
    """The products, the same object where the same object is multiplied."""
    products = {}
    for x in numbers:
        if id(x) not in products:
            products[id(x)] = x * factor
    return [products[id(x)] for x in numbers]


def check(kind, pred, target, truth, reduction="none", units=4.0, **keywords):
    """All four calls against the truth; gives loss, gradient and curvature."""
    units += spread(kind, pred)
    keywords |= {"reduction": reduction}
    dtype = np.asarray(pred).dtype.type
    value, grad = kind.loss.value_and_grad(pred, target, **keywords)
    again, hess = kind.loss.grad_and_hess(pred, target, **keywords)
    with np.errstate(over="ignore"):
        for v in (value, kind.loss(pred, target, **keywords)):
            near(dtype(v), truth.value, units + 12 * (kind.name == "kl_divergence"))  # h alone may take 7
    for g in (grad, again, kind.loss.grad(pred, target, **keywords)):
        assert g.dtype == dtype
        near(g, truth.grad, units)
    near(hess, truth.hess, units)
    return value, grad, hess


def plus_zero(*results):
    for x in results:
        x = np.asarray(x)
        assert not x.any()
        assert not np.signbit(x).any(), "-0.0"


def same_bits(a, b):
    """Equal, bit by bit."""
    a, b = np.asarray(a), np.asarray(b)
    assert (a.shape, a.dtype) == (b.shape, b.dtype)
    unlike = np.ascontiguousarray(a).view(f"u{a.itemsize}") != np.ascontiguousarray(b).view(f"u{b.itemsize}")
    assert not unlike.any(), f"{unlike.sum()} of {a.size} differ, the first at {np.argwhere(unlike)[0]}"


def reductions(kind):
    return ("mean", "batch_mean") if kind.name == "rmse" else ("none", "sum", "mean", "batch_mean")
