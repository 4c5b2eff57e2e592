"""What is built, and which of it the processor is asked to run."""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The x86-64 psABI's levels, each feature as Linux spells it: pni is SSE3, abm is LZCNT. Linux lists what needs wider
# registers only if it saves them.
LEVELS = {
    "x86-64-v2": "cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3",
    "x86-64-v3": "abm avx avx2 bmi1 bmi2 f16c fma movbe",
    "x86-64-v4": "avx512bw avx512cd avx512dq avx512f avx512vl",
}
EVERY = " ".join(LEVELS.values()).split()
X86 = platform.machine().lower() in ("x86_64", "amd64")


def needed(level):
    """The features of a level and of those below."""
    return {feature for name, features in LEVELS.items() if name <= level for feature in features.split()}


# ---- the processor ---------------------------------------------------------------------------------------------------


@pytest.fixture
def cpu():
    return pytest.importorskip("fastloss.kernels.cpu")


@pytest.mark.skipif(sys.platform != "linux" or not X86, reason="compares with Linux's list of an x86 processor")
def test_features_are_those_that_linux_lists(cpu):
    with open("/proc/cpuinfo") as info:
        listed = next(line for line in info if line.startswith("flags")).split(":")[1].split()
    assert cpu.features() == set(EVERY) & set(listed)
    for level in LEVELS:
        assert cpu.supports(level) == (needed(level) <= set(listed))


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_asks_for_all_that_its_code_may_use(cpu, monkeypatch, level):
    monkeypatch.setattr(cpu, "features", lambda: needed(level))
    assert [name for name in LEVELS if cpu.supports(name)] == [name for name in LEVELS if name <= level]
    for feature in needed(level):
        monkeypatch.setattr(cpu, "features", lambda feature=feature: set(EVERY) - {feature})
        assert not cpu.supports(level), feature


@pytest.mark.skipif(X86, reason="an x86 processor")
def test_other_processors_have_no_x86_level(cpu):
    assert not any(map(cpu.supports, LEVELS))


# ---- the build -------------------------------------------------------------------------------------------------------


@pytest.fixture
def build(tmp_path):
    """Runs setup.py on modules that hold nothing, with a compiler that knows, or can build, only some levels.

    Gives the names of what was built, the output, and the status.
    """
    pytest.importorskip("Cython")
    pytest.importorskip("setuptools", "77")
    compiler = shutil.which(os.environ.get("CC", "cc").split()[0])
    if compiler is None or sys.platform == "win32" or not X86:
        pytest.skip("needs a C compiler for x86-64")
    shutil.copy(ROOT / "setup.py", tmp_path)
    kernels = tmp_path / "fastloss" / "kernels"
    kernels.mkdir(parents=True)
    for name in ("fastloss/_calls.py", "fastloss/_calls.pxd", "fastloss/__init__.py", "fastloss/kernels/__init__.py"):
        (tmp_path / name).touch()
    for name in ("cpu", "x86_64_v2", "x86_64_v3", "x86_64_v4"):
        (kernels / f"{name}.pyx").write_text("here = True\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "fastloss"\nversion = "0"\n')

    def run(unknown=(), broken=(), required=False):
        refusals = [f"*march=x86-64-{level}*" for level in unknown] + [f"*x86_64_{level}.c*" for level in broken]
        cases = "".join(f'{pattern}) echo "refused: {pattern}" >&2; exit 1;;\n' for pattern in refusals)
        cc = tmp_path / "cc"
        cc.write_text(f'#!/bin/sh\ncase "$*" in\n{cases}esac\nexec {shlex.quote(compiler)} "$@"\n')
        cc.chmod(0o755)
        environment = os.environ | {
            "CC": str(cc),
            "FASTLOSS_REQUIRE_KERNELS": str(int(required)),
            "FASTLOSS_DEBUG_BUILD": "1",
        }
        command = [sys.executable, "setup.py", "build_ext", "--build-lib", "built"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        built = {path.name.split(".")[0] for path in (tmp_path / "built").rglob("*.so")}
        return built, done.stdout + done.stderr, done.returncode

    return run


AROUND = {"cpu", "_calls"}


@pytest.mark.parametrize("required", [False, True])
def test_a_level_unknown_to_the_compiler_is_left_out_alone(build, required):
    built, output, status = build(unknown=["v4"], required=required)
    assert status == 0, output
    assert built == AROUND | {"x86_64_v2", "x86_64_v3"}
    assert "leaving out fastloss.kernels.x86_64_v4: the compiler does not know it" in output


@pytest.mark.parametrize("required", [False, True])
def test_a_level_that_fails_takes_no_other_with_it(build, required):
    built, output, status = build(broken=["v3"], required=required)
    if required:
        assert status != 0
        assert "x86_64_v3" in output
    else:
        assert status == 0, output
        assert built == AROUND | {"x86_64_v2", "x86_64_v4"}
        assert "leaving out fastloss.kernels.x86_64_v3: its build failed" in output


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize("how", ["unknown", "broken"])
def test_without_any_level(build, how, required):
    built, output, status = build(**{how: ["v2", "v3", "v4"]}, required=required)
    assert (status != 0) == required, output
    assert required or "installing without them; losses will run on NumPy" in output
    assert not {name for name in built if name.startswith("x86")}


def test_wheels_are_tested_beside_all_that_tests_read():
    settings = pytest.importorskip("tomllib").loads((ROOT / "pyproject.toml").read_text())["tool"]
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("*.py"))
    read = set(re.findall(r'(?:\bROOT|\.parent\.parent) / "([\w.]+)"', tests))
    assert read >= {"README.md", "docs", "examples", "pyproject.toml"}, "they are looked up in another way"
    assert read | set(settings["pytest"]["ini_options"]["pythonpath"]) <= set(settings["cibuildwheel"]["test-sources"])
