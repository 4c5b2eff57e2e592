"""Losses of a box against another, given by two corners each: in double, whatever they hold.

A corner's coordinate moves a side of the box. Outwards, it makes the box wider at the rate 1, the intersection too while the side is
inside the target, and the box around both while it is outside. Where it is at the target's own side, both happen: then the slopes
to either side are known, and the slope is 0 where it lies between them.
"""

from ..vectors cimport arc_tangent, multiply_add

cdef extern from *:
    """
    #define ASPECT 0.40528473456935108578   /* 4/π² */
    """
    const double ASPECT

cdef struct Iou:
    double unused

cdef struct Giou:
    double unused

cdef struct Diou:
    double unused

cdef struct Ciou:
    double constant_alpha

ctypedef fused Box:
    Iou
    Giou
    Diou
    Ciou

cdef struct Extent:         # of both boxes along one axis
    double size             # of the predicted one
    double other            # of the target
    double common           # of the intersection; less than 0 between boxes that do not meet
    double around           # of both
    double out              # by how much the predicted one is outside the target
    double other_out
    double off              # between the middles
    double grows            # 1, if its size is no less than 0

cdef struct Parts:          # what is known of a pair of boxes
    Extent x
    Extent y
    bint meets
    double over_union       # 1/U, and 0 for 0
    double share            # I/U
    double lack             # 1 - I/U
    double over_around      # 1/C
    double gap              # (C - U)/C
    double over_diagonal    # 1/D, the squared diagonal of the box around both
    double apart            # N/D, the squared distance of the middles over it
    double turn             # between the diagonals: arctan(W/H) - arctan(w/h), with its sign turned
    double over_length      # 1/(w² + h²)
    double v                # 4/π² turn²
    double alpha            # v/(1 - I/U + v)
    double over_sum         # 1/(1 - I/U + v)
    double loss


cdef inline double smaller(double a, double b) noexcept nogil:
    """NaN, if one is."""
    return a if (a < b) | (a != a) else b


cdef inline double greater(double a, double b) noexcept nogil:
    return a if (a > b) | (a != a) else b


cdef inline double over(double x) noexcept nogil:
    """1/x, and 0 for 0."""
    return 1 / x if x != 0 else 0


cdef inline Extent extent(double p1, double p2, double t1, double t2) noexcept nogil:
    """Of sides from p1 to p2 and from t1 to t2. What ends before it begins has no size."""
    cdef Extent e
    e.size = greater(p2 - p1, 0)
    e.other = greater(t2 - t1, 0)
    e.common = smaller(p2, t2) - greater(p1, t1)
    e.around = greater(p2, t2) - smaller(p1, t1)
    e.out = greater(t1 - p1, 0) + greater(p2 - t2, 0)
    e.other_out = greater(p1 - t1, 0) + greater(t2 - p2, 0)
    e.off = 0.5 * ((p1 - t1) + (p2 - t2))
    e.grows = 1 if (p2 >= p1) | (p2 != p2) | (p1 != p1) else 0
    return e


