"""Derive the constants of the vector mathematics and print fastloss/_cython/c/coefficients.h.

    python -m pip install mpmath
    python tools/polynomials.py > fastloss/_cython/c/coefficients.h

Every polynomial is a near-minimax (Chebyshev) fit in 60-digit arithmetic, rounded to the working precision. In each
reduction the leading terms are exact, so an error ε of the fitted tail is worth only r²ε or less of the result. The
comment above each fit states that relative error; half a unit in the last place is 2^-24 (float) or 2^-53 (double).

Reductions (`vecmath_avx512.h` uses the last three, `vecmath.h` the others):

* exp(x) = 2^k · (1 + r + r²·Q(r)),                 |r| ≤ ½ ln 2
* log(1+f) = f − (h − s·(h + z·S(z))),              h = ½f², s = f/(2+f), z = s²,  √½ − 1 ≤ f ≤ ½
* x − 1 − log(x) = s·(x − 1 − z·S(z)),             s = (x − 1)/(x + 1), z = s², ⅔ ≤ x ≤ 3/2
* exp(x) − 1 − x = x²·(1/2 + x/6 + …),              |x| ≤ ½: its own series
* (1+x)·log(1+x) + (1−x)·log(1−x) = q·K(q),        q = x² ≤ ⅓
* log(1+x) = P(x − 3113/4096),                      √⅓ ≤ x ≤ 1
* arctan(t) = t + t·z·P(z),                         z = t², |t| ≤ √2 − 1
* 2Φ(z) − 1 = z·P(z²),                              0 ≤ z ≤ 1, of the normal distribution
* 2(1 − Φ(z)) = exp(−½z²)·P(y),                     y = (z − 4)/(z + 4), 1 ≤ z ≤ 9: beyond that it is nothing beside 1
* exp(x) = 2^k · 2^(j/N) · (1 + r + r²·Q(r)),       |r| ≤ ln 2 / 2N
* log(x) = k·ln 2 + log cⱼ + log(1+r),              r = m/cⱼ − 1 for a mantissa m in [¾, 3/2)
* log(1+e) = log cⱼ + log(1+r),                     r = (1+e)/cⱼ − 1 for e in [0, 1]
"""

import mpmath as mp

mp.mp.dps = 60
BITS = {"F": 24, "D": 53}
NUMBER = {"F": "float", "D": "double"}


def rounded(x, bits):
    with mp.workprec(bits):
        return +mp.mpf(x)


def literal(x, kind):
    text = float(x).hex()
    return text + "f" if kind == "F" else text


def array(name, values, kind):
    body = ", ".join(literal(v, kind) for v in values)
    print(f"static const {NUMBER[kind]} {name}_{kind}[{len(values)}] = {{\n    {body}}};")


def series(terms, switch, direct):
    """A function with a removable singularity at 0: its series near 0, its closed form elsewhere."""

    def function(x):
        if abs(x) < switch:
            return mp.fsum(terms(k) * x**k for k in range(12))
        return direct(x)

    return function


exp_tail = series(lambda k: 1 / mp.factorial(k + 2), mp.mpf("1e-4"), lambda r: (mp.exp(r) - 1 - r) / r**2)
log_tail = series(lambda k: mp.mpf((-1) ** (k + 1)) / (k + 2), mp.mpf("1e-4"), lambda r: (mp.log1p(r) - r) / r**2)
atanh_tail = series(
    lambda k: mp.mpf(2) / (2 * k + 3),
    mp.mpf("1e-5"),
    lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z,
)

jensen = series(
    lambda k: mp.mpf(1) / ((k + 1) * (2 * k + 1)),
    mp.mpf("1e-5"),
    lambda q: ((1 + mp.sqrt(q)) * mp.log1p(mp.sqrt(q)) + (1 - mp.sqrt(q)) * mp.log1p(-mp.sqrt(q))) / q,
)

bulk = series(
    lambda k: mp.sqrt(2 / mp.pi) * (-mp.mpf(1) / 2) ** k / (mp.factorial(k) * (2 * k + 1)),
    mp.mpf("1e-5"),
    lambda q: mp.erf(mp.sqrt(q / 2)) / mp.sqrt(q),
)

arc_tail = series(
    lambda k: mp.mpf((-1) ** (k + 1)) / (2 * k + 3),
    mp.mpf("1e-5"),
    lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z,
)


def gap(z):
    """x - 1 for the x whose (x - 1)/(x + 1) is the root of z."""
    return 2 * mp.sqrt(z) / (1 - mp.sqrt(z))


def from_tail(y):
    return 4 * (1 + y) / (1 - y)


def tail(y):
    z = from_tail(y)
    return mp.exp(z**2 / 2) * mp.erfc(z / mp.sqrt(2))


def fit(name, kind, degree, tail, low, high, rebuild, exact, points=2000):
    """Print one fit, lowest power first, with the worst relative error of the function rebuilt from it."""
    coefficients = [rounded(c, BITS[kind]) for c in mp.chebyfit(tail, [low, high], degree + 1)]
    worst = mp.mpf(0)
    for i in range(points + 1):
        x = low + (high - low) * i / points
        if exact(x):
            worst = max(worst, abs(rebuild(x, mp.polyval(coefficients, x)) / exact(x) - 1))
    print(f"/* relative error 2^{mp.nstr(mp.log(worst, 2), 3)} */")
    array(name, coefficients[::-1], kind)


