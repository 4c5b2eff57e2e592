"""python -m fastloss score: every kind of file gives the same costs, and every mistake has its place named."""

import json
import re
import subprocess
import sys
import tracemalloc
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest

import fastloss as fl
from fastloss import __main__, _files, score
from fastloss._core.registry import with_parameters

ROWS = 1000


@pytest.fixture
def data(rng):
    return {"p": rng.random(ROWS), "t": rng.integers(0, 2, ROWS).astype(float), "w": rng.random(ROWS)}


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Runs the command in a folder of its own, with blocks of 64 numbers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(score, "BLOCK", 64)

    def run(*arguments):
        __main__.main(["score", *arguments])
        return capsys.readouterr().out

    return run


@pytest.fixture
def refused(command, capsys):
    def run(text, *arguments):
        with pytest.raises(SystemExit) as exit:
            command(*arguments)
        assert exit.value.code == 2
        error = capsys.readouterr().err
        assert error.startswith("fastloss: ")
        assert text in error

    return run


def write(kind, data):
    """The data in files of one kind; what to call each column."""
    if kind == "npy":
        for name, x in data.items():
            np.save(f"{name}.npy", x)
        return {name: f"{name}.npy" for name in data}
    if kind == "csv":
        pytest.importorskip("pyarrow")
        with open("d.csv", "w") as file:
            file.write(",".join(data) + "\n")
            file.writelines(
                ",".join(map(repr, row)) + "\n" for row in zip(*(x.tolist() for x in data.values()), strict=True)
            )
    elif kind == "parquet":
        pytest.importorskip("pyarrow")
        from pyarrow import parquet, table

        parquet.write_table(table(data), "d.parquet", row_group_size=130)
    else:
        {"npz": np.savez, "packed.npz": np.savez_compressed}[kind](f"d.{kind}", **data)
    return {name: f"d.{kind}:{name}" for name in data}


KINDS = ["npy", "npz", "packed.npz", "csv", "parquet"]


@pytest.mark.parametrize("kind", KINDS)
def test_costs(command, data, kind):
    files = write(kind, data)
    asked = ["--loss", "mae,huber:delta=0.25", "--loss", "binary_cross_entropy:eps=0.001", "--json"]
    report = json.loads(command(files["p"], files["t"], "--sample-weight", files["w"], *asked))
    assert report["rows"] == ROWS
    expected = {"mae": {}, "huber": {"delta": 0.25}, "binary_cross_entropy": {"eps": 0.001}}
    assert {entry["loss"]: entry["parameters"] for entry in report["losses"]} == expected
    for entry in report["losses"]:
        whole = getattr(fl, entry["loss"])(data["p"], data["t"], sample_weight=data["w"], **entry["parameters"])
        assert entry["cost"] == pytest.approx(whole, rel=1e-14)
        assert entry["samples"] == ROWS


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_columns_of_classes(command, kind, rng):
    logits, ids = rng.standard_normal((ROWS, 3)), rng.integers(0, 3, ROWS)
    write(kind, {"a": logits[:, 0], "b": logits[:, 1], "c": logits[:, 2], "id": ids})
    asked = ["--loss", "softmax_cross_entropy:class_weight=[1,2,3]:ignore_index=0", "--worst", "1", "--json"]
    report = json.loads(command(f"d.{kind}:a,b,c", f"d.{kind}:id", *asked))["losses"][0]
    given = {"class_weight": [1, 2, 3], "ignore_index": 0}
    assert report["cost"] == pytest.approx(fl.softmax_cross_entropy(logits, ids, **given), rel=1e-14)
    assert report["samples"] == np.sum(ids != 0)
    each = fl.softmax_cross_entropy(logits, ids, reduction="none", **given)
    assert report["worst"] == [{"row": each.argmax(), "loss": pytest.approx(each.max()), "target": ids[each.argmax()]}]


