"""Records and comparisons as a table for people."""

import sys

from .engines import COMMANDS


def print_variant(records, comparisons, workload):
    """One workload in one variant: a line a query."""
    taking_part = {record["engine"] for record in records}
    engines = [name for name in COMMANDS if name in taking_part]
    first = records[0]
    print(f"\n{workload.name}, {first['variant']}: {workload.means};"
          f" {first['rows']:,} rows, {first['threads']} threads{', one engine at a time' if first['alone'] else ''}")
    entries = {entry["query"]: entry for entry in comparisons}
    lines = [["query", *[f"{name} ms" for name in engines], "GB/s", "share", "ns/row/core", "peak MB", "best peer",
              "ratio", "target", ""]]
    notes = {}
    for query in dict.fromkeys(record["query"] for record in records):
        by_engine = {record["engine"]: record for record in records if record["query"] == query}
        stoa, entry = by_engine.get("stoa", {}), entries.get(query, {})
        lines.append([
            query, *[cell(by_engine.get(name)) for name in engines], figure(stoa.get("gb_per_s"), 1),
            figure(stoa.get("bandwidth_share"), 2), figure(stoa.get("ns_per_row_core"), 2), peak(stoa),
            entry.get("best_peer", "-"), figure(entry.get("ratio"), 2), target_text(entry.get("target", {})),
            {True: "met", False: "missed", None: ""}[entry.get("met")],
        ])
        for record in by_engine.values():
            note = record["answer_note"] or record.get("error")
            if record["engine"] == "stoa":
                note = note or record.get("unsupported")
            if note:
                notes.setdefault(f"{record['engine']}: {note}", []).append(query)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(text.ljust(width) if column == 0 else text.rjust(width)
                        for column, (text, width) in enumerate(zip(line, widths))).rstrip())
    for note, queries in notes.items():
        print(f"  {', '.join(queries)}: {note}")
    sys.stdout.flush()


def cell(record):
    """Median milliseconds; ≠ marks a wrong answer."""
    if record is None or "unsupported" in record:
        return "-"
    if "median_ms" not in record:
        return "failed"
    return figure(record["median_ms"], 2 if record["median_ms"] < 100 else 0) + ("≠" if record["answer_ok"] is False else "")


def figure(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def peak(record):
    if "peak_rss_mb" not in record:
        return "-"
    return f"+{record['peak_rss_mb'] - record['base_rss_mb']:.0f}"


def target_text(target):
    parts = []
    if "ratio" in target:
        parts.append(f"{target['ratio']:g}x")
    if "bandwidth" in target:
        parts.append(f"{target['bandwidth']:g}B")
    if "ms" in target:
        parts.append(f"{target['ms']:g} ms")
    if "of" in target:
        parts.append(f"{target['of'][1]:g}x {target['of'][0]}")
    if "memory" in target:
        parts.append(f"{target['memory']:g}M")
    return " ".join(parts) or "-"
