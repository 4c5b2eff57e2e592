"""The types that users' editors and checkers see."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastloss as fl

pytestmark = [pytest.mark.slow, pytest.mark.typing]

EXAMPLES = Path(__file__).parent / "typing" / "examples.py"
CONFIGURATION = Path(__file__).parent.parent.parent / "pyproject.toml"


def test_mypy_on_usage():
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--python-version",
        "3.12",
        "--config-file",
        str(CONFIGURATION),
        str(EXAMPLES),
    ]
    found = os.environ | {"MYPYPATH": str(Path(fl.__file__).parent.parent)}  # mypy does not see editable installs
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=EXAMPLES.parent, env=found)
    assert done.returncode == 0, done.stdout + done.stderr
