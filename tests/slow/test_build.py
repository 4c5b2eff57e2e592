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
