"""Arrays and columns in files, read some rows at a time: .npy, .npz, CSV and Parquet.

Every reader is a `Column`: its name for messages, what is known of its shape, and its rows in blocks. Memory does not grow
with the file. Rows are counted from 0, as in arrays.
"""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ._core.arrays import real_array
from ._core.domains import Array

READ_BYTES = 1 << 20  # of an array in an archive, or of a Parquet column, at a time
LINES = 4096  # of a CSV file at a time: text takes far more memory than the numbers in it


@dataclass(frozen=True)
class Column:
    """Numbers in a file: one for each row, or an array for each."""

    name: str
    rows: int | None  # None: known at the end
    shape: tuple[int, ...]  # of a row
    blocks: Callable[[int], Iterator[Array]]  # all rows, this many at a time


def opened(text: str, stack: ExitStack) -> Column:
    """The column that ``FILE``, or ``FILE:NAME``, means; files are closed with the stack."""
    path, names = split(text)
    return READERS[Path(path).suffix.lower()](path, names, stack)


def split(text: str) -> tuple[str, list[str]]:
    """The file, and the names in it: ``scores.csv:a,b`` are two. A colon earlier in the path is part of it."""
    path, _, names = text.rpartition(":")
    if Path(path).suffix.lower() in READERS and not Path(text).exists():
        return path, names.split(",")
    if Path(text).suffix.lower() not in READERS:
        raise ValueError(f"{text} is none of {', '.join(READERS)}")
    return text, []


def rechunked(arrays: Iterator[Array], rows: int) -> Iterator[Array]:
    """The same rows, `rows` at a time; the last array may be shorter."""
    held: list[Array] = []
    count = 0
    for array in arrays:
        while count + len(array) >= rows:
            held.append(array[: rows - count])
            array = array[rows - count :]
            yield np.concatenate(held) if len(held) > 1 else held[0]
            held, count = [], 0
        held.append(array)
        count += len(array)
    if count:
        yield np.concatenate(held)


def chosen(path: str, names: Sequence[str], present: Sequence[str], kind: str) -> list[str]:
    """The names asked for; the only one there is if none were."""
    if ",".join(names) in present:
        names = [",".join(names)]
    for name in names:
        if present.count(name) != 1:
            number = "more than one" if name in present else "no"
            raise ValueError(f"{path} has {number} {kind} {name!r}; there are {', '.join(present)}")
    if not names and len(present) != 1:
        raise ValueError(f"{path} has the {kind}s {', '.join(present)}; choose with {path}:NAME")
    return list(names) or list(present)


def side_by_side(columns: list[Array]) -> Array:
    """One column as it is; several as the numbers of a row."""
    return columns[0] if len(columns) == 1 else np.column_stack(columns)


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Have the errors of other libraries name the file."""
    try:
        yield
    except (csv.Error, UnicodeDecodeError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise ValueError(f"{path}: {error}") from None  # RuntimeError: an archive's password, or way of packing


# ---- NumPy's ---------------------------------------------------------------------------------------------------------


def numpy_array(path: str, names: Sequence[str], stack: ExitStack) -> Column:
    """An array on its own, mapped into memory."""
    if names:
        raise ValueError(f"{path} holds one array, which has no name {names[0]!r}")
    try:
        array = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: {error}") from None
    check_array(path, array.dtype, array.shape)

    def blocks(rows: int) -> Iterator[Array]:
        for start in range(0, len(array), rows):
            yield array[start : start + rows]

    return Column(path, len(array), array.shape[1:], blocks)


def check_array(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Refuse what has no rows of numbers."""
    try:
        real_array(name, np.empty(0, dtype))
    except TypeError as error:
        raise ValueError(str(error)) from None
    if not shape:
        raise ValueError(f"{name} holds a single number; there must be rows")


