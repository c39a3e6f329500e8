#!/usr/bin/env python3
"""Measures Stoa and its peers on the same data and prints a table; `make bench` and `make perf` call it.

    .deps/venv/bin/python Perf/bench.py [--size 1e7] [--workloads groupby,tpch] [--only q1,q2] [--variants loaded]
                                        [--engines stoa,duckdb] [--rounds 9] [--threads 2] [--save]

With --save the records go to Perf/results/<machine>/<date>-<commit>.json. A run of a part replaces the same records of
that file and keeps the others, so that a full run can be taken in pieces.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from suite import comparisons, machine, table
from suite.engines import COMMANDS, ROOT, Engine, EngineFailed
from suite.measure import Options, measure
from suite.workloads import WORKLOADS


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    # Names of variants may hold a comma with a space behind it: 'loaded, K=10'.
    names = lambda text: [name for name in re.split(",(?! )", text) if name]
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--size", default="1e6", help="rows, or several: 1e5,1e6")
    parser.add_argument(
        "--threads", default=str(cores), help=f"threads of every engine, or several: 1,{cores}; 'fewer' means 1, 2, 4, ...")
    parser.add_argument("--workloads", type=names, default=[], help=", ".join(w.name for w in WORKLOADS))
    parser.add_argument("--variants", type=names, default=[], help="names of variants; those of the small run else")
    parser.add_argument("--only", type=names, default=[], help="names of workloads and of queries")
    parser.add_argument("--engines", type=names, default=[], help=", ".join(COMMANDS))
    parser.add_argument("--rounds", type=int, default=9, help="most rounds of a query")
    parser.add_argument("--seconds", type=float, default=0.5, help="what the rounds of a query should take")
    parser.add_argument("--no-peaks", action="store_true", help="leave out the peak memory")
    parser.add_argument("--full", action="store_true", help="all variants, not only those of the small run")
    parser.add_argument("--check", action="store_true", help="only compare the answers; fails when one is wrong")
    parser.add_argument("--stoa", type=pathlib.Path, help="the program StoaBenchmarks, where another build made it")
    parser.add_argument("--save", action="store_true", help="write the result file")
    options = parser.parse_args()
    if options.stoa:
        COMMANDS["stoa"] = [options.stoa.resolve()]
    workloads = {workload.name for workload in WORKLOADS}
    options.workloads += [name for name in options.only if name in workloads]
    options.only = [name for name in options.only if name not in workloads]
    known = {query.name for workload in WORKLOADS for query in workload.queries}
    for what, given, allowed in (
        ("workload", options.workloads, workloads), ("query", options.only, known), ("engine", options.engines, COMMANDS),
        ("variant", options.variants, {variant.name for workload in WORKLOADS for variant in workload.variants}),
    ):
        for name in given:
            if name not in allowed:
                parser.error(f"there is no {what} '{name}'; there are {', '.join(sorted(allowed))}")
    return options


def main():
    options = arguments()
    started = time.monotonic()
    result = Result(options.save)
    counters = not options.check and machine.has_counters()
    measured = None
    for size in [int(float(text)) for text in options.size.split(",")]:
        for threads in threads_of(options):
            measuring = Options(
                threads=threads, rounds=options.rounds, seconds_per_query=options.seconds, peaks=not options.no_peaks,
                counters=counters, only=tuple(options.only), check_only=options.check)
            for workload, variant in chosen(options):
                if workload is not measured and not options.check:
                    measured = workload
                    result.saw_bandwidth(read_bandwidth(result.value["machine"]["cores"]))
                measuring.fresh_peaks = options.full and workload.name == "groupby" and not variant.full_only
                records = measure(workload, variant, size, engines(options, variant), measuring)
                if records:
                    result.add(records)
                    if not options.check:
                        result.print(workload, variant, size, threads)
    if options.check:
        sys.exit(verdict(result.value["records"]))
    result.finish(time.monotonic() - started)


def verdict(records):
    """The exit status of a check: wrong answers and failures were named when they happened."""
    wrong = sum(record["answer_ok"] is False or "error" in record for record in records)
    compared = sum(record["answer_ok"] is not None for record in records)
    print(f"{compared} answers compared, {wrong} wrong or failed")
    return 1 if wrong or not compared else 0


def threads_of(options):
    """The numbers of threads; `fewer` is the powers of two below the number of cores, for the scaling curves."""
    cores = len(os.sched_getaffinity(0))
    if options.threads == "fewer":
        return [1 << bits for bits in range(cores.bit_length()) if 1 << bits < cores]
    return [min(cores, int(text)) for text in options.threads.split(",")]


def chosen(options):
    for workload in WORKLOADS:
        if options.workloads and workload.name not in options.workloads:
            continue
        if options.only and not any(query.name in options.only for query in workload.queries):
            continue
        for variant in workload.variants:
            if variant.name in options.variants if options.variants else options.full or not variant.full_only:
                yield workload, variant


def engines(options, variant):
    """All that take part; Spark only in the full run's first variants, because it needs minutes for a table."""
    if options.engines:
        return options.engines
    return [name for name in COMMANDS if name != "pyspark" or options.full and not variant.full_only]


