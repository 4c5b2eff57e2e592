"""The losses in NumPy: the specification of the compiled kernels, and what runs where there are none.

Each loss is a class of three functions (value, derivative, second derivative of one sample) over arrays of float32 or
float64; `Kernel` runs them over a batch tile by tile, so that no large temporary array arises, and speaks the same two
calls as the compiled kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ._validate import BFLOAT, LABEL, PROBABILITY, SIGN, Array, Domain

compiler = ""
openmp = False
TILE = 16384  # samples

PRED, TARGET, WEIGHT, VALUES, GRADS, HESSES = range(6)
WANTED = {0: (VALUES,), 1: (GRADS,), 2: (VALUES, GRADS), 3: (GRADS, HESSES)}  # call -> results


def set_thread_limit(n: int) -> None:
    """NumPy runs these on one thread."""


def nothing(
    call: int, pred: Any, target: Any, weight: Any, reduction: Any, out: Any, parameters: tuple[Any, ...]
) -> float:
    """A call with the arguments of Kernel.quick, that computes nothing."""
    return 0.0


def read(a: Array, b: Array, threads: int) -> Any:
    """Read both arrays once, as far as NumPy can: what the losses are measured against."""
    return a.max() ^ b.max()


def write(a: Array, b: Array, out: Array, threads: int, streaming: bool) -> None:
    """Read both arrays and write a third."""
    np.bitwise_xor(a, b, out=out)


# ---- formulas --------------------------------------------------------------------------------------------------------


class Formula:
    """Value, derivative and second derivative of one sample, for whole arrays; `domains` says what they are defined for."""

    domains: Mapping[str, Domain] = {}

    @staticmethod
    def value(pred: Array, target: Array, *own: float) -> Array:
        raise NotImplementedError

    @staticmethod
    def grad(pred: Array, target: Array, *own: float) -> Array:
        raise NotImplementedError

    @staticmethod
    def hess(pred: Array, target: Array, *own: float) -> Array:
        return np.zeros_like(pred)


class Root(Formula):
    """Of the root of a mean of squares, which `Kernel` has a way of its own for."""


def softplus(x: Array) -> Array:
    """log(1 + eˣ), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x: Array) -> Array:
    """1/(1 + e⁻ˣ), without overflow, and with what rounding takes from the divisor."""
    e = np.exp(-np.abs(x))
    divisor = 1 + e
    share: Array = np.where(x > 0, 1, e) / divisor
    share -= share * ((e - (divisor - 1)) / divisor)
    return share


def weighed(weight: Array, x: Array) -> Array:
    """weight·x, where a weight of 0 takes its number out, even if that is infinite or NaN."""
    return np.where(weight == 0, 0, weight * x)


def term(t: Array, logarithm: Array) -> Array:
    """t·log p, with 0·log 0 = 0; 0·log NaN is NaN."""
    return np.where((t == 0) & ~np.isnan(logarithm), 0, t * logarithm)


def signless(x: Array) -> Array:
    """x, but +0 for −0: what has no slope has no sign."""
    return np.where(x == 0, 0, x)


def excess(v: Array) -> Array:
    """v − log(1 + v) for −½ ≤ v ≤ 1: with s = v/(2 + v), log(1 + v) = 2 atanh(s) and v − 2s = s·v."""
    s: Array = v / (2 + v)
    q = s * s
    p = np.full_like(q, 2 / 35)
    for k in range(33, 1, -2):
        p = v.dtype.type(2 / k) + q * p
    s *= v - q * p
    return s


def bend(x: Array) -> Array:
    """eˣ − 1 − x for |x| ≤ ½, by its series."""
    p: Array = np.full_like(x, 1 / math.factorial(15))
    for k in range(14, 1, -1):
        p = 1 / math.factorial(k) + x * p
    p *= x * x
    return p


def sum_of_rows(x: Array) -> Array:
    """Σ of each row, in double precision. Converted first, so that no buffer's end cuts a row: it is added up as it is alone."""
    total: Array = np.ascontiguousarray(x, np.float64).sum(axis=1)
    return total


