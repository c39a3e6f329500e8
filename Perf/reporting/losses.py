"""What Stoa does not reach, said plainly: slower than a peer first, then targets that are missed all the same."""

from html import escape

from .numbers import factor, significant
from .results import ENGINES, grouped
from .tables import Html, Number, table

# So many are shown without asking for them.
FEW = 20


def losses(result, notes):
    compared = [entry for entry in result.main if "ratio" in entry]
    slower = sorted((entry for entry in compared if entry["ratio"] < 1), key=lambda entry: entry["ratio"])
    missed = [e for e in result.main if e["met"] is False and e.get("ratio", 1) >= 1]
    parts = ['<section id="losses">\n<h2>Where Stoa loses</h2>\n']
    if slower:
        parts.append(f"<p>A peer is faster in {len(slower)} of {len(compared)} measurements:</p>\n")
        parts.append(slower_table(slower[:FEW], notes))
        if slower[FEW:]:
            parts.append(f"<details><summary>The other {len(slower) - FEW}, by less</summary>\n")
            parts.append(slower_table(slower[FEW:], notes) + "</details>\n")
    else:
        parts.append("<p>No peer is faster in any measurement.</p>\n")
    if missed:
        parts.append(f"<h3>As fast as every peer or faster, yet short of the target ({len(missed)})</h3>\n")
        for workload, entries in grouped(missed, "workload").items():
            opened = " open" if len(missed) <= FEW else ""
            parts.append(f"<details{opened}><summary>{escape(workload)} ({len(entries)})</summary>\n")
            parts.append(missed_table(entries, notes) + "</details>\n")
    return "".join(parts) + "</section>\n"


def slower_table(entries, notes):
    return table(
        ["Question", "Variant", "Times as fast", "Stoa ms", "Best peer ms", "", "Why"],
        [
            [
                name_of(entry), entry["variant"], Number(factor(entry["ratio"]), "bad"),
                Number(significant(entry["stoa_ms"]), "own"), Number(significant(entry["best_peer_ms"])),
                Html(escape(ENGINES[entry["best_peer"]]), "quiet"), why,
            ]
            for entry, why in zip(entries, reasons(notes, entries))
        ],
    )


def missed_table(entries, notes):
    return table(
        ["Question", "Variant", "What was reached", "Why"],
        [
            [name_of(entry), entry["variant"], Html(escape(entry["why"]), "words quiet"), why]
            for entry, why in zip(entries, reasons(notes, entries))
        ],
    )


def name_of(entry):
    return Html(f'<a href="#{entry["workload"]}">{escape(entry["workload"])}</a> <b>{escape(entry["query"])}</b>')


def reasons(notes, entries):
    """The reason of each entry; one that stands in a row above is not said again."""
    first = {}
    cells = []
    for entry in entries:
        text = notes.of(entry)
        if not text:
            cells.append(Html("not explained yet", "words quiet"))
        elif text in first:
            cells.append(Html(f"as for {escape(first[text])}", "words quiet"))
        else:
            first[text] = entry["query"]
            cells.append(Html(escape(text), "words"))
    return cells
