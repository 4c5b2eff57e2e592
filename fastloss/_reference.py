"""The losses in NumPy: the specification of the compiled kernels, and what runs where there are none.

Each loss is a class of three functions (value, derivative, second derivative of one sample) over arrays of float32 or
float64; `Kernel` runs them over a batch tile by tile, so that no large temporary array arises, and speaks the same two
calls as the compiled kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ._validate import BFLOAT, PROBABILITY, SIGN, Array, Domain

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


def softplus(x: Array) -> Array:
    """log(1 + eˣ), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x: Array) -> Array:
    """1/(1 + e⁻ˣ), without overflow."""
    e = np.exp(-np.abs(x))
    share: Array = np.where(x > 0, 1, e) / (1 + e)
    return share


def weighed(weight: Array, x: Array) -> Array:
    """weight·x, with 0 times anything 0: a term that does not count is not there, even if it is infinite."""
    return np.where(weight == 0, 0, weight * x)


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
    domains = {"pred": PROBABILITY, "target": PROBABILITY}

    @staticmethod
    def value(pred, target, eps):
        p = np.clip(pred, eps, 1 - eps)
        return 0 - (weighed(target, np.log(p)) + weighed(1 - target, np.log1p(-p)))

    @staticmethod
    def grad(pred, target, eps):
        q = 1 - pred
        slope = np.where(target == 0, 1 / q, np.where(target == 1, -1 / pred, (pred - target) / (pred * q)))
        return np.where((pred < eps) | (pred > 1 - eps), 0, slope)

    @staticmethod
    def hess(pred, target, eps):
        q = 1 - pred
        curvature = weighed(target, 1 / (pred * pred)) + weighed(1 - target, 1 / (q * q))
        return np.where((pred < eps) | (pred > 1 - eps), 0, curvature)


class SigmoidCrossEntropy(Formula):
    domains = {"target": PROBABILITY}

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


class Kernel:
    """The NumPy side of one loss, with the two calls of a compiled one."""

    def __init__(self, formula: type[Formula], rooted: bool = False) -> None:
        self.formula = formula
        self.domains = formula.domains
        self.rooted = rooted

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
        weighted = operands[WEIGHT] is not None
        dtype = np.dtype(np.float64 if double_precision else np.float32)
        first = inspect_first or (((weighted and reduction == "mean") or self.rooted) and wanted != (VALUES,))
        divisor, scale, coupling, cost = 1.0, 1.0, 0.0, 0.0
        with np.errstate(all="ignore"):
            if first:
                sums = self.go((VALUES,) if self.rooted else (), operands[:VALUES] + (None,) * 3, kinds, dtype, own)
                if sums.outside:
                    return 0.0, sums.weight, True
                total = sums.weight
            if reduction == "mean":
                divisor = total if weighted and first else size
            elif reduction == "batch_mean":
                divisor = size
            if self.rooted and first:
                cost = math.sqrt(sums.value / divisor) if divisor else math.nan
                scale = 0.0 if cost == 0 else 1 / (2 * cost * divisor)
                coupling = 0.0 if cost == 0 else 1 / cost
            else:
                scale = float(np.float64(1) / divisor)
            sums = self.go(wanted, operands, kinds, dtype, own, scale, coupling, reduction != "none")
            if weighted and reduction == "mean":
                divisor = sums.weight
            if not (self.rooted and first):
                cost = float(np.float64(sums.value) / divisor)
                cost = float(np.sqrt(cost)) if self.rooted else cost
        return cost, sums.weight, sums.outside

    def go(
        self,
        wanted: tuple[int, ...],
        operands: tuple[Array | None, ...],
        kinds: tuple[int, ...],
        dtype: np.dtype[Any],
        own: tuple[float, ...],
        scale: float = 1.0,
        coupling: float = 0.0,
        summed: bool = True,
    ) -> Sums:
        """One pass over the batch."""
        sums = Sums()
        own = tuple(dtype.type(x) for x in own)
        for tile in tiles(operands, kinds, dtype):
            pred, target, weight = (tile.get(k) for k in (PRED, TARGET, WEIGHT))
            for name, x in (("pred", pred), ("target", target)):
                if name in self.domains and not self.domains[name].contains(x).all():
                    sums.outside = True
            if weight is not None:
                sums.outside |= not bool((weight >= 0).all())
                sums.weight += float(weight.sum(dtype=np.float64))
            if VALUES in wanted:
                value = self.formula.value(pred, target, *own)
                if not summed:
                    tile.put(VALUES, value if weight is None else value * weight)
                elif weight is None:
                    sums.value += float(value.sum(dtype=np.float64))
                else:
                    sums.value += float(np.sum(value.astype(np.float64) * weight))
            if GRADS in wanted:
                share = dtype.type(scale) if weight is None else weight * dtype.type(scale)
                grad = self.formula.grad(pred, target, *own) * share
                if HESSES in wanted:
                    hess = self.formula.hess(pred, target, *own) * share
                    tile.put(HESSES, hess - dtype.type(coupling) * grad * grad if coupling else hess)
                tile.put(GRADS, grad)
        return sums


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


