"""How the numbers were taken: the machine, the versions, what did not take part, and how to repeat it."""

from html import escape

from .markup import paragraph, section
from .numbers import in_words, significant
from .results import ENGINES, grouped
from .tables import Html, table


def method_section(result):
    machine, value = result.machine, result.value
    bandwidth = significant(machine["read_gb_per_s"])
    facts = [
        ("Processor", f"{machine['cpu']}, {machine['cores']} cores, {machine['sockets']} socket(s)"),
        ("Caches", f"{machine['l2_kb']:,} KB L2 per core, {machine['l3_kb']:,} KB L3"),
        ("Memory", f"{machine['memory_gb']} GB, {bandwidth} GB/s read by a plain streaming sum"),
        ("Kernel", machine["kernel"]),
        ("Versions", ", ".join(f"{ENGINES.get(name, name)} {version}" for name, version in value["engines"].items())),
        ("Commit", value["commit"] + (", with uncommitted changes" if value["dirty"] else "")),
        ("Run", f"{value['date']}, {value['seconds'] / 60:.0f} minutes"),
    ]
    wrong = [r for r in result.records if r.get("answer_ok") is False]
    text = (
        "Every engine is a process of its own on the same cores with the same files, its data loaded before the clock"
        " starts, its script in <code>Perf/peers</code> as its documentation advises. Answers are checked by column"
        " checksums first. After a warm-up the engines take turns, one execution each per round; times are medians, and"
        " end when the result is in the engine's memory as columns. Bandwidth is the bytes a question must touch at least"
        " divided by its time, as a share of what a plain streaming sum over all cores reads in the same run."
    )
    parts = [
        paragraph(text),
        "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(fact))}</dd>" for name, fact in facts) + "</dl>\n",
    ]
    if wrong:
        parts.append(f"<h3>Answers that differ, left out of the comparison ({len(wrong)})</h3>\n")
        parts.append(wrong_table(wrong))
    if absent := absences(result):
        lines = [[engine, Html(escape(asked), "words"), Html(escape(why), "words")] for engine, asked, why in absent]
        parts.append("<details><summary>What engines did not take part in, and why</summary>")
        parts.append(table(["Engine", "Questions", "Why"], lines) + "</details>\n")
    parts.append(
        "<h3>To repeat it</h3>\n<pre>make bench   # minutes\nmake perf    # hours; writes this page</pre>\n")
    return section("method", "Method", *parts)


def wrong_table(records):
    return table(
        ["Engine", "Question", "Variant", "How"],
        [
            [ENGINES[record["engine"]], f"{record['workload']} {record['query']}",
             f"{record['variant']}, {in_words(record['size'])}", Html(escape(record["answer_note"]), "words")]
            for record in records
        ],
    )


def absences(result):
    """[(engine, workload and questions, why)] of what engines could not do or failed at."""
    asked = {name: {r["query"] for r in group} for name, group in grouped(result.records, "workload").items()}
    found = {}
    for record in result.records:
        for kind, prefix in (("unsupported", ""), ("error", "failed: ")):
            if kind in record:
                why = ENGINES[record["engine"]], record["workload"], prefix + record[kind]
                found.setdefault(why, set()).add(record["query"])
    return [
        (engine, f"{workload}: {'all' if queries == asked[workload] else ', '.join(sorted(queries))}", why)
        for (engine, workload, why), queries in found.items()
    ]
