"""The data of the benchmarks, generated under .deps/benchmarks: the same bytes for the same name and size on every machine.

A file is written under a temporary name and renamed when it is complete, so a run that was stopped leaves nothing that
looks like data. Rows are made in chunks, each from a generator of its own, so that 1e8 rows need little memory.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import pyarrow
import pyarrow.csv
import pyarrow.parquet

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".deps" / "benchmarks"
CHUNK = 4_000_000
TPCH_ROWS_PER_FACTOR = 6_000_000


def paths(data, size):
    """The files of a data set, by the names that the load request uses; made where they are missing."""
    if data == "none":
        return {"csv": str(made("ten-rows.csv", ten_rows))}
    if data == "tpch":
        return {"lineitem": str(made(f"lineitem-{size}.parquet", lambda path: lineitem(path, size)))}
    if data == "scan":
        parquet = made(f"groupby-k100-{size}.parquet", lambda path: groupby(path, size, "k100"))
        return {"csv": str(made(f"groupby-k100-{size}.csv", lambda path: as_csv(path, parquet))), "parquet": str(parquet)}
    kind, _, form = data.partition("-")
    make = {"scalars": scalars, "groupby": groupby, "fused": fused, "skew": skew}[kind]
    name = f"{data}.parquet" if form == "text-long" else f"{data}-{size}.parquet"
    return {"table": str(made(name, lambda path: make(path, size, form)))}


def row_count(data, paths):
    """How many rows a query reads."""
    if data == "none":
        return 0
    path = paths.get("table") or paths.get("lineitem") or paths.get("parquet")
    return pyarrow.parquet.ParquetFile(path).metadata.num_rows


def made(name, make):
    path = FOLDER / name
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        print(f"data: {path.relative_to(ROOT)}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(dir=FOLDER, prefix="new.") as folder:
            make(pathlib.Path(folder) / name)
            (pathlib.Path(folder) / name).rename(path)
    return path


def write_chunks(path, size, make_chunk, chunk=CHUNK):
    """`make_chunk(generator, first row, rows)` gives the columns of a chunk."""
    writer = None
    try:
        for number, start in enumerate(range(0, size, chunk)):
            rows = min(chunk, size - start)
            table = pyarrow.table(make_chunk(numpy.random.default_rng([108, number]), start, rows))
            writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
            writer.write_table(table, row_group_size=1 << 20)
    finally:
        if writer:
            writer.close()


# ---- scalars and expressions -----------------------------------------------------------------------------------------


def scalars(path, size, form):
    share = {"": 0, "nulls10": 0.1, "nulls50": 0.5}[form]

    def chunk(random, _, rows):
        columns = {
            "f64": random.uniform(0, 100, rows),
            "g64": random.uniform(0, 100, rows),
            "i32": random.integers(-1_000_000, 1_000_000, rows, dtype=numpy.int32),
            "i64": random.integers(-(1 << 38), 1 << 38, rows),
            "v1": random.integers(1, 6, rows, dtype=numpy.int32),
            "v2": random.integers(1, 16, rows, dtype=numpy.int32),
        }
        return {
            name: pyarrow.array(values, mask=random.random(rows) < share if share else None)
            for name, values in columns.items()
        }

    write_chunks(path, size, chunk)


def fused(path, size, _):
    write_chunks(path, size, lambda random, _, rows: {name: random.uniform(0.5, 2, rows) for name in "abc"})


# ---- db-benchmark ----------------------------------------------------------------------------------------------------


def texts(numbers, width, nulls=None):
    """`id%0<width>d` of numbers from 1 on; each text is made once."""
    low, high = int(numbers.min()), int(numbers.max())
    digits = numpy.char.zfill(numpy.arange(low, high + 1).astype(f"U{width}"), width)
    names = pyarrow.array(numpy.char.add("id", digits))
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array((numbers - low).astype(numpy.int32), mask=nulls), names).cast(
        pyarrow.string())


def groupby(path, size, form):
    keys = {"k100": 100, "k10": 10, "k2": 2, "sorted": 100, "nulls5": 100}[form]
    many = max(1, size // keys)
    if form == "sorted":
        return sorted_groupby(path, size, keys, many)
    missing = {}
    if form == "nulls5":
        # Whole key values are missing, 5 % of each key's; of the values 5 % of the cells.
        random = numpy.random.default_rng(5)
        for name, count in zip(("id1", "id2", "id3", "id4", "id5", "id6"), (keys, keys, many, keys, keys, many)):
            missing[name] = numpy.zeros(count + 1, dtype=bool)
            missing[name][random.choice(count, max(1, count // 20), replace=False) + 1] = True

    def chunk(random, _, rows):
        numbers = {
            name: random.integers(1, count + 1, rows, dtype=numpy.int32)
            for name, count in zip(("id1", "id2", "id3", "id4", "id5", "id6"), (keys, keys, many, keys, keys, many))
        }
        return groupby_columns(random, rows, numbers, missing)

    write_chunks(path, size, chunk)


def groupby_columns(random, rows, numbers, missing):
    columns = {}
    for name, values in numbers.items():
        nulls = missing[name][values] if missing else None
        if name in ("id1", "id2", "id3"):
            columns[name] = texts(values, 10 if name == "id3" else 3, nulls)
        else:
            columns[name] = pyarrow.array(values, mask=nulls)
    for name, values in (
        ("v1", random.integers(1, 6, rows, dtype=numpy.int32)),
        ("v2", random.integers(1, 16, rows, dtype=numpy.int32)),
        ("v3", numpy.round(random.uniform(0, 100, rows), 6)),
    ):
        columns[name] = pyarrow.array(values, mask=random.random(rows) < 0.05 if missing else None)
    return columns


def sorted_groupby(path, size, keys, many):
    """Sorted by id1 to id6: how many rows each id1 has is drawn first, then the rows of each are drawn and sorted."""
    counts = numpy.random.default_rng(108).multinomial(size, [1 / keys] * keys)
    writer = None
    try:
        for first, rows in enumerate(counts, 1):
            random = numpy.random.default_rng([108, first])
            numbers = {"id1": numpy.full(rows, first, dtype=numpy.int32)}
            for name, count in zip(("id2", "id3", "id4", "id5", "id6"), (keys, many, keys, keys, many)):
                numbers[name] = random.integers(1, count + 1, rows, dtype=numpy.int32)
            order = numpy.lexsort([numbers[name] for name in ("id6", "id5", "id4", "id3", "id2")])
            numbers = {name: values[order] for name, values in numbers.items()}
            table = pyarrow.table(groupby_columns(random, rows, numbers, {}))
            writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer:
            writer.close()


def as_csv(path, parquet):
    source = pyarrow.parquet.ParquetFile(parquet)
    options = pyarrow.csv.WriteOptions(quoting_style="none")
    with pyarrow.csv.CSVWriter(path, source.schema_arrow, write_options=options) as writer:
        for batch in source.iter_batches(1 << 20):
            writer.write_batch(batch)


# ---- skew ------------------------------------------------------------------------------------------------------------


def skew(path, size, form):
    kind, _, shape = form.partition("-")
    if form == "text-long":
        return long_texts(path)
    groups = max(1, size // 10)

    def keys(random, start, rows):
        if shape == "uniform":
            return random.integers(0, groups, rows)
        if shape == "zipf":
            # Log-uniform: the most frequent key has about 5 % of the rows, the tail is thin.
            return (groups ** random.random(rows)).astype(numpy.int64) - 1
        if shape == "one":
            return numpy.full(rows, 7)
        # An odd factor modulo a power of two meets every number once, in no order that a table could profit from.
        return (numpy.arange(start, start + rows, dtype=numpy.int64) * 0x9E3779B1) % (1 << 40)

    def chunk(random, start, rows):
        if kind == "float":
            values = random.integers(0, groups, rows).astype(numpy.float64) / 4
            values[random.random(rows) < 0.05] = numpy.nan
            key = pyarrow.array(values, mask=random.random(rows) < 0.05, from_pandas=False)
        elif kind == "text":
            numbers = keys(random, start, rows)
            digits = numpy.char.zfill(numbers.astype("U13"), 13)
            key = pyarrow.array(numpy.char.add("k", digits))
        else:
            key = pyarrow.array(keys(random, start, rows))
        return {"key": key, "v": random.uniform(0, 100, rows)}

    write_chunks(path, size, chunk, chunk=1_000_000)


def long_texts(path):
    """2,000 rows of 200 texts whose lengths go from 0 to 1 MB; texts of a length differ in their last bytes alone."""
    random = numpy.random.default_rng(108)
    lengths = numpy.linspace(0, 1, 100) ** 4 * 1_000_000
    names = ["x" * int(length) + end for length in lengths for end in ("", "y")]
    names[0] = ""
    picks = random.integers(0, len(names), 2_000)
    table = {"key": pyarrow.array([names[pick] for pick in picks]), "v": random.uniform(0, 100, len(picks))}
    pyarrow.parquet.write_table(pyarrow.table(table), path)


# ---- others ----------------------------------------------------------------------------------------------------------


def lineitem(path, size):
    """lineitem of TPC-H by tpchgen-cli; a size of 1e7 means scale factor 1, which has 6,001,215 rows."""
    factor = size / 1e7
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        program = ROOT / ".deps" / "venv" / "bin" / "tpchgen-cli"
        subprocess.run(
            [program, "parquet", "-s", f"{factor:g}", "--tables", "lineitem", "--output-dir", folder],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.move(pathlib.Path(folder) / "lineitem.parquet", path)


def ten_rows(path):
    path.write_text("x,y\n" + "".join(f"{row},{row / 4}\n" for row in range(10)))
