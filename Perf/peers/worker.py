"""What all peers share: the loop over requests, the clock, the memory, and the summary of a result.

The words are those of `Perf/suite/protocol.py`. A peer's script holds a subclass of `Engine` with its queries, and ends
with `serve(...)`; it imports its library only after `serve` was asked hello, because some libraries fix their number of
threads when they are imported.
"""

import gc
import json
import os
import sys
import time
import traceback


class Unsupported(Exception):
    """What the engine has no operation for; the message says why, and the report prints it."""


class Engine:
    """One library. A result is whatever `execute` leaves in the library's own memory, as columns."""

    name = ""
    version = ""

    def load(self, workload, variant, paths):
        """Makes the data ready and returns the bytes it takes in memory, 0 when the library does not say."""
        raise NotImplementedError

    def execute(self, query):
        """Runs the named query once and returns its result."""
        raise NotImplementedError

    def release(self, result):
        """Lets go of a result; not timed."""

    def table(self, result):
        """The result as an Arrow table, for the check of its answer."""
        return result

    def unload(self):
        """Lets go of what was loaded."""

    def processes(self):
        """The processes whose memory counts."""
        return [os.getpid()]


def query_of(queries, workload, query):
    """The entry of a script's table `{workload: {query: entry}}`."""
    entry = queries.get(workload, {}).get(query)
    if entry is None:
        raise Unsupported(f"no script for {workload} {query}")
    if isinstance(entry, Unsupported):
        raise entry
    return entry


def serve(start):
    """Answers requests from stdin until it ends; `start(threads)` makes the engine."""
    # Libraries that print must not print between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = Worker(start)
    for line in sys.stdin:
        print(json.dumps(worker.reply(line)), file=answers)


class Worker:
    def __init__(self, start):
        self.start = start
        self.engine = None

    def reply(self, line):
        try:
            request = json.loads(line)
            do = request.pop("do")
            known = [name[3:] for name in dir(self) if name.startswith("do_")]
            if do not in known:
                return {"error": f"no request '{do}'; there are {', '.join(known)}"}
            return getattr(self, "do_" + do)(**request)
        except Unsupported as reason:
            return {"unsupported": str(reason)}
        except Exception as problem:
            traceback.print_exc()
            return {"error": f"{type(problem).__name__}: {problem}"}

    def do_hello(self, threads):
        self.engine = self.start(threads)
        return {"engine": self.engine.name, "version": self.engine.version}

    def do_load(self, workload, variant, paths):
        self.do_unload()
        start = time.perf_counter()
        size = self.engine.load(workload, variant, paths)
        return {"ms": milliseconds(start), "bytes": size or 0}

    def do_run(self, query):
        start = time.perf_counter()
        result = self.engine.execute(query)
        taken = milliseconds(start)
        self.engine.release(result)
        return {"ms": taken}

    def do_answer(self, query):
        result = self.engine.execute(query)
        try:
            return summary(self.engine.table(result))
        finally:
            self.engine.release(result)

    def do_peak(self, query):
        processes = self.engine.processes()
        base = sum(memory_kb(process, "VmRSS") for process in processes)
        for process in processes:
            with open(f"/proc/{process}/clear_refs", "w") as reset:
                reset.write("5")
        result = self.engine.execute(query)
        peak = sum(memory_kb(process, "VmHWM") for process in processes)
        self.engine.release(result)
        return {"base_rss_mb": base * 1024 / 1e6, "peak_rss_mb": peak * 1024 / 1e6}

    def do_unload(self):
        self.engine.unload()
        gc.collect()
        return {}


def milliseconds(start):
    return (time.perf_counter() - start) * 1e3


def memory_kb(process, field):
    with open(f"/proc/{process}/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    raise RuntimeError(f"/proc/{process}/status has no {field}")


# ---- the check of an answer ------------------------------------------------------------------------------------------


def summary(table):
    """Number of rows, and what `protocol.py` asks of each column of an Arrow table."""
    return {"rows": table.num_rows, "columns": [column_summary(column) for column in table.columns]}


def column_summary(column):
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    kind = column.type
    if pa.types.is_decimal(kind) and kind.scale == 0:
        return whole_number_summary(column)

    entry = {"nulls": column.null_count, "nans": 0, "sum": 0, "min": None, "max": None}
    if pa.types.is_floating(kind):
        is_nan = pc.is_nan(column)
        entry["nans"] = pc.sum(is_nan).as_py() or 0
        column = pc.filter(column, pc.invert(is_nan))
    values = column.drop_null()
    if pa.types.is_boolean(kind):
        entry["sum"] = pc.sum(values).as_py() or 0
        return entry
    if len(values):
        least = pc.min_max(values).as_py()
        entry["min"], entry["max"] = least["min"], least["max"]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        entry["sum"] = pc.sum(pc.cast(pc.binary_length(values), pa.int64())).as_py() or 0
    elif pa.types.is_decimal(kind):
        entry["sum"] = pc.sum(values).as_py() if len(values) else 0
        entry |= {name: None if entry[name] is None else str(entry[name]) for name in ("sum", "min", "max")}
    elif pa.types.is_integer(kind):
        # Sums of 64-bit sums may not fit into 64 bits.
        entry["sum"] = int(pc.sum(values.cast(pa.decimal128(38, 0))).as_py() or 0)
    else:
        entry["sum"] = pc.sum(values).as_py() or 0.0
        entry |= {name: json_float(entry[name]) for name in ("sum", "min", "max")}
    return entry


def whole_number_summary(column):
    """Decimals without fraction are how engines return integers wider than 64 bits."""
    import pyarrow.compute as pc

    values = column.drop_null()
    limits = pc.min_max(values).as_py() if len(values) else {"min": None, "max": None}
    numbers = {name: None if limits[name] is None else int(limits[name]) for name in ("min", "max")}
    return {"nulls": column.null_count, "nans": 0, "sum": int(pc.sum(values).as_py() or 0)} | numbers


def json_float(value):
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    return value
