"""What is built, with compilers that know or can build only some levels."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.build]
ROOT = Path(__file__).parent.parent.parent
X86 = platform.machine().lower() in ("x86_64", "amd64")


@pytest.fixture
def tree(tmp_path):
    """setup.py beside modules that hold nothing."""
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools", "77")
    shutil.copy(ROOT / "setup.py", tmp_path)
    kernels = tmp_path / "fastloss" / "_cython"
    for folder in (kernels, tmp_path / "fastloss" / "_core"):
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    for name in ("__init__.py", "_core/calls.py", "_core/calls.pyx"):
        (tmp_path / "fastloss" / name).touch()
    for name in ("engine", "level_samples", "level_rows"):
        (kernels / f"{name}.pyx").write_text("here = True\n")
    (kernels / "cpu.pyx").write_text("def supports(name): return name != 'x86-64-v4'\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "fastloss"\nversion = "0"\n')
    return tmp_path


@pytest.fixture
def build(tree):
    """Runs setup.py with a compiler that knows, or can build, only some levels, or does not know some flags.

    Gives the names of what was built, the output, and the status.
    """
    compiler = shutil.which(os.environ.get("CC", "cc").split()[0])
    if compiler is None or sys.platform == "win32" or not X86:
        pytest.skip("needs a C compiler for x86-64")

    def run(unknown=(), broken=(), flags=(), required=False, levels=""):
        refusals = [f"*march=x86-64-{level}*" for level in unknown] + [f"*level_rows_{level}.c*" for level in broken]
        refusals += [f"*{flag}*" for flag in flags]
        cases = "".join(f'{pattern}) echo "refused: {pattern}" >&2; exit 1;;\n' for pattern in refusals)
        cc = tree / "cc"
        cc.write_text(f'#!/bin/sh\ncase "$*" in\n{cases}esac\nexec {shlex.quote(compiler)} "$@"\n')
        cc.chmod(0o755)
        environment = os.environ | {
            "CC": str(cc),
            "FASTLOSS_REQUIRE_KERNELS": str(int(required)),
            "FASTLOSS_DEBUG_BUILD": "1",
            "FASTLOSS_LEVELS": levels,
        }
        command = [sys.executable, "setup.py", "build_ext", "--build-lib", "built"]
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
        built = {path.name.split(".")[0] for path in (tree / "built").rglob("*.so")}
        return built, done.stdout + done.stderr, done.returncode

    return run


AROUND = {"engine", "cpu", "cyutility", "calls"}


def parts(*levels):
    return {f"level_{part}_{level}" for level in levels for part in ("samples", "rows")}


@pytest.mark.parametrize("required", [False, True])
def test_a_level_unknown_to_the_compiler_is_left_out_alone(build, required):
    built, output, status = build(unknown=["v4"], required=required)
    assert status == 0, output
    assert built == AROUND | parts("v2", "v3")
    for part in parts("v4"):
        assert f"leaving out fastloss._cython.{part}: the compiler does not know it" in output


@pytest.mark.parametrize("required", [False, True])
def test_a_level_that_fails_takes_no_other_with_it(build, required):
    built, output, status = build(broken=["v3"], required=required)
    if required:
        assert status != 0
        assert "level_rows_v3" in output
    else:
        assert status == 0, output
        assert built == AROUND | parts("v2", "v4")
        assert "leaving out fastloss._cython.level_rows_v3: its build failed" in output


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("how", ["unknown", "broken"])
def test_without_any_level(build, how, required):
    built, output, status = build(**{how: ["v2", "v3", "v4"]}, required=required)
    assert (status != 0) == required, output
    assert required or "installing without them; losses will run on NumPy" in output
    assert required or not {name for name in built if name.startswith("level")}


def test_the_level_of_this_processor_alone(build):
    """By the word of the module that is asked when fastloss is imported: here, that v4 is not."""
    built, output, status = build(levels="native", required=True)
    assert status == 0, output
    assert built == AROUND | parts("v3")


def test_levels_that_are_not_there_are_refused(build):
    built, output, status = build(levels="v3,v5")
    assert status != 0
    assert "FASTLOSS_LEVELS names v5; there are v2, v3, v4, and native" in output
    assert not built


def test_a_flag_unknown_to_the_compiler_is_left_out(build):
    """As clang, which refuses the first."""
    flags = ["-fno-tree-loop-distribute-patterns", "-Wno-misleading-indentation"]
    built, output, status = build(flags=flags, required=True)
    assert status == 0, output
    assert built == AROUND | parts("v2", "v3", "v4")
    assert all(f"refused: *{flag}*" in output for flag in flags)


# ---- sdist -----------------------------------------------------------------------------------------------------------


def test_an_sdist_has_the_same_bytes_each_time(tree):
    """Whenever the files were written, and without a run of Cython."""
    archives = []
    for date in (1_700_000_000, 1_800_000_000):
        for path in tree.rglob("*"):
            os.utime(path, (date, date))
        command = [sys.executable, "setup.py", "-q", "sdist", "--dist-dir", f"at-{date}"]
        environment = os.environ | {"SOURCE_DATE_EPOCH": "1790000000"}
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        archives.append((tree / f"at-{date}" / "fastloss-0.tar.gz").read_bytes())
        shutil.rmtree(tree / f"at-{date}")
    assert archives[0] == archives[1]
    assert not list(tree.rglob("*.c"))


# ---- bounds checks ---------------------------------------------------------------------------------------------------

LOOP = (
    "point(loss, pred[start + i + k], target[start + i + k], work, i + k, &v, &g, &h, &u)\n            values[k] = v\n"
)
PAST_THE_END = LOOP.replace("pred[start + i + k]", "pred[start + i + k + 1]")


PACKAGE = ROOT.joinpath("fastloss")  # which is not beside the tests where those are of a wheel


@pytest.mark.skipif(not X86 or not PACKAGE.is_dir(), reason="builds one level of x86-64 from the sources")
def test_a_loop_that_runs_past_its_end_is_caught(tmp_path):
    """A debug build checks the bounds of every view, in the loops without the interpreter's lock too."""
    pytest.importorskip("Cython")
    shutil.copytree(PACKAGE, tmp_path / "fastloss", ignore=shutil.ignore_patterns("*.so", "*.c", "__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    loops = tmp_path / "fastloss" / "_cython" / "loops" / "pointwise.pxi"
    assert loops.read_text().count(LOOP) == 2  # the sum alone, and with the gradient
    loops.write_text(loops.read_text().replace(LOOP, PAST_THE_END, 1))
    environment = os.environ | {
        "FASTLOSS_DEBUG_BUILD": "1", "FASTLOSS_REQUIRE_KERNELS": "1", "FASTLOSS_LEVELS": "v2",
        "FASTLOSS_BACKEND": "x86-64-v2", "PYTHONPATH": str(tmp_path),
    }  # fmt: skip

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    done = run("setup.py", "build_ext", "--inplace")
    assert done.returncode == 0, done.stderr[-2000:]
    ones = "import numpy as np, fastloss as fl; x = np.ones(64); "
    assert run("-c", ones + "print(fl.mse.grad(x, x)[0])").stdout == "0.0\n"  # a loop that was left as it is
    done = run("-c", ones + "print(fl.mse(x, x))")
    assert "IndexError: Out of bounds on buffer access" in done.stderr
    assert not done.stdout