def read_bandwidth(cores):
    try:
        engine = Engine("stoa", cores)
    except EngineFailed as reason:
        sys.exit(f"{reason}: run 'swift build -c release --product StoaBenchmarks'")
    try:
        return engine.ask(do="bandwidth")["gb_per_s"]
    finally:
        engine.close()


class Result:
    """The records of this run, and of earlier runs of the same day and commit when it is saved."""

    def __init__(self, saves):
        git = lambda *words: subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
        commit = git("rev-parse", "--short=9", "HEAD")
        self.value = {
            "machine": machine.describe() | {"read_gb_per_s": 0.0, "read_gb_per_s_seen": []},
            "date": datetime.date.today().isoformat(), "commit": commit,
            "dirty": bool(git(
                "status", "--porcelain", "--", "Sources", "Benchmarks", "Package.swift", "Perf/suite", "Perf/peers")),
            "seconds": 0, "engines": {}, "records": [], "comparisons": [], "scaling": [],
        }
        folder = ROOT / "Perf" / "results" / self.value["machine"]["name"]
        self.bandwidth = None
        self.path = folder / f"{self.value['date']}-{commit}.json" if saves else None
        if self.path and self.path.exists():
            earlier = json.loads(self.path.read_text())
            for name in ("read_gb_per_s", "read_gb_per_s_seen"):
                self.value["machine"][name] = earlier["machine"].get(name, self.value["machine"][name])
            self.value |= {name: earlier[name] for name in ("seconds", "engines", "records", "comparisons")}

    def saw_bandwidth(self, gb_per_s):
        """Taken before each workload, and what its times are compared with: what a virtual machine reads changes by half with
        its neighbours. The machine is said to read the median."""
        self.bandwidth = gb_per_s
        seen = self.value["machine"]["read_gb_per_s_seen"]
        seen.append(round(gb_per_s, 2))
        self.value["machine"]["read_gb_per_s"] = statistics.median(seen)
        print(f"\n{self.value['machine']['name']}: {gb_per_s:.1f} GB/s read bandwidth", flush=True)

    def add(self, records):
        identity = lambda record: comparisons.key(record) + (record["engine"],)
        replaced = {identity(record) for record in records}
        for record in records:
            if "gb_per_s" in record:
                record["read_gb_per_s"] = self.bandwidth
                record["bandwidth_share"] = record["gb_per_s"] / self.bandwidth
        self.value["records"] = [r for r in self.value["records"] if identity(r) not in replaced] + records
        self.value["engines"] |= {record["engine"]: record["version"] for record in records if record["version"]}
        self.value["comparisons"] = comparisons.comparisons(self.value["records"])
        self.value["scaling"] = comparisons.scaling(self.value["records"])
        self.save()

    def print(self, workload, variant, size, threads):
        mine = lambda entry: (entry["workload"], entry["variant"], entry["size"], entry["threads"]) == (
            workload.name, variant.name, size, threads)
        table.print_variant(
            [record for record in self.value["records"] if mine(record)],
            [entry for entry in self.value["comparisons"] if mine(entry)], workload)

    def save(self):
        if not self.path:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.path.with_suffix(".new")
        scratch.write_text(json.dumps(self.value, indent=1, sort_keys=True) + "\n")
        scratch.replace(self.path)

    def finish(self, seconds):
        self.value["seconds"] = round(self.value["seconds"] + seconds, 1)
        self.save()
        verdicts = [entry["met"] for entry in self.value["comparisons"] if entry["met"] is not None]
        print(f"\n{sum(verdicts)} of {len(verdicts)} targets met, {seconds:.0f} s")
        if self.path:
            print(f"written: {self.path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
