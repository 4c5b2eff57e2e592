#!/usr/bin/env bash
# Counts the lines of Cython and C that the tests run: on kernels of level v3 (or of FASTLOSS_LEVELS), built by gcc without optimising
# and with its counters, in a copy of the tree and an environment of its own. Arguments go to pytest: `tools/coverage.sh -k rows`.
# Prints each file's share, and the lines that never ran. What a process counted is kept when it ends by itself: what runs in one
# that is killed, or ends by os._exit, is not counted.
set -euo pipefail
. "$(dirname "$0")/copy.sh"
# What the tests need, and then the kernels, in a place that stays: gcov reads what the compiler left beside them.
CC=false FASTLOSS_REQUIRE_KERNELS=0 python -m pip install -q -e '.[test]'
export CC=gcc FASTLOSS_REQUIRE_KERNELS=1 FASTLOSS_COVERAGE=1 FASTLOSS_LEVELS=${FASTLOSS_LEVELS:-v3}
python setup.py -q build_ext --inplace
python -c 'import fastloss; fastloss.show_config()'
python -m pytest -p no:cacheprovider "$@" || echo "(some tests failed: at -O0 nothing is fused, and results are others in their last bits)"
find build -name '*.gcda' -print0 | xargs -0 -n 1 gcov --json-format --stdout >"$folder/counts"
python - "$folder/counts" <<'END'
import json
import re
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

FOLDER = Path("fastloss")
FILES = [path for suffix in ("pyx", "pxi", "pxd", "h") for path in FOLDER.rglob(f"*.{suffix}")]


@cache
def named(name, function):
    """The file that Cython means by the end of its path: of two such, that of a function in it."""
    paths = [path for path in FILES if path.parts[-len(Path(name).parts) :] == Path(name).parts]
    if len(paths) > 1:
        parts = {path: (path.parent.name, path.stem) for path in paths}
        paths = [path for path in paths if "_".join(f"{len(part)}{part}" for part in parts[path]) + "_" in function]
    return paths[0] if paths else None


# What Cython says of a line in its C: a C statement that goes on for some lines would seem to be of the lines that follow, too.
told = {claim for path in FOLDER.rglob("*.c") for claim in re.findall(r'^#line (\d+) "(.*)"$', path.read_text(), re.M)}
counts = defaultdict(dict)
for report in open(sys.argv[1]):
    for file in json.loads(report)["files"]:
        path = named(file["file"], file["functions"][0]["name"] if file["functions"] else "")
        for line in file["lines"] if path else []:
            number = line["line_number"]
            if path.suffix != ".h" and (str(number), file["file"]) not in told:
                continue
            counts[path][number] = max(counts[path].get(number, 0), line["count"])


def ranges(numbers, known):
    """Lines as `12-15`, over what is no line of code between them."""
    runs, last = [], None
    for number in sorted(known):
        if number in numbers:
            if last is None:
                runs.append([number, number])
            runs[-1][1] = last = number
        else:
            last = None
    return " ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)


total = run = 0
for path, lines in sorted(counts.items()):
    missed = {number for number, count in lines.items() if not count}
    total += len(lines)
    run += len(lines) - len(missed)
    print(f"{str(path):48} {len(lines) - len(missed):5} of {len(lines):5}  {ranges(missed, lines)}")
print(f"{run} of {total} lines, {100 * run / total:.1f} %")
END
