"""Arrays and columns in files, read some rows at a time: .npy, .npz, CSV and Parquet.

Every reader is a `Column`: its name for messages, what is known of its shape, and its rows in blocks. Memory does not grow
with the file. Rows are counted from 0, as in arrays.
"""

from __future__ import annotations

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

READ_BYTES = 1 << 20  # of an array in an archive, of a Parquet column or of a CSV file at a time
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)  # RuntimeError: a password, or way of packing


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
        raise ValueError(f"{text} is not one of {', '.join(READERS)}")
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
def naming(path: str, *errors: type[Exception]) -> Iterator[None]:
    """Have these errors of other libraries name the file."""
    try:
        yield
    except errors as error:
        raise ValueError(f"{path}: {error}") from None


# ---- NumPy's ---------------------------------------------------------------------------------------------------------


def numpy_array(path: str, names: Sequence[str], stack: ExitStack) -> Column:
    """An array on its own, mapped into memory."""
    if names:
        raise ValueError(f"{path} holds one array, which has no name {names[0]!r}")
    with naming(path, ValueError, EOFError):
        array = np.asarray(np.lib.format.open_memmap(path, mode="r"))
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
    with naming(path, *DAMAGE):
        archive = stack.enter_context(zipfile.ZipFile(path))
    present = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    asked = ",".join(names)
    if asked and asked not in present and asked in archive.namelist():
        raise ValueError(f"{path}:{asked} is not an array: its name in the archive does not end in .npy")
    if not present:
        raise ValueError(f"{path} holds no array")
    member = chosen(path, [asked] if names else [], present, "array")[0]
    name = f"{path}:{member}"
    with naming(name, *DAMAGE), archive.open(f"{member}.npy") as stream:
        shape, fortran, dtype = header(stream, name)
    check_array(name, dtype, shape)
    if fortran and len(shape) > 1:
        raise ValueError(
            f"{name} is in Fortran order, whose rows cannot be read one after the other; save it in C order"
        )

    def pieces() -> Iterator[Array]:
        row = int(np.prod(shape[1:])) * dtype.itemsize
        step = max(1, READ_BYTES // max(1, row))
        with naming(name, *DAMAGE), archive.open(f"{member}.npy") as stream:
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


# ---- tables, by pyarrow ----------------------------------------------------------------------------------------------


def csv_table(path: str, names: Sequence[str], stack: ExitStack) -> Column:
    """Columns of a CSV file with a line of names."""
    pyarrow = pyarrow_for(path)
    from pyarrow import compute, csv

    ragged: list[str] = []

    def note(row: Any) -> str:  # its number is pyarrow's, which counts from 1 and the line of names too
        ragged.append(f"row {row.number - 2}: there are {row.actual_columns} fields but {row.expected_columns} columns")
        return "error"

    @contextmanager
    def naming_rows() -> Iterator[None]:
        with naming(path, UnicodeDecodeError):
            try:
                yield
            except pyarrow.ArrowInvalid as error:
                raise ValueError(f"{path}, {ragged[0]}" if ragged else f"{path}: {error}") from None

    def reader(columns: Sequence[str]) -> Any:
        return csv.open_csv(
            path,
            csv.ReadOptions(use_threads=False, block_size=READ_BYTES),  # threads would not number the rows
            csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            # As text, for the type of the first block need not be that of the others.
            csv.ConvertOptions(include_columns=columns, column_types=dict.fromkeys(columns, pyarrow.string())),
        )

    def batches(rows: int) -> Iterator[Any]:
        with naming_rows(), reader(list(dict.fromkeys(names))) as file:
            yield from file

    def parsed(fields: Any) -> Any:
        text = compute.ascii_trim_whitespace(fields)
        try:
            numbers = text.cast(pyarrow.float64())
        except pyarrow.ArrowInvalid:
            return pyarrow.array(map(number, text), pyarrow.float64())
        try:
            text[:1].cast(pyarrow.int64())  # fails at once; all the fields would each have an error made
            return text.cast(pyarrow.int64())  # class ids are integers
        except pyarrow.ArrowInvalid:
            return numbers

    def number(field: Any) -> Any:
        try:
            return field.cast(pyarrow.float64()).as_py()
        except pyarrow.ArrowInvalid:
            return None

    with naming_rows(), reader([]) as file:
        present = file.schema.names
    names = chosen(path, names, present, "column")
    return table(path, names, None, batches, parsed)


def parquet_table(path: str, names: Sequence[str], stack: ExitStack) -> Column:
    """Columns of a Parquet file."""
    pyarrow = pyarrow_for(path)
    from pyarrow import parquet

    with naming(path, pyarrow.ArrowInvalid):  # pre-buffering would keep all that has been read
        file = stack.enter_context(parquet.ParquetFile(path, pre_buffer=False, buffer_size=READ_BYTES))
    names = chosen(path, names, file.schema_arrow.names, "column")
    for name in names:
        kind = file.schema_arrow.field(name).type
        if not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind) or pyarrow.types.is_boolean(kind)):
            raise ValueError(f"column {name!r} of {path} holds {kind}; it must be real numbers")

    def batches(rows: int) -> Iterator[Any]:
        with naming(path, pyarrow.ArrowInvalid, OSError):
            yield from file.iter_batches(batch_size=rows, columns=list(dict.fromkeys(names)), use_threads=False)

    return table(path, names, file.metadata.num_rows, batches, lambda column: column)


def pyarrow_for(path: str) -> Any:
    """The library, which need not be installed."""
    try:
        import pyarrow
    except ImportError:
        raise ImportError(f"reading {path} needs pyarrow; install it with pip install 'fastloss[files]'") from None
    return pyarrow


def table(
    path: str,
    names: Sequence[str],
    rows: int | None,
    batches: Callable[[int], Iterator[Any]],
    parsed: Callable[[Any], Any],
) -> Column:
    """The columns of these names in pyarrow's batches; `parsed` makes numbers of one, null where there is none."""

    def pieces(rows: int) -> Iterator[Array]:
        start = 0
        for batch in batches(rows):
            yield side_by_side([numbers(batch.column(name), name, start) for name in names])
            start += batch.num_rows

    def numbers(fields: Any, name: str, start: int) -> Array:
        column = parsed(fields)
        if column.null_count:
            row = column.is_null().index(True).as_py()
            field = fields[row].as_py()
            reason = "there is no number" if field is None else f"{field!r} is not a number"
            raise ValueError(f"{path}, row {start + row}, column {name!r}: {reason}")
        array: Array = column.to_numpy(zero_copy_only=False)
        return array

    shape = () if len(names) == 1 else (len(names),)
    return Column(f"{path}:{','.join(names)}", rows, shape, lambda rows: rechunked(pieces(rows), rows))


READERS: dict[str, Callable[[str, Sequence[str], ExitStack], Column]] = {
    ".npy": numpy_array,
    ".npz": numpy_archive,
    ".csv": csv_table,
    ".parquet": parquet_table,
}