def test_parameters_of_columns(command, refused, rng):
    files = write("npz", {"p": rng.standard_normal((ROWS, 3)), "t": rng.standard_normal((ROWS, 3))})
    asked = ["--loss", "huber:delta=[1,2,3],quantile:alpha=[0.1,0.5,0.9]", "--json"]
    report = json.loads(command(files["p"], files["t"], *asked))["losses"]
    with np.load("d.npz") as data:
        costs = (
            fl.huber(data["p"], data["t"], delta=[1, 2, 3]),
            fl.quantile(data["p"], data["t"], alpha=[0.1, 0.5, 0.9]),
        )
    assert [entry["cost"] for entry in report] == pytest.approx(costs, rel=1e-14)
    refused("delta has 2 numbers but pred has shape (", files["p"], files["t"], "--loss", "huber:delta=[1,2]")


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_images(command, kind, rng):
    logits, ids = rng.standard_normal((50, 3, 4, 5)).astype(np.float32), rng.integers(0, 3, (50, 4, 5))
    files = write(kind, {"p": logits, "t": ids})
    asked = ["--loss", "softmax_cross_entropy:axis=1", "--worst", "1", "--json"]
    report = json.loads(command(files["p"], files["t"], *asked))["losses"][0]
    assert report["cost"] == pytest.approx(fl.softmax_cross_entropy(logits, ids, axis=1), rel=1e-14)
    each = fl.softmax_cross_entropy(logits, ids, axis=1, reduction="none")
    assert report["worst"][0]["row"] == list(np.unravel_index(each.argmax(), each.shape))


def test_worst(command, data):
    files = write("npy", data)
    data["p"][[3, 500]] = np.nan, 9.0
    files = write("npy", data)
    asked = ["--loss", "mse,rmse", "--worst", "10", "--sample-weight", files["w"], "--json"]
    mse, rmse = json.loads(command(files["p"], files["t"], *asked))["losses"]
    each = fl.mse(data["p"], data["t"], sample_weight=data["w"], reduction="none")
    order = np.argsort(-np.where(np.isnan(each), np.inf, each), kind="stable")[:10]
    assert [sample["row"] for sample in mse["worst"]] == order.tolist()
    assert mse["worst"][0]["loss"] == "NaN"
    for sample in mse["worst"][1:]:
        assert sample["loss"] == each[sample["row"]]
        assert sample["pred"] == data["p"][sample["row"]]
        assert sample["target"] == data["t"][sample["row"]]
    assert [sample["row"] for sample in rmse["worst"]] == order.tolist(), "the largest errors"
    of_logs, root = json.loads(command(files["w"], files["w"], "--loss", "msle,rmsle", "--worst", "3", "--json"))[
        "losses"
    ]
    assert of_logs["worst"] == root["worst"]
    same = json.loads(command(files["t"], files["t"], "--loss", "mae", "--worst", "3", "--json"))["losses"][0]
    assert [sample["row"] for sample in same["worst"]] == [0, 1, 2], "of equal ones the first"
    few = json.loads(command(files["w"], files["t"], "--loss", "mae", "--worst", "2000", "--json"))
    assert len(few["losses"][0]["worst"]) == ROWS


@pytest.mark.parametrize("keep", [1, 3, 5, 8, 100])
def test_worst_of_all_are_those_that_are_no_number(command, keep, rng):
    """NaN, then infinity, then the rest; of equal ones the first. The blocks are of 64."""
    pred = rng.random(300)
    pred[[2, 70, 200]] = np.inf
    pred[[1, 130, 299]] = -np.inf
    pred[[3, 65, 250]] = np.nan
    np.save("p.npy", pred)
    np.save("t.npy", np.zeros(300))
    order = [3, 65, 250, 1, 2, 70, 130, 200, 299, *np.argsort(-np.where(np.isfinite(pred), pred, -1), kind="stable")]
    report = json.loads(command("p.npy", "t.npy", "--loss", "mae", "--worst", str(keep), "--json"))["losses"][0]
    assert [sample["row"] for sample in report["worst"]] == order[:keep]


def refuse(constant):
    raise ValueError(f"{constant} is no JSON")


