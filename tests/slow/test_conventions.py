"""The guide's table of conventions holds, for each library that is installed; FASTLOSS_TEST_PEERS=1 demands them all."""

import importlib.util
import os
import subprocess
import sys

import conventions
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.conventions]


@pytest.mark.parametrize("peer", conventions.NEEDS)
def test_both_sides_of_every_line_agree(peer):
    missing = [module for module in conventions.NEEDS[peer] if importlib.util.find_spec(module) is None]
    if missing:
        demanded = os.environ.get("FASTLOSS_TEST_PEERS") == "1"
        (pytest.fail if demanded else pytest.skip)(f"not installed: {', '.join(missing)}")
    done = subprocess.run([sys.executable, conventions.__file__, peer], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(conventions.lines_of(peer)) >= 4
