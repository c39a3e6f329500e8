"""A workload: every question with its target, and its bars."""

from html import escape

from .bars import cards
from .markup import paragraph, ratio_cell, section, title_of
from .numbers import factor, in_words, significant
from .results import ENGINES, STOA, geometric_mean, grouped
from .tables import Html, Number, table

# So many cards of bars are shown without asking for them.
MANY = 12


def workload_section(result, name):
    from suite.workloads import WORKLOADS

    known = next((workload for workload in WORKLOADS if workload.name == name), None)
    means = {query.name: query.means for query in known.queries} if known else {}
    entries = [entry for entry in result.main if entry["workload"] == name]
    parts = [paragraph(escape(known.means), "muted")] if known else []
    for number, (variant, group) in enumerate(grouped(entries, "variant").items()):
        bars = cards(result, group, means)
        if len(group) > MANY:
            bars = f"<details><summary>Every engine, question by question</summary>\n{bars}</details>\n"
        inside = questions_table(result, group) + bars
        if number == 0:
            parts.append(f"<h3>{escape(variant)}</h3>\n{inside}")
        else:
            met = [entry["met"] for entry in group if entry["met"] is not None]
            ratio = geometric_mean([entry["ratio"] for entry in group if "ratio" in entry])
            note = (f": {factor(ratio)} times as fast as the best peer" if ratio else "") + (
                f", {sum(met)} of {len(met)} targets met" if met else "")
            parts.append(f"<details><summary>{escape(variant)}{note}</summary>\n{inside}</details>\n")
    for size in result.sizes:
        others = [entry for entry in result.at(size) if entry["workload"] == name] if size > result.size else []
        for variant, group in grouped(others, "variant").items():
            inside = questions_table(result, group)
            parts.append(
                f"<details><summary>{escape(variant)}, {in_words(size)} rows</summary>\n{inside}</details>\n")
    return section(name, title_of(name), *parts)


def questions_table(result, entries):
    return table(
        ["Question", "Stoa ms", "Best peer ms", "Times as fast", "", "Best peer", "Bandwidth", "ns/row/core", "Target"],
        [question(result, entry) for entry in entries],
    )


def question(result, entry):
    record = result.record(entry, STOA)
    peer_ms, ratio = entry.get("best_peer_ms"), entry.get("ratio")
    share, cost = record.get("bandwidth_share"), record.get("ns_per_row_core")
    return [
        Html(f"<b>{escape(entry['query'])}</b>"),
        Number(significant(entry["stoa_ms"]), "own"),
        Number(significant(peer_ms)) if peer_ms else None,
        ratio_cell(ratio),
        Html(verdict(entry["met"])) if entry["met"] is not None else None,
        Html(escape(ENGINES[entry["best_peer"]]), "quiet") if peer_ms else None,
        Html(meter(share)) if share is not None else None,
        Number(significant(cost), "quiet") if cost is not None else None,
        Html(escape(target_in_words(entry["target"])), "quiet") if entry["target"] else None,
    ]


def meter(share):
    return f'<span class="meter"><i style="width:{min(1.0, share) * 100:.0f}%"></i></span>{share * 100:.0f} %'


def verdict(met):
    return '<span class="met">met</span>' if met else '<span class="missed">missed</span>'


def target_in_words(target):
    parts = []
    if "ratio" in target:
        parts.append(f"{target['ratio']:g}×")
    if "bandwidth" in target:
        parts.append(f"{target['bandwidth'] * 100:g} % of bandwidth")
    if "ms" in target:
        parts.append(f"{target['ms']:g} ms")
    if "of" in target:
        parts.append(f"{target['of'][1]:g}× the time of {target['of'][0]}")
    if "memory" in target:
        parts.append(f"{target['memory']:g}× input + result in memory")
    return ", ".join(parts)
