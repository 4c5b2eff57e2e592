"""Losses of a box against another, given by two corners each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .._core.domains import Domain
from .engine import PRED, TARGET, VECTOR, Kernel, Part, Tile, weight_of

ASPECT = 4 / np.pi**2
OUTWARDS = np.array([-1.0, -1.0, 1.0, 1.0])  # the sign of the coordinate as its side moves outwards


class OfBoxes(Kernel):
    """The kernel of a formula that is given both boxes."""

    axes = 1

    def part(self, tile: Tile) -> Part:
        pred, target = tile.get(PRED, 4), tile.get(TARGET, 4)
        weight, outside = weight_of(tile)
        return Part(self.formula, (tile, pred, target, *tile.batch.hyperparameters[1:]), weight, len(pred), outside)


def over(a, b):
    """a/b, and 0 for b = 0."""
    return np.where(b == 0, 0, a / np.where(b == 0, 1, b))


def by_axis(x, y):
    """What belongs to x1, y1, x2 and y2."""
    return np.stack([x, y, x, y], axis=1)


def speeds(sides):
    """How fast extents along x and y grow where their sides move outwards so fast."""
    return sides[:, 0] + sides[:, 2], sides[:, 1] + sides[:, 3]


class IoU:
    """1 − I/U, as what is in one box alone over U.

    A side that moves outwards, at the rate 1, makes the box wider, the intersection too while it is inside the target, and the box
    around both while it is not. Slopes are given for both cases.
    """

    domains: Mapping[str, Domain] = {}

    def __init__(self, tile, pred, target):
        self.tile, self.dtype = tile, pred.dtype
        p, t = pred.astype(np.float64), target.astype(np.float64)
        around = np.maximum(p[:, 2:], t[:, 2:]) - np.minimum(p[:, :2], t[:, :2])
        exponent = np.frexp(around.max(axis=1))[1]
        self.unit = np.ldexp(1.0, -np.where(np.isfinite(around.max(axis=1)), exponent, 0))[:, None]
        p, t = p * self.unit, t * self.unit
        low, high, t_low, t_high = p[:, :2], p[:, 2:], t[:, :2], t[:, 2:]
        self.size, self.other = np.maximum(high - low, 0), np.maximum(t_high - t_low, 0)
        self.common = np.minimum(high, t_high) - np.maximum(low, t_low)
        self.around = np.maximum(high, t_high) - np.minimum(low, t_low)
        self.out = np.maximum(t_low - low, 0) + np.maximum(high - t_high, 0)
        self.other_out = np.maximum(low - t_low, 0) + np.maximum(t_high - high, 0)
        self.off = ((low - t_low) + (high - t_high)) / 2
        self.regular = (high >= low) | np.isnan(high - low)
        self.grows = np.where(self.regular, 1.0, 0.0)[:, [0, 1, 0, 1]]
        self.within = (p - t) * -OUTWARDS
        self.meets = (self.common > 0).all(axis=1)
        self.shared = np.where(self.meets, self.common.prod(axis=1), 0)
        a, b, c = self.size, self.other, self.common
        alone = self.out[:, 0] * a[:, 1] + c[:, 0] * self.out[:, 1]
        alone = alone + self.other_out[:, 0] * b[:, 1] + c[:, 0] * self.other_out[:, 1]
        total = a.prod(axis=1) + b.prod(axis=1)
        self.union = np.where(self.meets, self.shared + alone, total)
        self.share = np.where(self.meets, over(self.shared, self.union), 0 * total)
        self.lack = np.where(self.meets, over(alone, self.union), 1 + 0 * total)
        self.inside = np.where(self.within < 0, 0.0, 1.0)

    def parts(self):
        """The terms of the loss."""
        return [self.lack]

    def value(self):
        return sum(self.parts()).astype(self.dtype)

    def moving(self, inside):
        """What a side that moves outwards adds to the areas of intersection and union."""
        cross = self.common[:, ::-1]
        common = np.where(self.meets[:, None], inside * by_axis(*cross.T), 0)
        area = by_axis(*self.size[:, ::-1].T) * self.grows
        return common, area - common

    def slopes(self, inside):
        """By sides that move outwards."""
        return self.plain_slopes(inside)

    def plain_slopes(self, inside):
        """Of 1 − I/U."""
        common, union = self.moving(inside)
        return over(self.share[:, None] * union - common, self.union[:, None])

    def grad(self):
        s, t = self.slopes(1.0), self.slopes(0.0)
        at = np.where((s <= 0) & (t >= 0), 0, (s + t) / 2)
        slopes = np.where(self.within < 0, t, np.where(self.within > 0, s, at))
        return (slopes * OUTWARDS * self.unit).astype(self.dtype)

    def turned(self, v):
        """How the slopes change where sides move outwards so fast."""
        return self.plain_turned(v)

    def plain_turned(self, v):
        """Of 1 − I/U."""
        union = self.moving(self.inside)[1]
        grown = np.where(self.meets[:, None], by_axis(*self.turning(self.inside * v)), 0) * self.inside
        area = by_axis(*self.turning(self.grows * v)) * self.grows
        slopes = self.plain_slopes(self.inside)
        share, whole = -(slopes * v).sum(axis=1)[:, None], (union * v).sum(axis=1)[:, None]
        change = share * union + self.share[:, None] * (area - grown) - grown - slopes * whole
        return over(change, self.union[:, None])

    @staticmethod
    def turning(v):
        """How fast the extent across each axis grows."""
        return speeds(v)[::-1]

    def product(self):
        v = self.tile.get(VECTOR, 4).astype(np.float64)
        return (self.turned(v * OUTWARDS * self.unit) * OUTWARDS * self.unit).astype(self.dtype)

    def hess(self):
        sides = np.eye(4)
        diagonal = [self.turned(np.broadcast_to(sides[k], self.within.shape))[:, k] for k in range(4)]
        return (np.stack(diagonal, axis=1) * self.unit**2).astype(self.dtype)


class GIoU(IoU):
    """And (C − U)/C, whose numerator is a sum of areas."""

    def __init__(self, tile, pred, target):
        super().__init__(tile, pred, target)
        self.least = self.around.prod(axis=1)
        corners = self.out[:, 0] * self.other_out[:, 1] + self.other_out[:, 0] * self.out[:, 1]
        left = corners - np.where(self.meets, 0, self.common.prod(axis=1))
        left = np.where(self.regular.all(axis=1), left, self.least - self.union)
        self.gap = over(left, self.least)

    def parts(self):
        return [self.lack, self.gap]

    def widening(self, inside):
        """What a side that moves outwards adds to the box around both."""
        return (1 - inside) * by_axis(*self.around[:, ::-1].T)

    def gap_slopes(self, inside):
        change = (1 - self.gap)[:, None] * self.widening(inside) - self.moving(inside)[1]
        return over(change, self.least[:, None])

    def slopes(self, inside):
        return super().slopes(inside) + self.gap_slopes(inside)

    def turned(self, v):
        outside = 1 - self.inside
        common = np.where(self.meets[:, None], by_axis(*self.turning(self.inside * v)), 0) * self.inside
        union = by_axis(*self.turning(self.grows * v)) * self.grows - common
        wider, slopes = self.widening(self.inside), self.gap_slopes(self.inside)
        least, gap = (wider * v).sum(axis=1)[:, None], (slopes * v).sum(axis=1)[:, None]
        change = (1 - self.gap)[:, None] * by_axis(*self.turning(outside * v)) * outside
        change = change - gap * wider - union - slopes * least
        return self.plain_turned(v) + over(change, self.least[:, None])


class DIoU(IoU):
    """And N/D, the squared distance of the middles over the squared diagonal of the box around both."""

    def __init__(self, tile, pred, target):
        super().__init__(tile, pred, target)
        self.diagonal = (self.around**2).sum(axis=1)
        self.apart = over((self.off**2).sum(axis=1), self.diagonal)

    def parts(self):
        return [self.lack, self.apart]

    def lengthening(self, inside):
        return 2 * (1 - inside) * by_axis(*self.around.T)

    def apart_slopes(self, inside):
        change = OUTWARDS * by_axis(*self.off.T) - self.apart[:, None] * self.lengthening(inside)
        return over(change, self.diagonal[:, None])

    def slopes(self, inside):
        return super().slopes(inside) + self.apart_slopes(inside)

    def turned(self, v):
        outside = 1 - self.inside
        slopes, longer = self.apart_slopes(self.inside), self.lengthening(self.inside)
        apart, diagonal = (slopes * v).sum(axis=1)[:, None], (longer * v).sum(axis=1)[:, None]
        middles = OUTWARDS * by_axis(*speeds(OUTWARDS * v)) / 2
        change = middles - apart * longer - self.apart[:, None] * 2 * outside * by_axis(*speeds(outside * v))
        return self.plain_turned(v) + over(change - slopes * diagonal, self.diagonal[:, None])


class CIoU(DIoU):
    """And v²/S, S = 1 − I/U + v, v = 4/π²·δ², δ the angle between the diagonals: arctan of (wH − hW)/(hH + wW)."""

    def __init__(self, tile, pred, target, constant_alpha):
        super().__init__(tile, pred, target)
        self.constant = constant_alpha != 0
        (w, h), (other_w, other_h) = self.size.T, self.other.T
        self.angle = np.arctan(over(w * other_h - h * other_w, h * other_h + w * other_w))
        self.length = w * w + h * h
        self.v = ASPECT * self.angle**2
        self.sum = self.lack + self.v
        self.alpha = over(self.v, self.sum)
        self.turn = over(np.stack([h, -w, h, -w], axis=1) * self.grows, self.length[:, None])

    def parts(self):
        return [self.lack, self.apart, self.alpha * self.v]

    def slopes(self, inside):
        v, alpha = 2 * ASPECT * self.angle[:, None] * self.turn, self.alpha[:, None]
        if self.constant:
            return super().slopes(inside) + alpha * v
        return super().slopes(inside) + (2 - alpha) * alpha * v - alpha**2 * self.plain_slopes(inside)

    def turned(self, v):
        angle, alpha, sides = self.angle[:, None], self.alpha[:, None], self.grows * v
        wider, higher = speeds(sides)
        length = 2 * (self.size[:, 0] * wider + self.size[:, 1] * higher)
        turn = np.stack([higher, -wider, higher, -wider], axis=1) * self.grows - self.turn * length[:, None]
        turn = over(turn, self.length[:, None])
        first = 2 * ASPECT * angle * self.turn
        second = 2 * ASPECT * ((self.turn * v).sum(axis=1)[:, None] * self.turn + angle * turn)
        if self.constant:
            return super().turned(v) + alpha * second
        lack = self.plain_slopes(self.inside)
        grown = (first * v).sum(axis=1), (lack * v).sum(axis=1)
        change = over(grown[0] - self.alpha * (grown[0] + grown[1]), self.sum)[:, None]
        bend = (2 - 2 * alpha) * change * first + (2 - alpha) * alpha * second - 2 * alpha * change * lack
        return super().turned(v) + bend - alpha**2 * self.plain_turned(v)


KERNELS = {"iou": OfBoxes(IoU), "giou": OfBoxes(GIoU), "diou": OfBoxes(DIoU), "ciou": OfBoxes(CIoU)}
