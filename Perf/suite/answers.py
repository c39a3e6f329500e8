"""Whether two engines gave the same answer: by the checksums of the result's columns."""

import math
from decimal import Decimal


def difference(query, answer, reference):
    """What disagrees, in words; None when the answers are the same within the query's tolerance."""
    if answer["rows"] != reference["rows"]:
        return f"{answer['rows']} rows, not {reference['rows']}"
    if len(answer["columns"]) != len(reference["columns"]):
        return f"{len(answer['columns'])} columns, not {len(reference['columns'])} ({query.result})"
    names = query.result.split(", ")
    for number, (mine, theirs) in enumerate(zip(answer["columns"], reference["columns"])):
        name = names[number] if len(names) == len(answer["columns"]) else f"column {number}"
        if found := column_difference(query, mine, theirs, answer["rows"]):
            return f"{name}: {found}"
    return None


def column_difference(query, mine, theirs, rows):
    if query.empty_sum and bool(mine["nulls"]) != bool(theirs["nulls"]) and 0 in (mine["min"], theirs["min"]):
        # Zeros in place of nulls change the count of nulls and the smallest value, not the sum.
        mine, theirs = ({**checksum, "nulls": 0, "min": 0} for checksum in (mine, theirs))
    if query.undefined:
        if mine["nulls"] + mine.get("nans", 0) != theirs["nulls"] + theirs.get("nans", 0):
            return f"{mine['nulls']} nulls and {mine.get('nans', 0)} NaN, not {theirs['nulls']} and {theirs.get('nans', 0)}"
    else:
        for what in ("nulls", "nans"):
            if mine.get(what, 0) != theirs.get(what, 0):
                return f"{mine.get(what, 0)} {what}, not {theirs.get(what, 0)}"
    scale = max([abs(number(value)) for value in (theirs["min"], theirs["max"]) if is_number(value)], default=0)
    for what in ("sum", "min", "max"):
        if not same(mine[what], theirs[what], scale, query.tolerance, rows if what == "sum" else 1):
            return f"{what} {mine[what]}, not {theirs[what]}"
    return None


def same(mine, theirs, scale, tolerance, rows):
    if mine is None or theirs is None or not (is_number(mine) and is_number(theirs)):
        return mine == theirs
    if isinstance(mine, str) and isinstance(theirs, str) and digits(mine) == digits(theirs):
        return Decimal(mine) == Decimal(theirs)
    # A decimal of few digits was rounded to them, each value by half a unit at most.
    rounding = rows * 0.5 * 10.0 ** -min(digits(value) for value in (mine, theirs) if isinstance(value, str)) \
        if isinstance(mine, str) or isinstance(theirs, str) else 0
    a, b = number(mine), number(theirs)
    if not (math.isfinite(a) and math.isfinite(b)):
        return a == b
    return abs(a - b) <= tolerance * max(abs(a), abs(b), scale) + rounding * 1.000001


def is_number(value):
    if isinstance(value, str):
        try:
            float(value)
            return True
        except ValueError:
            return False
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value):
    return float(value)


def digits(text):
    """Digits after the point."""
    return len(text.partition(".")[2])
