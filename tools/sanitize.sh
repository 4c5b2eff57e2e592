#!/usr/bin/env bash
# Runs the tests on kernels built with AddressSanitizer and UndefinedBehaviorSanitizer, in a copy of the tree and an
# environment of its own. Arguments go to pytest: `tools/sanitize.sh -k rows`.
set -euo pipefail
. "$(dirname "$0")/copy.sh"
export FASTLOSS_REQUIRE_KERNELS=1 FASTLOSS_SANITIZE=address,undefined
python -m pip install -q -e '.[test]'
# gcc before 13.3 stores 64 bytes at a time to frames that it aligned to 32, if their use after return is watched: level v4 crashes.
[ "$(printf '%s\n' 13.3 "$(cc -dumpfullversion)" | sort -V | head -n 1)" = 13.3 ] && frames=1 || frames=0
# The sanitizers' library must be loaded before Python is, and with it the C++ library whose exceptions it watches.
export LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libstdc++.so)"
export PYTHONMALLOC=malloc # each object's memory is then the sanitizer's
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=$frames # Python itself frees little at its end
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
python -c 'import fastloss; fastloss.show_config()'
# (What needs other tools, or memory and crashes as they are without the sanitizer, is left out.)
python -m pytest -p no:cacheprovider --all-backends -m "not (large or commands or memory or proportion or site or typing)" "$@"