def exact_sum_of_rows(x: Array) -> Array:
    """The same of doubles, with what rounding takes from each sum of two (Knuth's two-sum)."""
    lost = np.zeros(len(x))
    while x.shape[1] > 1:
        x = np.pad(x, ((0, 0), (0, x.shape[1] % 2)))
        a, b = x[:, ::2], x[:, 1::2]
        x = a + b
        back = x - a
        lost += sum_of_rows((a - (x - back)) + (b - back))
    return x[:, 0] + lost


class MSE(Formula):
    @staticmethod
    def value(pred, target):
        return (pred - target) ** 2

    @staticmethod
    def grad(pred, target):
        return 2 * (pred - target)

    @staticmethod
    def hess(pred, target):
        return np.full_like(pred, 2)


class MAE(Formula):
    @staticmethod
    def value(pred, target):
        return np.abs(pred - target)

    @staticmethod
    def grad(pred, target):
        return np.sign(pred - target)


class Huber(Formula):
    @staticmethod
    def value(pred, target, delta):
        d = np.abs(pred - target)
        q = np.minimum(d, delta)
        return q * (d - 0.5 * q)

    @staticmethod
    def grad(pred, target, delta):
        return np.clip(pred - target, -delta, delta)

    @staticmethod
    def hess(pred, target, delta):
        d = np.abs(pred - target)
        return np.where(np.isnan(d), d, d <= delta)


class PseudoHuber(Formula):
    HUGE = 2.0**60  # from here on 1 + |r| and √(1 + r²) are |r|; r² may be infinite

    @classmethod
    def value(cls, pred, target, delta):
        d = np.abs(pred - target)
        r = d / delta
        return np.where(r > cls.HUGE, delta * d, d * (d / (1 + np.sqrt(1 + r * r))))

    @classmethod
    def grad(cls, pred, target, delta):
        d = pred - target
        r = np.abs(d) / delta
        return np.where(r > cls.HUGE, np.copysign(delta, d), d / np.sqrt(1 + r * r))

    @classmethod
    def hess(cls, pred, target, delta):
        r = np.abs(pred - target) / delta
        return np.where(r > cls.HUGE, 0, (1 + r * r) ** -1.5)


class Hinge(Formula):
    domains = {"target": SIGN}

    @staticmethod
    def value(pred, target):
        return np.maximum(1 - target * pred, 0)

    @staticmethod
    def grad(pred, target):
        margin = 1 - target * pred
        return np.where(margin > 0, -target, np.where(margin <= 0, 0, margin))


class SquaredHinge(Formula):
    domains = {"target": SIGN}

    @staticmethod
    def value(pred, target):
        return np.maximum(1 - target * pred, 0) ** 2

    @staticmethod
    def grad(pred, target):
        return -2 * target * np.maximum(1 - target * pred, 0)

    @staticmethod
    def hess(pred, target):
        margin = np.maximum(1 - target * pred, 0)
        return np.where(margin > 0, 2, margin)


class BinaryCrossEntropy(Formula):
    domains = {"pred": PROBABILITY, "target": LABEL}

    @staticmethod
    def value(pred, target, eps):
        p, q = pred, 1 - pred
        return 0 - (
            term(target, np.log(np.where(p < eps, eps, p)))
            + term(1 - target, np.where(q < eps, np.log(eps), np.log1p(-p)))
        )

    @staticmethod
    def grad(pred, target, eps):
        p, q = pred + 0, 1 - pred  # +0: a probability of −0 is 0
        low, high = p < eps, q < eps
        slope = np.where(
            (target == 0) | low,
            weighed(1 - target, 1 / q) * ~high,
            np.where((target == 1) | high, -target / p, (p - target) / (p * q)),
        )
        return np.where((target == 0) & high, 0, slope)

    @staticmethod
    def hess(pred, target, eps):
        p, q = pred + 0, 1 - pred
        of_p = np.where((target == 0) | (p < eps), 0, target / p / p)
        return of_p + np.where((target == 1) | (q < eps), 0, (1 - target) / q / q)


