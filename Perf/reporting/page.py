"""The page: its sections from the verdict down to how to repeat it."""

import pathlib
from html import escape

from . import curves
from .bars import cards
from .losses import losses
from .numbers import factor, in_words, significant
from .results import ENGINES, STOA, geometric_mean, grouped
from .tables import Html, Number, table

TITLES = {
    "scalars": "Scalars",
    "groupby": "Group-by",
    "fused": "Fused expressions",
    "tpch": "TPC-H",
    "scan": "Files to columns",
    "stages": "Stage overhead",
    "skew": "Skew",
}
# Below this a difference between two runs is noise on a machine that is shared.
CHANGE = 0.05
# So many cards of bars are shown without asking for them.
MANY = 12


def render(result, before, notes):
    style = (pathlib.Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    workloads = list(grouped(result.main, "workload"))
    links = [("#losses", "Where Stoa loses")] + [(f"#{name}", title_of(name)) for name in workloads]
    links += [("#rows", "Rows"), ("#threads", "Threads"), ("#memory", "Memory"), ("#change", "Change"), ("#method", "Method")]
    sections = [
        head(result, links),
        summary(result),
        losses(result, notes),
        *(workload_section(result, name) for name in workloads),
        rows_section(result),
        threads_section(result),
        memory_section(result),
        change_section(result, before),
        method_section(result),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Stoa measured, {escape(result.value['date'])}</title>\n<style>\n{style}</style></head>\n<body>\n"
        + "\n".join(sections) + "</body></html>\n"
    )


def title_of(workload):
    return TITLES.get(workload, workload)


def section(name, title, *parts):
    return f'<section id="{name}">\n<h2>{escape(title)}</h2>\n' + "".join(parts) + "</section>\n"


def paragraph(text, style=""):
    return f'<p class="{style}">{text}</p>\n'


# ---- the verdict -----------------------------------------------------------------------------------------------------


def head(result, links):
    machine = result.machine
    entries = result.main
    compared = [entry for entry in entries if "ratio" in entry]
    judged = [entry for entry in entries if entry["met"] is not None]
    lead = "No measurement of Stoa is in this result."
    if compared:
        ahead = sum(entry["ratio"] >= 1 for entry in compared)
        lead = (
            f"Stoa is as fast as the best peer or faster in {ahead} of {len(compared)} measurements, and"
            f" {factor(geometric_mean(entry['ratio'] for entry in compared))} times as fast as the best peer of each in the"
            f" geometric mean. It meets {sum(entry['met'] for entry in judged)} of {len(judged)} targets."
        )
    dirty = " with uncommitted changes" if result.value["dirty"] else ""
    where = (
        f"{in_words(result.size)} rows, {result.threads} threads, {escape(machine['cpu'])},"
        f" {significant(machine['read_gb_per_s'])} GB/s read bandwidth. {escape(result.value['date'])},"
        f" commit {escape(result.value['commit'])}{dirty}."
    )
    navigation = "".join(f'<a href="{target}">{escape(text)}</a> ' for target, text in links)
    return (
        f"<header><h1>Stoa beside what you would use instead</h1>\n{paragraph(lead, 'lead')}{paragraph(where, 'muted')}"
        f"<nav>{navigation}</nav></header>\n"
    )


def summary(result):
    """One line per workload and variant, and the mean against each peer."""
    peers = [engine for engine in ENGINES if engine != STOA and any(engine in result.times(e) for e in result.main)]
    lines = []
    for workload, entries in grouped(result.main, "workload").items():
        for number, (variant, group) in enumerate(grouped(entries, "variant").items()):
            ratios = [entry["ratio"] for entry in group if "ratio" in entry]
            judged = [entry["met"] for entry in group if entry["met"] is not None]
            times = [result.times(entry) for entry in group]
            against = [
                geometric_mean([t[peer] / t[STOA] for t in times if peer in t and STOA in t]) for peer in peers
            ]
            lines.append([
                Html(f'<a href="#{workload}">{escape(title_of(workload))}</a>' if number == 0 else ""), variant,
                ratio_cell(geometric_mean(ratios), "own"), ratio_cell(min(ratios, default=None)),
                verdicts(judged), *(ratio_cell(mean, "quiet") for mean in against),
            ])
    headings = ["Workload", "Variant", "Best peer", "Worst question", "Targets met"]
    return section(
        "summary", "Summary",
        paragraph(
            "Times as fast as the best peer of each question, in the geometric mean, and as each peer by itself;"
            " less than 1 is slower.", "muted"),
        table(headings + [(ENGINES[peer], "wide") for peer in peers], lines),
    )


def ratio_cell(value, style=""):
    return None if value is None else Number(factor(value), "bad" if value < 1 else style)


def verdicts(judged):
    if not judged:
        return None
    style = "" if all(judged) else "quiet"
    return Html(f"{sum(judged)} of {len(judged)}", f"n {style}")


# ---- workloads -------------------------------------------------------------------------------------------------------


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


# ---- scaling ---------------------------------------------------------------------------------------------------------


def rows_section(result):
    found = curves.row_scaling(result)
    if not found:
        return section("rows", "Scaling over rows", paragraph("Only one number of rows was measured.", "muted"))
    bent = [
        [f"{workload} {query}", variant, f"{in_words(low)} to {in_words(high)}", Number(factor(growth))]
        for workload, variant, query, engines in found for low, high, growth in curves.bends(engines[STOA])
    ]
    verdict = (
        paragraph("The time per row grows by more than 20 % per tenfold number of rows in these measurements:")
        + table(["Question", "Variant", "Rows", "Growth per decade"], bent)
        if bent else paragraph("The time per row grows by at most 20 % per tenfold number of rows everywhere.")
    )
    parts = [paragraph("Nanoseconds per row over the number of rows, beside the fastest peer; flat is linear.", "muted"), verdict]
    for workload, variants in grouped([dict(w=w, v=v, q=q, e=e) for w, v, q, e in found], "w").items():
        for number, (variant, group) in enumerate(grouped(variants, "v").items()):
            drawn = "".join(curves.curve(f"<b>{escape(entry['q'])}</b>", entry["e"]) for entry in group)
            opened = " open" if number == 0 and workload == "groupby" else ""
            parts.append(
                f"<details{opened}><summary>{escape(title_of(workload))}, {escape(variant)}</summary>"
                f'<div class="cards curves">{drawn}</div></details>\n')
    return section("rows", "Scaling over rows", *parts)


def threads_section(result):
    means = curves.thread_summary(result)
    if not means:
        return section("threads", "Scaling over threads", paragraph("Only one number of threads was measured.", "muted"))
    threads = sorted({threads for _, threads, _ in means})
    by_workload = {}
    for workload, number, gain in means:
        by_workload.setdefault(workload, {})[number] = gain
    lines = [
        [title_of(workload), *(Number(f"{gains[n]:.2f}") if n in gains else None for n in threads)]
        for workload, gains in by_workload.items()
    ]
    questions = [
        [f"{workload} {query}", variant, *(Number(significant(times[n])) if n in times else None for n in threads),
         Number(f"{times[min(times)] / times[max(times)]:.2f}", "own")]
        for workload, variant, query, times in curves.thread_scaling(result)
    ]
    return section(
        "threads", "Scaling over threads",
        paragraph(
            f"How many times as fast as on {threads[0]} thread, the geometric mean of the questions. Work that is bound by"
            " memory stops where the bandwidth does.", "muted"),
        table(["Workload", *(f"{n} threads" if n > 1 else "1 thread" for n in threads)], lines),
        "<details><summary>Each question, milliseconds</summary>",
        table(["Question", "Variant", *(f"{n} threads" if n > 1 else "1 thread" for n in threads), "Gain"], questions),
        "</details>\n",
    )


# ---- memory ----------------------------------------------------------------------------------------------------------


def memory_section(result):
    engines = [engine for engine in ENGINES if any(extra(result, entry, engine) is not None for entry in result.main)]
    parts = []
    for workload, entries in grouped(result.main, "workload").items():
        for variant, group in grouped(entries, "variant").items():
            lines = [
                [Html(f"<b>{escape(entry['query'])}</b>"), *(memory_cell(extra(result, entry, engine), engine) for engine in engines)]
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
    record = result.record(entry, engine)
    if not record or "peak_rss_mb" not in record:
        return None
    return max(0.0, record["peak_rss_mb"] - record["base_rss_mb"])


def memory_cell(megabytes, engine):
    if megabytes is None:
        return None
    return Number(f"{megabytes:,.0f}" if megabytes >= 10 else f"{megabytes:.1f}", "own" if engine == STOA else "")


# ---- change ----------------------------------------------------------------------------------------------------------


def change_section(result, before):
    title = "Change since the previous result"
    if before is None:
        return section("change", title, paragraph("This is the first result of this machine.", "muted"))
    changes = []
    for entry in result.comparisons:
        old = before.record(entry, STOA)
        if old and "median_ms" in old:
            changes.append((old["median_ms"] / entry["stoa_ms"], entry, old["median_ms"]))
    moved = sorted((c for c in changes if abs(c[0] - 1) > CHANGE), key=lambda change: change[0])
    mean = geometric_mean([gain for gain, _, _ in changes])
    intro = (
        f"Against {escape(before.value['date'])}, commit {escape(before.value['commit'])}: {len(changes)} measurements of"
        f" Stoa in both, {sum(g > 1 + CHANGE for g, _, _ in moved)} faster and"
        f" {sum(g < 1 - CHANGE for g, _, _ in moved)} slower by more than {CHANGE * 100:.0f} %"
        + (f", {factor(mean)} times as fast in the geometric mean." if mean else ".")
    )
    lines = [
        [f"{e['workload']} {e['query']}", e["variant"], in_words(e["size"]), Number(str(e["threads"])),
         Number(significant(old)), Number(significant(e["stoa_ms"]), "own"), ratio_cell(gain)]
        for gain, e, old in moved
    ]
    headings = ["Question", "Variant", "Rows", "Threads", "Before ms", "Now ms", "Times as fast"]
    parts = [f"<details><summary>All {len(lines)} that moved, slowest first</summary>", table(headings, lines), "</details>\n"]
    return section("change", title, paragraph(intro), *(parts if lines else []))


# ---- method ----------------------------------------------------------------------------------------------------------


def method_section(result):
    machine, value = result.machine, result.value
    facts = [
        ("Processor", f"{machine['cpu']}, {machine['cores']} cores, {machine['sockets']} socket(s)"),
        ("Caches", f"{machine['l2_kb']:,} KB L2 per core, {machine['l3_kb']:,} KB L3"),
        ("Memory", f"{machine['memory_gb']} GB, {significant(machine['read_gb_per_s'])} GB/s read by a plain streaming sum"),
        ("Kernel", machine["kernel"]),
        ("Versions", ", ".join(f"{ENGINES.get(name, name)} {version}" for name, version in value["engines"].items())),
        ("Commit", value["commit"] + (", with uncommitted changes" if value["dirty"] else "")),
        ("Run", f"{value['date']}, {value['seconds'] / 60:.0f} minutes"),
    ]
    wrong = [r for r in result.records if r.get("answer_ok") is False]
    out = {}
    for record in result.records:
        for kind in ("unsupported", "error"):
            if kind in record:
                out.setdefault((ENGINES[record["engine"]], record["workload"], kind, record[kind]), set()).add(record["query"])
    asked = {name: {r["query"] for r in group} for name, group in grouped(result.records, "workload").items()}
    absent = [
        [engine, f"{workload}: {'all' if queries == asked[workload] else ', '.join(sorted(queries))}",
         why if kind == "unsupported" else f"failed: {why}"]
        for (engine, workload, kind, why), queries in out.items()
    ]
    text = (
        "Every engine is a process of its own on the same cores with the same files, its data loaded before the clock"
        " starts, its script in <code>Perf/peers</code> as its documentation advises. Answers are checked by column"
        " checksums first. After a warm-up the engines take turns, one execution each per round; times are medians, and end"
        " when the result is in the engine's memory as columns. Bandwidth is the bytes a question must touch at least,"
        " divided by its time, as a share of what a plain streaming sum over all cores reads in the same run."
    )
    parts = [
        paragraph(text),
        "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(fact))}</dd>" for name, fact in facts) + "</dl>\n",
    ]
    if wrong:
        lines = [[ENGINES[r["engine"]], f"{r['workload']} {r['query']}", f"{r['variant']}, {in_words(r['size'])}", r["answer_note"]]
                 for r in wrong]
        parts.append(f"<h3>Answers that differ, left out of the comparison ({len(wrong)})</h3>\n")
        parts.append(table(["Engine", "Question", "Variant", "How"], lines))
    if absent:
        parts.append("<details><summary>What engines did not take part in, and why</summary>")
        parts.append(table(["Engine", "Questions", "Why"], [[a, Html(escape(b), "words"), Html(escape(c), "words")] for a, b, c in absent]))
        parts.append("</details>\n")
    parts.append("<h3>To repeat it</h3>\n<pre>make bench             # minutes\nmake perf              # hours; writes this page</pre>\n")
    return section("method", "Method", *parts)
