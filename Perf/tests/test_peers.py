"""Every peer answers every query that it takes part in, as plain Python over the same few rows does."""

import importlib.util
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Perf"), str(ROOT / "Perf/tests")]

from plain_answers import fused_answers, group_answers, scalar_answers, skew_answers, tpch_answers  # noqa: E402
from plain_rows import arrow_table, fused_rows, group_rows, lineitem_rows, scalar_rows, skew_rows  # noqa: E402
from suite import answers, workloads  # noqa: E402

ENGINES = {
    "duckdb": ("duckdb", ["duckdb_worker.py"]),
    "polars": ("polars", ["polars_worker.py"]),
    "polars-streaming": ("polars", ["polars_worker.py", "streaming"]),
    "pyarrow": ("pyarrow", ["pyarrow_worker.py"]),
    "numpy": ("numexpr", ["numpy_worker.py"]),
    "pyspark": ("pyspark", ["pyspark_worker.py"]),
}


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