class SigmoidCrossEntropy(Formula):
    domains = {"target": LABEL}

    @staticmethod
    def shares(target, pos_weight, label_smoothing):
        """What softplus(−x) and softplus(x) count for."""
        t = target + label_smoothing * (0.5 - target)
        return pos_weight * t, 1 - t

    @classmethod
    def value(cls, pred, target, *own):
        u, v = cls.shares(target, *own)
        linear = weighed(np.where(pred > 0, v, u), np.abs(pred))
        return linear + (u + v) * np.log1p(np.exp(-np.abs(pred)))

    @classmethod
    def grad(cls, pred, target, *own):
        u, v = cls.shares(target, *own)
        return v * sigmoid(pred) - u * sigmoid(-pred)

    @classmethod
    def hess(cls, pred, target, *own):
        u, v = cls.shares(target, *own)
        return (u + v) * (sigmoid(pred) * sigmoid(-pred))


def in_double(compute: Any) -> Any:
    """A function whose float32 result is that of float64, rounded: NumPy's exponential of float32 is wrong in the last bits."""
    return lambda x: compute(x.astype(np.float64)).astype(x.dtype)


def function(name: str, compute: Any) -> type[Formula]:
    """A function of one array, as a formula that has only a value."""
    return type(name, (Formula,), {"value": staticmethod(lambda x, _: compute(x))})


# ---- batches ---------------------------------------------------------------------------------------------------------


@dataclass
class Sums:
    value: float = 0.0
    weight: float = 0.0
    samples: int = 0
    outside: bool = False


def ordinary(total: float) -> bool:
    """Whether a sum of weights is used as it is."""
    return bool(2.0**-64 <= total <= 2.0**64)


def unit_for(total: float) -> float:
    """A power of two that brings a sum near 1. It changes no digit of a mean: only the ratio of weights counts there."""
    if not total > 0:
        return 1.0
    return math.ldexp(1.0, -1000 if math.isinf(total) else min(1 - math.frexp(total)[1], 1000))


def out_of_range(sums: Sums) -> bool:
    """Whether weights should have had another unit."""
    return not (ordinary(sums.weight) and math.isfinite(sums.value))


def quotient(value: float, divisor: float) -> float:
    """As in C: by 0 too."""
    with np.errstate(all="ignore"):
        return float(np.float64(value) / divisor)


def inverse(divisor: float) -> float:
    """1/divisor, and 0 of 0: there, no sample is there."""
    return 1 / divisor if divisor else 0.0


class Kernel:
    """The NumPy side of one loss, with the two calls of a compiled one."""

    def __init__(self, formula: type[Formula]) -> None:
        self.formula = formula
        self.domains = formula.domains

    def quick(self, *arguments: Any) -> Any:
        """No call is quick here."""
        return NotImplemented

    def run(
        self,
        call: int,
        operands: tuple[Array | None, ...],
        kinds: tuple[int, ...],
        double_precision: bool,
        reduction: str,
        own: tuple[float, ...],
        inspect_first: bool,
    ) -> tuple[float, float, bool]:
        """(cost, Σw, whether an input is outside the domain), as a compiled kernel's `run`."""
        wanted = WANTED[call]
        size = operands[PRED].size  # type: ignore[union-attr]
        by_weight = operands[WEIGHT] is not None and reduction == "mean"
        batch = Batch.of(operands, kinds, double_precision, own)
        inputs = batch.inputs()
        divisor = float(size) if reduction in ("mean", "batch_mean") else 1.0
        with np.errstate(all="ignore"):
            if inspect_first or (by_weight and wanted != (VALUES,)):
                sums = self.go((), inputs)
                if sums.outside:
                    return 0.0, sums.weight, True
                if by_weight and not ordinary(sums.weight):
                    batch.unit = inputs.unit = unit_for(sums.weight)
                    sums = self.go((), inputs)
                divisor = sums.weight if by_weight else divisor
            batch.scale = inverse(divisor)
            sums = self.go(wanted, batch, reduction != "none")
            if by_weight and wanted == (VALUES,) and not sums.outside and out_of_range(sums):
                inputs.unit = unit_for(sums.weight)
                sums = self.go((VALUES,), inputs)
            return quotient(sums.value, sums.weight if by_weight else divisor), sums.weight, sums.outside

    def go(self, wanted: tuple[int, ...], batch: Batch, summed: bool = True) -> Sums:
        """One pass over the batch."""
        sums = Sums()
        own = tuple(batch.dtype.type(x) for x in batch.own)
        for tile in tiles(batch):
            pred, target, weight = (tile.get(k) for k in (PRED, TARGET, WEIGHT))
            weight = None if weight is None else np.asarray(weight, np.float64)
            there = True if weight is None else weight != 0
            for name, x in (("pred", pred), ("target", target)):
                if name in self.domains and not (self.domains[name].contains(x) | ~np.asarray(there)).all():
                    sums.outside = True
            if weight is not None:
                sums.outside |= not bool(((weight >= 0) & (weight < np.inf)).all())
                weight = weight * batch.unit
                sums.weight += float(weight.sum())
            results = {}
            if VALUES in wanted:
                value = self.formula.value(pred, target, *own)
                if not summed:
                    results[VALUES] = value if weight is None else weighed(weight, value.astype(np.float64))
                else:
                    value = value.astype(np.float64)
                    sums.value += float((value if weight is None else weighed(weight, value)).sum())
            for k, formula in ((GRADS, self.formula.grad), (HESSES, self.formula.hess)):
                if k in wanted:
                    x = formula(pred, target, *own)
                    if weight is None:
                        results[k] = signless(x * batch.dtype.type(batch.scale))
                    else:
                        results[k] = signless(weighed(weight * batch.scale, x.astype(np.float64)))
            for k, x in results.items():  # after all is read: an output may be an input
                tile.put(k, x)
        return sums


