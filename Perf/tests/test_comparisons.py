"""A target is met when all of its parts are, and never without something to compare with."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from suite.comparisons import comparisons, scaling, target_of
from suite.workloads import GROUPBY, SCALARS, TPCH


def record(engine, milliseconds, **changes):
    return {
        "workload": "scalars", "query": "sum_f64", "size": 10_000_000, "variant": "no nulls", "threads": 2,
        "rows": 10_000_000, "engine": engine, "median_ms": milliseconds, "answer_ok": True, "bandwidth_share": 0.95,
    } | changes


class ComparisonTests(unittest.TestCase):
    def test_best_peer_with_a_right_answer(self):
        found, = comparisons([
            record("stoa", 2.0), record("duckdb", 9.0), record("polars", 3.0),
            record("numpy", 1.0, answer_ok=False), record("pyarrow", 1.0, threads=1)])
        self.assertEqual((found["best_peer"], found["ratio"], found["met"]), ("polars", 1.5, True))

    def test_each_part_decides(self):
        for stoa, peer in (
            (record("stoa", 2.0), record("polars", 1.9)),
            (record("stoa", 2.0, bandwidth_share=0.89), record("polars", 3.0)),
            (record("stoa", 2.0, answer_ok=False), record("polars", 3.0)),
        ):
            self.assertIs(comparisons([stoa, peer])[0]["met"], False)
        self.assertEqual(comparisons([record("polars", 3.0)]), [])

    def test_without_a_peer_there_is_no_verdict(self):
        alone = record("stoa", 2.0, query="median_f64")
        self.assertIsNone(comparisons([alone])[0]["met"])
        self.assertIsNone(comparisons([alone, record("polars", 3.0, answer_ok=False, query="median_f64")])[0]["met"])

    def test_against_another_variant(self):
        base, peer = record("stoa", 10.0), record("polars", 30.0, variant="10% nulls")
        for milliseconds, met in ((10.9, True), (11.1, False)):
            nulls = record("stoa", milliseconds, variant="10% nulls")
            verdicts = {entry["variant"]: entry["met"] for entry in comparisons([base, nulls, peer])}
            self.assertIs(verdicts["10% nulls"], met)

    def test_scaling(self):
        sizes = {1_000_000: 1.0, 10_000_000: 11.9, 100_000_000: 110.0}
        records = [record("stoa", milliseconds, size=size, rows=size) for size, milliseconds in sizes.items()]
        found, = scaling(records + [record("duckdb", 1.0)])
        self.assertEqual(found["rows"], list(sizes))
        self.assertAlmostEqual(found["growth_per_decade"][0], 1.19)
        self.assertTrue(found["linear"])
        records[1]["median_ms"] = 12.1
        self.assertFalse(scaling(records)[0]["linear"])

    def test_memory(self):
        for extra, met in ((60, True), (75, False)):
            stoa = record("stoa", 1.0, workload="groupby", query="q1", variant="loaded", bytes=80e6, result_bytes=30e6,
                          base_rss_mb=500.0, peak_rss_mb=500.0 + extra)
            peer = record("duckdb", 30.0, workload="groupby", query="q1", variant="loaded")
            self.assertIs(comparisons([stoa, peer])[0]["met"], met)

    def test_a_variant_replaces_parts_of_the_target(self):
        def target(workload, query, variant):
            return target_of(
                next(item for item in workload.queries if item.name == query),
                next(item for item in workload.variants if item.name == variant))

        self.assertEqual(target(SCALARS, "sum_f64", "no nulls"), {"ratio": 1.0, "bandwidth": 0.9})
        self.assertEqual(target(SCALARS, "sum_f64", "10% nulls")["of"], ("no nulls", 1.1))
        self.assertEqual(target(GROUPBY, "q1", "parquet")["ratio"], 1.5)
        self.assertEqual(target(GROUPBY, "q1", "encoded")["ratio"], 3.0)
        self.assertEqual(target(TPCH, "q6", "parquet"), {"ratio": 1.5})
        self.assertEqual(target(TPCH, "q6", "loaded"), {"ratio": 2.0, "bandwidth": 0.9})


if __name__ == "__main__":
    unittest.main()