def test_json_is_json(command):
    """What JSON has no number for is text that float reads."""
    np.save("p.npy", [np.nan, np.inf, -np.inf, 1.0])
    np.save("t.npy", [0.0, 0.0, 0.0, -np.inf])

    def report(*asked):
        printed = command("p.npy", "t.npy", "--loss", "mae", "--json", *asked)
        return json.loads(printed, parse_constant=refuse)["losses"][0]

    mae = report("--worst", "4")
    assert mae["cost"] == "NaN"
    assert mae["worst"] == [
        {"row": 0, "loss": "NaN", "pred": "NaN", "target": 0.0},
        {"row": 1, "loss": "Infinity", "pred": "Infinity", "target": 0.0},
        {"row": 2, "loss": "Infinity", "pred": "-Infinity", "target": 0.0},
        {"row": 3, "loss": "Infinity", "pred": 1.0, "target": "-Infinity"},
    ]
    assert np.isnan(float(mae["worst"][0]["pred"]))
    assert float(mae["worst"][2]["pred"]) == -np.inf
    np.save("p.npy", [1.0, np.inf, 1.0, 1.0])
    assert report()["cost"] == "Infinity"
    np.save("p.npy", np.empty(0))
    np.save("t.npy", np.empty(0))
    with pytest.warns(RuntimeWarning, match="no samples"):
        assert report()["cost"] == "NaN"


def test_table(command):
    np.save("p.npy", [1.0, 10.0, 1000.0])
    np.save("t.npy", [1.0, 1.0, 1.0])
    printed = command("p.npy", "t.npy", "--loss", "l1,huber:delta=2", "--worst", "2", "--reduction", "sum")
    assert printed.splitlines() == [
        "3 rows, sum",
        "loss           cost",
        "mae            1008",
        "huber:delta=2  2012",
        "",
        "worst of mae",
        "row  loss  pred  target",
        "2     999  1000       1",
        "1       9    10       1",
        "",
        "worst of huber:delta=2",
        "row  loss  pred  target",
        "2    1996  1000       1",
        "1      16    10       1",
    ]


def test_as_a_user_runs_it(tmp_path):
    np.save(tmp_path / "p.npy", [1.0, 3.0])
    command = [sys.executable, "-m", "fastloss", "score", "p.npy", "p.npy", "--loss", "mse"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path)
    assert done.stdout == "2 rows, mean\nloss  cost\nmse      0\n"
    assert done.stderr == "", "no progress where there is no terminal"


@pytest.mark.parametrize("kind", KINDS)
def test_memory_does_not_grow_with_the_file(command, kind, monkeypatch):
    monkeypatch.setattr(score, "BLOCK", 1000)
    monkeypatch.setattr(_files, "READ_BYTES", 1 << 15)
    few = write(kind, {"p": np.zeros(10)})
    command(few["p"], few["p"], "--loss", "mse")  # or imports would count
    files = write(kind, {"p": np.zeros(2_000_000)})
    with arrow_pool() as pool:
        tracemalloc.start()
        command(files["p"], files["p"], "--loss", "mse,mae")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        taken = pool.max_memory() if pool else 0
        assert taken or kind not in ("csv", "parquet")
    assert peak + taken < 6 << 20, (peak, taken)  # the numbers alone are 16 MB


@contextmanager
def arrow_pool():
    """What pyarrow allocates, which Python does not see."""
    try:
        import pyarrow
    except ImportError:
        yield None
        return
    before = pyarrow.default_memory_pool()
    pool = pyarrow.proxy_memory_pool(before)
    pyarrow.set_memory_pool(pool)
    try:
        yield pool
    finally:
        pyarrow.set_memory_pool(before)


def test_empty(command):
    np.save("p.npy", np.empty(0))
    with pytest.warns(RuntimeWarning, match="the mean over no samples is undefined"):
        assert command("p.npy", "p.npy", "--loss", "mae") == "0 rows, mean\nloss  cost\nmae    nan\n"


# ---- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_outside_its_domain(refused, data, kind, command):
    data["t"][777] = 2
    data["w"][130] = -1
    files = write(kind, data)
    text = f"{files['t']}, row 777: 2; target must be in [0, 1]"
    refused(text, files["p"], files["t"], "--loss", "sigmoid_cross_entropy")
    text = f"{files['w']}, row 130: -1; sample_weight must be a number >= 0"
    refused(text, files["p"], files["t"], "--loss", "mae", "--sample-weight", files["w"])


def test_a_row_has_columns(refused, command, rng):
    pred = rng.random((100, 3))
    pred[70, 2] = 1.5
    np.save("p.npy", pred)
    np.save("t.npy", np.zeros((100, 3)))
    refused("p.npy, row 70, column 2: 1.5; pred must be in [0, 1]", "p.npy", "t.npy", "--loss", "kl_divergence")


