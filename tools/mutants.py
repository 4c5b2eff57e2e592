"""Plants mistakes in the package, one at a time, and says which test finds each: what none finds, no test holds.

    python tools/mutants.py                    # every mistake of the table, by the tests that it names
    python tools/mutants.py linear "pos_weight"    # those whose file or text has one of these words
    python tools/mutants.py --jobs 2           # so many at once

The work is done in copies of the tree, each with the extension modules that are built in place. A mistake whose file is
compiled has a build step, a command that is run before its tests; afterwards the built modules are those of before.
Exits with 1 if a mistake survives.
"""

import argparse
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Mutant:
    """One mistake: this text in this file, which it has once, becomes another; one of these tests must fail."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    build: tuple[str, ...] = ()
    backend: str = ""  # that runs the tests; the best, if none is named

    def __str__(self):
        short = [re.sub(r"\s+", " ", text.strip())[:50] for text in (self.old, self.new)]
        return f"{self.file}: {short[0]!r} -> {short[1]!r}"


def of(file, tests, *pairs, **others):
    """Mistakes of one file that the same tests are to find."""
    files = tuple(f"tests/{name}.py" for name in tests.split())
    return [Mutant(f"fastloss/{file}", old, new, files, **others) for old, new in pairs]


COMPILED = ("sh", "-c", f"FASTLOSS_DEBUG_BUILD=1 FASTLOSS_LEVELS=v2 {sys.executable} setup.py build_ext --inplace")

MUTANTS = [
    # ---- what is interpreted
    *of(
        "_numpy/pointwise.py",
        "test_known_values test_inputs test_accuracy test_truths",
        ("return (pred - target) ** 2", "return (pred + target) ** 2"),
        ("return 2 * (pred - target)", "return pred - target"),
        ("np.full_like(pred, 2)\n", "np.full_like(pred, 1)\n"),
        ("np.sign(pred - target)", "np.sign(target - pred)"),
        ("np.clip(pred - target, -delta, delta)", "np.clip(pred - target, None, delta)"),
        ("HUGE = 2.0**60", "HUGE = 2.0**10"),
        ("HUGE = 2.0**60", 'HUGE = float("inf")'),
        ("d * (d / (1 + np.sqrt(1 + r * r)))", "delta * delta * (np.sqrt(1 + r * r) - 1)"),
        ("np.copysign(delta, d), d / np.sqrt", "delta, d / np.sqrt"),
        ("return np.maximum(1 - target * pred, 0)\n", "return np.maximum(1 + target * pred, 0)\n"),
        ("np.where(margin > 0, -target,", "np.where(margin >= 0, -target,"),
        ("np.where(margin <= 0, 0, margin))", "0)"),
        ("return -2 * target * np", "return -target * np"),
        ("np.where(q < eps, np.log(eps), np.log1p(-p))", "np.log(np.where(q < eps, eps, 1 - p))"),
        ("+ term(1 - target, np", "+ term(target, np"),
        ("np.log(np.where(p < eps, eps, p))", "np.log(p)"),
        ("np.where((target == 1) | high, -target / p,", "np.where(target == 1, -target / p,"),
        ("p, q = pred + 0, 1 - pred  # +0", "p, q = pred, 1 - pred  # +0"),
        ("target / p / p)", "target / (p * p))"),
        ("np.where((target == 1) | (q < eps), 0,", "np.where(q < eps, 0,"),
        ("return pos_weight * t, 1 - t", "return t, pos_weight * (1 - t)"),
        ("np.where(pred > 0, v, u)", "np.where(pred > 0, u, v)"),
        ("return v * sigmoid(pred) - u * sigmoid(-pred)", "return u * sigmoid(-pred) - v * sigmoid(pred)"),
        ("return (u + v) * (sigmoid", "return v * (sigmoid"),
        ("lambda x: np.minimum(x, 0) - np.log1p", "lambda x: np.minimum(x, 0) + np.log1p"),
    ),
    *of(
        "_core/constants.py",
        "test_known_values test_inputs test_accuracy test_truths",
        ("label_smoothing * (0.5 - target)", "label_smoothing * (1 - target)"),
    ),
    *of(
        "_numpy/arithmetic.py",
        "test_known_values test_inputs test_accuracy test_truths",
        ("share -= share * ((e", "share += share * ((e"),
        ("np.where((t == 0) & ~np.isnan(logarithm), 0, t * logarithm)", "t * logarithm"),
        ("return np.where(weight == 0, 0, weight * x)", "return weight * x"),
        ("return np.where(x == 0, 0, x)", "return x"),
        ("return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))", "return np.log1p(np.exp(x))"),
    ),
    *of(
        "_core/passes.py",
        "test_known_values test_inputs test_ranges test_bad_input test_truths test_runtime test_fuzz test_accuracy",
        ("return bool(2.0**-64 <= total <= 2.0**64)", "return True"),
        ("return 1 / divisor if divisor else 0.0", "return 1 / divisor if divisor else 1.0"),
    ),
    *of(
        "_numpy/pointwise.py",
        "test_known_values test_inputs test_ranges test_bad_input test_truths test_runtime test_fuzz test_accuracy",
        ("there = True if weight is None else weight != 0", "there = True"),
    ),
    *of(
        "_numpy/roots.py",
        "test_known_values test_ranges test_truths test_fuzz",
        ("LIFT = 2.0**600", "LIFT = 1.0"),
        ("tile.put(GRADS, signless(grad))", "tile.put(GRADS, grad)"),
        (">= 0 else math.nan", ">= 0 else 0.0"),
    ),
    *of(
        "_numpy/arithmetic.py",
        "test_rows test_ranges test_accuracy test_truths_rows",
        ("np.where((t == 0) & ~np.isnan(logarithm), 0, t * logarithm)", "np.where(t == 0, 0, t * logarithm)"),
        ("s: Array = v / (2 + v)", "s: Array = v / (2 - v)"),
        ("for k in range(33, 1, -2):", "for k in range(9, 1, -2):"),
        ("for k in range(14, 1, -1):", "for k in range(6, 1, -1):"),
        ("np.full_like(x, 1 / math.factorial(15))", "np.full_like(x, 0.1)"),
        ("return x[:, 0] + lost", "return x[:, 0]"),
        ("np.ascontiguousarray(x, np.float64).sum(axis=1)", "x.sum(axis=1, dtype=x.dtype)"),
    ),
    *of(
        "_numpy/rows.py",
        "test_rows test_ranges test_accuracy test_truths_rows",
        ("self.z = x - self.top[:, None]", "self.z = x"),
        ("return self.mass * self.logs - sum_of_rows", "return self.logs - sum_of_rows"),
        ("sum_of_rows(weighed(self.t, self.z))", "sum_of_rows(self.t * self.z)"),
        ("(0 if self.smoothing == 1 else (1 - self.smoothing) * margin)", "(1 - self.smoothing) * margin"),
        ("return value - self.share * sum_of_rows(self.z) if self.smoothing else value", "return value"),
        ("grad = self.p * mass[:, None] - self.t", "grad = self.p - self.t"),
        ("return hess if self.label is not None else hess * self.mass[:, None]", "return hess"),
        ("np.where(np.abs(away) <= 0.5, t *", "np.where(np.abs(away) <= 0.0, t *"),
        ("np.full((len(t), 1), -1.0)", "np.full((len(t), 1), 0.0)"),
        ("np.where((t != 0).any(axis=1), value, 0 * total[:, 0])", "value"),
        ("np.log(np.where(p < self.eps, self.eps, p))", "np.log(p)"),
        ("(self.x < self.eps) | ((self.t == 0) & (self.x == 0))", "(self.t == 0) & (self.x == 0)"),
        ("np.where(p < self.eps, 0, 1 / p)", "1 / p"),
        ("return np.where(slope == 0, 0, slope / self.x)", "return slope"),
        ("return -self.slope()", "return self.slope()"),
        ("near = (v >= -0.5) & (v <= 1)", "near = (v >= -0.5) & (v <= 3)"),
        ("near = (v >= -0.5) & (v <= 1)", "near = v > 9"),
        ("np.where(t == 0, p * t, np.where(near", "np.where(t == 0, p, np.where(near"),
        ("return self.z - self.logs[:, None]", "return self.z + self.logs[:, None]"),
        ("np.where(np.isinf(self.top), self.top, self.top + self.logs)", "self.top + self.logs"),
    ),
    *of(
        "_core/passes.py",
        "test_rows test_ranges test_bad_input test_truths_rows test_truths",
        (
            '{"mean": sums.weight, "batch_mean": float(sums.samples)}',
            '{"mean": sums.weight, "batch_mean": sums.weight}',
        ),
    ),
    *of(
        "_numpy/rows.py",
        "test_rows test_ranges test_bad_input test_truths_rows test_truths",
        ("there = counts & (weight != 0)", "there = counts"),
        ("(label < 0) | (label >= classes)", "(label < 0) | (label > classes)"),
        ("weight if class_weight is None else weight * class_weight[label], 0)", "weight, 0)"),
        ("weight = weighed(weight, sum_of_rows(t * class_weight))", "weight = weight * sum_of_rows(t * class_weight)"),
    ),
    *of(
        "_numpy/engine.py",
        "test_rows test_ranges test_bad_input test_truths_rows test_truths",
        ("yield (slice(start, start + step), Ellipsis)", "yield (slice(start, start + step - 1), Ellipsis)"),
    ),
    *of(
        "_core/arrays.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("    if shape != pred.shape:\n", "    if len(shape) != pred.ndim:\n"),
        ('if array.dtype.kind not in "biuf" and not', 'if array.dtype.kind not in "biufc" and not'),
        ('if pred.dtype.kind == "f" and pred.dtype.itemsize > 8:', "if False:"),
        ('if pred.dtype.kind in "biu":', 'if pred.dtype.kind in "iu":'),
        ('pred.dtype.newbyteorder("=")', "pred.dtype"),
        ("    if out.shape != shape:\n", "    if out.size != math.prod(shape):\n"),
        ("    if not out.flags.writeable:\n", "    if False:\n"),
        ("        if overlap(out, array):\n", "        if False:\n"),
        ("and x.strides == y.strides and x.dtype == y.dtype:", "and x.dtype == y.dtype:"),
        ("and not isinstance(value, (bool, np.bool_)):\n        return value", ":\n        return value"),
    ),
    *of(
        "_core/domains.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("lambda x: ~((x < 0) | (x > 1))", "lambda x: ~(x < 0)"),
        ("lambda x: ~((x < 0) | (x > 1))", "lambda x: (x >= 0) & (x <= 1)"),
        ("(x == 1) | (x == -1) | (x != x)", "(x == 1) | (x == -1) | (x == 0)"),
        ("(x >= 0) & (x < np.inf)", "x >= 0"),
        ("(x >= 0) & (x < np.inf)", "~(x < 0) & ~(x == np.inf)"),
        ("return short if float(short) == value or value != value else str(value)", "return short"),
    ),
    *of(
        "_core/hyperparameters.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("low = math.nextafter(self.low, math.inf) if self.open_low else self.low", "low = self.low"),
        ("self.open_high or self.high == math.inf else self.high\n", "self.open_high else self.high\n"),
        ("        if not low <= number <= high:\n", "        if number < low or number > high:\n"),
        ("number = math.inf if value > 0 else -math.inf", "number = math.inf"),
        ("if isinstance(value, (bool, np.bool_)):\n                raise TypeError\n", ""),
        ("if value is None and self.default is None:", "if value is None:"),
        ("if not -(2**63) <= number < 2**64:", "if False:"),
        ("if weights.ndim != 1:", "if weights.ndim < 1:"),
        ("if not (inside := WEIGHT.contains(weights)).all():", "if not (inside := ~(weights < 0)).all():"),
    ),
    *of(
        "_core/errors.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ('return f"; here it is {ELSEWHERE[name]}"', 'return ""'),
        ("if domain.remedy and domain.remedy_for in (None, value):", "if domain.remedy:"),
        ("        position += block.size\n", "        position += 1\n"),
        ('    warn(f"the mean over {reason} is undefined")\n', ""),
    ),
    *of(
        "_core/arguments.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("self.written and (\n", "False and (\n"),
        ("if not isinstance(reduction, str) or reduction not in REDUCTIONS:", "if reduction not in REDUCTIONS:"),
        ("return REDUCTIONS[REDUCTIONS.index(reduction)]", "return reduction"),
        ("OTHER_REDUCTIONS.get(reduction) if isinstance(reduction, str) else None", "None"),
        ("if not -array.ndim <= axis < array.ndim:", "if not -array.ndim <= axis <= array.ndim:"),
        ("if array.shape[front] == 0 and array.size == 0 and 0 not in", "if False and 0 not in"),
        ("    if not names:\n", "    if False:\n"),
        ("if not isinstance(out, (tuple, list)) or len(out) != 2:", "if len(out) != 2:"),
    ),
    *of(
        "_core/families.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("        if not integers:\n", "        if False:\n"),
        ("    elif target.shape != pred.shape:\n", "    elif target.size != pred.size:\n"),
    ),
    *of(
        "_core/families.py",
        "test_ranges test_rows test_truths_rows",
        ("class_weight = centred(class_weight)", "pass"),
    ),
    *of(
        "_core/arguments.py",
        "test_ranges test_rows test_truths_rows",
        ("return np.ldexp(weights, -int(exponents.sum() // 2))", "return np.ldexp(weights, -int(exponents[1]))"),
    ),
    *of(
        "_core/loss.py",
        "test_known_values test_inputs test_accumulator test_bad_input test_ranges",
        ("            if value is MISSING:\n", "            if False:\n"),
    ),
    *of(
        "_core/registry.py",
        "test_known_values test_inputs test_accumulator test_bad_input test_ranges",
        ("for known in (loss.name, *loss.aliases)}", "for known in (loss.name,)}"),
        ("near = difflib.get_close_matches(name, losses, 1)", "near = []"),
    ),
    *of(
        "_core/calls.py",
        "test_bad_input test_inputs test_rows",
        ("if name not in before or before[name] is not value:", "if name not in before:"),
        ("if len(before) == len(given):", "if True:"),
    ),
    *of(
        "accumulator.py",
        "test_accumulator test_ranges",
        ('return REGISTRY["mse"] if loss.name == "rmse" else loss', "return loss"),
        ("self.exact += Fraction(number) / Fraction(unit)", "self.exact += Fraction(number) * Fraction(unit)"),
        ("self.exact += Fraction(number) / Fraction(unit)", "self.exact = Fraction(float(self.exact) + number / unit)"),
        ("            self.infinite += number\n", "            pass\n"),
        ("self.infinite += other.infinite", "pass"),
        ("math.inf if self.exact > 0 else -math.inf", "math.inf"),
        ("self._weight.merge(other._weight)", "pass"),
        ("self.samples += other.samples", "pass"),
        ("            or self.reduction != other.reduction\n", ""),
        ('if reduction not in ("mean", "sum", "batch_mean"):', "if False:"),
        ('if self._weight.exact == 0 and self.reduction == "mean":', "if False:"),
    ),
    *of(
        "linear.py",
        "test_linear test_ranges",
        ("if X.ndim != 2:", "if False:"),
        ("if target.shape[:1] != X.shape[:1]:", "if False:"),
        ('if "axis" in parameters:', "if False:"),
        ("gradient /= self._divisor", "pass"),
        ("1 / (2 * cost)", "1 / cost"),
        ("gradient *= 0 if cost == 0 else 1 / (2 * cost)", "gradient *= 1 / (2 * cost)"),
        ("cost += 0.5 * self.l2", "cost += self.l2"),
        ("self._parts(gradient)[0][...] += self.l2 * coefficients", "pass"),
        ("float(np.vdot(coefficients, coefficients))", "float(np.vdot(w, w))"),
        ("            for b in intercept:\n                scores += b\n", ""),
        ("value += cost\n", "value = cost\n"),
        ("if not np.isfinite(part).all():", "if False:"),
        ("self._unit * np.asarray(self._weight[rows], np.float64)", "np.asarray(self._weight[rows], np.float64)"),
        ("fit_intercept * math.prod(columns)", "math.prod(columns)"),
    ),
    *of(
        "_core/families.py",
        "test_linear test_ranges",
        ('return len(parameters["class_weight"])', "pass"),
        ("counted = True if ignored is None else ids != ignored", "counted = True"),
        ("initial=0, where=counted)) + 1", "initial=0, where=counted))"),
    ),
    *of(
        "_core/constants.py",
        "test_linear test_ranges",
        ('reduction="sum",\n', 'reduction="mean",\n'),
    ),
    *of(
        "_core/threads.py",
        "test_runtime",
        ("if count < 1:", "if count < 0:"),
        ("return math.ceil(int(limit) / int(period))", "return int(limit) // int(period)"),
        ("_limit = MOST if n >= _before else max(1, n)", "_limit = max(1, n)"),
        ("if int(limit) > 0 else unlimited", "if True else unlimited"),
    ),
    *of(
        "_core/backend.py",
        "test_runtime",
        ('    if mode != "stdout":\n', "    if False:\n"),
    ),
    *of(
        "_core/registry.py",
        "test_score",
        ("if not equals:", "if False:"),
        ("if keyword not in loss.parameters:", "if False:"),
    ),
    *(
        Mutant("fastloss/_cython/c/pool.h", old, new, ("tests/slow/test_pool.py", "-m", "slow", "-k", "no_data_race"))
        for old, new in (
            (
                "if (pool_and(&pool.seats, POOL_SEAT - 1) % POOL_SEAT) pool_finish(began);",
                "pool_and(&pool.seats, POOL_SEAT - 1);",
            ),
            ("            if (chunk >= range->end) break;\n", ""),
            (
                "pool_replace(&pool.seats, &seats, seats - POOL_SEAT + 1)",
                "pool_replace(&pool.seats, &seats, seats + 1)",
            ),
            ("    pool = nobody;\n", "    (void)nobody;\n"),
            ("if (pool_work(thread)) pool_swap(&pool.failed, 1);", "pool_work(thread);"),
            ("threads > 1 && !pool_swap(&pool.owned, 1)", "threads > 1 && (pool_swap(&pool.owned, 1), 1)"),
        )
    ),
    # ---- what is compiled
    *of(
        "_cython/formulas/pointwise.pxd",
        "test_truths test_catalogue",
        ("value[0] = d * d\n        grad[0] = two * d", "value[0] = d * d\n        grad[0] = d"),
        (
            "q = delta if m > delta else m\n        value[0] = q * (m - half * q)",
            "q = delta if m > delta else m\n        value[0] = q * (m + half * q)",
        ),
        ("hess[0] = one if m <= delta else", "hess[0] = one if m < delta else"),
        ("grad[0] = -two * target * m", "grad[0] = two * target * m"),
        (
            "p = one - pred[start + i]\n                b[i] = low if p < low else p",
            "p = one - pred[start + i]\n                b[i] = p",
        ),
        ("grad[0] = v * p - u * q", "grad[0] = u * q - v * p"),
        ("t = m if v < huge else t", "t = t"),
        ("return (target < zero) | (target > one)", "return target > one"),
        build=COMPILED,
        backend="x86-64-v2",
    ),
    *of(
        "_cython/loops/pointwise.pxd",
        "test_truths test_inputs test_ranges test_bad_input",
        ("lane[k] += weight[i + k]", "lane[k] += 1"),
        ("if seen & OUTSIDE and weighted:", "if False:"),
        ("bad |= not (weight[i + k] >= 0) & (weight[i + k] < INFINITY)", "bad |= not weight[i + k] >= 0"),
        (
            "x[k] = signless(<real>(<double>x[k] * (weight[k] * exact_scale) if weight[k] != 0 else 0.0))",
            "x[k] = <real>(<double>x[k] * (weight[k] * exact_scale))",
        ),
        build=COMPILED,
        backend="x86-64-v2",
    ),
    *of(
        "_cython/loops/statistics.pxd",
        "test_ranges test_truths test_catalogue",
        ("lane[k] += weight[start + i + k] * (x * x) if weight[start + i + k] != 0 else 0", "lane[k] += x * x"),
        ("- g * g) * inverse * lift", "+ g * g) * inverse * lift"),
        build=COMPILED,
        backend="x86-64-v2",
    ),
    *of(
        "_cython/formulas/statistics.pxd",
        "test_catalogue test_ranges",
        ("return (pred * down - target * down) * up", "return pred - target"),
        ("return x / (1 + pred)", "return x"),
        build=COMPILED,
        backend="x86-64-v2",
    ),
    *of(
        "_cython/formulas/outputs.pxd",
        "test_catalogue",
        ("s_grad[0] = half * (one - k * k)", "s_grad[0] = half * (one + k * k)"),
        ("value[0] = infinite if k * k == infinite else half * (s + k * k)", "value[0] = half * (s + k * k)"),
        build=COMPILED,
        backend="x86-64-v2",
    ),
    *of(
        "_cython/formulas/pairs.pxd",
        "test_catalogue",
        (
            "if state[i, PAIR_REFINED] > 0 else state[i, PAIR_FACTOR] * u - v",
            "if state[i, PAIR_REFINED] > 0 else u - v",
        ),
        build=COMPILED,
        backend="x86-64-v2",
    ),
    *of(
        "_cython/loops/survival.pxd",
        "test_catalogue",
        ("portion = 1 - i / count", "portion = 1"),
        ("e * (a - a_tied) - event[i] * weight[i]", "e * a - event[i] * weight[i]"),
        build=COMPILED,
        backend="x86-64-v2",
    ),
    *of(
        "_cython/formulas/rows.pxd",
        "test_truths_rows test_catalogue",
        ("return row[MASS, i] * row[LOGS, i] - row[LINEAR, i]", "return row[LOGS, i] - row[LINEAR, i]"),
        ("return p * (one - p) * curve", "return p * curve"),
        ("slope[0] = scale * (g * pl + q)", "slope[0] = scale * q"),
        build=COMPILED,
        backend="x86-64-v2",
    ),
]


def copied(folder):
    """The tree as it stands, with the extension modules that are built in place."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in [*filter(None, listed), *built(ROOT)]:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def built(tree):
    """The extension modules of a tree."""
    return [str(path.relative_to(tree)) for ending in ("so", "pyd") for path in tree.glob(f"fastloss/**/*.{ending}")]


