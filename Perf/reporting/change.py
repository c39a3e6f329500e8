"""What changed since the previous result of the same machine."""

from html import escape

from .markup import paragraph, ratio_cell, section
from .numbers import factor, in_words, significant
from .results import STOA, geometric_mean
from .tables import Number, table

# Below this a difference between two runs is noise on a machine that is shared.
CHANGE = 0.05


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
        f"Against {escape(before.value['date'])}, commit {escape(before.value['commit'])}: {len(changes)} measurements"
        f" of Stoa in both, {sum(g > 1 + CHANGE for g, _, _ in moved)} faster and"
        f" {sum(g < 1 - CHANGE for g, _, _ in moved)} slower by more than {CHANGE * 100:.0f} %"
        + (f", {factor(mean)} times as fast in the geometric mean." if mean else ".")
    )
    lines = [
        [f"{e['workload']} {e['query']}", e["variant"], in_words(e["size"]), Number(str(e["threads"])),
         Number(significant(old)), Number(significant(e["stoa_ms"]), "own"), ratio_cell(gain)]
        for gain, e, old in moved
    ]
    headings = ["Question", "Variant", "Rows", "Threads", "Before ms", "Now ms", "Times as fast"]
    opening = f"<details><summary>All {len(lines)} that moved, slowest first</summary>"
    moves = opening + table(headings, lines) + "</details>\n" if lines else ""
    return section("change", title, paragraph(intro), moves)
