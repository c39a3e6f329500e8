"""The engines as processes: started, asked, ended."""

import json
import os
import pathlib
import selectors
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".deps" / "venv" / "bin" / "python"
PEERS = ROOT / "Perf" / "peers"

COMMANDS = {
    "stoa": [ROOT / ".build" / "release" / "StoaBenchmarks"],
    "duckdb": [PYTHON, PEERS / "duckdb_worker.py"],
    "polars": [PYTHON, PEERS / "polars_worker.py"],
    "polars-streaming": [PYTHON, PEERS / "polars_worker.py", "streaming"],
    "pyarrow": [PYTHON, PEERS / "pyarrow_worker.py"],
    "numpy": [PYTHON, PEERS / "numpy_worker.py"],
    "pyspark": [PYTHON, PEERS / "pyspark_worker.py"],
}
# Starting an engine, loading 1e8 rows, and its slowest query.
PATIENCE_S = 900


class EngineFailed(Exception):
    """The engine ended, answered nothing in time, or said what went wrong."""


class Unsupported(Exception):
    """What the engine cannot do."""


class Engine:
    """A running engine. All methods wait for its answer."""

    def __init__(self, name, threads):
        command = COMMANDS[name]
        missing = [str(part) for part in command if isinstance(part, pathlib.Path) and not part.exists()]
        if missing:
            raise EngineFailed(f"{missing[0]} is not there")
        self.name = name
        cpus = sorted(os.sched_getaffinity(0))[:threads]

        def prepare():
            os.sched_setaffinity(0, cpus)
            # A query that needs more memory than there is costs its engine, and nothing else on the machine.
            pathlib.Path("/proc/self/oom_score_adj").write_text("1000")

        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, preexec_fn=prepare)
        self.buffer = b""
        try:
            self.version = self.ask(do="hello", threads=threads)["version"]
        except Exception:
            self.close()
            raise

    def ask(self, **request):
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise EngineFailed(f"{self.name} has ended") from None
        answer = json.loads(self.line())
        if "unsupported" in answer:
            raise Unsupported(answer["unsupported"])
        if "error" in answer:
            raise EngineFailed(answer["error"])
        return answer

    def line(self):
        end = time.monotonic() + PATIENCE_S
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.buffer:
                if not selector.select(max(0, end - time.monotonic())):
                    self.close()
                    raise EngineFailed(f"no answer within {PATIENCE_S} s")
                piece = os.read(self.process.stdout.fileno(), 1 << 20)
                if not piece:
                    self.process.wait()
                    raise EngineFailed(f"{self.name} ended with status {self.process.returncode}")
                self.buffer += piece
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def counters(self, query):
        """Hardware counters of one run."""
        names = {"instructions": "instructions", "cycles": "cycles", "cache-misses": "cache_misses"}
        perf = subprocess.Popen(
            ["perf", "stat", "-x,", "-e", ",".join(names), "-p", str(self.process.pid)],
            stderr=subprocess.PIPE, text=True)
        time.sleep(0.1)
        try:
            self.ask(do="run", query=query)
        finally:
            perf.send_signal(signal.SIGINT)
            _, text = perf.communicate()
        fields = [line.split(",") for line in text.splitlines()]
        return {names[line[2]]: int(line[0]) for line in fields if len(line) > 2 and line[0].isdigit()}

    @property
    def is_running(self):
        return self.process.poll() is None

    def close(self):
        if self.is_running:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
