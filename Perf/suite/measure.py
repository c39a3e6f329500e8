"""Takes the numbers: loads a variant into the engines, checks their answers, then times them in interleaved rounds."""

import dataclasses
import statistics
import sys

import pyarrow.parquet

from . import answers, data, machine
from .engines import Engine, EngineFailed, Unsupported
from .workloads import VALIDITY

# Above this a query is timed once.
SLOW_MS = 10_000

# A virtual machine never gives its memory back, so a new one for each query would tell the same after a minute more.
SLOW_TO_START = ("pyspark",)

# Whose answer the others are compared with, in this order.
REFERENCES = ("duckdb", "numpy")


@dataclasses.dataclass
class Options:
    threads: int
    # Most rounds of a query, and how many seconds its rounds should take in all.
    rounds: int = 9
    seconds_per_query: float = 2.0
    peaks: bool = True
    # Peaks are taken in a process that has loaded and done nothing else, so that no memory kept from before hides them.
    fresh_peaks: bool = False
    # Answers only, nothing is timed.
    check_only: bool = False
    counters: bool = False
    only: tuple = ()


def measure(workload, variant, size, engine_names, options):
    """The records of one variant of one workload at one size."""
    queries = [query for query in workload.queries if not options.only or query.name in options.only]
    paths = data.paths(variant.data, size)
    rows = data.row_count(variant.data, paths)
    names = [name for name in engine_names if name == "stoa" or name in workload.peers]
    alone = bytes_of(paths, workload) * 2.5 * len(names) > machine.available_bytes() * 0.6
    run = Run(workload, variant, size, rows, queries, paths, options, alone)
    for together in [[name] for name in names] if alone else [names]:
        run.of(together)
    if options.fresh_peaks and not options.check_only:
        run.fresh_peaks()
    run.check()
    return list(run.records.values())


def bytes_of(paths, workload):
    """What a table of the Parquet files needs in memory, about; files that stay files and generated rows need nothing."""
    if workload.name in ("scan", "stages", "rows"):
        return 0
    total = 0
    for path in paths.values():
        metadata = pyarrow.parquet.ParquetFile(path).metadata
        for name in metadata.schema.to_arrow_schema():
            total += metadata.num_rows * (16 if str(name.type) in ("string", "large_string", "string_view") else 8)
    return total


def result_bytes(answer):
    """What the result needs as columns: 8 bytes a number, text with 4 bytes of offset."""
    def column(checksum):
        is_text = isinstance(checksum["min"], str) and not answers.is_number(checksum["min"])
        return (checksum["sum"] + 4 * answer["rows"]) if is_text else 8 * answer["rows"]

    return sum(column(checksum) for checksum in answer["columns"])


class Run:
    """One variant: what was answered, what was measured."""

    def __init__(self, workload, variant, size, rows, queries, paths, options, alone):
        self.workload, self.variant, self.size, self.rows = workload, variant, size, rows
        self.queries, self.paths, self.options, self.alone = queries, paths, options, alone
        self.answers = {query.name: {} for query in queries}
        self.records = {}

    def of(self, names):
        """Loads and times these engines side by side."""
        engines = [engine for name in names if (engine := self.start(name))]
        try:
            for query in self.queries:
                self.time(query, engines)
                # Who did not survive the query is started again for the next one.
                engines = [engine if engine.is_running else self.start(engine.name) for engine in engines]
                engines = [engine for engine in engines if engine]
        finally:
            for engine in engines:
                engine.close()

    def fresh_peaks(self):
        """The peak memory of each query, in a process of its own."""
        for (query, name), record in self.records.items():
            if name in SLOW_TO_START or record.get("min_ms", SLOW_MS) >= SLOW_MS:
                continue
            if engine := self.start(name):
                try:
                    record.update(engine.ask(do="peak", query=query))
                except (Unsupported, EngineFailed) as reason:
                    print(f"{query}: {name}: no peak memory: {reason}", file=sys.stderr)
                finally:
                    engine.close()

    def start(self, name):
        """The engine with the data loaded; None, and a record for every query, when it cannot."""
        version, engine = "", None
        try:
            engine = Engine(name, self.options.threads)
            version = engine.version
            engine.ask(do="load", workload=self.workload.name, variant=self.variant.load, paths=self.paths)
            return engine
        except (Unsupported, EngineFailed) as reason:
            if engine:
                engine.close()
            print(f"{self.workload.name} {self.variant.name}: {name}: {reason}", file=sys.stderr)
            for query in self.queries:
                self.note(query, name, version, reason)
            return None

    def record(self, query, name, version):
        return self.records.setdefault((query.name, name), {
            "workload": self.workload.name, "query": query.name, "size": self.size, "variant": self.variant.name,
            "engine": name, "version": version, "threads": self.options.threads, "rows": self.rows,
            "alone": self.alone, "answer_ok": None, "answer_note": "",
        })

    def note(self, query, name, version, reason):
        kind = "unsupported" if isinstance(reason, Unsupported) else "error"
        self.record(query, name, version)[kind] = str(reason)

    def fail(self, query, engine, reason):
        self.note(query, engine.name, engine.version, reason)
        if isinstance(reason, EngineFailed):
            print(f"{self.workload.name} {self.variant.name} {query.name}: {engine.name}: {reason}", file=sys.stderr)

    def time(self, query, engines):
        """Answers first, then a warm-up, then rounds in which every engine runs once."""
        taking_part, times, allowed = [], {}, {}
        for engine in engines:
            try:
                answer = engine.ask(do="answer", query=query.name)
                self.answers[query.name][engine.name] = answer
                self.record(query, engine.name, engine.version)["result_bytes"] = result_bytes(answer)
                if self.options.check_only:
                    continue
                warm = engine.ask(do="run", query=query.name)["ms"]
            except (Unsupported, EngineFailed) as reason:
                self.fail(query, engine, reason)
                continue
            taking_part.append(engine)
            share = self.options.seconds_per_query * 1e3 / len(engines)
            if warm > SLOW_MS:
                # One time says enough; the answer before it was the warm-up.
                times[engine.name], allowed[engine.name] = [warm], 0
            else:
                times[engine.name] = []
                allowed[engine.name] = max(3, min(self.options.rounds, int(share / max(warm, 1e-3))))
        for number in range(self.options.rounds):
            for engine in list(taking_part):
                if number < allowed[engine.name]:
                    try:
                        times[engine.name].append(engine.ask(do="run", query=query.name)["ms"])
                    except (Unsupported, EngineFailed) as reason:
                        self.fail(query, engine, reason)
                        taking_part.remove(engine)
        for engine in taking_part:
            record = self.record(query, engine.name, engine.version)
            record.update(self.figures(query, times[engine.name]))
            try:
                in_place = not self.options.fresh_peaks or engine.name in SLOW_TO_START
                if self.options.peaks and in_place and min(times[engine.name]) < SLOW_MS:
                    record.update(engine.ask(do="peak", query=query.name))
                if self.options.counters:
                    record["counters"] = engine.counters(query.name)
            except (Unsupported, EngineFailed) as reason:
                print(f"{query.name}: {engine.name}: {reason}", file=sys.stderr)

    def figures(self, query, times):
        median = statistics.median(times)
        per_row = query.bytes_per_row + (query.columns * VALIDITY if self.variant.nulls else 0)
        touched = per_row * self.rows
        figures = {"median_ms": median, "min_ms": min(times), "rounds": len(times), "bytes": touched}
        if touched:
            figures["gb_per_s"] = touched / (median * 1e6)
            figures["ns_per_row_core"] = median * 1e6 * self.options.threads / self.rows
        return figures

    def check(self):
        """Compares all answers with the reference; who disagrees is told so."""
        for query in self.queries:
            given = self.answers[query.name]
            if len(given) < 2:
                continue
            reference = next((name for name in REFERENCES if name in given), next(iter(given)))
            for name, answer in given.items():
                record = self.records[query.name, name]
                found = None if name == reference else answers.difference(query, answer, given[reference])
                record["answer_ok"] = found is None
                if found:
                    record["answer_note"] = f"against {reference}: {found}"
                    print(
                        f"{self.workload.name} {self.variant.name} {query.name}: {name} answers otherwise than"
                        f" {reference}: {found}", file=sys.stderr)
            if not any(self.records[query.name, name]["answer_ok"] for name in given if name != reference):
                # Nobody agrees with the reference: it is the odd one, or all others are.
                self.records[query.name, reference]["answer_note"] = "no other engine agrees"