def table(name, *lines):
    with open(name, "w") as file:
        file.writelines(line + "\n" for line in lines)


def test_tables(refused, command):
    pytest.importorskip("pyarrow")
    table("t.csv", "a,b", "1,2", '3,"x\ny"')
    refused("t.csv, row 1, column 'b': 'x\\ny' is not a number", "t.csv:a", "t.csv:b", "--loss", "mse")
    table("ragged.csv", "a,b", "1,2", "", "4,5,6")
    refused("ragged.csv, row 1: there are 3 fields but 2 columns", *["ragged.csv:a"] * 2, "--loss", "mse")
    refused("t.csv has no column 'c'; there are a, b", "t.csv:c", "t.csv:a", "--loss", "mse")
    refused("t.csv has the columns a, b; choose with t.csv:NAME", "t.csv", "t.csv:a", "--loss", "mse")
    table("long.csv", "a", *map(str, range(100)))
    table("short.csv", "a", *map(str, range(70)))
    refused("short.csv:a has 70 rows; the others have more", "long.csv", "short.csv", "--loss", "mse")
    table("twice.csv", "a,a", "1,2")
    refused("twice.csv has more than one column 'a'", "twice.csv:a", "t.csv:a", "--loss", "mse")
    table("nothing.csv")
    refused("nothing.csv: Empty CSV file", "nothing.csv", "t.csv:a", "--loss", "mse")
    table("gap.csv", "a,b", "1,2", ",4")
    refused("gap.csv, row 1, column 'a': '' is not a number", "gap.csv:a", "gap.csv:b", "--loss", "mse")


@pytest.mark.parametrize("field", ["1_000", "1_0.5", "1_0e3", "１２", "٣", "0x10", "1,5", "1 000", "--1", "NA", "1d3"])
@pytest.mark.parametrize("row", [0, 70])
def test_numbers_are_those_of_all_programs(refused, command, field, row):
    pytest.importorskip("pyarrow")
    table("t.csv", "a,b", *[f'{i},"{field}"' if i == row else f"{i},{i}" for i in range(100)])
    text = f"t.csv, row {row}, column 'b': {field!r} is not a number"
    refused(text, "t.csv:a", "t.csv:b", "--loss", "mse")


def test_fields_that_are_numbers(command):
    pytest.importorskip("pyarrow")
    fields = ["1", "-2", "+3.5", ".5", "5.", "1e3", "1E-2", " 7 ", "007"]
    table("t.csv", "a,b", *[f"{field},{value!r}" for field, value in zip(fields, map(float, fields), strict=True)])
    assert command("t.csv:a", "t.csv:b", "--loss", "mae") == f"{len(fields)} rows, mean\nloss  cost\nmae      0\n"
    table("special.csv", "a", "nan", "NaN", "-inf", "Infinity")
    report = json.loads(command("special.csv", "special.csv", "--loss", "mae", "--worst", "4", "--json"))
    assert [sample["pred"] for sample in report["losses"][0]["worst"]] == ["NaN", "NaN", "-Infinity", "Infinity"]


def test_members_of_an_archive_that_are_no_arrays(refused, command):
    np.savez("z.npz", a=np.ones(100), objects=np.array([None, {}], object), text=np.array(["x"]))
    np.savez("one.npz", a=np.ones(100))
    for name in ("z.npz", "one.npz"):
        with zipfile.ZipFile(name, "a") as archive:
            archive.writestr("notes.txt", "no array")
            archive.writestr("folder/", "")
            if name == "z.npz":
                archive.writestr("bad.npy", "no array")
                archive.writestr("empty.npy", "")
                archive.writestr("short.npy", archive.read("a.npy")[:20])
                archive.writestr("bare", archive.read("a.npy"))

    def said(text, member):
        refused(text, f"z.npz:{member}", "one.npz", "--loss", "mse")
        refused(text, "one.npz", f"z.npz:{member}", "--loss", "mse")

    for member in ("notes.txt", "folder/", "bare"):
        said(f"z.npz:{member} is not an array: its name in the archive does not end in .npy", member)
    for member in ("bad", "empty", "short"):
        said(f"z.npz:{member}: ", member)
    said("z.npz:objects has dtype object; it must be real numbers", "objects")
    said(f"z.npz:text has dtype {np.dtype('U1')}; it must be real numbers", "text")
    said("z.npz has no array 'nothing'; there are a, objects, text, bad, empty, short", "nothing")
    assert command("one.npz", "z.npz:a", "--loss", "mse") == "100 rows, mean\nloss  cost\nmse      0\n", (
        "the only array"
    )
    with zipfile.ZipFile("none.npz", "w") as archive:
        archive.writestr("notes.txt", "no array")
    refused("none.npz holds no array", "none.npz", "one.npz", "--loss", "mse")
    with zipfile.ZipFile("none.npz", "w"):
        pass
    refused("none.npz holds no array", "none.npz", "one.npz", "--loss", "mse")


