"""The pieces that sections of the page share."""

from html import escape

from .numbers import factor
from .tables import Number

TITLES = {
    "scalars": "Scalars",
    "groupby": "Group-by",
    "fused": "Fused expressions",
    "tpch": "TPC-H",
    "scan": "Files to columns",
    "stages": "Stage overhead",
    "skew": "Skew",
    "rows": "Many rows",
    "exchange": "Exchange",
}


def title_of(workload):
    return TITLES.get(workload, workload)


def section(name, title, *parts):
    return f'<section id="{name}">\n<h2>{escape(title)}</h2>\n' + "".join(parts) + "</section>\n"


def paragraph(text, style=""):
    return f'<p class="{style}">{text}</p>\n'


def ratio_cell(value, style=""):
    return None if value is None else Number(factor(value), "bad" if value < 1 else style)
