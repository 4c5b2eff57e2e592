"""Cross-entropies of rows of classes, their divergences, and what is made of the label's probability alone."""

from __future__ import annotations

import numpy as np

from .._core.inputs import DISTRIBUTIONS, DISTRIBUTIONS_OF_IDS, LOGITS_OF_CLASSES
from .arithmetic import bend, exact_sum_of_rows, excess, log_quotient, power, sum_of_rows, term, weighed
from .engine import VECTOR
from .rows import Row, Rows, SoftmaxRow


class SoftmaxCrossEntropy(SoftmaxRow):
    """log Σ eˣ·Σt − Σ t·x, of which the greatest x is taken before; slope p·Σt − t, Hessian (diag(p) − p pᵀ)·Σt."""

    domains = LOGITS_OF_CLASSES.domains

    def __init__(self, tile, x, t, label, label_smoothing=0.0):
        super().__init__(tile, x, t, label)
        self.smoothing, self.share = label_smoothing, label_smoothing / x.shape[1]  # what of it each class gets
        if t is not None and label_smoothing:
            self.t = t * t.dtype.type(1 - label_smoothing) + t.dtype.type(self.share)

    @property
    def mass(self):
        return np.ones(len(self.x)) if self.label is not None else sum_of_rows(self.t)

    def value(self):
        if self.label is None:
            return self.mass * self.logs - sum_of_rows(weighed(self.t, self.z))
        margin = self.z[self.line, self.label].astype(np.float64)
        value = self.logs - (0 if self.smoothing == 1 else (1 - self.smoothing) * margin)
        return value - self.share * sum_of_rows(self.z) if self.smoothing else value

    def grad(self):
        mass = self.mass
        if self.label is None:
            apart = self.t[self.line, self.place].astype(np.float64)
            others = mass - apart
            grad = self.p * mass[:, None] - self.t
        else:
            apart, others = 1 - self.smoothing + self.share, self.smoothing - self.share
            grad = self.p - self.share
        grad[self.line, self.place] = np.where(
            self.apart < self.rest, mass * (self.apart / self.sum) - apart, others - mass * (self.rest / self.sum)
        )
        return grad

    def hess(self):
        hess = self.p * self.q
        hess[self.line, self.place] = (self.apart / self.sum) * (self.rest / self.sum)
        return hess if self.label is not None else hess * self.mass[:, None]

    def majorizer(self):
        """2p(1 − p): a diagonal that is nowhere below the whole Hessian."""
        return 2 * self.hess()

    def product(self):
        along = self.spread(self.tile.get(VECTOR, self.x.shape[1]))
        return along if self.label is not None else along * self.mass[:, None]


class SoftmaxDivergence(SoftmaxCrossEntropy):
    """Σ t·log(t/p), of the softmax p; its derivatives are the cross-entropy's."""

    def value(self):
        """With l = log(q/t), Σ t·(eˡ − 1 − l) + (Σ t − 1 + Σ q over the classes of t = 0): nothing cancels.

        Targets of less than half a probability agree with none: there it is −Σ t·l.
        """
        x, t = self.x.astype(np.float64), self.t.astype(np.float64)
        z = x - self.top.astype(np.float64)[:, None]
        e = np.exp(z)
        total = sum_of_rows(e)[:, None]
        q, away = e / total, (z - np.log(total)) - np.log(np.where(t > 0, t, 1))
        shares = np.where(np.abs(away) <= 0.5, t * bend(np.clip(away, -0.5, 0.5)), (q - t) - t * away)
        gap = np.concatenate([np.where(t == 0, q, t), np.full((len(t), 1), -1.0)], axis=1)
        value = sum_of_rows(np.where(t == 0, 0, shares)) + exact_sum_of_rows(gap)
        value = np.where(sum_of_rows(t) < 0.5, -sum_of_rows(np.where(t == 0, 0, t * away)), value)
        return np.where((t != 0).any(axis=1), value, 0 * total[:, 0])