def test_an_archive_with_a_password(refused, command):
    np.savez("z.npz", a=np.ones(100))
    with open("z.npz", "r+b") as file:
        packed = bytearray(file.read())
        for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            packed[packed.index(signature) + flags] |= 1
        file.seek(0)
        file.write(packed)
    refused("z.npz:a: File 'a.npy' is encrypted, password required", "z.npz", "z.npz", "--loss", "mse")


def test_csv_in_blocks(refused, command, monkeypatch):
    """Rows are counted over all of them, and each has the type of its own fields."""
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(_files, "READ_BYTES", 256)
    table("t.csv", "a,b", *["1,2"] * 300, "1.5,2", "1,2")
    assert command("t.csv:a", "t.csv:b", "--loss", "mae", "--reduction", "sum") == command(
        "t.csv:b", "t.csv:a", "--loss", "mae", "--reduction", "sum"
    )
    refused("class ids must be integers", "t.csv:b,b", "t.csv:a", "--loss", "softmax_cross_entropy")
    table("word.csv", "a,b", *["1,2"] * 300, "", "1,x", "1,2")
    refused("word.csv, row 300, column 'b': 'x' is not a number", "word.csv:a", "word.csv:b", "--loss", "mse")
    table("ragged.csv", "a,b", *["1,2"] * 300, "", "1,2,3", "1,2")
    refused("ragged.csv, row 300: there are 3 fields but 2 columns", *["ragged.csv:a"] * 2, "--loss", "mse")


def test_damaged_csv(refused, command):
    pytest.importorskip("pyarrow")
    with open("latin.csv", "wb") as file:
        file.write(b"a\n1\n\xe9\n")
    refused("latin.csv: ", "latin.csv", "latin.csv", "--loss", "mse")
    with open("latin.csv", "wb") as file:
        file.write(b"\xe9\n1\n")
    refused("latin.csv: ", "latin.csv", "latin.csv", "--loss", "mse")
    table("long.csv", "a", "1" * 3_000_000)
    refused("long.csv: ", "long.csv", "long.csv", "--loss", "mse")


