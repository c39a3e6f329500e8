"""The report says what the result says: synthetic results in, words, numbers and charts out."""

import json
import pathlib
import random
import re
import sys
import tempfile
import unittest
from html.parser import HTMLParser

PERF = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PERF))

from reporting import charts, curves, numbers, order, page, tables  # noqa: E402
from reporting.notes import Notes  # noqa: E402
from reporting.results import ENGINES, Result, newest  # noqa: E402
from suite import comparisons, workloads  # noqa: E402

# How many times Stoa's time an engine takes.
PACE = {"stoa": 1, "duckdb": 3.5, "polars": 2.4, "polars-streaming": 2.1, "pyarrow": 8, "numpy": 5, "pyspark": 190}


def synthetic(date="2026-11-21", commit="aaaaaaaaa", speed=1.0, sizes=(100_000, 1_000_000, 10_000_000), seed=1):
    """A result of all workloads with made-up times: linear in rows, and q10 and the median lost to a peer."""
    dice = random.Random(seed)
    records = []
    for workload in workloads.WORKLOADS:
        usual = [variant for variant in workload.variants if not variant.full_only]
        for variant in usual or workload.variants:
            for query in workload.queries:
                cost = dice.uniform(0.3, 30)
                for size in sizes:
                    for threads in (1, 2):
                        records += measured(workload, variant, query, size, threads, cost / speed, dice)
    return {
        "machine": {"name": "made-up", "cpu": "Made-up 9000", "sockets": 1, "cores": 2, "memory_gb": 24, "l2_kb": 1024,
                    "l3_kb": 32768, "kernel": "6.1", "read_gb_per_s": 34.1},
        "date": date, "commit": commit, "dirty": False, "seconds": 5400.0,
        "engines": {name: "1.2.3" for name in ENGINES}, "records": records,
        "comparisons": comparisons.comparisons(records),
    }


def measured(workload, variant, query, size, threads, cost, dice):
    for name in ("stoa", *workload.peers):
        record = {
            "workload": workload.name, "query": query.name, "size": size, "variant": variant.name, "engine": name,
            "version": "1.2.3", "threads": threads, "rows": size, "answer_ok": True, "answer_note": "", "alone": False,
        }
        if name == "numpy" and variant.nulls:
            yield record | {"unsupported": "NumPy has no missing values", "answer_ok": None}
            continue
        pace = PACE[name] * dice.uniform(0.8, 1.25) if name != "stoa" else 1
        if name == "polars" and query.name in ("q10", "median_f64"):
            pace = 0.6
        ms = cost * size / 1e6 * pace / threads**0.8
        touched = query.bytes_per_row * size
        share = min(1.0, touched / (ms * 1e6) / 34.1) if touched else None
        yield record | {
            "median_ms": ms, "min_ms": ms * 0.95, "rounds": 7, "bytes": touched, "base_rss_mb": 500.0,
            "peak_rss_mb": 500.0 + touched / 1e6 * PACE[name] ** 0.5, "result_bytes": 8000,
            "ns_per_row_core": ms * 1e6 * threads / size,
        } | ({"bandwidth_share": share} if share is not None else {})


class Outline(HTMLParser):
    """Fails on tags that do not match and on identifiers given twice; keeps identifiers and links."""

    EMPTY = {"meta", "br", "line", "circle", "polyline"}

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links = [], set(), set()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if (name := attributes.get("id")) is not None:
            if name in self.ids:
                raise AssertionError(f"two elements are called {name}")
            self.ids.add(name)
        self.links.add(attributes.get("href"))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise AssertionError(f"</{tag}> at {self.getpos()} closes nothing")


class ReportTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.result = Result(synthetic())

    def page(self, result=None, before=None, notes=""):
        return page.render(result or self.result, before, Notes(notes))

    def test_page_is_whole_and_needs_nothing_beside_it(self):
        text = self.page()
        outline = Outline()
        outline.feed(text)
        self.assertEqual(outline.open, [])
        targets = {link[1:] for link in outline.links if link and link.startswith("#")}
        self.assertLessEqual(targets, outline.ids)
        self.assertGreaterEqual(targets, {workload.name for workload in workloads.WORKLOADS})
        self.assertIsNone(re.search(r'(src|href)="(?!#)|url\(|@import|<script', text))

    def test_cost_of_the_order_is_that_of_floats_over_integers(self):
        value = synthetic()
        for record in value["records"]:
            if record["engine"] == "stoa" and record["query"] in ("sum_f64", "mean_f64", "filter_sum_f64"):
                record["median_ms"] = 3.0
            if record["engine"] == "stoa" and record["query"] in ("sum_i64", "mean_i64", "filter_sum_i64"):
                record["median_ms"] = 2.0
        slow = order.order_section(Result(value))
        self.assertIn("take 1.50 times as long", slow)
        self.assertIn("more than 10 %", slow)
        for record in value["records"]:
            if record["query"].endswith("_i64") and record["engine"] == "stoa":
                record["median_ms"] = 3.0
        self.assertIn("no other order is offered", order.order_section(Result(value)))

    def test_main_size_is_the_one_with_the_targets(self):
        value = synthetic(sizes=(1_000_000, 10_000_000))
        extra = [r | {"size": 10**8, "rows": 10**8} for r in value["records"]
                 if r["workload"] == "tpch" and r["size"] == 10**7]
        value["comparisons"] = comparisons.comparisons(value["records"] + extra)
        result = Result(value | {"records": value["records"] + extra})
        self.assertEqual((result.size, result.threads), (10_000_000, 2))
        self.assertIn("100 million rows", self.page(result))

    def test_losses_are_named_with_their_reason(self):
        lost = [entry for entry in self.result.main if entry.get("ratio", 1) < 1]
        self.assertGreater(len(lost), 0)
        text = self.page(notes="## groupby q10\nIts <hash> table\nmisses.\n\n## groupby\nIn general.\n")
        section = text[text.index('id="losses"'):text.index('id="scalars"')]
        self.assertIn(f"A peer is faster in {len(lost)} of", section)
        self.assertIn("Its &lt;hash&gt; table misses.", section)
        self.assertIn("not explained yet", section)
        for entry in lost:
            self.assertIn(f">{numbers.significant(entry['best_peer_ms']).partition('.')[0]}<", section)

    def test_the_most_exact_note_is_shown(self):
        notes = Notes("intro\n\n## groupby\nall\n\n## groupby q1*\ntens\n\n## groupby q1 loaded, K=2\none\n")

        def of(query, variant):
            return notes.of({"workload": "groupby", "query": query, "variant": variant})

        self.assertEqual([of("q1", "loaded, K=2"), of("q10", "loaded"), of("q2", "x")], ["one", "tens", "all"])
        self.assertIsNone(notes.of({"workload": "scan", "query": "csv", "variant": "files"}))

    def test_wrong_answers_take_no_part(self):
        value = json.loads(json.dumps(synthetic(sizes=(1_000_000,))))
        spoiled = next(
            r for r in value["records"] if (r["engine"], r["query"], r["threads"]) == ("duckdb", "q1", 2))
        spoiled |= {"answer_ok": False, "answer_note": "against stoa: 3 rows, not 4"}
        result = Result(value)
        entry = next(e for e in result.main if e["query"] == "q1" and e["variant"] == spoiled["variant"])
        self.assertNotIn("duckdb", result.times(entry))
        self.assertIn("3 rows, not 4", self.page(result))

    def test_change_since_the_result_before(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder) / "made-up"
            folder.mkdir()
            for name, date, speed in (("a", "2026-11-19", 0.25), ("b", "2026-11-20", 0.5), ("c", "2026-11-21", 1)):
                value = synthetic(date, name * 9, speed, (1_000_000,))
                (folder / f"{date}-{name}.json").write_text(json.dumps(value))
            found = newest(folder.parent)
            self.assertEqual(found.name, "2026-11-21-c.json")
            result = Result.read(found)
            before = result.before()
            self.assertEqual(before.value["commit"], "bbbbbbbbb")
            text = self.page(result, before)
        self.assertIn("commit bbbbbbbbb", text)
        self.assertIn("2.00 times as fast in the geometric mean", text)
        self.assertIn("This is the first result of this machine", self.page())

    def test_costs_that_grow_with_rows_are_named(self):
        self.assertEqual(curves.bends([(1e5, 1.0), (1e6, 1.1), (1e7, 1.2)]), [])
        (low, high, growth), = curves.bends([(1e5, 1.0), (1e7, 2.0)])
        self.assertEqual((low, high), (1e5, 1e7))
        self.assertAlmostEqual(growth, 2**0.5)
        self.assertIn("at most 20 % per tenfold number of rows everywhere", self.page())

    def test_threads(self):
        gains = {threads: gain for workload, threads, gain in curves.thread_summary(self.result) if workload == "tpch"}
        self.assertAlmostEqual(gains[1], 1)
        self.assertAlmostEqual(gains[2], 2**0.8)

    def test_numbers(self):
        for value, text in ((0, "0"), (0.01234, "0.0123"), (1.005, "1.00"), (9.999, "10.0"), (12.34, "12.3"),
                            (999.6, "1,000"), (1234.5, "1,230"), (123456, "123,000")):
            self.assertEqual(numbers.significant(value), text)
        self.assertEqual([numbers.in_words(n) for n in (10, 100_000, 10_000_000, 6_001_215)],
                         ["10", "100 thousand", "10 million", "6.001 million"])

    def test_points_stand_below_each_other(self):
        text = tables.table(["ms"], [[tables.Number("1,230")], [tables.Number("0.0123")], [None]])
        self.assertEqual(re.findall(r'width:(\d+)ch">([^<]*)<', text), [("5", ""), ("5", ".0123")])

    def test_charts(self):
        with tempfile.TemporaryDirectory() as folder:
            drawn = charts.draw(self.result, pathlib.Path(folder))
            self.assertEqual([path.name for path in drawn], ["overview.png", "groupby.png", "tpch.png", "scan.png"])
            for path in drawn:
                self.assertEqual(path.read_bytes()[:4], b"\x89PNG")

    def test_a_result_without_stoa(self):
        value = synthetic(sizes=(1_000_000,))
        value["records"] = [record for record in value["records"] if record["engine"] != "stoa"]
        value["comparisons"] = []
        self.assertIn("No measurement of Stoa", self.page(Result(value)))


if __name__ == "__main__":
    unittest.main()
