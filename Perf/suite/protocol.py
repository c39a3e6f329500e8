"""How the orchestrator and the engines talk, and what a result file holds.

ENGINES
Every engine is a worker process: it reads one JSON request per line from stdin and writes one JSON answer per line to
stdout, and ends when stdin ends. Nothing else goes to stdout; stderr passes through to the terminal. A worker is started
with its CPU affinity already cut down to the number of threads of the run, in the root folder of the repository:

    stoa                .build/release/StoaBenchmarks
    duckdb              .deps/venv/bin/python Perf/peers/duckdb_worker.py
    polars              .deps/venv/bin/python Perf/peers/polars_worker.py            (in-memory engine)
    polars-streaming    .deps/venv/bin/python Perf/peers/polars_worker.py streaming
    pyarrow             .deps/venv/bin/python Perf/peers/pyarrow_worker.py
    numpy               .deps/venv/bin/python Perf/peers/numpy_worker.py             (numexpr where it applies)
    pyspark             .deps/venv/bin/python Perf/peers/pyspark_worker.py

REQUESTS AND ANSWERS
    {"do": "hello", "threads": 2}
        -> {"engine": "duckdb", "version": "2.0.0"}
    {"do": "load", "workload": "groupby", "variant": "loaded", "paths": {"table": "/abs/x.parquet"}}
        -> {"ms": 812.0, "bytes": 400000000}    replaces what was loaded before; bytes: held in memory, 0 when unknown
    {"do": "run", "query": "q1"}
        -> {"ms": 7.31}             one execution, with its result materialised in the engine's memory as columns (not
                                    printed, not converted to Python objects); letting go of the result is not timed
    {"do": "answer", "query": "q1"}
        -> {"rows": 100, "columns": [{"sum": 30000.0, "nulls": 0, "nans": 0, "min": 1, "max": 5}, ...]}
    {"do": "peak", "query": "q1"}
        -> {"base_rss_mb": 412.0, "peak_rss_mb": 430.5}     VmRSS before; the high-water mark reset by writing 5 to
                                    /proc/self/clear_refs; one run; VmHWM after (MB of 1e6 bytes)
    {"do": "unload"}
        -> {}                       lets go of what was loaded, and gives the memory back as far as the engine can
    {"do": "bandwidth"}             Stoa's worker only: a plain streaming sum over all its cores, best of several (asked before each
                                    workload; the machine's figure is the best of the run)
        -> {"gb_per_s": 34.1}
    Any request: {"unsupported": "why"} for what the engine cannot do, {"error": "what happened"} for a failure. The
    worker goes on after both.

ANSWERS ARE CHECKED
One entry per column of the result, in the order in which `workloads.py` lists the result columns; names and the order of
rows do not matter. `nulls` and `nans` count missing values and NaN; sum, min and max are taken over the others:
    numbers             sum (float64 or better), min, max as JSON numbers; of no values: sum 0, min and max null
    exact decimals      sum, min and max as strings of digits, "37734107.00": compared exactly where the reference has
                        strings too, else as numbers
    text                sum is the total number of bytes in UTF-8; min and max are strings in byte order
    truth values        sum is how many are true; min and max null
The reference is DuckDB, else NumPy, else the first engine that answered. Numbers agree within 1e-9 of the larger of the
compared values and of the column's largest magnitude (`tolerance` of a query widens it, with the reason beside it).
Infinite values are written "inf" and "-inf" (strings), JSON has no others. An engine that disagrees is recorded with
`answer_ok: false` and shown as such.

RESULT FILES
`Perf/results/<machine>/<date>-<commit>.json`:
    {"machine": {"name", "cpu", "sockets", "cores", "memory_gb", "l2_kb", "l3_kb", "kernel", "read_gb_per_s"},
     "date": "2026-11-21", "commit": "797829b", "dirty": false, "seconds": how long the run took,
     "engines": {"duckdb": "2.0.0", ...},
     "records": [{"workload": "groupby", "query": "q1", "size": 10000000, "variant": "loaded", "engine": "duckdb",
                  "version": "2.0.0", "threads": 2, "rows": rows read, "median_ms", "min_ms", "rounds": 7,
                  "bytes": touched by one execution, "gb_per_s", "bandwidth_share", "ns_per_row_core", "peak_rss_mb",
                  "base_rss_mb", "result_bytes", "answer_ok": true|false|null, "answer_note": "", "alone": false,
                  "counters": {"instructions", "cycles", "cache_misses"} or absent}, ...],
     "comparisons": [{"workload", "query", "size", "variant", "threads", "stoa_ms", "best_peer", "best_peer_ms",
                      "ratio": best_peer_ms / stoa_ms, "target": {"ratio", "bandwidth", "ms", "of", "memory"}, "met": true|false|null,
                      "why": what was compared, in words}, ...],
     "scaling": [{"workload", "query", "variant", "threads", "engine", "rows": [100000, 1000000, ...],
                  "ns_per_row": [...], "growth_per_decade": [factors between neighbours], "linear": all at most 1.2}, ...]}
A record of an engine that could not take part has `unsupported` or `error` (text) and no times. `alone` says that the
engine was loaded and measured by itself, because the data of all engines together would not fit into memory; otherwise
the rounds of all engines were interleaved. `answer_ok` is null where nothing checks the answer, `met` where there is
no target or nothing to compare with; best_peer, best_peer_ms and ratio are absent without a peer.
The report is made by `.deps/venv/bin/python Perf/report.py RESULT.json`, which finds earlier results of the same machine
beside it and writes Perf/report.html.
"""
