"""What an adapter loads, and what it says without its tool."""

import importlib.util
import subprocess
import sys

import pytest

TOOLS = ("catboost", "dask", "lightgbm", "scipy", "sklearn", "statsmodels", "torch", "xgboost")
NEEDED = {"dask", "sklearn", "statsmodels", "torch"}  # by their adapters; the others only make what the tool calls
BLOCKED = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {tools!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
import fastloss, fastloss.adapters
assert fastloss.huber([1.0], [0.0]) == 0.5
import fastloss.adapters.{tool}
"""
LOADED = """
import sys
import fastloss, fastloss.adapters
print({{*{tools!r}}} & {{*sys.modules}})
import fastloss.adapters.{tool}
"""


@pytest.mark.parametrize("tool", TOOLS)
def test_without_any_tool(tool):
    code = BLOCKED.format(tools=TOOLS, tool=tool)
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    if tool in NEEDED:
        assert f"ImportError: {tool} is not installed: pip install 'fastloss[{tool}]'" in run.stderr
    else:
        assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_loaded(tool):
    """No tool by the package; no warning by an adapter."""
    if importlib.util.find_spec(tool) is None:
        tool = "xgboost"  # whose adapter needs none
    code = LOADED.format(tools=TOOLS, tool=tool)
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "set()\n", "")


def test_what_an_adapter_for_optimisers_loads():
    code = "import fastloss.adapters.scipy, sys; print({'scipy', 'sklearn', 'statsmodels'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