class SoftmaxFocal(SoftmaxRow):
    """Σ t·q^γ·L over the classes, with L = −log p and q = 1 − p.

    With a = q^(γ−1)·(γpL + q) and b = γq^(γ−2)·p·((γ−1)pL − qL + 2q), the gradient of one class k's term is a·(p − eₖ) and
    its Hessian a·(diag(p) − p pᵀ) + b·(p − eₖ)(p − eₖ)ᵀ, all with the a and b of k.
    """

    domains = LOGITS_OF_CLASSES.domains

    def __init__(self, tile, x, t, label, gamma):
        super().__init__(tile, x, t, label)
        self.gamma = gamma

    def terms(self):
        """t, p, q, L, pL: of the label alone, a column, or of every class."""
        if self.label is None:
            logs = self.logs[:, None] - self.z
            logs[self.line, self.greatest] = np.log1p(self.rest)
            t, p, q = self.t.astype(np.float64), self.p, self.q
        else:
            t = np.ones((len(self.x), 1))
            logs = np.where(self.apart == 1, self.logs, self.logs - self.z[self.line, self.label].astype(np.float64))[
                :, None
            ]
            p, q = (self.apart / self.sum)[:, None], (self.rest / self.sum)[:, None]
        return t, p, q, logs, np.where(p == 0, 0, p * logs)

    def value(self):
        t, _, q, logs, _ = self.terms()
        return sum_of_rows(term(t, power(q, self.gamma) * logs) if self.label is None else power(q, self.gamma) * logs)

    def factors(self, bounded=False):
        """t·a·q, t·b·q² and q: with powers of q that no q = 0 makes infinite. `bounded`: without −qL, all that is negative in b."""
        t, p, q, logs, entropy = self.terms()
        g = self.gamma
        powers = power(q, g)
        a = powers * (g * entropy + q)
        b = g * powers * p * ((g - 1) * entropy - (0 if bounded else np.where(q == 0, 0, q * logs)) + 2 * q)
        b = np.where(p == 0, 0, b)
        return weighed(t, a), weighed(t, b), q

    def away(self):
        """(p − e)/q of the label: −1 there, e/rest elsewhere."""
        away = np.where(self.rest[:, None] > 0, self.e / self.rest[:, None], 0 * self.rest[:, None])
        away[self.line, self.label] = np.where(np.isnan(self.rest), self.rest, -1)
        return away

    @staticmethod
    def over(a, q):
        """a/q, and 0 where a is."""
        return np.where(a == 0, 0, a / q)

    def but_one(self, a):
        """Σ of a row but for each class itself; that but for the greatest, which may be nearly all, without a difference."""
        others = sum_of_rows(a)[:, None] - a
        rest = a.copy()
        rest[self.line, self.greatest] = 0
        others[self.line, self.greatest] = sum_of_rows(rest)
        return others

    def pulled(self, a, q):
        """Σ a·(p − e) over the classes: each one's own term is −a·(1 − p)."""
        return self.p * self.but_one(a) - a * q

    def grad(self):
        a, _, q = self.factors()
        if self.label is not None:
            return a * self.away()
        return self.pulled(self.over(a, q), q)

    def hess(self, bounded=False):
        a, b, q = self.factors(bounded)
        if self.label is not None:
            return self.over(a, q) * (self.p * self.q) + b * self.away() ** 2
        a, b = self.over(a, q), self.over(self.over(b, q), q)
        p = self.p
        return p * q * sum_of_rows(a)[:, None] + p * p * self.but_one(b) + b * q * q

    def majorizer(self):
        return self.hess(bounded=True)

    def product(self):
        a, b, q = self.factors()
        v = self.vector
        v = v - v[self.line, self.greatest][:, None]
        if self.label is not None:
            away = self.away()
            return self.over(a, q) * self.spread(v) + b * away * sum_of_rows(away * v)[:, None]
        a, b = self.over(a, q), self.over(self.over(b, q), q)
        along = b * (sum_of_rows(self.p * v)[:, None] - v)
        return sum_of_rows(a)[:, None] * self.spread(v) + self.pulled(along, q)


