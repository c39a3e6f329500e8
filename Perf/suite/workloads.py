"""What the suite measures: workloads, their variants and queries, the bytes a query has to touch, and the targets.

A workload is a set of queries over the same loaded data. A variant is one way of holding that data; `load` is the name
that engines see in the `load` request, `data` names the files (see data.py). The text of a query is in the script of each
engine; what it means, and the columns of its result, are here.
"""

from dataclasses import dataclass

# Bytes of a value, as an engine has to read it at least: text counts as a dictionary code of 4 bytes.
F64, I64, I32, TEXT, DATE = 8, 8, 4, 4, 4
# Decimal(15, 2) as 64-bit integers; engines that hold 128 bits touch more than they must.
MONEY = 8
VALIDITY = 0.125

ALL_PEERS = ("duckdb", "polars", "polars-streaming", "pyarrow", "numpy", "pyspark")
FRAMES = ("duckdb", "polars", "polars-streaming", "pyarrow", "pyspark")
# Spark takes part where the comparison was asked for, the group-by and the stages: its jobs take hundreds of ms.
LOCAL = ("duckdb", "polars", "polars-streaming", "pyarrow", "numpy")


@dataclass(frozen=True)
class Target:
    """What Stoa must reach: times faster than the best peer, share of read bandwidth, milliseconds, or a factor of another
    variant's time per row (`of`: variant and largest factor). A variant's target replaces parts of its queries', 0 takes
    one away."""

    ratio: float | None = None
    bandwidth: float | None = None
    ms: float | None = None
    of: tuple[str, float] | None = None
    # Memory on top of what was loaded: this times the bytes touched, plus the result (judged from 1e7 rows on, below the
    # allocator's own steps are larger).
    memory: float | None = None


@dataclass(frozen=True)
class Query:
    name: str
    means: str
    # The columns of the result, in order.
    result: str
    # Bytes per row of the table that one execution must touch, without validity, and the columns that can hold nulls.
    bytes_per_row: float = 0
    columns: int = 0
    target: Target = Target()
    # Relative to 1e-9; with the reason in `note`.
    tolerance: float = 1e-9
    note: str = ""
    # Some engines give 0 for the sum of no values, where others give null.
    empty_sum: bool = False
    # Statistics of too few values: some engines say null, others NaN.
    undefined: bool = False


@dataclass(frozen=True)
class Variant:
    name: str
    load: str
    data: str
    nulls: bool = False
    # Overrides the targets of the queries.
    target: Target | None = None
    # A variant that only the full run measures.
    full_only: bool = False


@dataclass(frozen=True)
class Workload:
    name: str
    means: str
    variants: tuple[Variant, ...]
    queries: tuple[Query, ...]
    peers: tuple[str, ...]
    # Whether the peers do the same work, so that times compare; answers always do.
    compares_times: bool = True
    # The names of the files in the load request, "table" where there is one.
    tables: tuple[str, ...] = ("table",)


# ---- 1. scalars ------------------------------------------------------------------------------------------------------
# Columns: f64, g64 float64 uniform (0, 100); i32 int32 uniform -1e6..1e6; i64 int64 uniform -2^38..2^38;
#          v1 int32 1..5, v2 int32 1..15. With nulls: the same values, each null with the given probability.

STREAM = Target(ratio=1.0, bandwidth=0.9)
WIDTH = {"f64": F64, "i32": I32, "i64": I64}
# About half of the rows pass.
HALF = {"f64": "f64 > 50.0", "i32": "i32 > 0", "i64": "i64 > 0"}


def scalar_queries():
    for column, width in WIDTH.items():
        one = dict(bytes_per_row=width, columns=1)
        yield Query(f"sum_{column}", f"sum({column})", "sum", target=STREAM, **one)
        yield Query(f"mean_{column}", f"mean({column})", "mean", target=STREAM, **one)
        yield Query(f"min_{column}", f"min({column})", "min", target=STREAM, **one)
        yield Query(f"max_{column}", f"max({column})", "max", target=STREAM, **one)
        yield Query(f"variance_{column}", f"sample variance of {column}", "variance", target=STREAM, **one)
        yield Query(f"filter_sum_{column}", f"sum({column}) where {HALF[column]}", "sum", target=STREAM, **one)
        yield Query(f"count_where_{column}", f"count of rows where {HALF[column]}", "count", target=STREAM, **one)
        yield Query(f"median_{column}", f"exact median of {column} (mean of the middle two)", "median",
                    target=Target(ratio=5.0), **one)
    yield Query("quantiles_f64", "exact quantiles 0.25, 0.5 and 0.99 of f64, linear interpolation", "q25, q50, q99",
                bytes_per_row=F64, columns=1, target=Target(ratio=5.0))
    yield Query("distinct_i32", "count of distinct values of i32 that are not null", "count", I32, 1, Target(ratio=1.0))
    yield Query("distinct_i64", "count of distinct values of i64 that are not null", "count", I64, 1, Target(ratio=1.0))
    yield Query("histogram_f64", "how many f64 in each of 100 equal bins of [0, 100), nulls left out", "bin (0..99), count",
                F64, 1, Target(ratio=1.0))
    yield Query("dot", "sum(f64 * g64), rows with a null in either left out", "dot", 2 * F64, 2, STREAM)
    yield Query("expression", "sum(f64 * v2 + v1), max(f64 * f64) where v2 < 8 and f64 > 10", "sum, max",
                F64 + 2 * I32, 3, Target(ratio=2.0, bandwidth=0.9))


SCALARS = Workload(
    "scalars", "one column, one number",
    (
        Variant("no nulls", "no nulls", "scalars"),
        Variant("10% nulls", "10% nulls", "scalars-nulls10", nulls=True, target=Target(of=("no nulls", 1.1))),
        Variant("50% nulls", "50% nulls", "scalars-nulls50", nulls=True, target=Target(of=("no nulls", 1.1))),
    ),
    tuple(scalar_queries()), LOCAL,
)

# ---- 2. group-by (db-benchmark) --------------------------------------------------------------------------------------
# Columns: id1, id2 text, K values; id3 text, N/K values; id4, id5 int32 1..K; id6 int32 1..N/K; v1 int32 1..5;
#          v2 int32 1..15; v3 float64 uniform (0, 100), 6 decimals.

GROUPS = (
    Query("q1", "sum v1 by id1", "id1, sum", TEXT + I32, 2, Target(ratio=3.0), empty_sum=True),
    Query("q2", "sum v1 by id1, id2", "id1, id2, sum", 2 * TEXT + I32, 3, Target(ratio=3.0), empty_sum=True),
    Query("q3", "sum v1, mean v3 by id3", "id3, sum, mean", TEXT + I32 + F64, 3, Target(ratio=2.5), empty_sum=True),
    Query("q4", "mean v1, v2, v3 by id4", "id4, mean, mean, mean", 3 * I32 + F64, 4, Target(ratio=3.0)),
    Query("q5", "sum v1, v2, v3 by id6", "id6, sum, sum, sum", 3 * I32 + F64, 4, Target(ratio=2.5), empty_sum=True),
    Query("q6", "median v3, sample standard deviation v3 by id4, id5", "id4, id5, median, sd", 2 * I32 + F64, 3,
          Target(ratio=2.0), undefined=True),
    Query("q7", "max v1 - min v2 by id3", "id3, difference", TEXT + 2 * I32, 3, Target(ratio=2.5)),
    Query("q8", "the two largest v3 by id6, one row each", "id6, v3", I32 + F64, 2, Target(ratio=2.5),
          note="null v3 are left out"),
    Query("q9", "square of the correlation of v1 and v2 by id2, id4", "id2, id4, r2", TEXT + 3 * I32, 4,
          Target(ratio=3.0), undefined=True, tolerance=1e-7,
          note="formulas by raw moments lose digits where r2 is close to 0"),
    Query("q10", "sum v3, count of rows by id1, id2, id3, id4, id5, id6", "id1..id6, sum, count",
          3 * TEXT + 3 * I32 + F64, 7, Target(ratio=1.5), empty_sum=True, note="Polars sums no values to 0"),
)

# 1.5 times the input columns in all, of which a loaded table has once already.
LOADED, END_TO_END = Target(memory=0.5), Target(ratio=1.5, memory=1.5)
GROUPBY = Workload(
    "groupby", "db-benchmark's ten questions",
    (
        Variant("loaded", "loaded", "groupby-k100", target=LOADED),
        Variant("encoded", "encoded", "groupby-k100"),
        Variant("parquet", "parquet", "groupby-k100", target=END_TO_END),
        Variant("loaded, K=10", "loaded", "groupby-k10", full_only=True),
        Variant("encoded, K=10", "encoded", "groupby-k10", full_only=True),
        Variant("parquet, K=10", "parquet", "groupby-k10", target=END_TO_END, full_only=True),
        Variant("loaded, K=2", "loaded", "groupby-k2", full_only=True),
        Variant("encoded, K=2", "encoded", "groupby-k2", full_only=True),
        Variant("parquet, K=2", "parquet", "groupby-k2", target=END_TO_END, full_only=True),
        Variant("loaded, sorted", "loaded", "groupby-sorted", full_only=True),
        Variant("encoded, sorted", "encoded", "groupby-sorted", full_only=True),
        Variant("parquet, sorted", "parquet", "groupby-sorted", target=END_TO_END, full_only=True),
        Variant("loaded, 5% nulls", "loaded", "groupby-nulls5", nulls=True, full_only=True),
        Variant("encoded, 5% nulls", "encoded", "groupby-nulls5", nulls=True, full_only=True),
        Variant("parquet, 5% nulls", "parquet", "groupby-nulls5", nulls=True, target=END_TO_END, full_only=True),
    ),
    GROUPS, FRAMES,
)

# ---- 3. fused expressions --------------------------------------------------------------------------------------------
# Columns: a, b, c float64 uniform (0.5, 2). The first of each pair makes a column of float64, the second its sum.


def fused_queries():
    for name, text, columns in (
        ("axpy", "a * b + c", 3),
        ("norm", "sqrt(a * a + b * b)", 2),
        ("sinexp", "sin(a) * exp(b)", 2),
        ("polynomial", "((((0.5 * a + 1.5) * a - 0.25) * a + 3.0) * a - 2.0) * b + c", 3),
    ):
        yield Query(name, text, "value", (columns + 1) * F64, columns, Target(ratio=1.0))
        yield Query(f"{name}_sum", f"sum({text})", "sum", columns * F64, columns, Target(ratio=1.0))


FUSED = Workload("fused", "expressions over float64 columns, numexpr's territory",
                 (Variant("loaded", "loaded", "fused"),), tuple(fused_queries()), LOCAL)

# ---- 4. TPC-H --------------------------------------------------------------------------------------------------------
# lineitem of tpchgen-cli: decimal(15, 2), dates, text. A size of 1e7 is scale factor 1, which has 6,001,215 rows. Loaded are
# the seven columns that the questions read.

TPCH = Workload(
    "tpch", "TPC-H questions 1 and 6 with their official parameters (delta 90 days; 1994, 0.06, 24)",
    (
        Variant("loaded", "loaded", "tpch"),
        Variant("parquet", "parquet", "tpch", target=Target(ratio=1.5, bandwidth=0)),
    ),
    (
        Query("q1", "pricing summary", "l_returnflag, l_linestatus, sum_qty, sum_base_price, sum_disc_price, sum_charge,"
              " avg_qty, avg_price, avg_disc, count_order", 4 * MONEY + 2 + DATE, 7, Target(ratio=2.0)),
        Query("q6", "forecasting revenue change", "revenue", 3 * MONEY + DATE, 4, Target(ratio=2.0, bandwidth=0.9)),
    ),
    ("duckdb", "polars", "polars-streaming", "pyarrow"), tables=("lineitem",),
)

# ---- 5. scan ---------------------------------------------------------------------------------------------------------
# The group-by table as CSV and as Parquet; loading does nothing but remember the paths.

SCAN = Workload(
    "scan", "files to columns in memory",
    (Variant("files", "files", "scan"),),
    (
        Query("csv", "CSV, header and types inferred, all nine columns", "id1..id6, v1, v2, v3", target=Target(ratio=1.0)),
        Query("parquet", "Parquet, all nine columns", "id1..id6, v1, v2, v3", target=Target(ratio=1.0)),
        Query("parquet_two", "Parquet, columns id4 and v3", "id4, v3", target=Target(ratio=1.0)),
    ),
    ("duckdb", "polars", "polars-streaming", "pyarrow"), tables=("csv", "parquet"),
)

# ---- 6. stage overhead -----------------------------------------------------------------------------------------------
# No data. `ms` is the time of one job; the result of a job is the number of tasks that ran.

STAGES = Workload(
    "stages", "what a job costs beside its work",
    (Variant("no data", "no data", "none"),),
    (
        Query("empty_job", "a job of one stage with one task that does nothing, planned before", "count",
              target=Target(ms=0.010)),
        Query("planned_job", "the count of a table of one row in memory, planning included", "count",
              target=Target(ratio=1.0)),
        Query("tasks_1000", "a stage of 1,000 tasks of one row each", "count", target=Target(ms=1.0)),
        Query("tasks_100000", "a stage of 100,000 tasks of one row each", "count", target=Target(ms=100.0)),
        Query("first_result", "start of the program to its first result, the count of a file of ten rows", "count",
              target=Target(ratio=1.0)),
    ),
    ("pyspark",), tables=("csv",),
)

# ---- 7. skew ---------------------------------------------------------------------------------------------------------
# Columns: key (int64, float64 or text) and v float64 uniform (0, 100). `of` compares with the uniform case of its type.

SKEW = Workload(
    "skew", "the same group-by over keys that are not nice: sum v, count of rows by key",
    (
        Variant("int uniform", "loaded", "skew-int-uniform"),
        Variant("int zipf", "loaded", "skew-int-zipf", target=Target(of=("int uniform", 3.0))),
        Variant("int one group", "loaded", "skew-int-one", target=Target(of=("int uniform", 3.0))),
        Variant("int all distinct", "loaded", "skew-int-distinct", target=Target(of=("int uniform", 3.0))),
        Variant("float null and NaN", "loaded", "skew-float-nan", nulls=True, target=Target(of=("int uniform", 3.0))),
        Variant("text uniform", "loaded", "skew-text-uniform"),
        Variant("text zipf", "loaded", "skew-text-zipf", target=Target(of=("text uniform", 3.0))),
        Variant("text all distinct", "loaded", "skew-text-distinct", target=Target(of=("text uniform", 3.0))),
        Variant("text 0 to 1 MB", "loaded", "skew-text-long"),
    ),
    (Query("by_key", "sum v, count of rows by key", "key, sum, count", I64 + F64, 2, Target()),),
    ("duckdb", "polars", "polars-streaming", "pyarrow"),
)

# ---- 8. many rows ----------------------------------------------------------------------------------------------------
# 2^31 + 2^18 rows, whatever the size: row i has x = i % 2^18 (int32) and key = x % 1000 (int32). Made by the engine, as a
# table that shares memory or as a generated range: answers are compared, times have no target.

ROWS = Workload(
    "rows", "more rows than 32 bits count; the peer makes them as it reads them, so only the answers compare",
    (Variant("generated", "generated", "none", full_only=True),),
    (
        Query("count", "count of rows", "count"),
        Query("sum", "sum x", "sum"),
        Query("by_key", "sum x, count of rows by key", "key, sum, count"),
    ),
    ("duckdb",), compares_times=False, tables=("csv",),
)

# ---- 9. exchange -----------------------------------------------------------------------------------------------------
# The group-by table, held by executors of one thread each, as many as there are CPUs: in one process, or a process each.

EXCHANGE = Workload(
    "exchange", "rows that cross between executors: inside one process, and between processes",
    (
        Variant("embedded", "embedded", "groupby-k100"),
        Variant("processes", "processes", "groupby-k100", target=Target(of=("embedded", 1.1))),
    ),
    (
        Query("few_groups", "sum v1, mean v3 by id1", "id1, sum, mean", TEXT + I32 + F64, 3, empty_sum=True),
        Query("many_groups", "sum v1, v3 by id6", "id6, sum, sum", 2 * I32 + F64, 3, empty_sum=True),
        Query("text_groups", "sum v1, mean v3 by id3", "id3, sum, mean", TEXT + I32 + F64, 3, empty_sum=True),
        Query("join", "sum of v3 times the sum of v1 of the same id4 and id6, and count of rows, over all rows",
              "sum, count", 3 * I32 + F64, 4),
        Query("all_rows", "id4, id6, v1, v3 of all rows", "id4, id6, v1, v3", 3 * I32 + F64, 4),
    ),
    ("duckdb",), compares_times=False,
)

WORKLOADS = (SCALARS, GROUPBY, FUSED, TPCH, SCAN, STAGES, SKEW, ROWS, EXCHANGE)