class RootKernel(Kernel):
    """Of the root of a mean of squares: in double whatever the numbers are, and lifted, so that no square leaves the range."""

    LIFT = 2.0**600

    def run(
        self,
        call: int,
        operands: tuple[Array | None, ...],
        kinds: tuple[int, ...],
        double_precision: bool,
        reduction: str,
        own: tuple[float, ...],
        inspect_first: bool,
    ) -> tuple[float, float, bool]:
        """As Kernel.run."""
        by_weight = operands[WEIGHT] is not None and reduction == "mean"
        inputs = Batch.of(operands, kinds, double_precision, own).inputs()
        with np.errstate(all="ignore"):
            sums = self.go((), inputs)
            if sums.outside:
                return 0.0, sums.weight, True
            if operands[WEIGHT] is not None and not ordinary(sums.weight):
                inputs.unit = unit_for(sums.weight)
                sums = self.go((), inputs)
            if not 1 / self.LIFT <= sums.value < math.inf:
                inputs.lift = self.LIFT if sums.value < 1 else 1 / self.LIFT
                sums = self.go((), inputs)
            samples = operands[PRED].size  # type: ignore[union-attr]
            divisor = sums.weight if by_weight else samples * inputs.unit
            root = math.sqrt(mean) if (mean := quotient(sums.value, divisor)) >= 0 else math.nan
            if math.isinf(root):  # the quotient may be beyond the range where its root is not
                root = math.sqrt(sums.value) / math.sqrt(divisor)
            if call != 0:
                self.go(WANTED[call], replace(inputs, operands=operands, scale=inverse(divisor), root=root))
        return root / inputs.lift, sums.weight, False

    def go(self, wanted: tuple[int, ...], batch: Batch, summed: bool = True) -> Sums:
        """One pass over the batch: its sum, or (w/D)·d/r and ((w/D) − g²)/r of a root that is known."""
        sums = Sums()
        for tile in tiles(batch):
            pred, target, weight = (tile.get(k) for k in (PRED, TARGET, WEIGHT))
            # Large numbers are brought down before they are subtracted, small differences up after it.
            down, up = min(batch.lift, 1.0), max(batch.lift, 1.0)
            d = (pred.astype(np.float64) * down - target.astype(np.float64) * down) * up
            weight = np.ones(d.shape) if weight is None else np.asarray(weight, np.float64)
            sums.outside |= not bool(((weight >= 0) & (weight < np.inf)).all())
            weight = weight * batch.unit
            if GRADS not in wanted:
                sums.weight += float(weight.sum())
                sums.value += float(weighed(weight, d * d).sum())
                continue
            share = weight * batch.scale
            grad = weighed(share, d / batch.root) if batch.root else np.zeros_like(d)
            hess = np.where(share == 0, 0, (share - grad * grad) * batch.lift / batch.root) if batch.root else grad
            tile.put(GRADS, signless(grad))
            if HESSES in wanted:
                tile.put(HESSES, hess)
        return sums