cdef inline Parts measure(Box loss, Extent x, Extent y) noexcept nogil:
    """1 - I/U = (what is in one box alone)/U, and C - U as a sum of areas, so that nothing cancels."""
    cdef Parts b
    cdef double common, alone, union_, around, left, diagonal, total, middles
    b.x = x
    b.y = y
    b.meets = (x.common > 0) & (y.common > 0)
    common = x.common * y.common
    alone = (x.out * y.size + x.common * y.out) + (x.other_out * y.other + x.common * y.other_out)
    total = x.size * y.size + x.other * y.other
    union_ = multiply_add[double](x.common, y.common, alone) if b.meets else total    # (products with other uses)
    b.over_union = over(union_)
    b.share = common * b.over_union if b.meets else 0 * total
    b.lack = alone * b.over_union if b.meets else 1 + 0 * total
    b.loss = b.lack
    b.over_around = b.gap = b.over_diagonal = b.apart = 0
    b.turn = b.over_length = b.v = b.alpha = b.over_sum = 0
    if Box is Giou:
        around = x.around * y.around
        left = (x.out * y.other_out + x.other_out * y.out) - (0 if b.meets else common)
        left = left if x.grows * y.grows > 0.5 else around - union_        # (a product: truths and numbers make no vector)
        b.over_around = over(around)
        b.gap = left * b.over_around
        b.loss = multiply_add[double](left, b.over_around, b.lack)
    if Box is Diou or Box is Ciou:
        diagonal = x.around * x.around + y.around * y.around
        b.over_diagonal = over(diagonal)
        middles = x.off * x.off + y.off * y.off
        b.apart = middles * b.over_diagonal
        b.loss = multiply_add[double](middles, b.over_diagonal, b.lack)
    if Box is Ciou:
        total = y.size * y.other + x.size * x.other
        b.turn = arc_tangent((x.size * y.other - y.size * x.other) * over(total))
        b.over_length = over(x.size * x.size + y.size * y.size)
        b.v = ASPECT * b.turn * b.turn
        b.over_sum = over(multiply_add[double](ASPECT * b.turn, b.turn, b.lack))
        b.alpha = b.v * b.over_sum
        b.loss = multiply_add[double](b.alpha, b.v, b.loss)
    return b


cdef inline void along(Box loss, Parts b, Extent own, Extent cross, bint vertical, double inside, double outwards, double* slope,
                       double* curvature) noexcept nogil:
    """Slope and curvature by a side that moves outwards, `outwards` being 1 where its coordinate grows; `inside` is 1 in the target."""
    cdef double area = cross.size * own.grows
    cdef double common = inside * cross.common if b.meets else 0
    cdef double union_ = area - common
    cdef double outside = 1 - inside
    cdef double g = (b.share * union_ - common) * b.over_union
    cdef double h = -2 * union_ * b.over_union * g
    cdef double s = g, c = h, d, q, turn, turns, a, v, vv
    if Box is Giou:
        d = outside * cross.around
        q = ((1 - b.gap) * d - union_) * b.over_around
        s += q
        c -= 2 * d * b.over_around * q
    if Box is Diou or Box is Ciou:
        d = 2 * own.around * outside
        q = (outwards * own.off - b.apart * d) * b.over_diagonal
        s += q
        c += (0.5 - 2 * q * d - 2 * b.apart * outside) * b.over_diagonal
    if Box is Ciou:
        turn = (-cross.size if vertical else cross.size) * own.grows * b.over_length
        turns = (2 if vertical else -2) * own.size * cross.size * own.grows * b.over_length * b.over_length
        v = 2 * ASPECT * b.turn * turn
        vv = 2 * ASPECT * (turn * turn + b.turn * turns)
        if loss.constant_alpha != 0:
            s += b.alpha * v
            c += b.alpha * vv
        else:
            a = (2 - b.alpha) * b.alpha
            d = (b.lack * v - b.v * g) * b.over_sum
            s += a * v - b.alpha * b.alpha * g
            c += 2 * d * d * b.over_sum + a * vv - b.alpha * b.alpha * h
    slope[0] = s
    curvature[0] = c


cdef inline void by_side(Box loss, Parts b, Extent own, Extent cross, bint vertical, double within, double outwards, double* slope,
                         double* curvature) noexcept nogil:
    """The derivatives by a coordinate, whose side is `within` the target by so much."""
    cdef double s = 0, c = 0, t = 0, d = 0
    along(loss, b, own, cross, vertical, 1, outwards, &s, &c)
    along(loss, b, own, cross, vertical, 0, outwards, &t, &d)
    t = t if within < 0 else (s if within > 0 else (0 if (s <= 0) & (t >= 0) else 0.5 * (s + t)))
    slope[0] = outwards * t
    curvature[0] = d if within < 0 else c
