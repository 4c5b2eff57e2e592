"""What a processor's ports allow the vector functions, and what those take: cycles a number, by llvm-mca and by the clock.

    python benchmarks/ports.py                           # half a minute
    python benchmarks/ports.py --json docs/ports.json

Needs gcc and llvm-mca. Every function of vecmath.h is compiled for each level with the flags of setup.py, and its hot loop given to
llvm-mca, whose Block RThroughput ("block") looks at one group of ports at a time. The bound ("cycles") is that of all sets of
ports: what none but these can do, they must do; copies of registers need none. What is measured is 1,024 numbers in first-level
cache, in cycles of a chain of dependent additions. The ratio is to the bound of the model of the same make, which is another
processor: this one may do some of it better, or worse.
"""

import argparse
import ctypes
import datetime
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from fastloss.bench.report import make, processor
from setup import FOLDER, GCC_FLAGS, TARGETS, UNIX_FLAGS

ROOT = Path(__file__).parent.parent
LEVELS = {"v2": "sse4.2", "v3": "avx2", "v4": "avx512dq"}  # and what a processor needs for them
MODELS = {"Intel": ["icelake-server"], "AMD": ["znver4", "znver3"]}  # by make; the first that llvm-mca knows
PORTS = re.compile(r"(?:Port([0156])|(?:FPP|Zn4FP)([0-3])|FP(Divider))$")  # that compute; the others are never short
COPY = re.compile(r"v?mov[au]p[sd]\s+%.mm\d+, %.mm\d+$")
NUMBERS, TIMES, ROUNDS, CHAIN = 1024, 200, 600, 5_000
PAIR = "vexp, vlog1p"
SOURCE = r"""
#include "vecmath.h"
#define OVER(name, number, call) \
    __attribute__((noinline)) void name(const number *x, const number *c, number *y, ptrdiff_t n) { (void)c; call; }
#define BOTH(name, call_f, call_d) OVER(name##_float32, float, call_f) OVER(name##_float64, double, call_d)
#define ONE(name) BOTH(of_##name, name##_f(x, y, n), name##_d(x, y, n))
#define TWO(name) BOTH(of_##name, name##_f(x, c, y, n), name##_d(x, c, y, n))
#define COPIED INDEPENDENT for (ptrdiff_t i = 0; i < (n & ~(ptrdiff_t)15); i++) y[i] = x[i]
#define STAGES(exp, log) for (ptrdiff_t i = 0, m = 128; i < n; i += m) { \
        __asm__("" : "+r"(m)); /* not known to the compiler, as it is not in a kernel */ \
        exp(x + i, y + i, m); log(y + i, y + i, m); }
ONE(vexp) ONE(vgrow) ONE(vexpm1) ONE(vlog) TWO(vlogunit) TWO(vlogsum) ONE(vlog1p) ONE(vlogone) ONE(vroot)
BOTH(of_pair, STAGES(vexp_f, vlog1p_f), STAGES(vexp_d, vlog1p_d))
BOTH(of_copy, COPIED, COPIED)
typedef void Function(const void *, const void *, void *, ptrdiff_t);
void repeat(Function *f, const void *x, const void *c, void *y, long n, long times) { while (times--) f(x, c, y, n); }
long chain(long n, long one) {
    long sum = 0; /* by a register: some processors add a constant in no time */
    while (n--) __asm__ volatile(".rept 16\n add %1, %0\n .endr" : "+r"(sum) : "r"(one));
    return sum;
}
int runs(void) { __builtin_cpu_init(); return __builtin_cpu_supports(NEEDS); }
"""


def inputs(rng):
    """By function, in double; what rounding takes from x is the other operand of logarithms."""
    logits, p, wide = rng.uniform(-20, 0, NUMBERS), rng.uniform(0, 1, NUMBERS), rng.uniform(-20, 20, NUMBERS)
    return {
        "vexp": logits, "vgrow": wide, "vexpm1": logits / 4, "vlog": 1 - p, "vlogunit": 1 - p, "vlogsum": 1 + np.exp(logits + 5),
        "vlog1p": np.exp(logits), "vlogone": 10 * p - 0.7, "vroot": 1 + wide**2, PAIR: logits, "copy": p,
    }  # fmt: skip


