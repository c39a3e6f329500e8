"""What the promise costs that float sums have the same bits for any number of threads and executors."""

from html import escape

from .markup import paragraph, section
from .numbers import factor, significant
from .results import STOA, geometric_mean
from .tables import Html, Number, table

# What the promise may cost before another order has to be offered.
ALLOWED = 1.1


def pairs(result):
    """[(question, variant, ms over float64, ms over int64)] of sums that differ in nothing but the promise."""
    times = {
        (entry["query"], entry["variant"]): record["median_ms"] for entry in result.main
        if entry["workload"] == "scalars" and (record := result.record(entry, STOA))
    }
    return [
        (name, variant, ms, times[f"{name}_i64", variant]) for (query, variant), ms in times.items()
        for name in ("sum", "mean", "filter_sum") if query == f"{name}_f64" and (f"{name}_i64", variant) in times
    ]


def order_section(result):
    title = "What the order of float sums costs"
    found = pairs(result)
    if not found:
        return section("order", title, paragraph("Sums of floats and of integers were not both measured.", "muted"))
    mean = geometric_mean([floats / integers for _, _, floats, integers in found])
    verdict = (
        "That is less than 10 %, and single lines change from run to run, so no other order is offered."
        if mean <= ALLOWED
        else f"That is more than {(ALLOWED - 1) * 100:.0f} %."
    )
    explained = (
        "Float sums are taken in one shape of additions that depends on the rows' places alone, so that results have the"
        " same bits for any number of threads, executors and retries; integers may be summed in any order. Both read 8"
        f" bytes a row. Sums of floats take {factor(mean)} times as long, in the geometric mean. {verdict} Grouped sums of"
        " both kinds take the same way: rows in their order, partitions in theirs."
    )
    lines = [
        [Html(f"<b>{escape(name)}</b>"), variant, Number(significant(floats), "own"), Number(significant(integers)),
         Number(factor(floats / integers))]
        for name, variant, floats, integers in found
    ]
    return section(
        "order", title, paragraph(explained),
        table(["Question", "Variant", "float64 ms", "int64 ms", "Times as long"], lines))
