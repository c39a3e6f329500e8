"""What is right for every query, as plain Python over plain rows tells."""

import math
import statistics
from datetime import date
from decimal import Decimal


def quantile(values, q):
    """Linear interpolation at (n - 1) q."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * q
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def present(*columns):
    """The rows in which no column is missing."""
    return [row for row in zip(*columns) if None not in row]


def scalar_answers(rows):
    f64 = [value for value in rows["f64"] if value is not None]
    bins = {}
    for value in f64:
        bins[int(value)] = bins.get(int(value), 0) + 1
    kept = [(f, v1, v2) for f, v1, v2 in zip(rows["f64"], rows["v1"], rows["v2"]) if v2 and f and v2 < 8 and f > 10]
    answers = {
        "quantiles_f64": [[quantile(f64, q)] for q in (0.25, 0.5, 0.99)],
        "histogram_f64": [list(bins), list(bins.values())],
        "dot": [[math.fsum(f * g for f, g in present(rows["f64"], rows["g64"]))]],
        "expression": [[math.fsum(f * v2 + v1 for f, v1, v2 in kept if v1)], [max(f * f for f, _, _ in kept)]],
    }
    for name, least in (("f64", 50.0), ("i32", 0), ("i64", 0)):
        values = [value for value in rows[name] if value is not None]
        passed = [value for value in values if value > least]
        answers |= {
            f"sum_{name}": [[sum(values)]],
            f"mean_{name}": [[statistics.fmean(values)]],
            f"min_{name}": [[min(values)]],
            f"max_{name}": [[max(values)]],
            f"variance_{name}": [[statistics.variance(values)]],
            f"filter_sum_{name}": [[sum(passed)]],
            f"count_where_{name}": [[len(passed)]],
            f"median_{name}": [[statistics.median(values)]],
            f"distinct_{name}": [[len(set(values))]],
        }
    return answers


def grouped(keys, rows):
    """Key -> the row numbers that hold it."""
    groups = {}
    for at, key in enumerate(zip(*(rows[name] for name in keys))):
        groups.setdefault(key, []).append(at)
    return groups


def by(keys, rows, *reductions):
    """Columns of keys, then one column per reduction of the row numbers of each group."""
    groups = grouped(keys, rows)
    columns = [list(column) for column in zip(*groups)]
    return columns + [[reduce(members) for members in groups.values()] for reduce in reductions]


def group_answers(rows):
    def of(name, reduce):
        def reduction(members):
            values = [rows[name][at] for at in members if rows[name][at] is not None]
            return reduce(values) if values else None

        return reduction

    def deviation(values):
        return statistics.stdev(values) if len(values) > 1 else None

    def span(members):
        high, low = of("v1", max)(members), of("v2", min)(members)
        return None if None in (high, low) else high - low

    def squared_correlation(members):
        pairs = present([rows["v1"][at] for at in members], [rows["v2"][at] for at in members])
        if len(pairs) < 2 or len({x for x, _ in pairs}) < 2 or len({y for _, y in pairs}) < 2:
            return None
        return statistics.correlation(*zip(*pairs)) ** 2

    largest = [
        (key, value)
        for (key,), members in grouped(["id6"], rows).items()
        for value in sorted((rows["v3"][at] for at in members if rows["v3"][at] is not None), reverse=True)[:2]
    ]
    mean = statistics.fmean
    return {
        "q1": by(["id1"], rows, of("v1", sum)),
        "q2": by(["id1", "id2"], rows, of("v1", sum)),
        "q3": by(["id3"], rows, of("v1", sum), of("v3", mean)),
        "q4": by(["id4"], rows, of("v1", mean), of("v2", mean), of("v3", mean)),
        "q5": by(["id6"], rows, of("v1", sum), of("v2", sum), of("v3", sum)),
        "q6": by(["id4", "id5"], rows, of("v3", statistics.median), of("v3", deviation)),
        "q7": by(["id3"], rows, span),
        "q8": [list(column) for column in zip(*largest)],
        "q9": by(["id2", "id4"], rows, squared_correlation),
        "q10": by(["id1", "id2", "id3", "id4", "id5", "id6"], rows, of("v3", sum), len),
    }


def fused_answers(rows):
    formulas = {
        "axpy": lambda a, b, c: a * b + c,
        "norm": lambda a, b, c: math.sqrt(a * a + b * b),
        "sinexp": lambda a, b, c: math.sin(a) * math.exp(b),
        "polynomial": lambda a, b, c: ((((0.5 * a + 1.5) * a - 0.25) * a + 3.0) * a - 2.0) * b + c,
    }
    columns = {name: [formula(*row) for row in zip(*rows.values())] for name, formula in formulas.items()}
    return {name: [column] for name, column in columns.items()} | {
        f"{name}_sum": [[math.fsum(column)]] for name, column in columns.items()
    }


def tpch_answers(rows):
    lines = [dict(zip(rows, line)) for line in zip(*rows.values())]
    groups = {}
    for line in lines:
        if line["l_shipdate"] <= date(1998, 9, 2):
            groups.setdefault((line["l_returnflag"], line["l_linestatus"]), []).append(line)

    def column(reduce):
        return [reduce(group) for group in groups.values()]

    def total(value):
        return column(lambda group: sum(value(line) for line in group))

    def mean(name):
        return column(lambda group: float(sum(line[name] for line in group)) / len(group))

    def price(line):
        return line["l_extendedprice"] * (1 - line["l_discount"])

    revenue = sum(
        line["l_extendedprice"] * line["l_discount"]
        for line in lines
        if date(1994, 1, 1) <= line["l_shipdate"] < date(1995, 1, 1)
        and Decimal("0.05") <= line["l_discount"] <= Decimal("0.07") and line["l_quantity"] < 24
    )
    return {
        "q1": [
            *([list(keys) for keys in zip(*groups)]),
            total(lambda line: line["l_quantity"]), total(lambda line: line["l_extendedprice"]), total(price),
            total(lambda line: price(line) * (1 + line["l_tax"])),
            mean("l_quantity"), mean("l_extendedprice"), mean("l_discount"), column(len),
        ],
        "q6": [[revenue]],
    }


def skew_answers(rows):
    groups = {}
    for key, value in zip(rows["key"], rows["v"]):
        same = "nan" if key is not None and math.isnan(key) else key
        groups.setdefault(same, []).append(value)
    keys = [float("nan") if key == "nan" else key for key in groups]
    return {"by_key": [keys, [math.fsum(group) for group in groups.values()], [len(g) for g in groups.values()]]}
