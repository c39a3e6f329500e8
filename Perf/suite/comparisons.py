"""Stoa against the best peer of the same run, and against its target."""

import dataclasses
import math

from .workloads import WORKLOADS, Target


def target_of(query, variant):
    """The target of a query in a variant: the variant's own parts replace the query's, 0 takes a part away."""
    parts = dataclasses.asdict(query.target)
    for name, value in dataclasses.asdict(variant.target or Target()).items():
        if value is not None:
            parts[name] = value
    return {name: value for name, value in parts.items() if value}


def comparisons(records):
    """One entry for each query that Stoa was measured with."""
    workloads = {workload.name: workload for workload in WORKLOADS}
    stoa = {key(record): record for record in records if record["engine"] == "stoa" and "median_ms" in record}
    found = []
    for record in stoa.values():
        workload = workloads[record["workload"]]
        query = next(query for query in workload.queries if query.name == record["query"])
        variant = next(variant for variant in workload.variants if variant.name == record["variant"])
        peers = [
            peer for peer in records
            if workload.compares_times and peer["engine"] != "stoa" and key(peer) == key(record)
            and "median_ms" in peer and peer["answer_ok"]
        ]
        best = min(peers, key=lambda peer: peer["median_ms"], default=None)
        found.append(compare(record, best, target_of(query, variant), stoa))
    return found


def scaling(records):
    """How the time per row goes with the number of rows: one entry for each query, variant, engine and number of threads
    that was measured at several sizes. It should not grow by more than 20 % a decade."""
    curves = {}
    for record in records:
        if record.get("rows") and "median_ms" in record:
            curve = tuple(record[name] for name in ("workload", "query", "variant", "threads", "engine"))
            curves.setdefault(curve, {})[record["rows"]] = record["median_ms"] * 1e6 / record["rows"]
    found = []
    for (workload, query, variant, threads, engine), by_rows in sorted(curves.items()):
        if len(by_rows) < 2:
            continue
        rows = sorted(by_rows)
        # Steps are between neighbouring sizes, stretched or cut to a decade.
        steps = [
            (by_rows[large] / by_rows[small]) ** (1 / math.log10(large / small)) for small, large in zip(rows, rows[1:])]
        found.append({
            "workload": workload, "query": query, "variant": variant, "threads": threads, "engine": engine, "rows": rows,
            "ns_per_row": [by_rows[count] for count in rows], "growth_per_decade": steps, "linear": max(steps) <= 1.2})
    return found


def key(record):
    return tuple(record[name] for name in ("workload", "query", "size", "variant", "threads"))


def compare(record, best, target, stoa):
    entry = {name: record[name] for name in ("workload", "query", "size", "variant", "threads")}
    entry["stoa_ms"] = record["median_ms"]
    reasons, verdicts = [], []
    if record["answer_ok"] is False:
        reasons.append("the answer is not the reference's")
        verdicts.append(False)
    if best:
        entry |= {"best_peer": best["engine"], "best_peer_ms": best["median_ms"],
                  "ratio": best["median_ms"] / record["median_ms"]}
        reasons.append(f"{entry['ratio']:.2f} times as fast as {best['engine']}")
    if "ratio" in target and best:
        verdicts.append(entry["ratio"] >= target["ratio"])
    if "bandwidth" in target and "bandwidth_share" in record:
        verdicts.append(record["bandwidth_share"] >= target["bandwidth"])
        reasons.append(f"{record['bandwidth_share']:.2f} of read bandwidth")
    if "ms" in target:
        verdicts.append(record["median_ms"] <= target["ms"])
        reasons.append(f"{record['median_ms']:.4f} of {target['ms']} ms")
    if "of" in target:
        other, factor = target["of"]
        base = stoa.get(key(record | {"variant": other}))
        if base:
            per_row = (record["median_ms"] / max(1, record["rows"])) / (base["median_ms"] / max(1, base["rows"]))
            verdicts.append(per_row <= factor)
            reasons.append(f"{per_row:.2f} times '{other}' per row, {factor} allowed")
    if "memory" in target and "peak_rss_mb" in record and record["size"] >= 10_000_000:
        extra = record["peak_rss_mb"] - record["base_rss_mb"]
        allowed = (target["memory"] * record["bytes"] + record["result_bytes"]) / 1e6
        verdicts.append(extra <= allowed)
        reasons.append(f"{extra:.0f} MB on top of what was loaded, {allowed:.0f} allowed")
    # Without anything to compare with there is no verdict.
    entry |= {"target": target, "met": all(verdicts) if verdicts else None, "why": "; ".join(reasons)}
    return entry
