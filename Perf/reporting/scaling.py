"""How times change with the number of rows and of threads."""

from html import escape

from . import curves
from .markup import paragraph, section, title_of
from .numbers import factor, in_words, significant
from .results import STOA, grouped
from .tables import Number, table


def rows_section(result):
    found = curves.row_scaling(result)
    if not found:
        return section("row-scaling", "Scaling over rows", paragraph("Only one number of rows was measured.", "muted"))
    bent = [
        [f"{workload} {query}", variant, f"{in_words(low)} to {in_words(high)}", Number(factor(growth))]
        for workload, variant, query, engines in found for low, high, growth in curves.bends(engines[STOA])
    ]
    verdict = (
        paragraph("The time per row grows by more than 20 % per tenfold number of rows in these measurements:")
        + table(["Question", "Variant", "Rows", "Growth per decade"], bent)
        if bent else paragraph("The time per row grows by at most 20 % per tenfold number of rows everywhere.")
    )
    explained = "Nanoseconds per row over the number of rows, beside the fastest peer; flat is linear."
    parts = [paragraph(explained, "muted"), verdict]
    for workload, variants in grouped([dict(w=w, v=v, q=q, e=e) for w, v, q, e in found], "w").items():
        for number, (variant, group) in enumerate(grouped(variants, "v").items()):
            drawn = "".join(curves.curve(f"<b>{escape(entry['q'])}</b>", entry["e"]) for entry in group)
            opened = " open" if number == 0 and workload == "groupby" else ""
            parts.append(
                f"<details{opened}><summary>{escape(title_of(workload))}, {escape(variant)}</summary>"
                f'<div class="cards curves">{drawn}</div></details>\n')
    return section("row-scaling", "Scaling over rows", *parts)


def threads_section(result):
    means = curves.thread_summary(result)
    if not means:
        none = paragraph("Only one number of threads was measured.", "muted")
        return section("thread-scaling", "Scaling over threads", none)
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
        "thread-scaling", "Scaling over threads",
        paragraph(
            f"How many times as fast as on {threads[0]} thread, the geometric mean of the questions. Work that is bound"
            " by memory stops where the bandwidth does.", "muted"),
        table(["Workload", *(f"{n} threads" if n > 1 else "1 thread" for n in threads)], lines),
        "<details><summary>Each question, milliseconds</summary>",
        table(["Question", "Variant", *(f"{n} threads" if n > 1 else "1 thread" for n in threads), "Gain"], questions),
        "</details>\n",
    )
