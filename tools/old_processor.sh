#!/usr/bin/env bash
# Runs the tests under an emulated processor of 2008: Nehalem, which has SSE4.2 and no AVX. The x86-64-v2 kernels must be
# chosen, and no instruction of theirs may be illegal. Needs qemu-user. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
unset OPENBLAS_CORETYPE # it could ask NumPy's linear algebra for instructions that are not there
python=$(python -c 'import sys; print(sys.executable)')
emulated() { qemu-x86_64 -cpu Nehalem "$python" "$@"; }
emulated -c '
import fastloss
fastloss.show_config()
assert fastloss.show_config(mode="dicts")["backends_available"] == ["x86-64-v2", "numpy"]
'
emulated -m pytest -m "not (large or proportion)" "$@"
