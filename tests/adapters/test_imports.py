"""What an adapter loads, and what it says without its tool."""

import subprocess
import sys

import pytest

BLOCKED = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {tool!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
import fastloss.adapters.{tool}
"""


@pytest.mark.parametrize("tool", ["sklearn", "statsmodels"])
def test_without_the_tool(tool):
    run = subprocess.run([sys.executable, "-c", BLOCKED.format(tool=tool)], capture_output=True, text=True, check=False)
    assert f"ImportError: {tool} is not installed: pip install 'fastloss[{tool}]'" in run.stderr


def test_what_is_loaded():
    code = "import fastloss.adapters, fastloss.adapters.scipy, sys; print({'scipy', 'sklearn', 'statsmodels'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