def tiles(operands: tuple[Array | None, ...], kinds: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[Tile]:
    present = [k for k, x in enumerate(operands) if x is not None]
    with np.nditer(
        [operands[k] for k in present],
        flags=["external_loop", "buffered"],
        op_flags=[["readonly" if k < VALUES else "writeonly"] for k in present],
        op_dtypes=[np.dtype(np.uint16) if kinds[k] == BFLOAT else dtype for k in present],
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
    """Through a softmax. The label's own term is kept out of the sum, so that log(1 + rest) and −rest/sum are exact."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        x, label = self.x, self.label
        self.top = x.max(axis=1)
        self.z = x - self.top[:, None]
        self.e = np.exp(self.z)
        others = self.e.astype(np.float64)
        own = np.zeros(len(x))
        if label is not None:
            own = others[self.line, label]
            others[self.line, label] = 0
        self.rest, self.own = others.sum(axis=1), own
        self.sum = self.rest + own
        self.logs = np.where(own == 1, np.log1p(self.rest), np.log(self.sum))

    @property
    def p(self):
        return self.e / self.sum[:, None]


class SoftmaxCrossEntropy(SoftmaxRows):
    domains = {"target": PROBABILITY}

    def value(self):
        if self.label is None:
            t = self.t
            return t.sum(axis=1, dtype=np.float64) * self.logs - weighed(t, self.z).sum(axis=1, dtype=np.float64)
        margin = self.z[self.line, self.label].astype(np.float64)
        if not self.smoothing:
            return self.logs - margin
        return self.logs - (1 - self.smoothing) * margin - self.share * self.z.sum(axis=1, dtype=np.float64)

    def grad(self):
        if self.label is None:
            return self.p * self.t.sum(axis=1, dtype=np.float64)[:, None] - self.t
        grad = self.p - self.share
        grad[self.line, self.label] = self.smoothing - self.share - self.rest / self.sum
        return grad

    def hess(self):
        if self.label is None:
            return self.p * (1 - self.p) * self.t.sum(axis=1, dtype=np.float64)[:, None]
        hess = self.p * (1 - self.p)
        hess[self.line, self.label] = (self.own / self.sum) * (self.rest / self.sum)
        return hess


class SoftmaxDivergence(SoftmaxCrossEntropy):
    def value(self):
        return super().value() + weighed(self.t, np.log(self.t)).sum(axis=1, dtype=np.float64)


class CategoricalCrossEntropy(Rows):
    domains = {"pred": PROBABILITY, "target": PROBABILITY}

    def shares(self):
        if self.label is None:
            return self.t
        t = np.zeros_like(self.x)
        t[self.line, self.label] = 1
        return t

    def value(self):
        if self.label is not None:
            return -np.log(np.clip(self.x[self.line, self.label], self.eps, 1 - self.eps)).astype(np.float64)
        return -weighed(self.t, np.log(np.clip(self.x, self.eps, 1 - self.eps))).sum(axis=1, dtype=np.float64)

    def slope(self, power):
        constant = (self.x < self.eps) | (self.x > 1 - self.eps)
        return np.where(constant | (self.shares() == 0), 0, self.shares() / self.x**power)

    def grad(self):
        return 0 - self.slope(1)  # not −0 where there is no slope

    def hess(self):
        return self.slope(2)


class SparseCategoricalCrossEntropy(CategoricalCrossEntropy):
    domains = {"pred": PROBABILITY}


class Divergence(CategoricalCrossEntropy):
    def value(self):
        return super().value() + weighed(self.t, np.log(self.t)).sum(axis=1, dtype=np.float64)


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
        dtype = np.dtype(np.float64 if double_precision else np.float32)
        divisor, scale = 1.0, 1.0
        with np.errstate(all="ignore"):
            if inspect_first or call != 0:
                sums = self.go((), operands, kinds, dtype, own, 1.0, True)
                if sums.outside:
                    return 0.0, sums.weight, True, sums.samples
                scale = float(1 / np.float64(self.divisor(reduction, sums)))
            sums = self.go(WANTED[call], operands, kinds, dtype, own, scale, reduction != "none")
            divisor = self.divisor(reduction, sums)
            return float(np.float64(sums.value) / divisor), sums.weight, sums.outside, sums.samples

    @staticmethod
    def divisor(reduction: str, sums: Sums) -> float:
        """What a sum is divided by."""
        return {"mean": sums.weight, "batch_mean": float(sums.samples)}.get(reduction, 1.0)

    def go(
        self,
        wanted: tuple[int, ...],
        operands: tuple[Array | None, ...],
        kinds: tuple[int, ...],
        dtype: np.dtype[Any],
        own: tuple[Any, ...],
        scale: float,
        summed: bool,
    ) -> Sums:
        """One pass over the batch."""
        sums = Sums()
        smoothing, ignored, class_weight, axis, eps = own
        all_pred, all_target = operands[PRED], operands[TARGET]
        assert all_pred is not None
        assert all_target is not None
        pred = np.moveaxis(all_pred, axis, -1)
        ids = all_target.ndim < pred.ndim
        moved = [
            x if x is None or k in (WEIGHT, VALUES) or (k == TARGET and ids) else np.moveaxis(x, axis, -1)
            for k, x in enumerate(operands)
        ]
        classes = pred.shape[-1]
        for index in row_blocks(pred.shape[:-1], max(1, TILE // classes)):
            tile = Tile({k: x[index] for k, x in enumerate(moved) if x is not None}, kinds)
            x = np.ascontiguousarray(tile.get(PRED), dtype).reshape(-1, classes)
            n = len(x)
            weight, label, t, counts = np.ones(n), None, None, np.ones(n, bool)
            target = tile.get(TARGET)
            if ids:
                label = target.reshape(-1)
                counts = label != ignored if ignored is not None else counts
                bad = counts & ((label < 0) | (label >= classes))
                sums.outside |= bool(bad.any())
                counts &= ~bad
                label = np.where(counts, label, 0).astype(np.intp)
                weight = weight if class_weight is None else class_weight[label]
            else:
                t = np.ascontiguousarray(target, dtype).reshape(-1, classes)
                sums.outside |= "target" in self.domains and not PROBABILITY.contains(t).all()
                weight = weight if class_weight is None else t @ class_weight
                t = t * dtype.type(1 - smoothing) + dtype.type(smoothing / classes) if smoothing else t
            if "pred" in self.domains:
                used = x if label is None else x[np.arange(n), label][counts]
                sums.outside |= not bool(PROBABILITY.contains(used).all())
            if (w := tile.get(WEIGHT)) is not None:
                w = np.asarray(w, np.float64).reshape(-1)
                sums.outside |= not bool((w >= 0).all())
                weight = weight * w
            weight = np.where(counts, weight, 0)
            sums.weight += float(weight.sum())
            sums.samples += int(counts.sum())
            if not wanted:
                continue
            rows = self.formula(x, t, label, smoothing, eps)
            if VALUES in wanted:
                value = np.where(counts, weight * rows.value(), 0)
                sums.value += float(value.sum())
                if not summed:
                    tile.put(VALUES, value.reshape(tile.arrays[VALUES].shape))
            for k, compute in ((GRADS, "grad"), (HESSES, "hess")):
                if k in wanted:
                    result = getattr(rows, compute)() * (weight * scale)[:, None]
                    tile.put(k, np.where(counts[:, None], result, 0).reshape(tile.arrays[k].shape))
        return sums


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
    "rmse": Kernel(MSE, rooted=True),
    "mae": Kernel(MAE),
    "huber": Kernel(Huber),
    "pseudo_huber": Kernel(PseudoHuber),
    "hinge": Kernel(Hinge),
    "squared_hinge": Kernel(SquaredHinge),
    "binary_cross_entropy": Kernel(BinaryCrossEntropy),
    "sigmoid_cross_entropy": Kernel(SigmoidCrossEntropy),
    "sigmoid": Kernel(function("Sigmoid", sigmoid)),
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
