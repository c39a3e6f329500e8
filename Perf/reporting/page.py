"""The page: its sections from the verdict down to how to repeat it."""

import pathlib
from html import escape

from .change import change_section
from .losses import losses
from .markup import title_of
from .memory import memory_section
from .method import method_section
from .order import order_section
from .questions import workload_section
from .results import grouped
from .scaling import rows_section, threads_section
from .verdict import head, summary


def render(result, before, notes):
    style = (pathlib.Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    workloads = list(grouped(result.main, "workload"))
    links = [("#losses", "Where Stoa loses")] + [(f"#{name}", title_of(name)) for name in workloads]
    links += [("#row-scaling", "Rows"), ("#thread-scaling", "Threads")]
    links += [(f"#{name}", name.capitalize()) for name in ("memory", "order", "change", "method")]
    sections = [
        head(result, links),
        summary(result),
        losses(result, notes),
        *(workload_section(result, name) for name in workloads),
        rows_section(result),
        threads_section(result),
        memory_section(result),
        order_section(result),
        change_section(result, before),
        method_section(result),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Stoa measured, {escape(result.value['date'])}</title>\n<style>\n{style}</style></head>\n<body>\n"
        + "\n".join(sections) + "</body></html>\n"
    )