def test_damaged_files(refused, command):
    np.savez("z.npz", a=np.ones(10_000))
    with open("z.npz", "r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    refused("z.npz:a: Bad CRC-32", "z.npz", "z.npz", "--loss", "mse")
    np.savez_compressed("z.npz", a=np.random.default_rng(0).random(10_000))
    with open("z.npz", "r+b") as file:
        file.seek(5000)
        file.write(bytes(300))
    refused("z.npz:a: ", "z.npz", "z.npz", "--loss", "mse")
    np.save("cut.npy", np.ones(100))
    with open("cut.npy", "r+b") as file:
        file.truncate(400)
    refused("cut.npy: ", "cut.npy", "cut.npy", "--loss", "mse")


def test_parquet(refused, command):
    pytest.importorskip("pyarrow")
    from pyarrow import parquet
    from pyarrow import table as arrow

    columns = {"a": [1.0] * 100, "b": [1] * 70 + [None] + [1] * 29, "c": ["x"] * 100}
    parquet.write_table(arrow(columns), "t.parquet", row_group_size=40)
    refused("t.parquet, row 70, column 'b': there is no number", "t.parquet:a", "t.parquet:b", "--loss", "mse")
    refused("column 'c' of t.parquet holds string", "t.parquet:a", "t.parquet:c", "--loss", "mse")
    refused("t.parquet has no column 'd'; there are a, b, c", "t.parquet:a", "t.parquet:d", "--loss", "mse")
    table("bad.parquet", "no such thing")
    refused("bad.parquet: ", "bad.parquet:a", "t.parquet:a", "--loss", "mse")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_without_pyarrow(refused, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused(f"reading {name} needs pyarrow; install it with pip install 'fastloss[files]'", name, name, "--loss", "mse")


def test_arrays(refused, command):
    np.save("p.npy", np.ones(100))
    np.save("short.npy", np.ones(99))
    refused("p.npy has 100 rows; short.npy has 99 rows; they must be equal", "p.npy", "short.npy", "--loss", "mse")
    np.save("column.npy", np.ones((100, 1)))
    refused(
        "pred has shape (64,) but target has shape (64, 1); they must be equal", "p.npy", "column.npy", "--loss", "mse"
    )
    refused("(pred p.npy, target column.npy; rows from 0)", "p.npy", "column.npy", "--loss", "mse")
    np.save("complex.npy", np.ones(100, complex))
    refused("complex.npy has dtype complex128; it must be real numbers", "p.npy", "complex.npy", "--loss", "mse")
    np.save("one.npy", 1.0)
    refused("one.npy holds a single number; there must be rows", "one.npy", "p.npy", "--loss", "mse")
    refused("class ids must be integers", "column.npy", "p.npy", "--loss", "softmax_cross_entropy")
    refused("axis 0 holds the rows of the file", "column.npy", "p.npy", "--loss", "softmax_cross_entropy:axis=-2")
    np.savez("z.npz", a=np.ones(100), F=np.asfortranarray(np.ones((5, 5))))
    refused("z.npz has no array 'b'; there are a, F", "z.npz:b", "p.npy", "--loss", "mse")
    refused("z.npz:F is in Fortran order", "z.npz:F", "p.npy", "--loss", "mse")
    table("bad.npy", "no such thing")
    table("bad.npz", "no such thing")
    for name in ("bad.npy", "bad.npz"):
        refused(f"{name}: ", name, "p.npy", "--loss", "mse")
    refused("nowhere.npy", "nowhere.npy", "p.npy", "--loss", "mse")
    refused("p.txt is not one of .npy, .npz, .csv, .parquet", "p.txt", "p.npy", "--loss", "mse")
    refused("p.npy holds one array, which has no name 'a'", "p.npy:a", "p.npy", "--loss", "mse")


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        ("hubber", "--loss: there is no loss 'hubber'; did you mean 'huber'?"),
        ("huber:delta", "--loss: 'huber:delta': 'delta' must be written keyword=value"),
        ("huber:delta=x", "delta is 'x', which is not a number"),
        ('huber:delta="x"', "delta must be a real number, not str"),
        ("huber:delta=" + 5000 * "[", "which is not a number"),
        ("huber:delta=1" + 9000 * "+1", "which is not a number"),
        ("sigmoid_cross_entropy:label_smoothing=[1]", "label_smoothing must be a real number, not list"),
        ("huber:dleta=1", "huber has no keyword 'dleta' (it has: delta)"),
        ("huber:delta=1:delta=2", "delta is given twice, 1 and 2"),
        ("huber:delta=(1,2", "delta is '(1,2', which is not a number"),
        ("sigmoid_cross_entropy:label_smoothing=(1,)", "label_smoothing must be a real number, not tuple"),
        ("huber:delta=-1", "delta is -1.0; it must satisfy 0 < delta < inf"),
    ],
)
def test_losses(refused, loss, text):
    refused(text, "p.npy", "t.npy", "--loss", loss)


@pytest.mark.parametrize(
    ("loss", "own"),
    [
        ("quantile:alpha=.25", {"alpha": 0.25}),
        ("huber:delta=2.", {"delta": 2}),
        ("sigmoid_focal:alpha=None:gamma=1e0", {"alpha": None, "gamma": 1}),
        ("sigmoid_focal:alpha=null", {"alpha": None}),
    ],
)
def test_numbers_as_they_are_written(loss, own):
    found, parameters = with_parameters(loss)
    assert (found.name, parameters) == (loss.split(":")[0], own)


def test_help_names_every_kind(capsys):
    with pytest.raises(SystemExit):
        __main__.main(["score", "--help"])
    printed = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert ".npy, .npz, .csv, .parquet" in printed
