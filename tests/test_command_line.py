"""python -m fastloss, as a user runs it."""

import json
import os
import subprocess
import sys

import pytest

from fastloss._loss import REGISTRY


def run(*arguments, check=True):
    done = subprocess.run(
        [sys.executable, "-m", "fastloss", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def test_list():
    printed = run("list").stdout
    for loss in REGISTRY.values():
        assert loss.name in printed
        assert loss.formula in printed
        for parameter in loss.parameters:
            assert parameter in printed


def test_bench(tmp_path):
    path = tmp_path / "figures.json"
    done = run("bench", "--size", "20000", "--classes", "50", "--rounds", "2", "--json", str(path))
    figures = json.loads(path.read_text())
    assert {row["loss"] for row in figures["rows"]} == set(REGISTRY)
    assert {row["dtype"] for row in figures["rows"]} == {"float32", "float64"}
    assert {row["call"] for row in figures["rows"]} == {"value", "value_and_grad"}
    for row in figures["rows"]:
        assert row["seconds"] > 0
        assert row["numpy_seconds"] > 0
        assert row["floor_share"] > 0
        assert row["loss"] in done.stdout
    assert figures["size"] == 20000
    assert figures["config"]["version"]
    assert "\r" in done.stderr or "mse" in done.stderr, "no progress shown"


def test_bench_chosen(tmp_path):
    path = tmp_path / "figures.json"
    arguments = (
        "--size",
        "1000",
        "--rounds",
        "1",
        "--dtype",
        "float32",
        "--threads",
        "1",
        "--loss",
        "huber",
        "--loss",
        "l1",
    )
    run("bench", *arguments, "--json", str(path))
    rows = json.loads(path.read_text())["rows"]
    assert [(row["loss"], row["dtype"]) for row in rows] == [("huber", "float32")] * 2 + [("mae", "float32")] * 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["bench", "--loss", "hubert"], "invalid choice: 'hubert'"),
        (["bench", "--size", "0"], "must be at least 1"),
        (["bench", "--json", "/no/such/folder/x.json", "--size", "10"], "/no/such/folder"),
        ([], "usage"),
    ],
)
def test_mistakes(arguments, text):
    done = run(*arguments, check=False)
    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr
