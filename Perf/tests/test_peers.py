"""Every peer answers every query that it takes part in, as plain Python over the same few rows does."""

import importlib.util
import json
import math
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import unittest
from datetime import date, timedelta
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Perf"))

from suite import answers, workloads  # noqa: E402

ENGINES = {
    "duckdb": ("duckdb", ["duckdb_worker.py"]),
    "polars": ("polars", ["polars_worker.py"]),
    "polars-streaming": ("polars", ["polars_worker.py", "streaming"]),
    "pyarrow": ("pyarrow", ["pyarrow_worker.py"]),
    "numpy": ("numexpr", ["numpy_worker.py"]),
    "pyspark": ("pyspark", ["pyspark_worker.py"]),
}
ROWS = 600


# ---- data ------------------------------------------------------------------------------------------------------------


def some(values, share, dice):
    """The values, each missing with the given probability."""
    return [None if dice.random() < share else value for value in values]


def scalar_rows(share):
    dice = random.Random(1)
    count = range(ROWS)
    columns = {
        "f64": [dice.uniform(0, 100) for _ in count],
        "g64": [dice.uniform(0, 100) for _ in count],
        "i32": [dice.randint(-300, 300) for _ in count],
        "i64": [dice.randint(-(2**40), 2**40) for _ in count],
        "v1": [dice.randint(1, 5) for _ in count],
        "v2": [dice.randint(1, 15) for _ in count],
    }
    return {name: some(values, share, dice) for name, values in columns.items()}


def group_rows(share):
    dice = random.Random(2)
    count = range(ROWS)
    columns = {
        "id1": [f"id{dice.randint(1, 4):03}" for _ in count],
        "id2": [f"id{dice.randint(1, 4):03}" for _ in count],
        "id3": [f"id{dice.randint(1, 60):010}" for _ in count],
        "id4": [dice.randint(1, 4) for _ in count],
        "id5": [dice.randint(1, 4) for _ in count],
        "id6": [dice.randint(1, 60) for _ in count],
        "v1": [dice.randint(1, 5) for _ in count],
        "v2": [dice.randint(1, 15) for _ in count],
        "v3": [round(dice.uniform(0, 100), 6) for _ in count],
    }
    columns = {name: some(values, share, dice) for name, values in columns.items()}
    if share:
        # A group of one row, of which no correlation and no deviation can be told.
        lonely = ("id099", "id099", "id0000000099", 99, 99, 99, 1, 2, 3.5)
        for values, value in zip(columns.values(), lonely):
            values.append(value)
    return columns


def fused_rows():
    dice = random.Random(3)
    return {name: [dice.uniform(0.5, 2) for _ in range(ROWS)] for name in "abc"}


def lineitem_rows():
    dice = random.Random(4)

    def money(low, high):
        return [Decimal(dice.randint(low, high)) / 100 for _ in range(ROWS)]

    return {
        "l_quantity": [Decimal(dice.randint(1, 50)) for _ in range(ROWS)],
        "l_extendedprice": money(90000, 10000000),
        "l_discount": money(0, 10),
        "l_tax": money(0, 8),
        "l_returnflag": [dice.choice("ANR") for _ in range(ROWS)],
        "l_linestatus": [dice.choice("FO") for _ in range(ROWS)],
        "l_shipdate": [date(1993, 6, 1) + timedelta(dice.randint(0, 2200)) for _ in range(ROWS)],
    }


def skew_rows():
    dice = random.Random(5)
    keys = [dice.choice([None, float("nan"), 0.0, -0.0, 1.5, 1e300]) for _ in range(ROWS)]
    return {"key": keys, "v": [dice.uniform(0, 100) for _ in range(ROWS)]}


def arrow_table(workload, rows):
    import pyarrow as pa

    types = {"f64": pa.float64(), "g64": pa.float64(), "v3": pa.float64(), "i64": pa.int64(), "i32": pa.int32()}
    types |= {name: pa.int32() for name in ("v1", "v2", "id4", "id5", "id6")}
    if workload == "tpch":
        money = ("l_quantity", "l_extendedprice", "l_discount", "l_tax")
        types = {name: pa.decimal128(15, 2) for name in money}
        types |= {name: pa.string_view() for name in ("l_returnflag", "l_linestatus")}
    return pa.table({name: pa.array(values, types.get(name), from_pandas=False) for name, values in rows.items()})