def exp_fit(name, kind, degree, bound):
    bound = bound * mp.mpf("1.001")
    fit(name, kind, degree, exp_tail, -bound, bound, lambda r, q: 1 + r + r**2 * q, mp.exp)


def log_centres(size):
    """1/c for the mantissas whose leading bits are j: [1, 3/2) for the lower half, [¾, 1) for the upper."""
    inverse = []
    for j in range(size):
        scale = 1 if j < size // 2 else mp.mpf(1) / 2
        inverse.append(1 / (scale * (1 + (j + mp.mpf(1) / 2) / size)))
    inverse[0] = inverse[-1] = mp.mpf(1)  # next to 1 nothing may be subtracted from anything
    return inverse


def accurate(c, bits, tries=4000):
    """The number near c, with a bit to spare (1 − c must be exact), whose logarithm is nearest to a representable one.

    Any number near 1/c serves as the table's entry; one whose logarithm needs no rounding saves up to a unit in the last
    place of the result (Gal's accurate tables).
    """

    def loss(candidate):
        exact = mp.log(candidate)
        return abs(exact - rounded(exact, bits)) / mp.mpf(2) ** mp.floor(mp.log(abs(exact), 2))

    start = rounded(c, bits - 1)
    return start if start == 1 else min((start + i * mp.mpf(2) ** -bits for i in range(-tries, tries, 2)), key=loss)


def log_table(name, kind, inverse):
    inverse = [accurate(c, BITS[kind]) for c in inverse]
    array(f"{name}_INVERSE", inverse, kind)
    array(f"{name}_VALUE", [rounded(-mp.log(c), BITS[kind]) for c in inverse], kind)
    return inverse


if __name__ == "__main__":
    print("/* Made by tools/polynomials.py, which says what each constant is for. */")
    print("#pragma once\n")
    half_ln2 = mp.log(2) / 2
    exp_fit("EXP", "F", 5, half_ln2)
    exp_fit("EXP", "D", 10, half_ln2)
    for kind, degree in (("F", 3), ("D", 6)):
        fit("ATANH", kind, degree, atanh_tail, mp.mpf(0), mp.mpf("0.0401"),
            lambda z, p: mp.sqrt(z) * (2 + z * p), lambda z: 2 * mp.atanh(mp.sqrt(z)))  # fmt: skip
    fit("EXCESS", "D", 7, atanh_tail, mp.mpf(0), mp.mpf("0.0401"), lambda z, p: gap(z) - mp.sqrt(z) * (2 + z * p),
        lambda z: gap(z) - 2 * mp.atanh(mp.sqrt(z)))  # fmt: skip
    for kind, degree in (("F", 7), ("D", 15)):
        fit("JENSEN", kind, degree, jensen, mp.mpf(0), mp.mpf(1) / 3, lambda q, p: q * p, lambda q: q * jensen(q))
    middle = mp.mpf(3113) / 4096  # whose logarithm, of 1 + it, is all but a float and a double
    for kind, degree in (("F", 6), ("D", 13)):
        fit("UPPER", kind, degree, lambda x: mp.log1p(middle + x), mp.sqrt(mp.mpf(1) / 3) - mp.mpf("0.7601"), 1 - middle,
            lambda x, p: p, lambda x: mp.log1p(middle + x))  # fmt: skip
    fit("BULK", "D", 10, bulk, mp.mpf(0), mp.mpf(1), lambda q, p: mp.sqrt(q) * p, lambda q: mp.erf(mp.sqrt(q / 2)))
    fit("TAIL", "D", 17, tail, -mp.mpf(3) / 5, mp.mpf(5) / 13, lambda y, p: p, tail)
    fit("ARC", "D", 10, arc_tail, mp.mpf(0), (mp.sqrt(2) - 1) ** 2, lambda z, p: mp.sqrt(z) * (1 + z * p),
        lambda z: mp.atan(mp.sqrt(z)))  # fmt: skip
    array("BEND", [1 / mp.factorial(k + 2) for k in range(14)], "D")
    print()
    for kind, size, exp_degree, log_degree in (("F", 32, 1, 3), ("D", 16, 4, 8)):
        powers = [mp.mpf(2) ** (mp.mpf(j) / size) for j in range(size)]
        array("EXP_TABLE", [rounded(x, BITS[kind]) for x in powers], kind)
        array("EXP_TABLE_LOW", [rounded(x - rounded(x, BITS[kind]), BITS[kind]) for x in powers], kind)
        exp_fit("EXP_SHORT", kind, exp_degree, half_ln2 / size)
        log_table("LOG", kind, log_centres(size))
        log_table("LOG1P", kind, [1 / (1 + mp.mpf(j) / (size - 1)) for j in range(size)])
        fit("LOG_SHORT", kind, log_degree, log_tail, -mp.mpf("0.53") / size, mp.mpf("1.001") / size,
            lambda r, p: r + r**2 * p, mp.log1p)  # fmt: skip
        print()
