#!/usr/bin/env bash
# Runs the tests on another machine, emulated: `tools/other_machine.sh aarch64 -k rows`, or s390x, whose numbers begin with their
# highest byte. The kernels are compiled here for it, in a copy of the tree; its Python, NumPy and pytest are those of Debian's
# stable release, unpacked into a folder. It is some twenty times slower than a machine of its own. What follows the name goes to
# pytest. FOLDER=... names a folder that stays, and what an earlier run left there is used again; otherwise it goes at the end.
# Needs Debian or Ubuntu with qemu-user, mmdebstrap, debian-archive-keyring and g++-aarch64-linux-gnu (g++-s390x-linux-gnu).
set -euo pipefail
cd "$(dirname "$0")/.."
machine=$1 && shift
[ "$machine" = aarch64 ] && debian=arm64 || debian=$machine
[ "${FOLDER:-}" ] || trap 'rm -rf "$folder"' EXIT
folder=$(realpath "${FOLDER:-$(mktemp -d)}")
root=$folder/root other=$folder/root/usr/bin/other here=$folder/venv/bin/python

# The other machine's Python. Tests start it by what sys.executable says, which must be a program that this machine runs.
if [ ! -x "$other" ]; then
    mkdir -p "$root"
    mmdebstrap --quiet --variant=extract --architectures="$debian" stable - http://deb.debian.org/debian \
        --include=base-files,libpython3-dev,python3,python3-{gmpy2,hypothesis,joblib,mpmath,numpy,pandas,pytest,pytest-xdist,scipy,setuptools} |
        tar -x -C "$root" --exclude=./dev
    cat >"$other" <<-END
	#!/bin/sh
	lib=/usr/lib/$machine-linux-gnu
	exec qemu-$machine -L "$root" -E LD_LIBRARY_PATH=\$lib/blas:\$lib/lapack -0 "\$0" "$root/usr/bin/python3" "\$@"
	END
    chmod +x "$other"
fi
version=$("$other" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
packages=$root/usr/lib/python3/dist-packages
flags="--sysroot=$root -I$root/usr/include/python$version -I$packages/numpy/_core/include"
names=_sysconfigdata__$machine-linux-gnu
[ -d "$folder/venv" ] || "${PYTHON:-python3}" -m venv "$folder/venv"
"$here" -m pip install -q 'cython>=3.1' 'numpy>=2' 'setuptools>=77'

# What the tests need and Debian lacks; there are no wheels of it for every machine.
if [ ! -d "$packages/ml_dtypes" ]; then
    "$here" -m pip download -q --no-deps --no-binary=ml_dtypes -d "$folder" ml_dtypes
    tar -x -C "$folder" -f "$folder"/ml_dtypes-*.tar.gz
    cd "$folder"/ml_dtypes-*/
    "$machine-linux-gnu-g++" $flags -I. -Ithird_party/eigen -std=c++17 -O1 -shared -fPIC -fvisibility=hidden \
        ml_dtypes/_src/{dtypes,numpy}.cc -o ml_dtypes/_ml_dtypes_ext.so
    cp -r ml_dtypes "$packages"
    cd "$OLDPWD"
fi

# setup.py, told that it is on the other machine.
mkdir -p "$folder/tree" "$folder/names"
git ls-files -z | xargs -0 cp --parents --preserve=timestamps -t "$folder/tree"
cp "$root/usr/lib/python$version/$names.py" "$folder/names"
echo "$folder/tree" >"$packages/fastloss.pth" # some tests start Python in a folder of their own
cd "$folder/tree"
CC="$machine-linux-gnu-gcc $flags" LDSHARED="$machine-linux-gnu-gcc --sysroot=$root -shared" FASTLOSS_REQUIRE_KERNELS=1 \
    _PYTHON_HOST_PLATFORM=linux-$machine _PYTHON_SYSCONFIGDATA_NAME=$names PYTHONPATH=$folder/names "$here" -c "
import platform, runpy
platform.machine = lambda: '$machine'
runpy.run_path('setup.py', run_name='__main__')
" build_ext --inplace

"$other" -c '
import fastloss
fastloss.show_config()
assert fastloss.show_config(mode="dicts")["backends_available"] == ["generic", "numpy"]
'
"$other" -m pytest -p no:cacheprovider "$@"