def output(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def built(folder, level):
    """The assembly of all functions, and the library that it makes."""
    source, assembly, library = (str(Path(folder, f"{level}.{suffix}")) for suffix in ("c", "s", "so"))
    Path(source).write_text(SOURCE)
    flags = [*UNIX_FLAGS, *GCC_FLAGS, *TARGETS[level], f"-I{ROOT / FOLDER / 'c'}", f'-DNEEDS="{LEVELS[level]}"']
    output("gcc", *flags, "-fPIC", "-S", source, "-o", assembly)
    output("gcc", "-shared", assembly, "-o", library)
    return Path(assembly).read_text(), ctypes.CDLL(library)


def hot_loops(assembly, symbol, bytes_each, how_many):
    """The longest innermost loops that store vectors: the instructions of each, and how many numbers it stores at a time."""
    body = re.search(rf"^{symbol}:\n(.*?)^\t\.size\t{symbol},", assembly, re.MULTILINE | re.DOTALL)[1]
    lines = [line for line in body.splitlines() if not line.startswith("\t.")]
    places = {line[:-1]: i for i, line in enumerate(lines) if line.endswith(":")}
    jumps = [(places.get(line.split()[1], i), i) for i, line in enumerate(lines) if line.startswith("\tj")]
    loops = [(first, last) for first, last in jumps if first < last]
    found = []
    for first, last in loops:
        if sum(first <= f and t <= last for f, t in loops) == 1:
            loop = [line.strip() for line in lines[first : last + 1] if line.startswith("\t")]
            stores = [re.match(r"v?mov\w*(ss|sd|p[sd])\t%([xyz])mm\d+, [^%]*\((?!%rsp)", line) for line in loop]
            size = sum({"ss": 4, "sd": 8}.get(s[1], {"x": 16, "y": 32, "z": 64}[s[2]]) for s in stores if s)
            found += [(loop, size // bytes_each)] if size else []
    return sorted(found, key=lambda entry: len(entry[0]))[-how_many:]


def allowed(model, loop):
    """Uops of an iteration, llvm-mca's throughput, the ports' bound and what sets it; None if the model lacks an instruction."""
    command = ("llvm-mca", "-mtriple=x86_64", f"-mcpu={model}", "--json")
    try:
        run, even = (
            json.loads(output(*command, *more, text="\n".join(loop))) for more in ([], ["-instruction-tables"])
        )
    except subprocess.CalledProcessError:
        return None
    summary, region = run["CodeRegions"][0]["SummaryView"], even["CodeRegions"][0]
    uops, shares, work = summary["TotaluOps"] / summary["Iterations"], {}, {}
    for info in region["ResourcePressureView"]["ResourcePressureInfo"]:
        port = PORTS.search(even["TargetInfo"]["Resources"][info["ResourceIndex"]])
        instruction = region["Instructions"][info["InstructionIndex"] :][:1]  # behind them is their sum
        if port and instruction and not COPY.match(instruction[0]):
            key = info["InstructionIndex"], port[3]
            shares.setdefault(key, {})[port[1] or port[2] or "divider"] = info["ResourceUsage"]
    for share in shares.values():  # even: of all ports that would do
        while share := {port: amount for port, amount in share.items() if amount > 0.02}:
            least, ports = min(share.values()), frozenset(share)
            work[ports] = work.get(ports, 0) + round(least * len(ports), 1)
            share = {port: amount - least for port, amount in share.items()}
    unions = {frozenset()}
    for ports in work:
        unions |= {ports | union for union in unions}
    busy = {"dispatch": uops / summary["DispatchWidth"]}
    for union in unions - {frozenset()}:
        busy[" ".join(sorted(union))] = sum(n for ports, n in work.items() if ports <= union) / len(union)
    most = max(busy, key=busy.get)
    return uops, summary["BlockRThroughput"], busy[most], most


def measured(library, symbol, x, dtype):
    """Cycles a number: the shortest of many rounds, and of as many chains between them."""
    memory = np.zeros(4 * NUMBERS, dtype)
    first = -memory.ctypes.data % 64 // memory.itemsize
    x_, c, y = (memory[first + k * (NUMBERS + 32) :][:NUMBERS] for k in range(3))  # aligned, and not 4,096 bytes apart
    x_[:] = x
    c[:] = x - x_
    pointers = [ctypes.c_void_p(operand.ctypes.data) for operand in (x_, c, y)]
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        library.chain(ctypes.c_long(CHAIN), ctypes.c_long(1))
        middle = time.perf_counter()
        library.repeat(getattr(library, symbol), *pointers, ctypes.c_long(NUMBERS), ctypes.c_long(TIMES))
        taken.append((middle - start, time.perf_counter() - middle))
    chain, call = np.min(taken, axis=0)
    return (call / (NUMBERS * TIMES)) / (chain / (16 * CHAIN))


def line_of(level, assembly, library, models, name, x, dtype):
    """What is known of a function; amounts are for a number, a pair's the sum of both loops."""
    symbol = f"of_{'pair' if name == PAIR else name}_{dtype}"
    loops = hot_loops(assembly, symbol, np.dtype(dtype).itemsize, 2 if name == PAIR else 1)

    def each(amounts):
        return round(sum(amount / numbers for amount, (_, numbers) in zip(amounts, loops, strict=True)), 3)

    row = {"function": name, "dtype": dtype, "backend": TARGETS[level][0].removeprefix("-march=")}
    row |= {"at a time": loops[0][1], "instructions": each(len(loop) for loop, _ in loops)}
    for brand, model in models.items():
        found = [allowed(model, loop) for loop, _ in loops]
        if None not in found:
            uops, block, cycles, busy = zip(*found, strict=True)
            busy = " and ".join(dict.fromkeys(busy))
            row[brand] = {"uops": each(uops), "block": each(block), "cycles": each(cycles), "busy": busy}
    if library.runs():
        row["measured"] = round(measured(library, symbol, x, dtype), 3)
        if make() in row:
            row["ratio"] = round(row["measured"] / row[make()]["cycles"], 2)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="write the table to a file as well")
    arguments = parser.parse_args()
    missing = [program for program in ("gcc", "llvm-mca") if not shutil.which(program)]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)} (llvm-mca is a part of LLVM)")
    models = {brand: next((m for m in known if allowed(m, ["nop"])), None) for brand, known in MODELS.items()}
    content = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "compiler": "gcc " + output("gcc", "-dumpfullversion").strip(),
        "llvm": re.search(r"LLVM version (\S+)", output("llvm-mca", "--version"))[1],
        "models": {brand: model for brand, model in models.items() if model},
    }
    print(f"{'':30} at a {'instr.':>7}", *(f"{m:>15} {'by':14}" for m in content["models"].values()), "measured ratio")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for level in LEVELS:
            code = built(folder, level)
            for name, x in inputs(np.random.default_rng(0)).items():
                for dtype in ("float32", "float64"):
                    row = line_of(level, *code, content["models"], name, x, dtype)
                    rows.append(row)
                    bounds = [row.get(brand, {"cycles": "·", "busy": ""}) for brand in content["models"]]
                    print(
                        f"{name:12} {dtype} {row['backend']} {row['at a time']:4} {row['instructions']:7.3f}",
                        *(f"{bound['cycles']:>15} {bound['busy']:14}" for bound in bounds),
                        f"{row.get('measured', '·'):>8} {row.get('ratio', '·'):>5}",
                    )
    if arguments.json:
        lines = ",\n".join("  " + json.dumps(row) for row in rows)
        Path(arguments.json).write_text(json.dumps(content, indent=1)[:-2] + f',\n "rows": [\n{lines}\n ]\n}}\n')


if __name__ == "__main__":
    main()
