"""The top of the page: the verdict in a sentence, and a line for each workload."""

from html import escape

from .markup import paragraph, ratio_cell, section, title_of
from .numbers import factor, in_words, significant
from .results import ENGINES, STOA, geometric_mean, grouped
from .tables import Html, table


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
            f" {factor(geometric_mean(entry['ratio'] for entry in compared))} times as fast as the best peer of each in"
            f" the geometric mean. It meets {sum(entry['met'] for entry in judged)} of {len(judged)} targets."
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


def verdicts(judged):
    if not judged:
        return None
    style = "" if all(judged) else "quiet"
    return Html(f"{sum(judged)} of {len(judged)}", f"n {style}")
