"""A result file as the report needs it: found, indexed, and compared with the one before."""

import functools
import json
import math
import pathlib
import subprocess

STOA = "stoa"
# In the order in which they are shown.
ENGINES = {
    "stoa": "Stoa",
    "duckdb": "DuckDB",
    "polars": "Polars, in-memory",
    "polars-streaming": "Polars, streaming",
    "pyarrow": "PyArrow",
    "numpy": "NumPy, numexpr",
    "pyspark": "PySpark",
}


def newest(folder):
    """The latest result under `Perf/results`, None when there is none."""
    return max(folder.glob("*/*.json"), key=age, default=None)


def age(path):
    """Sorts results: by their day, and by how many commits came before."""
    value = json.loads(path.read_text(encoding="utf-8"))
    return value["date"], commits_until(value["commit"])


@functools.cache
def commits_until(commit):
    """0 for a commit that this checkout does not have."""
    folder = pathlib.Path(__file__).resolve().parent
    words = ["git", "rev-list", "--count", commit, "--"]
    try:
        found = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    except OSError:
        return 0
    return int(found.stdout) if found.returncode == 0 else 0


class Result:
    def __init__(self, value, path=None):
        self.value, self.path = value, path
        self.machine, self.records = value["machine"], value["records"]
        self.comparisons = value["comparisons"]
        self.by_key = {(identity(record), record["engine"]): record for record in self.records}
        # Targets are for all threads, and for the size that most of them were measured at.
        self.threads = max((entry["threads"] for entry in self.comparisons), default=1)
        sizes = [entry["size"] for entry in self.comparisons if entry["threads"] == self.threads]
        self.size = max(set(sizes), key=lambda size: (sizes.count(size), size), default=0)

    @staticmethod
    def read(path):
        return Result(json.loads(path.read_text(encoding="utf-8")), path)

    def before(self):
        """The result of the same machine before this one."""
        mine = age(self.path)
        earlier = [path for path in self.path.parent.glob("*.json") if path != self.path and age(path) < mine]
        latest = max(earlier, key=age, default=None)
        return Result.read(latest) if latest else None

    def record(self, entry, engine):
        """What an engine did in the measurement that a comparison or record belongs to; None when nothing."""
        return self.by_key.get((identity(entry), engine))

    def times(self, entry):
        """Engine -> milliseconds, in the order of showing, of those that answered right or were not checked."""
        records = ((engine, self.record(entry, engine)) for engine in ENGINES)
        return {
            engine: record["median_ms"] for engine, record in records
            if record and "median_ms" in record and record["answer_ok"] is not False
        }

    @property
    def main(self):
        """The comparisons at the size and threads that the targets are for."""
        return self.at(self.size)

    def at(self, size):
        return [entry for entry in self.comparisons if entry["size"] == size and entry["threads"] == self.threads]

    @property
    def sizes(self):
        return sorted({entry["size"] for entry in self.comparisons if entry["threads"] == self.threads})


def identity(entry):
    return tuple(entry[name] for name in ("workload", "query", "size", "variant", "threads"))


def geometric_mean(values):
    values = [value for value in values if value > 0]
    return math.exp(math.fsum(math.log(value) for value in values) / len(values)) if values else None


def grouped(entries, name):
    """The entries by one of their fields, in the order of first appearance."""
    groups = {}
    for entry in entries:
        groups.setdefault(entry[name], []).append(entry)
    return groups