# ---- what is right ---------------------------------------------------------------------------------------------------


def quantile(values, q):
    """Linear interpolation at (n - 1) q."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * q
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def present(*columns):
    """The rows in which no column is missing."""
    return [row for row in zip(*columns) if None not in row]


def scalar_answers(rows):
    f64 = [value for value in rows["f64"] if value is not None]
    bins = {}
    for value in f64:
        bins[int(value)] = bins.get(int(value), 0) + 1
    kept = [(f, v1, v2) for f, v1, v2 in zip(rows["f64"], rows["v1"], rows["v2"]) if v2 and f and v2 < 8 and f > 10]
    answers = {
        "quantiles_f64": [[quantile(f64, q)] for q in (0.25, 0.5, 0.99)],
        "histogram_f64": [list(bins), list(bins.values())],
        "dot": [[math.fsum(f * g for f, g in present(rows["f64"], rows["g64"]))]],
        "expression": [[math.fsum(f * v2 + v1 for f, v1, v2 in kept if v1)], [max(f * f for f, _, _ in kept)]],
    }
    for name, least in (("f64", 50.0), ("i32", 0), ("i64", 0)):
        values = [value for value in rows[name] if value is not None]
        passed = [value for value in values if value > least]
        answers |= {
            f"sum_{name}": [[sum(values)]],
            f"mean_{name}": [[statistics.fmean(values)]],
            f"min_{name}": [[min(values)]],
            f"max_{name}": [[max(values)]],
            f"variance_{name}": [[statistics.variance(values)]],
            f"filter_sum_{name}": [[sum(passed)]],
            f"count_where_{name}": [[len(passed)]],
            f"median_{name}": [[statistics.median(values)]],
            f"distinct_{name}": [[len(set(values))]],
        }
    return answers


def grouped(keys, rows):
    """Key -> the row numbers that hold it."""
    groups = {}
    for at, key in enumerate(zip(*(rows[name] for name in keys))):
        groups.setdefault(key, []).append(at)
    return groups


def by(keys, rows, *reductions):
    """Columns of keys, then one column per reduction of the row numbers of each group."""
    groups = grouped(keys, rows)
    columns = [list(column) for column in zip(*groups)]
    return columns + [[reduce(members) for members in groups.values()] for reduce in reductions]


def group_answers(rows):
    def of(name, reduce):
        def reduction(members):
            values = [rows[name][at] for at in members if rows[name][at] is not None]
            return reduce(values) if values else None

        return reduction

    def deviation(values):
        return statistics.stdev(values) if len(values) > 1 else None

    def span(members):
        high, low = of("v1", max)(members), of("v2", min)(members)
        return None if None in (high, low) else high - low

    def squared_correlation(members):
        pairs = present([rows["v1"][at] for at in members], [rows["v2"][at] for at in members])
        if len(pairs) < 2 or len({x for x, _ in pairs}) < 2 or len({y for _, y in pairs}) < 2:
            return None
        return statistics.correlation(*zip(*pairs)) ** 2

    largest = [
        (key, value)
        for (key,), members in grouped(["id6"], rows).items()
        for value in sorted((rows["v3"][at] for at in members if rows["v3"][at] is not None), reverse=True)[:2]
    ]
    mean = statistics.fmean
    return {
        "q1": by(["id1"], rows, of("v1", sum)),
        "q2": by(["id1", "id2"], rows, of("v1", sum)),
        "q3": by(["id3"], rows, of("v1", sum), of("v3", mean)),
        "q4": by(["id4"], rows, of("v1", mean), of("v2", mean), of("v3", mean)),
        "q5": by(["id6"], rows, of("v1", sum), of("v2", sum), of("v3", sum)),
        "q6": by(["id4", "id5"], rows, of("v3", statistics.median), of("v3", deviation)),
        "q7": by(["id3"], rows, span),
        "q8": [list(column) for column in zip(*largest)],
        "q9": by(["id2", "id4"], rows, squared_correlation),
        "q10": by(["id1", "id2", "id3", "id4", "id5", "id6"], rows, of("v3", sum), len),
    }


def fused_answers(rows):
    formulas = {
        "axpy": lambda a, b, c: a * b + c,
        "norm": lambda a, b, c: math.sqrt(a * a + b * b),
        "sinexp": lambda a, b, c: math.sin(a) * math.exp(b),
        "polynomial": lambda a, b, c: ((((0.5 * a + 1.5) * a - 0.25) * a + 3.0) * a - 2.0) * b + c,
    }
    columns = {name: [formula(*row) for row in zip(*rows.values())] for name, formula in formulas.items()}
    return {name: [column] for name, column in columns.items()} | {
        f"{name}_sum": [[math.fsum(column)]] for name, column in columns.items()
    }


def tpch_answers(rows):
    lines = [dict(zip(rows, line)) for line in zip(*rows.values())]
    groups = {}
    for line in lines:
        if line["l_shipdate"] <= date(1998, 9, 2):
            groups.setdefault((line["l_returnflag"], line["l_linestatus"]), []).append(line)

    def column(reduce):
        return [reduce(group) for group in groups.values()]

    def total(value):
        return column(lambda group: sum(value(line) for line in group))

    def mean(name):
        return column(lambda group: float(sum(line[name] for line in group)) / len(group))

    def price(line):
        return line["l_extendedprice"] * (1 - line["l_discount"])

    revenue = sum(
        line["l_extendedprice"] * line["l_discount"]
        for line in lines
        if date(1994, 1, 1) <= line["l_shipdate"] < date(1995, 1, 1)
        and Decimal("0.05") <= line["l_discount"] <= Decimal("0.07") and line["l_quantity"] < 24
    )
    return {
        "q1": [
            *([list(keys) for keys in zip(*groups)]),
            total(lambda line: line["l_quantity"]), total(lambda line: line["l_extendedprice"]), total(price),
            total(lambda line: price(line) * (1 + line["l_tax"])),
            mean("l_quantity"), mean("l_extendedprice"), mean("l_discount"), column(len),
        ],
        "q6": [[revenue]],
    }


def skew_answers(rows):
    groups = {}
    for key, value in zip(rows["key"], rows["v"]):
        same = "nan" if key is not None and math.isnan(key) else key
        groups.setdefault(same, []).append(value)
    keys = [float("nan") if key == "nan" else key for key in groups]
    return {"by_key": [keys, [math.fsum(group) for group in groups.values()], [len(g) for g in groups.values()]]}


# ---- the comparison --------------------------------------------------------------------------------------------------


def summary(columns):
    """What `protocol.py` asks of an answer."""
    return {"rows": len(columns[0]), "columns": [column_summary(column) for column in columns]}


def column_summary(column):
    values = [value for value in column if value is not None and value == value]
    nans = sum(isinstance(value, float) and value != value for value in column)
    entry = {"nulls": len(column) - len(values) - nans, "nans": nans, "sum": 0, "min": None, "max": None}
    if values:
        entry |= {"sum": sum_of(values), "min": min(values), "max": max(values)}
    exact = values and isinstance(values[0], Decimal)
    return {name: str(value) if exact and isinstance(value, Decimal) else value for name, value in entry.items()}


def sum_of(values):
    if isinstance(values[0], str):
        return sum(len(value.encode()) for value in values)
    return math.fsum(values) if isinstance(values[0], float) else sum(values)


class PeersAnswer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import pyarrow.csv
        import pyarrow.parquet

        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        groups, holed, lineitem = group_rows(0), group_rows(0.05), lineitem_rows()
        columns = {
            "scalars": scalar_rows(0), "nulls": scalar_rows(0.5), "groupby": groups, "holed": holed,
            "fused": fused_rows(), "tpch": lineitem, "skew": skew_rows(),
        }
        for name, rows in columns.items():
            pyarrow.parquet.write_table(arrow_table(name, rows), folder / f"{name}.parquet", row_group_size=200)
        pyarrow.csv.write_csv(arrow_table("groupby", groups), folder / "groupby.csv")
        (folder / "ten.csv").write_text("x\n" + "1\n" * 10)

        def files(**names):
            return {name: str(folder / file) for name, file in names.items()}

        scanned = {"csv": list(groups.values()), "parquet": list(groups.values()),
                   "parquet_two": [groups["id4"], groups["v3"]]}
        stages = {"empty_job": [[1]], "first_result": [[10]]}
        # Workload, variant, files, and what is right.
        cls.cases = [
            ("scalars", "no nulls", files(table="scalars.parquet"), scalar_answers(columns["scalars"])),
            ("scalars", "50% nulls", files(table="nulls.parquet"), scalar_answers(columns["nulls"])),
            ("fused", "loaded", files(table="fused.parquet"), fused_answers(columns["fused"])),
            ("tpch", "loaded", files(lineitem="tpch.parquet"), tpch_answers(lineitem)),
            ("tpch", "parquet", files(lineitem="tpch.parquet"), tpch_answers(lineitem)),
            ("scan", "files", files(csv="groupby.csv", parquet="groupby.parquet"), scanned),
            ("skew", "loaded", files(table="skew.parquet"), skew_answers(columns["skew"])),
            ("stages", "no data", files(csv="ten.csv"), stages),
        ]
        for variant in ("loaded", "encoded", "parquet"):
            for name, rows in (("groupby", groups), ("holed", holed)):
                cls.cases.append(("groupby", variant, files(table=f"{name}.parquet"), group_answers(rows)))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def check_engine(self, name, cases=None):
        module, script = ENGINES[name]
        if importlib.util.find_spec(module) is None:
            self.skipTest(f"{module} is not installed")
        command = [sys.executable, str(ROOT / "Perf/peers" / script[0]), *script[1:]]
        queries = {workload.name: {query.name: query for query in workload.queries} for workload in workloads.WORKLOADS}
        takes_part = {workload.name for workload in workloads.WORKLOADS if name in workload.peers}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as process:

            def ask(**request):
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
                return json.loads(process.stdout.readline())

            self.assertEqual(ask(do="hello", threads=2)["engine"], name)
            checked = 0
            for workload, variant, paths, right in cases or self.cases:
                if workload not in takes_part:
                    continue
                loaded = ask(do="load", workload=workload, variant=variant, paths=paths)
                if "unsupported" in loaded:
                    continue
                self.assertIn("ms", loaded)
                for query, columns in right.items():
                    if query not in queries[workload]:
                        continue
                    with self.subTest(engine=name, workload=workload, variant=variant, query=query):
                        answer = ask(do="answer", query=query)
                        if "unsupported" in answer:
                            continue
                        self.assertNotIn("error", answer)
                        self.assertIsNone(answers.difference(queries[workload][query], answer, summary(columns)))
                        self.assertGreater(ask(do="run", query=query)["ms"], 0)
                        checked += 1
                memory = ask(do="peak", query=next(iter(right)))
                self.assertGreater(memory["peak_rss_mb"], 1)
            self.assertGreater(checked, 0)
            self.assertIn("error", ask(do="dance"))
            self.assertEqual(ask(do="unload"), {})
            process.stdin.close()
        self.assertEqual(process.returncode, 0)

    def test_duckdb(self):
        self.check_engine("duckdb")

    def test_polars(self):
        self.check_engine("polars")

    def test_polars_streaming(self):
        self.check_engine("polars-streaming")

    def test_pyarrow(self):
        self.check_engine("pyarrow")

    def test_numpy(self):
        self.check_engine("numpy")

    def test_pyspark(self):
        # Its jobs take hundreds of milliseconds, so it sees the data with most in it, and the smallest jobs.
        shown = (("groupby", "loaded", "holed.parquet"), ("stages", "no data", "ten.csv"))
        cases = [case for case in self.cases for workload, variant, file in shown
                 if case[:2] == (workload, variant) and next(iter(case[2].values())).endswith(file)]
        self.assertEqual(len(cases), 2)
        self.check_engine("pyspark", cases)


if __name__ == "__main__":
    unittest.main()
