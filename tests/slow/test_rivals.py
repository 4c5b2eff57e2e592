"""The rivals of the benchmark compute what fastloss does, of every loss that they have; FASTLOSS_TEST_PEERS=1 demands them all."""

import json
import os
import subprocess
import sys

import pytest

from fastloss.bench.command import PATIENT, PEERS

pytestmark = [pytest.mark.slow, pytest.mark.conventions]
HAVE = {"numba": 40, "numba parallel": 40, "JAX": 55, "optax": 10, "Keras": 10, "PyTorch": 20, "scikit-learn": 10}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rival", [name for name in PEERS if name not in PATIENT])
def test_rival_computes_the_same(rival, dtype, tmp_path):
    path = tmp_path / "run.json"
    options = [
        "--size",
        "20000",
        "--classes",
        "20",
        "--dtype",
        dtype,
        "--threads",
        "2",
        "--rounds",
        "1",
        "--rival",
        rival,
    ]
    subprocess.run(
        [sys.executable, "-m", "fastloss", "bench", *options, "--json", str(path)], check=True, capture_output=True
    )
    run = json.loads(path.read_text())
    if run["missing"]:
        (pytest.fail if os.environ.get("FASTLOSS_TEST_PEERS") == "1" else pytest.skip)(str(run["missing"]))
    assert not {str(row["cell"]): row["troubles"] for row in run["rows"] if row["troubles"]}
    answered = {row["cell"]["loss"] for row in run["rows"] if rival in row["timings"]}
    assert len(answered) >= HAVE[rival] or (rival == "Keras" and dtype == "float64"), "it has more losses than these"
