"""Peak memory beside the peers'."""

from html import escape

from .markup import paragraph, section, title_of
from .results import ENGINES, STOA, grouped
from .tables import Html, Number, table


def memory_section(result):
    engines = [engine for engine in ENGINES if any(extra(result, entry, engine) is not None for entry in result.main)]
    parts = []
    for workload, entries in grouped(result.main, "workload").items():
        for variant, group in grouped(entries, "variant").items():
            lines = [
                [Html(f"<b>{escape(entry['query'])}</b>"), *(memory_cell(result, entry, engine) for engine in engines)]
                for entry in group if extra(result, entry, STOA) is not None
            ]
            if lines:
                opened = " open" if workload == "groupby" and not any("<details open" in part for part in parts) else ""
                parts.append(
                    f"<details{opened}><summary>{escape(title_of(workload))}, {escape(variant)}</summary>"
                    + table(["Question", *(ENGINES[engine] for engine in engines)], lines) + "</details>\n")
    if not parts:
        return section("memory", "Memory", paragraph("Peak memory was not measured.", "muted"))
    explained = "Peak resident megabytes of one execution, above what was resident before it with the data loaded."
    return section("memory", "Memory", paragraph(explained, "muted"), *parts)


def extra(result, entry, engine):
    """Megabytes of an execution above what was resident before it."""
    record = result.record(entry, engine)
    if not record or "peak_rss_mb" not in record:
        return None
    return max(0.0, record["peak_rss_mb"] - record["base_rss_mb"])


def memory_cell(result, entry, engine):
    megabytes = extra(result, entry, engine)
    if megabytes is None:
        return None
    return Number(f"{megabytes:,.0f}" if megabytes >= 10 else f"{megabytes:.1f}", "own" if engine == STOA else "")
