"""Which kernels the processor is asked to run, and what the wheels' tests read."""

import platform
import re
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
    return pytest.importorskip("fastloss._cython.cpu")


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


# ---- the wheels ------------------------------------------------------------------------------------------------------


def test_wheels_are_tested_beside_all_that_tests_read():
    settings = pytest.importorskip("tomllib").loads((ROOT / "pyproject.toml").read_text())["tool"]
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    read = set(re.findall(r'(?:\bROOT|\.parent\.parent(?:\.parent)?) / "([\w.]+)"', tests))
    assert read >= {"README.md", "docs", "examples", "pyproject.toml"}, "they are looked up in another way"
    assert read | set(settings["pytest"]["ini_options"]["pythonpath"]) <= set(settings["cibuildwheel"]["test-sources"])