class LabelOfSoftmax(SoftmaxRow):
    """A loss of the label's probability: its gradient is a·(p − e), its Hessian a·(diag(p) − p pᵀ) − b·(p − e)(p − e)ᵀ, with the
    row of probabilities p and the row e that is 1 at the label."""

    def __init__(self, tile, x, t, label):
        super().__init__(tile, x.astype(np.float64), t, label)
        self.of_label = self.apart / self.sum
        self.q_of_label = self.rest / self.sum
        self.loss = np.where(self.apart == 1, self.logs, self.logs - self.z[self.line, self.label])

    def factors(self):
        raise NotImplementedError

    def away(self):
        """p − e, exact at the label."""
        away = self.p
        away[self.line, self.label] = -self.q_of_label
        return away

    def grad(self):
        return self.factors()[0][:, None] * self.away()

    def bent(self, a, b):
        spread = self.p * self.q
        spread[self.line, self.label] = self.of_label * self.q_of_label
        return a[:, None] * spread - b[:, None] * self.away() ** 2

    def hess(self):
        return self.bent(*self.factors())

    def majorizer(self):
        a, b = self.factors()
        return self.bent(a, np.minimum(b, 0))

    def product(self):
        a, b = self.factors()
        away, v = self.away(), self.vector
        along = v - v[self.line, self.greatest][:, None]
        return a[:, None] * self.spread(v) - b[:, None] * away * sum_of_rows(away * along)[:, None]


class SoftmaxPoly(LabelOfSoftmax):
    """L + ε·q; a = 1 + εp, b = εp."""

    def __init__(self, tile, x, t, label, epsilon):
        super().__init__(tile, x, t, label)
        self.epsilon = epsilon

    def value(self):
        return self.loss + self.epsilon * self.q_of_label

    def factors(self):
        part = self.epsilon * self.of_label
        return ((1 + self.epsilon) - self.epsilon * self.q_of_label if self.epsilon < 0 else 1 + part), part


class SoftmaxGeneralizedCrossEntropy(LabelOfSoftmax):
    """(1 − p^κ)/κ as −expm1(−κL)/κ; a = p^κ, b = κp^κ."""

    def __init__(self, tile, x, t, label, q):
        super().__init__(tile, x, t, label)
        self.kappa = q

    def value(self):
        return -np.expm1(-self.kappa * self.loss) / self.kappa

    def factors(self):
        power = np.exp(-self.kappa * self.loss)
        return power, self.kappa * power


class CategoricalCrossEntropy(Row):
    """−Σ t·log max(p, ε), slope −t/p, second derivative t/p²; or of the label alone."""

    domains = DISTRIBUTIONS.domains

    def __init__(self, tile, x, t, label, eps=0.0):
        super().__init__(tile, x + 0, t, label)  # a probability of −0 is 0
        self.eps = x.dtype.type(eps)

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

    def product(self):
        """In range where the second derivative may not be."""
        slope = self.slope()
        return np.where(slope == 0, 0, slope * (self.vector / self.x))


class SparseCategoricalCrossEntropy(CategoricalCrossEntropy):
    """−log max(p, ε) of the label, beside which nothing is looked at."""

    domains = DISTRIBUTIONS_OF_IDS.domains
    sparse = True


class Divergence(CategoricalCrossEntropy):
    """Σ t·log(t/p); its derivatives are the cross-entropy's."""

    def value(self):
        """Σ t·log(t/p), which is t·g(v) + (t − p) where p/t is between ½ and 2, with v = (p − t)/t, g(v) = v − log(1 + v)."""
        return relative_entropy(self.t, self.x)


def relative_entropy(t, p):
    """Σ t·log(t/p) of rows, which is t·g(v) + (t − p) where p/t is between ½ and 2, with v = (p − t)/t, g(v) = v − log(1 + v)."""
    v = (p - t) / t
    near = (v >= -0.5) & (v <= 1)
    far = t * log_quotient(t, p).astype(t.dtype)
    terms = np.where(t == 0, p * t, np.where(near, t * excess(np.where(near, v, 0)), far))
    return sum_of_rows(terms) + exact_sum_of_rows(np.where(near, t - p, 0).astype(np.float64))


KERNELS = {
    "categorical_cross_entropy": Rows(CategoricalCrossEntropy),
    "sparse_categorical_cross_entropy": Rows(SparseCategoricalCrossEntropy),
    "softmax_cross_entropy": Rows(SoftmaxCrossEntropy),
    "softmax_focal": Rows(SoftmaxFocal),
    "softmax_poly": Rows(SoftmaxPoly),
    "softmax_generalized_cross_entropy": Rows(SoftmaxGeneralizedCrossEntropy),
    "kl_divergence": Rows(Divergence),
    "softmax_kl_divergence": Rows(SoftmaxDivergence),
}