@dataclass
class Batch:
    """What a pass goes over, and with what: the outputs of gradients get `scale`, weights `unit`, errors of a root `lift`."""

    operands: tuple[Array | None, ...]
    kinds: tuple[int, ...]
    dtype: np.dtype[Any]
    own: tuple[Any, ...]
    scale: float = 1.0
    unit: float = 1.0
    lift: float = 1.0
    root: float = 1.0

    @classmethod
    def of(
        cls, operands: tuple[Array | None, ...], kinds: tuple[int, ...], double_precision: bool, own: tuple[Any, ...]
    ) -> Batch:
        """What a kernel's `run` is given."""
        return cls(operands, kinds, np.dtype(np.float64 if double_precision else np.float32), own)

    def inputs(self) -> Batch:
        """The same without anywhere to write."""
        return replace(self, operands=self.operands[:VALUES] + (None,) * 3)


class Tile:
    """Some samples of all operands, the inputs as numbers of the dtype that is computed in."""

    def __init__(self, arrays: dict[int, Array], kinds: tuple[int, ...]) -> None:
        self.arrays = arrays
        self.kinds = kinds

    def get(self, k: int) -> Any:
        x = self.arrays.get(k)
        if x is not None and self.kinds[k] == BFLOAT:
            return (x.astype(np.uint32) << 16).view(np.float32)
        return x

    def put(self, k: int, x: Array) -> None:
        if self.kinds[k] == BFLOAT:
            bits = x.astype(np.float32).view(np.uint32)
            rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
            x = np.where(np.isnan(x), (bits >> 16) | 0x40, rounded)
        self.arrays[k][...] = x


def tiles(batch: Batch) -> Iterator[Tile]:
    """The batch, some samples at a time; weights as doubles, whatever is computed in."""
    kinds = batch.kinds
    present = [k for k, x in enumerate(batch.operands) if x is not None]
    double = np.dtype(np.float64)
    with np.nditer(
        [batch.operands[k] for k in present],
        flags=["external_loop", "buffered"],
        op_flags=[["readonly" if k < VALUES else "writeonly"] for k in present],
        op_dtypes=[
            np.dtype(np.uint16) if kinds[k] == BFLOAT else double if k == WEIGHT else batch.dtype for k in present
        ],
        casting="unsafe",
        buffersize=TILE,
    ) as iterator:
        for arrays in iterator:
            yield Tile(dict(zip(present, arrays, strict=True)), kinds)


# ---- rows of classes -------------------------------------------------------------------------------------------------


class Rows:
    """A loss of rows: for a block of rows x with targets t (rows, or class ids in `label`), what each has and gives.

    `value` is one number a row, `grad` and `hess` have the shape of x. `share` is what of the smoothing each class gets.
    """

    domains: Mapping[str, Domain] = {}

    value: ClassVar[Callable[..., Any]]
    grad: ClassVar[Callable[..., Any]]
    hess: ClassVar[Callable[..., Any]]

    def __init__(self, x, t, label, smoothing, eps):
        self.x, self.t, self.label, self.smoothing, self.eps = x, t, label, smoothing, eps
        self.line = np.arange(len(x))
        self.share = smoothing / x.shape[1]