def numpy_archive(path: str, names: Sequence[str], stack: ExitStack) -> Column:
    """An array among others, unpacked as it is read."""
    with naming(path):
        archive = stack.enter_context(zipfile.ZipFile(path))
    present = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    asked = ",".join(names)
    if asked and asked not in present and asked in archive.namelist():
        raise ValueError(f"{path}:{asked} is no array: its name in the archive does not end in .npy")
    if not present:
        raise ValueError(f"{path} holds no array")
    member = chosen(path, [asked] if names else [], present, "array")[0]
    name = f"{path}:{member}"
    with naming(name), archive.open(f"{member}.npy") as stream:
        shape, fortran, dtype = header(stream, name)
    check_array(name, dtype, shape)
    if fortran and len(shape) > 1:
        raise ValueError(f"{name} is in Fortran order, whose rows cannot be read in turn; save it in C order")

    def pieces() -> Iterator[Array]:
        row = int(np.prod(shape[1:])) * dtype.itemsize
        step = max(1, READ_BYTES // max(1, row))
        with naming(name), archive.open(f"{member}.npy") as stream:
            header(stream, name)
            for start in range(0, shape[0], step):
                rows = min(step, shape[0] - start)
                data = stream.read(rows * row)
                if len(data) < rows * row:
                    raise ValueError(f"{name} ends early, in row {start + len(data) // row} of {shape[0]}")
                yield np.frombuffer(data, dtype).reshape(rows, *shape[1:])

    return Column(name, shape[0], shape[1:], lambda rows: rechunked(pieces(), rows))


def header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and dtype of the array that follows in the stream."""
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return read(stream)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


# ---- tables ----------------------------------------------------------------------------------------------------------


def csv_table(path: str, names: Sequence[str], stack: ExitStack) -> Column:
    """Columns of a CSV file with a line of names."""
    with naming(path), open(path, newline="", encoding="utf-8-sig") as file:
        present = next(csv.reader(file), None)
    if present is None:
        raise ValueError(f"{path} is empty; there must be a line of column names")
    names = chosen(path, names, present, "column")
    places = [present.index(name) for name in names]

    def pieces() -> Iterator[Array]:
        with naming(path), open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            next(reader)
            taken: list[list[str]] = []
            lines: list[int] = []
            start = 0
            for fields in reader:
                if not fields:  # an empty line
                    continue
                if len(fields) != len(present):
                    row = start + len(taken)
                    raise ValueError(
                        f"{path}, row {row} (line {reader.line_num}): "
                        f"there are {len(fields)} fields but {len(present)} columns"
                    )
                taken.append(fields)
                lines.append(reader.line_num)
                if len(taken) == LINES:
                    yield parsed(taken, lines, start)
                    start += LINES
                    taken, lines = [], []
            if taken:
                yield parsed(taken, lines, start)

    def parsed(taken: list[list[str]], lines: list[int], start: int) -> Array:
        return side_by_side(
            [
                numbers([fields[k] for fields in taken], name, lines, start)
                for name, k in zip(names, places, strict=True)
            ]
        )

    def numbers(fields: list[str], name: str, lines: list[int], start: int) -> Array:
        if is_plain("".join(fields)):
            for kind in (np.int64, np.float64):  # class ids are integers
                try:
                    return np.array(fields, kind)
                except (ValueError, OverflowError):
                    continue
        row = next(i for i, field in enumerate(fields) if not is_number(field))
        raise ValueError(
            f"{path}, row {start + row} (line {lines[row]}), column {name!r}: {fields[row]!r} is no number"
        )

    shape = () if len(names) == 1 else (len(names),)
    return Column(f"{path}:{','.join(names)}", None, shape, lambda rows: rechunked(pieces(), rows))


def is_number(field: str) -> bool:
    """Whether a field can be read as one."""
    try:
        float(field)
    except ValueError:
        return False
    return is_plain(field)


def is_plain(text: str) -> bool:
    """Whether it is free of what only Python reads as a number: 1_000, digits of other scripts."""
    return text.isascii() and "_" not in text


def parquet_table(path: str, names: Sequence[str], stack: ExitStack) -> Column:
    """Columns of a Parquet file."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ImportError(f"reading {path} needs pyarrow; install it with pip install 'fastloss[files]'") from None
    try:  # pre-buffering would keep all that has been read
        file = stack.enter_context(parquet.ParquetFile(path, pre_buffer=False, buffer_size=READ_BYTES))
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{path}: {error}") from None
    names = chosen(path, names, file.schema_arrow.names, "column")
    for name in names:
        kind = file.schema_arrow.field(name).type
        if not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind)):
            raise ValueError(f"column {name!r} of {path} holds {kind}; it must be real numbers")

    def pieces(rows: int) -> Iterator[Array]:
        start = 0
        for batch in file.iter_batches(batch_size=rows, columns=names, use_threads=False):
            yield side_by_side([numbers(batch.column(name), name, start) for name in names])
            start += batch.num_rows

    def numbers(column: Any, name: str, start: int) -> Array:
        if column.null_count:
            row = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
            raise ValueError(f"{path}, row {start + row}, column {name!r}: there is no number")
        array: Array = column.to_numpy(zero_copy_only=False)
        return array

    return Column(
        f"{path}:{','.join(names)}",
        file.metadata.num_rows,
        () if len(names) == 1 else (len(names),),
        lambda rows: rechunked(pieces(rows), rows),
    )


READERS: dict[str, Callable[[str, Sequence[str], ExitStack], Column]] = {
    ".npy": numpy_array,
    ".npz": numpy_archive,
    ".csv": csv_table,
    ".parquet": parquet_table,
}
