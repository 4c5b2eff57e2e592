"""The guide's table of conventions holds, for each library that is installed; FASTLOSS_TEST_PEERS=1 demands them all."""

import importlib.util
import os
import subprocess
import sys

import conventions
import pytest


@pytest.mark.parametrize("peer", conventions.NEEDS)
def test_both_sides_of_every_line_agree(peer):
    missing = [module for module in conventions.NEEDS[peer] if importlib.util.find_spec(module) is None]
    if missing:
        reason = f"not installed: {', '.join(missing)}"
        assert os.environ.get("FASTLOSS_TEST_PEERS") != "1", f"{reason}; FASTLOSS_TEST_PEERS=1 demands them all"
        pytest.skip(reason)
    done = subprocess.run([sys.executable, conventions.__file__, peer], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(conventions.lines_of(peer)) >= 4
