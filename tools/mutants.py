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


INTERPRETED = (
    sys.executable,
    "-c",
    "import pathlib; [p.unlink() for p in pathlib.Path('fastloss').glob('_calls.*.so')]",
)

POINTS = "test_known_values test_inputs test_accuracy test_truths"
ROWS = "test_rows test_ranges test_accuracy test_truths_rows"
BAD = "test_bad_input"
MUTANTS = [
    # ---- formulas of every element
    *of(
        "_reference.py", POINTS,
        ("return (pred - target) ** 2", "return (pred + target) ** 2"),
        ("return 2 * (pred - target)", "return pred - target"),
        ("np.full_like(pred, 2)\n", "np.full_like(pred, 1)\n"),
        ("np.sign(pred - target)", "np.sign(target - pred)"),
        ("return q * (d - 0.5 * q)", "return q * (d + 0.5 * q)"),
        ("np.clip(pred - target, -delta, delta)", "np.clip(pred - target, None, delta)"),
        ("np.where(np.isnan(d), d, d <= delta)", "np.where(np.isnan(d), d, d < delta)"),
        ("np.where(np.isnan(d), d, d <= delta)", "(d <= delta).astype(d.dtype)"),
        ("HUGE = 2.0**60", "HUGE = 2.0**10"),
        ("HUGE = 2.0**60", 'HUGE = float("inf")'),
        ("d * (d / (1 + np.sqrt(1 + r * r)))", "delta * delta * (np.sqrt(1 + r * r) - 1)"),
        ("np.copysign(delta, d), d / np.sqrt", "delta, d / np.sqrt"),
        ("(1 + r * r) ** -1.5", "(1 + r * r) ** -0.5"),
        ("return np.maximum(1 - target * pred, 0)\n", "return np.maximum(1 + target * pred, 0)\n"),
        ("np.where(margin > 0, -target,", "np.where(margin >= 0, -target,"),
        ("np.where(margin <= 0, 0, margin))", "0)"),
        ("return np.where(margin > 0, 2, margin)", "return np.where(margin > 0, 2, 0)"),
        ("return -2 * target * np", "return -target * np"),
        ("np.where(q < eps, np.log(eps), np.log1p(-p))", "np.log(np.where(q < eps, eps, 1 - p))"),
        ("+ term(1 - target, np", "+ term(target, np"),
        ("np.log(np.where(p < eps, eps, p))", "np.log(p)"),
        ("np.where((target == 1) | high, -target / p,", "np.where(target == 1, -target / p,"),
        ("p, q = pred + 0, 1 - pred  # +0", "p, q = pred, 1 - pred  # +0"),
        ("target / p / p)", "target / (p * p))"),
        ("np.where((target == 1) | (q < eps), 0,", "np.where(q < eps, 0,"),
        ("label_smoothing * (0.5 - target)", "label_smoothing * (1 - target)"),
        ("return pos_weight * t, 1 - t", "return t, pos_weight * (1 - t)"),
        ("np.where(pred > 0, v, u)", "np.where(pred > 0, u, v)"),
        ("return v * sigmoid(pred) - u * sigmoid(-pred)", "return u * sigmoid(-pred) - v * sigmoid(pred)"),
        ("return (u + v) * (sigmoid", "return v * (sigmoid"),
        ("share -= share * ((e", "share += share * ((e"),
        ("np.where((t == 0) & ~np.isnan(logarithm), 0, t * logarithm)", "t * logarithm"),
        ("return np.where(weight == 0, 0, weight * x)", "return weight * x"),
        ("return np.where(x == 0, 0, x)", "return x"),
        ("lambda x: np.minimum(x, 0) - np.log1p", "lambda x: np.minimum(x, 0) + np.log1p"),
        ("return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))", "return np.log1p(np.exp(x))"),
        backend="numpy",
    ),
    # ---- batches of every element
    *of(
        "_reference.py", f"test_known_values test_inputs test_ranges {BAD} test_truths test_runtime test_fuzz test_accuracy",
        ('divisor = float(size) if reduction in ("mean", "batch_mean")', 'divisor = float(size) if reduction in ("mean",)'),
        ('divisor = float(size) if reduction in ("mean", "batch_mean")', 'divisor = float(size - 1) if reduction in ("mean", "batch_mean")'),
        ("divisor = sums.weight if by_weight else divisor", "pass"),
        ("batch.scale = inverse(divisor)\n            sums", "sums"),
        ("return bool(2.0**-64 <= total <= 2.0**64)", "return True"),
        ("return 1 / divisor if divisor else 0.0", "return 1 / divisor if divisor else math.inf"),
        ("batch.unit = inputs.unit = unit_for(sums.weight)", "inputs.unit = unit_for(sums.weight)"),
        ("return not (ordinary(sums.weight) and math.isfinite(sums.value))", "return False"),
        ("(self.domains[name].contains(x) | ~np.asarray(there)).all()", "self.domains[name].contains(x).all()"),
        ("there = True if weight is None else weight != 0", "there = True"),
        ("weight = weight * batch.unit\n                sums.weight += float(weight.sum())\n            results", "sums.weight += float(weight.sum())\n            results"),
        ("results[VALUES] = value if weight is None else weighed(weight, value.astype(np.float64))", "results[VALUES] = value"),
        ("signless(x * batch.dtype.type(batch.scale))", "x * batch.dtype.type(batch.scale)"),
        ("signless(weighed(weight * batch.scale, x.astype(np.float64)))", "weighed(weight * batch.scale, x.astype(np.float64))"),
        ("value = value.astype(np.float64)\n                    sums.value", "sums.value"),
        ("0x7FFF + ((bits >> 16) & 1)", "0x8000"),
        ("np.where(np.isnan(x), (bits >> 16) | 0x40, rounded)", "rounded"),
        ("(GRADS, self.formula.grad), (HESSES, self.formula.hess)", "(HESSES, self.formula.grad), (GRADS, self.formula.hess)"),
        ("WANTED = {0: (VALUES,), 1: (GRADS,), 2: (VALUES, GRADS), 3: (GRADS, HESSES)}", "WANTED = {0: (VALUES,), 1: (HESSES,), 2: (VALUES, GRADS), 3: (GRADS, HESSES)}"),
        ("for k, x in results.items():  # after all is read: an output may be an input\n                tile.put(k, x)", "for k, x in reversed(results.items()):\n                tile.put(k, x if k != HESSES else x + 0 * tile.get(PRED))"),
        ("if inspect_first or (by_weight and wanted != (VALUES,)):", "if by_weight and wanted != (VALUES,):"),
        ("else double if k == WEIGHT else batch.dtype for", "else batch.dtype for"),
        backend="numpy",
    ),
    # ---- the root of a mean
    *of(
        "_reference.py", "test_known_values test_ranges test_truths test_fuzz",
        ("LIFT = 2.0**600", "LIFT = 1.0"),
        ("divisor = sums.weight if by_weight else samples * inputs.unit", "divisor = sums.weight if by_weight else samples"),
        ("divisor = sums.weight if by_weight else samples * inputs.unit", "divisor = samples * inputs.unit"),
        ("root = math.sqrt(sums.value) / math.sqrt(divisor)", "pass"),
        ("return root / inputs.lift, sums.weight, False", "return root, sums.weight, False"),
        ("(share - grad * grad) * batch.lift / batch.root", "(share + grad * grad) * batch.lift / batch.root"),
        ("(share - grad * grad) * batch.lift / batch.root", "(share - grad * grad) / batch.root"),
        ("grad = weighed(share, d / batch.root) if batch.root else", "grad = weighed(share, 2 * d / batch.root) if batch.root else"),
        ("tile.put(GRADS, signless(grad))", "tile.put(GRADS, grad)"),
        ("d = (pred.astype(np.float64) * down - target.astype(np.float64) * down) * up", "d = (pred.astype(np.float64) - target.astype(np.float64)) * down * up"),
        (">= 0 else math.nan", ">= 0 else 0.0"),
        backend="numpy",
    ),
    # ---- rows of classes
    *of(
        "_reference.py", ROWS,
        ("np.where((t == 0) & ~np.isnan(logarithm), 0, t * logarithm)", "np.where(t == 0, 0, t * logarithm)"),
        ("s: Array = v / (2 + v)", "s: Array = v / (2 - v)"),
        ("for k in range(33, 1, -2):", "for k in range(9, 1, -2):"),
        ("for k in range(14, 1, -1):", "for k in range(6, 1, -1):"),
        ("np.full_like(x, 1 / math.factorial(15))", "np.full_like(x, 0.1)"),
        ("return x[:, 0] + lost", "return x[:, 0]"),
        ("np.ascontiguousarray(x, np.float64).sum(axis=1)", "x.sum(axis=1, dtype=x.dtype)"),
        ("self.z = x - self.top[:, None]", "self.z = x"),
        ("self.rest = sum_of_rows(others) + last", "self.rest = sum_of_rows(others)"),
        ("np.where(self.own == 1, np.log1p(self.rest), np.log(self.sum))", "np.log(self.sum)"),
        ("return self.mass * self.logs - sum_of_rows", "return self.logs - sum_of_rows"),
        ("sum_of_rows(weighed(self.t, self.z))", "sum_of_rows(self.t * self.z)"),
        ("(0 if self.smoothing == 1 else (1 - self.smoothing) * margin)", "(1 - self.smoothing) * margin"),
        ("return value - self.share * sum_of_rows(self.z) if self.smoothing else value", "return value"),
        ("grad = self.p * mass[:, None] - self.t", "grad = self.p - self.t"),
        ("1.0, 1 - self.smoothing + self.share, self.smoothing - self.share", "1.0, 1 - self.smoothing, self.smoothing"),
        ("mass * (self.own / self.sum) - own, others - mass * (self.rest / self.sum)", "mass * (self.own / self.sum) - own, mass * (self.own / self.sum) - own"),
        ("hess = self.p * (1 - self.p)\n", "hess = self.p * (1 + self.p)\n"),
        ("hess[self.line, self.place] = (self.own / self.sum) * (self.rest / self.sum)\n", "pass\n"),
        ("return hess if self.label is not None else hess * self.mass[:, None]", "return hess"),
        ("np.where(np.abs(away) <= 0.5, t *", "np.where(np.abs(away) <= 0.0, t *"),
        ("np.full((len(t), 1), -1.0)", "np.full((len(t), 1), 0.0)"),
        ("np.where((t != 0).any(axis=1), value, 0 * total[:, 0])", "value"),
        ("self.x = self.x + 0  # a probability", "pass  # a probability"),
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
        ("self.share = smoothing / x.shape[1]", "self.share = smoothing / (x.shape[1] + 1)"),
        backend="numpy",
    ),
    *of(
        "_reference.py", f"test_rows test_ranges {BAD} test_truths_rows test_truths",
        ('{"mean": sums.weight, "batch_mean": float(sums.samples)}', '{"mean": sums.weight, "batch_mean": sums.weight}'),
        ("batch.unit = unit_for(sums.weight)\n                    sums = self.go((), batch)\n                batch.scale", "batch.scale"),
        ("if by_weight and call == 0 and not sums.outside and out_of_range(sums):", "if False:"),
        ("weight = np.asarray(w, np.float64).reshape(-1)\n                sums.outside |= not bool(((weight >= 0) & (weight < np.inf)).all())", "weight = np.asarray(w, np.float64).reshape(-1)"),
        ("if ignored is not None and in_range(ignored, label.dtype):", "if ignored is not None:"),
        ("there = counts & (weight != 0)", "there = counts"),
        ("(label < 0) | (label >= classes)", "(label < 0) | (label > classes)"),
        ("sums.outside |= bool(bad.any())", "pass"),
        ("weight if class_weight is None else weight * class_weight[label], 0)", "weight, 0)"),
        ("sums.outside |= not bool(PROBABILITY.contains(t[weight != 0]).all())", "sums.outside |= not bool(PROBABILITY.contains(t).all())"),
        ("sums.outside |= not bool(PROBABILITY.contains(t[weight != 0]).all())", "pass"),
        ("weight = weighed(weight, sum_of_rows(t * class_weight))", "weight = weight * sum_of_rows(t * class_weight)"),
        ("t = t * dtype.type(1 - smoothing) + dtype.type(smoothing / classes) if smoothing else t", "pass"),
        ("sums.outside |= not bool(PROBABILITY.contains(used).all())", "pass"),
        ("used = x[there] if label is None else x[np.arange(n), label][there]", "used = x[there]"),
        ("sums.samples += int(counts.sum())", "sums.samples += n"),
        ("results[k] = signless(weighed((weight * batch.scale)[:, None], result))", "results[k] = weighed((weight * batch.scale)[:, None], result)"),
        ("results[k] = signless(weighed((weight * batch.scale)[:, None], result))", "results[k] = signless((weight * batch.scale)[:, None] * result)"),
        ("value = weighed(weight, rows.value())", "value = weight * rows.value()"),
        ("pred = np.moveaxis(all_pred, axis, -1)", "pred = np.moveaxis(all_pred, -1, axis)"),
        ("yield (slice(start, start + step), Ellipsis)", "yield (slice(start, start + step - 1), Ellipsis)"),
        backend="numpy",
    ),
    # ---- checks
    *of(
        "_validate.py", f"{BAD} test_fuzz test_truths test_inputs test_accumulator",
        ("    if shape != pred.shape:\n", "    if len(shape) != pred.ndim:\n"),
        ("lambda x: ~((x < 0) | (x > 1))", "lambda x: ~(x < 0)"),
        ("lambda x: ~((x < 0) | (x > 1))", "lambda x: (x >= 0) & (x <= 1)"),
        ("(x == 1) | (x == -1) | (x != x)", "(x == 1) | (x == -1) | (x == 0)"),
        ("(x >= 0) & (x < np.inf)", "x >= 0"),
        ("(x >= 0) & (x < np.inf)", "~(x < 0) & ~(x == np.inf)"),
        ('return short if float(short) == value or value != value else str(value)', "return short"),
        ("low = math.nextafter(self.low, math.inf) if self.open_low else self.low", "low = self.low"),
        ("self.open_high or self.high == math.inf else self.high\n", "self.open_high else self.high\n"),
        ("        if not low <= number <= high:\n", "        if number < low or number > high:\n"),
        ("number = math.inf if value > 0 else -math.inf", "number = math.inf"),
        ("if isinstance(value, (bool, np.bool_)):\n                raise TypeError\n", ""),
        ("if value is None and self.default is None:", "if value is None:"),
        ("if not -(2**63) <= number < 2**64:", "if False:"),
        ("if weights.ndim != 1:", "if weights.ndim < 1:"),
        ("if not (inside := WEIGHT.contains(weights)).all():", "if not (inside := ~(weights < 0)).all():"),
        ("near = difflib.get_close_matches(name, [*known,", "near = () and difflib.get_close_matches(name, [*known,"),
        ('return f"; here it is {ELSEWHERE[name]}"', 'return ""'),
        ("if isinstance(keyword, Parameter) and value != 0:", "if isinstance(keyword, Parameter) and value > 1:"),
        ('if array.dtype.kind not in "biuf" and not', 'if array.dtype.kind not in "biufc" and not'),
        ('if pred.dtype.kind == "f" and pred.dtype.itemsize > 8:', "if False:"),
        ('if pred.dtype.kind in "biu":', 'if pred.dtype.kind in "iu":'),
        ('pred.dtype.newbyteorder("=")', "pred.dtype"),
        ("    if out.shape != shape:\n", "    if out.size != math.prod(shape):\n"),
        ("    if out.dtype != dtype:\n", "    if out.dtype.kind != dtype.kind:\n"),
        ("    if not out.flags.writeable:\n", "    if False:\n"),
        ("        if overlap(out, array):\n", "        if False:\n"),
        ("and x.strides == y.strides and x.dtype == y.dtype:", "and x.dtype == y.dtype:"),
        ("and not isinstance(value, (bool, np.bool_)):\n        return value", ":\n        return value"),
        ("or any(np.may_share_memory(out, x) for out in self.outputs.values() for x in inputs)", ""),
        ("self.written and (\n", "False and (\n"),
        ("if not isinstance(reduction, str) or reduction not in REDUCTIONS:", "if reduction not in REDUCTIONS:"),
        ("return REDUCTIONS[REDUCTIONS.index(reduction)]", "return reduction"),
        ("OTHER_REDUCTIONS.get(reduction) if isinstance(reduction, str) else None", "None"),
        ("if not -array.ndim <= axis < array.ndim:", "if not -array.ndim <= axis <= array.ndim:"),
        ("if array.shape[front] == 0 and array.size == 0 and 0 not in", "if False and 0 not in"),
        ("        if target.shape != rows:\n", "        if target.size != math.prod(rows):\n"),
        ("        if not integers:\n", "        if False:\n"),
        ("    elif target.shape != pred.shape:\n", "    elif target.size != pred.size:\n"),
        ("if ignored is not None and target.ndim == pred.ndim:", "if False:"),
        ("        if weight.shape != rows:\n", "        if weight.size != math.prod(rows):\n"),
        ("if class_weight is not None and class_weight.size != pred.shape[axis]:", "if False:"),
        ("    if not names:\n", "    if False:\n"),
        ("if not isinstance(out, (tuple, list)) or len(out) != 2:", "if len(out) != 2:"),
        ("        if np.shares_memory(arrays[0], arrays[1]):\n", "        if False:\n"),
        ("    call.written = True\n", ""),
        ("computed = np.float64 if call.dtype == np.float64 else np.float32", "computed = np.float32"),
        ("bad &= ~(weights_of(call, array, start, block.size) == 0)", "pass"),
        ("raise outside_error(call, name, block[first], start + first, domain)", "raise outside_error(call, name, block[first], first, domain)"),
        ("raise outside_error(call, name, block[first], start + first, domain)", "raise outside_error(call, name, block[first - 1], start + first, domain)"),
        ("if domain.remedy and domain.remedy_for in (None, value):", "if domain.remedy:"),
        ("if call.written and not call.inspected_first:", "if call.written:"),
        ("if call.written and not call.inspected_first:", "if False:"),
        ("            bad = (block < 0) | (block >= classes)\n", "            bad = block >= classes\n"),
        ("                bad &= block != ignored\n", "                pass\n"),
        ("bad &= ~(weights_of(call, call.target, start, block.size) == 0)", "pass"),
        ("call.weight[index[: call.axis] + index[call.axis + 1 :]]", "call.weight[index[: call.weight.ndim]]"),
        ("inside: Array = contains(block) | (label != index[call.axis])", "inside: Array = contains(block)"),
        ("        position += block.size\n", "        position += 1\n"),
        ('    warn(f"the mean over {reason} is undefined")\n', ""),
        ('    same_shape("target", target.shape, pred)\n', ""),
        ('        same_shape("sample_weight", weight.shape, pred)\n', ""),
    ),
    *of(
        "_validate.py", "test_ranges test_rows test_truths_rows",
        ("class_weight = centred(class_weight)", "pass"),
        ("return np.ldexp(weights, -int(exponents.sum() // 2))", "return np.ldexp(weights, -int(exponents[1]))"),
    ),
    # ---- calls
    *of(
        "_loss.py", f"test_known_values test_inputs test_accumulator {BAD} test_ranges",
        ("            if value is MISSING:\n", "            if False:\n"),
        ("if self.cost_only and reduction in (\"none\", \"sum\"):", "if self.cost_only and reduction == \"none\":"),
        ("arguments.cost_only = self.cost_only", "pass"),
        ("value = results[\"value\"] if each and \"value\" in results else cost", "value = cost"),
        ("return (value, results[\"grad\"]) if call == VALUE_AND_GRAD else (results[\"grad\"], results[\"hess\"])", "return (value, results[\"grad\"]) if call == VALUE_AND_GRAD else (results[\"hess\"], results[\"grad\"])"),
        ("_validate.check_held(self.parameters, own, arguments.dtype)\n", "pass\n"),
        ("return _validate.undefined_mean(\"an empty batch\") if averaged else 0.0", "return 0.0"),
        ("    if arguments.reduction == \"mean\" and total == 0:\n", "    if False:\n"),
        ("if outside:\n            _validate.outside(arguments, self.domains)\n", "pass\n"),
        ("samples if arguments.weight is None else total, samples", "total, samples"),
        ("return *self._evaluated(VALUE, arguments, own), unit", "return *self._evaluated(VALUE, arguments, own), 1.0"),
        ("weight == 0 or (ordinary(weight) and math.isfinite(value))", "weight == weight"),
        ("for known in (loss.name, *loss.aliases)}", "for known in (loss.name,)}"),
        ("near = difflib.get_close_matches(name, losses, 1)", "near = []"),
        ("return self.name  # by reference", "return 'mse'  # by reference"),
    ),
    *of(
        "_rows.py", f"{BAD} test_rows test_truths_rows test_accumulator",
        ("return float(cost), total, samples", "return float(cost), total, arguments.target.size"),
        ("        if outside:\n            _validate.row_outside(arguments, self.domains, own)\n", ""),
        ("_validate.check_held(self.parameters, values, arguments.dtype)", "pass"),
        ("\"ignore_index\": None, \"class_weight\": None", "\"class_weight\": None, \"ignore_index\": None"),
        ("own, arguments.written\n", "own, False\n"),
    ),
    *of(
        "_calls.py", f"{BAD} test_inputs test_rows",
        ("result = self._quick(1, pred, target, sample_weight, reduction, out, own)", "result = self._quick(1, target, pred, sample_weight, reduction, out, own)"),
        ("if name not in before or before[name] is not value:", "if name not in before:"),
        ("if len(before) == len(given):", "if True:"),
        build=INTERPRETED,
    ),
    *of(
        "_functions.py", f"{BAD} test_accuracy test_rows test_truths_rows test_inputs",
        ("rows = x.shape[:axis] + x.shape[axis + 1 :]", "rows = x.shape[:axis] + x.shape[axis:]"),
        ("NEUTRAL | {\"axis\": axis}", "NEUTRAL"),
        ("_validate.outputs(call, (name,), out)", "_validate.outputs(call, (name,), None)"),
        ("        if call.pred.size:\n", "        if call.pred.ndim:\n"),
    ),
    # ---- what is made of losses
    *of(
        "_accumulator.py", "test_accumulator test_ranges",
        ("return REGISTRY[\"mse\"] if loss.name == \"rmse\" else loss", "return loss"),
        ("self.exact += Fraction(number) / Fraction(unit)", "self.exact += Fraction(number) * Fraction(unit)"),
        ("self.exact += Fraction(number) / Fraction(unit)", "self.exact = Fraction(float(self.exact) + number / unit)"),
        ("            self.infinite += number\n", "            pass\n"),
        ("self.infinite += other.infinite", "pass"),
        ("math.inf if self.exact > 0 else -math.inf", "math.inf"),
        ("self._weight.merge(other._weight)", "pass"),
        ("self.samples += other.samples", "pass"),
        ("            or self.reduction != other.reduction\n", ""),
        ("or not all(map(np.array_equal, self._own, other._own))", ""),
        ("if self.loss.cost_only and reduction == \"sum\":", "if False:"),
        ("if reduction not in (\"mean\", \"sum\", \"batch_mean\"):", "if False:"),
        ("float(self._weight) if self.reduction == \"mean\" else self.samples", "float(self._weight)"),
        ("if self._weight.exact == 0 and self.reduction == \"mean\":", "if False:"),
        ("not ordinary(divisor) and self._value.infinite == 0", "False"),
        ("return math.sqrt(mean) if self.loss.cost_only else mean", "return mean"),
        ("self._weight.add(weight, unit)", "self._weight.add(samples)"),
        ("        self.samples += samples\n", "        self.samples += len(pred)\n"),
        ("np.asarray(_validate.real_array(name, x), np.float64)", "np.asarray(_validate.real_array(name, x))"),
    ),
    *of(
        "linear.py", "test_linear test_ranges",
        ("if X.ndim != 2:", "if False:"),
        ("if target.shape[:1] != X.shape[:1]:", "if False:"),
        ("if \"axis\" in parameters:", "if False:"),
        ("self.l2 = L2.checked(\"l2\", l2)", "self.l2 = l2"),
        ("if samples == 0 or self._divisor == 0:", "if samples == 0:"),
        ("if w.shape != (self.size,):", "if False:"),
        ("part.T.ravel() for part in slopes", "part.ravel() for part in slopes"),
        ("gradient /= self._divisor", "pass"),
        ("1 / (2 * cost)", "1 / cost"),
        ("gradient *= 0 if cost == 0 else 1 / (2 * cost)", "gradient *= 1 / (2 * cost)"),
        ("cost += 0.5 * self.l2", "cost += self.l2"),
        ("self._parts(gradient)[0][...] += self.l2 * coefficients", "pass"),
        ("float(np.vdot(coefficients, coefficients))", "float(np.vdot(w, w))"),
        ("            for b in intercept:\n                scores += b\n", ""),
        ("value += cost\n", "value = cost\n"),
        ("scores, ones = scores[: len(block)], ones[: len(block)]", "scores = scores[: len(block)]"),
        ("if not np.isfinite(part).all():", "if False:"),
        ("to_intercept += np.dot(ones, slopes)", "to_intercept += np.dot(ones[:-1], slopes[:-1])"),
        ("self._unit * np.asarray(self._weight[rows], np.float64)", "np.asarray(self._weight[rows], np.float64)"),
        ("return len(parameters[\"class_weight\"])", "pass"),
        ("counted = True if ignored is None else ids != ignored", "counted = True"),
        ("initial=0, where=counted)) + 1", "initial=0, where=counted))"),
        ("reduction=\"sum\",\n", "reduction=\"mean\",\n"),
        ("fit_intercept * math.prod(columns)", "math.prod(columns)"),
    ),
    *of(
        "_threads.py", "test_runtime",
        ("if count < 1:", "if count < 0:"),
        ("return math.ceil(int(limit) / int(period))", "return int(limit) // int(period)"),
        ("_limit = MOST if n >= _before else max(1, n)", "_limit = max(1, n)"),
        ("if int(limit) > 0 else unlimited", "if True else unlimited"),
    ),
    *of(
        "_backend.py", "test_runtime",
        ("    if mode != \"stdout\":\n", "    if False:\n"),
        ("list(available()),", "[_name],"),
    ),
    *of(
        "_spec.py", "test_score",
        ("if not equals:", "if False:"),
        ("if keyword not in loss.parameters:", "if False:"),
        ("loss._checked(parameters)", "pass"),
    ),
]  # fmt: skip


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