class SoftmaxRows(Rows):
    """Through a softmax. The own term, the label's or without one the greatest's, is kept out of the sum, so that
    log(1 + rest) and −rest/sum are exact; and the greatest is added last, since small terms would be lost beside it."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        x = self.x
        self.top = x.max(axis=1)
        self.z = x - self.top[:, None]
        self.e = np.exp(self.z)
        greatest = x.argmax(axis=1)
        self.place = greatest if self.label is None else self.label
        others = self.e.astype(np.float64)
        self.own = others[self.line, self.place]
        others[self.line, self.place] = 0
        last = others[self.line, greatest]
        others[self.line, greatest] = 0
        self.rest = sum_of_rows(others) + last
        self.sum = self.rest + self.own
        self.logs = np.where(self.own == 1, np.log1p(self.rest), np.log(self.sum))

    @property
    def p(self):
        return self.e / self.sum[:, None]


class SoftmaxCrossEntropy(SoftmaxRows):
    domains = {"target": PROBABILITY}

    @property
    def mass(self):
        return 1.0 if self.label is not None else sum_of_rows(self.t)

    def value(self):
        if self.label is None:
            return self.mass * self.logs - sum_of_rows(weighed(self.t, self.z))
        margin = self.z[self.line, self.label].astype(np.float64)
        value = self.logs - (0 if self.smoothing == 1 else (1 - self.smoothing) * margin)
        return value - self.share * sum_of_rows(self.z) if self.smoothing else value

    def grad(self):
        if self.label is None:
            mass, own = self.mass, self.t[self.line, self.place].astype(np.float64)
            others = mass - own
            grad = self.p * mass[:, None] - self.t
        else:
            mass, own, others = 1.0, 1 - self.smoothing + self.share, self.smoothing - self.share
            grad = self.p - self.share
        grad[self.line, self.place] = np.where(
            self.own < self.rest, mass * (self.own / self.sum) - own, others - mass * (self.rest / self.sum)
        )
        return grad

    def hess(self):
        hess = self.p * (1 - self.p)
        hess[self.line, self.place] = (self.own / self.sum) * (self.rest / self.sum)
        return hess if self.label is not None else hess * self.mass[:, None]


class SoftmaxDivergence(SoftmaxCrossEntropy):
    def value(self):
        """With l = log(q/t), Σ t·(eˡ − 1 − l) + (Σ t − 1 + Σ q over the classes of t = 0): nothing cancels."""
        x, t = self.x.astype(np.float64), self.t.astype(np.float64)
        z = x - self.top.astype(np.float64)[:, None]
        e = np.exp(z)
        total = sum_of_rows(e)[:, None]
        q, away = e / total, (z - np.log(total)) - np.log(np.where(t > 0, t, 1))
        shares = np.where(np.abs(away) <= 0.5, t * bend(np.clip(away, -0.5, 0.5)), (q - t) - t * away)
        gap = np.concatenate([np.where(t == 0, q, t), np.full((len(t), 1), -1.0)], axis=1)
        value = sum_of_rows(np.where(t == 0, 0, shares)) + exact_sum_of_rows(gap)
        return np.where((t != 0).any(axis=1), value, 0 * total[:, 0])


class CategoricalCrossEntropy(Rows):
    domains = {"pred": PROBABILITY, "target": PROBABILITY}

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.x = self.x + 0  # a probability of −0 is 0

    def logs(self, p):
        return np.log(np.where(p < self.eps, self.eps, p))

    def value(self):
        if self.label is not None:
            return 0 - self.logs(self.x[self.line, self.label]).astype(np.float64)
        return 0 - sum_of_rows(term(self.t, self.logs(self.x)))

    def slope(self):
        """t/p: 0 where eps holds p constant, and 0/0 = 0."""
        if self.label is None:
            return np.where((self.x < self.eps) | ((self.t == 0) & (self.x == 0)), 0, self.t / self.x)
        p = self.x[self.line, self.label]
        slope = np.zeros_like(self.x)
        slope[self.line, self.label] = np.where(p < self.eps, 0, 1 / p)
        return slope

    def grad(self):
        return -self.slope()

    def hess(self):
        slope = self.slope()
        return np.where(slope == 0, 0, slope / self.x)


class SparseCategoricalCrossEntropy(CategoricalCrossEntropy):
    domains = {"pred": PROBABILITY}


class Divergence(CategoricalCrossEntropy):
    def value(self):
        """Σ t·log(t/p), which is t·g(v) + (t − p) where p/t is between ½ and 2, with v = (p − t)/t, g(v) = v − log(1 + v)."""
        p, t = self.x, self.t
        v = (p - t) / t
        near = (v >= -0.5) & (v <= 1)
        far = t * (np.log(t.astype(np.float64)) - np.log(p.astype(np.float64))).astype(t.dtype)
        terms = np.where(t == 0, p * t, np.where(near, t * excess(np.where(near, v, 0)), far))
        return sum_of_rows(terms) + exact_sum_of_rows(np.where(near, t - p, 0).astype(np.float64))


class Softmax(SoftmaxRows):
    def grad(self):
        return self.p


class LogSoftmax(SoftmaxRows):
    def grad(self):
        return self.z - self.logs[:, None]


class LogSumExp(SoftmaxRows):
    def value(self):
        return np.where(np.isinf(self.top), self.top, self.top + self.logs)


class RowKernel:
    """The NumPy side of a loss of rows."""

    def __init__(self, formula: type[Rows]) -> None:
        self.formula = formula
        self.domains = formula.domains

    def quick(self, *arguments: Any) -> Any:
        """No call is quick here."""
        return NotImplemented

    def run(
        self,
        call: int,
        operands: tuple[Array | None, ...],
        kinds: tuple[int, ...],
        double_precision: bool,
        reduction: str,
        own: tuple[Any, ...],
        inspect_first: bool,
    ) -> tuple[float, float, bool, int]:
        """(cost, Σw, whether an input is outside the domain, samples that count), as a compiled kernel's `run`."""
        class_weight = own[2]
        by_weight = reduction == "mean" and not (operands[WEIGHT] is None and class_weight is None)
        batch = Batch.of(operands, kinds, double_precision, own)
        with np.errstate(all="ignore"):
            if inspect_first or call != 0:
                sums = self.go((), batch)
                if sums.outside:
                    return 0.0, sums.weight, True, sums.samples
                if by_weight and not ordinary(sums.weight):
                    batch.unit = unit_for(sums.weight)
                    sums = self.go((), batch)
                batch.scale = inverse(self.divisor(reduction, sums))
            sums = self.go(WANTED[call], batch, reduction != "none")
            if by_weight and call == 0 and not sums.outside and out_of_range(sums):
                batch.unit = unit_for(sums.weight)
                sums = self.go(WANTED[call], batch)
            return quotient(sums.value, self.divisor(reduction, sums)), sums.weight, sums.outside, sums.samples

    @staticmethod
    def divisor(reduction: str, sums: Sums) -> float:
        """What a sum is divided by."""
        return {"mean": sums.weight, "batch_mean": float(sums.samples)}.get(reduction, 1.0)

    def go(self, wanted: tuple[int, ...], batch: Batch, summed: bool = True) -> Sums:
        """One pass over the batch."""
        sums, dtype = Sums(), batch.dtype
        smoothing, ignored, class_weight, axis, eps = batch.own
        all_pred, all_target = batch.operands[PRED], batch.operands[TARGET]
        assert all_pred is not None
        assert all_target is not None
        pred = np.moveaxis(all_pred, axis, -1)
        ids = all_target.ndim < pred.ndim
        moved = [
            x if x is None or k in (WEIGHT, VALUES) or (k == TARGET and ids) else np.moveaxis(x, axis, -1)
            for k, x in enumerate(batch.operands)
        ]
        classes = pred.shape[-1]
        for index in row_blocks(pred.shape[:-1], max(1, TILE // classes)):
            tile = Tile({k: x[index] for k, x in enumerate(moved) if x is not None}, batch.kinds)
            x = np.ascontiguousarray(tile.get(PRED), dtype).reshape(-1, classes)
            n = len(x)
            weight, label, t, counts = np.ones(n), None, None, np.ones(n, bool)
            if (w := tile.get(WEIGHT)) is not None:
                weight = np.asarray(w, np.float64).reshape(-1)
                sums.outside |= not bool(((weight >= 0) & (weight < np.inf)).all())
            weight = weight * batch.unit
            target = tile.get(TARGET)
            if ids:
                label = target.reshape(-1)
                if ignored is not None and in_range(ignored, label.dtype):
                    counts = label != label.dtype.type(ignored)
                there = counts & (weight != 0)
                bad = there & ((label < 0) | (label >= classes))
                sums.outside |= bool(bad.any())
                there &= ~bad
                label = np.where(there, label, 0).astype(np.intp)
                weight = np.where(there, weight if class_weight is None else weight * class_weight[label], 0)
            else:
                t = np.ascontiguousarray(target, dtype).reshape(-1, classes)
                if "target" in self.domains:
                    sums.outside |= not bool(PROBABILITY.contains(t[weight != 0]).all())
                if class_weight is not None:
                    weight = weighed(weight, sum_of_rows(t * class_weight))
                t = t * dtype.type(1 - smoothing) + dtype.type(smoothing / classes) if smoothing else t
            there = weight != 0
            if "pred" in self.domains:
                used = x[there] if label is None else x[np.arange(n), label][there]
                sums.outside |= not bool(PROBABILITY.contains(used).all())
            sums.weight += float(weight.sum())
            sums.samples += int(counts.sum())
            if not wanted:
                continue
            rows, results = self.formula(x, t, label, smoothing, eps), {}
            if VALUES in wanted:
                value = weighed(weight, rows.value())
                sums.value += float(value.sum())
                if not summed:
                    results[VALUES] = value
            for k, compute in ((GRADS, "grad"), (HESSES, "hess")):
                if k in wanted:
                    result = getattr(rows, compute)()
                    results[k] = signless(weighed((weight * batch.scale)[:, None], result))
            for k, result in results.items():  # after all is read: an output may be an input
                tile.put(k, result.reshape(tile.arrays[k].shape))
        return sums


def in_range(number: int, dtype: np.dtype[Any]) -> bool:
    """Whether an integer dtype has this number."""
    return bool(np.iinfo(dtype).min <= number <= np.iinfo(dtype).max)


def row_blocks(shape: tuple[int, ...], limit: int) -> Iterator[tuple[Any, ...]]:
    """Indices that cut an array of this shape into blocks of at most `limit` elements, in C order."""
    if not shape:
        yield (Ellipsis,)
        return
    inner = math.prod(shape[1:])
    if inner <= limit or len(shape) == 1:
        step = max(1, limit // max(inner, 1))
        for start in range(0, shape[0], step):
            yield (slice(start, start + step), Ellipsis)
    else:
        for i in range(shape[0]):
            for rest in row_blocks(shape[1:], limit):
                yield (i, *rest)


KERNELS: dict[str, Kernel | RowKernel] = {
    "mse": Kernel(MSE),
    "rmse": RootKernel(Root),
    "mae": Kernel(MAE),
    "huber": Kernel(Huber),
    "pseudo_huber": Kernel(PseudoHuber),
    "hinge": Kernel(Hinge),
    "squared_hinge": Kernel(SquaredHinge),
    "binary_cross_entropy": Kernel(BinaryCrossEntropy),
    "sigmoid_cross_entropy": Kernel(SigmoidCrossEntropy),
    "sigmoid": Kernel(function("Sigmoid", in_double(sigmoid))),
    "log_sigmoid": Kernel(function("LogSigmoid", lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))))),
    "softplus": Kernel(function("Softplus", softplus)),
    "exp": Kernel(function("Exp", np.exp)),
    "log": Kernel(function("Log", np.log)),
    "log1m": Kernel(function("Log1m", lambda p: np.log1p(-p))),
    "log1p": Kernel(function("Log1p", np.log1p)),
    "categorical_cross_entropy": RowKernel(CategoricalCrossEntropy),
    "sparse_categorical_cross_entropy": RowKernel(SparseCategoricalCrossEntropy),
    "softmax_cross_entropy": RowKernel(SoftmaxCrossEntropy),
    "kl_divergence": RowKernel(Divergence),
    "softmax_kl_divergence": RowKernel(SoftmaxDivergence),
    "softmax": RowKernel(Softmax),
    "log_softmax": RowKernel(LogSoftmax),
    "logsumexp": RowKernel(LogSumExp),
}