def tried(mutant, tree):
    """The test that finds the mistake, or None; and the seconds that this took."""
    start, path = time.monotonic(), tree / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        return f"is not there once, but {text.count(mutant.old)} times", 0.0
    path.write_text(text.replace(mutant.old, mutant.new))
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "FASTLOSS_BACKEND": mutant.backend,
    }
    try:
        if mutant.build:
            subprocess.run(mutant.build, cwd=tree, check=True, capture_output=True)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.tests]
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    finally:
        path.write_text(text)
        if mutant.build:
            for name in built(tree):
                (tree / name).unlink()
            for name in built(ROOT):
                shutil.copy2(ROOT / name, tree / name)
    found = re.search(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", done.stdout, flags=re.MULTILINE)
    killer = found[1] if found else None
    if done.returncode < 0:
        killer = f"tests/:: ended by signal {-done.returncode}"
    elif done.returncode and not found:
        killer = done.stdout[-300:] + done.stderr[-300:]  # nothing was tested
    return killer, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="of the file or the text of the mistakes to try")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--skip", type=int, default=0, metavar="N", help="leave the first N out, which were tried before"
    )
    options = parser.parse_args()
    chosen = [
        m for m in MUTANTS if not options.words or any(w in m.file or w in m.old or w in m.new for w in options.words)
    ]
    chosen = chosen[options.skip :]
    trees = SimpleQueue()
    survivors, numbers = [], itertools.count(1)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(options.jobs):
            trees.put(copied(Path(folder) / str(i)))

        def run(mutant):
            tree = trees.get()
            try:
                killer, seconds = tried(mutant, tree)
            finally:
                trees.put(tree)
            print(f"{next(numbers)}/{len(chosen)} {seconds:4.0f} s  {mutant}\n    {killer or 'SURVIVES'}", flush=True)
            if killer is None or "::" not in killer:
                survivors.append(mutant)

        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(run, chosen))
    print(
        f"{len(chosen) - len(survivors)} of {len(chosen)} were found" + "".join(f"\nnot found: {m}" for m in survivors)
    )
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
