"""Libraries that only some tests need: those tests are skipped without them, unless FASTLOSS_TEST_PEERS=1 demands them."""

import importlib
import importlib.util
import os

import pytest

SPARED = ("lifelines", "pyspark", "ray")  # an older pandas, hundreds of megabytes: nobody demands them


def needed(module):
    """The module, if it is installed; at the head of a file it decides about all tests of it."""
    demanded = os.environ.get("FASTLOSS_TEST_PEERS") == "1" and module not in SPARED
    if importlib.util.find_spec(module.partition(".")[0]) is None and not demanded:
        pytest.skip(f"{module} is not installed", allow_module_level=True)
    return importlib.import_module(module)
