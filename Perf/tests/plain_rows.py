"""A few rows of every workload, as plain Python."""

import random
from datetime import date, timedelta
from decimal import Decimal

ROWS = 600


def some(values, share, dice):
    """The values, each missing with the given probability."""
    return [None if dice.random() < share else value for value in values]


def scalar_rows(share):
    dice = random.Random(1)
    count = range(ROWS)
    columns = {
        "f64": [dice.uniform(0, 100) for _ in count],
        "g64": [dice.uniform(0, 100) for _ in count],
        "i32": [dice.randint(-300, 300) for _ in count],
        "i64": [dice.randint(-(2**40), 2**40) for _ in count],
        "v1": [dice.randint(1, 5) for _ in count],
        "v2": [dice.randint(1, 15) for _ in count],
    }
    return {name: some(values, share, dice) for name, values in columns.items()}


def group_rows(share):
    dice = random.Random(2)
    count = range(ROWS)
    columns = {
        "id1": [f"id{dice.randint(1, 4):03}" for _ in count],
        "id2": [f"id{dice.randint(1, 4):03}" for _ in count],
        "id3": [f"id{dice.randint(1, 60):010}" for _ in count],
        "id4": [dice.randint(1, 4) for _ in count],
        "id5": [dice.randint(1, 4) for _ in count],
        "id6": [dice.randint(1, 60) for _ in count],
        "v1": [dice.randint(1, 5) for _ in count],
        "v2": [dice.randint(1, 15) for _ in count],
        "v3": [round(dice.uniform(0, 100), 6) for _ in count],
    }
    columns = {name: some(values, share, dice) for name, values in columns.items()}
    if share:
        # A group of one row, of which no correlation and no deviation can be told.
        lonely = ("id099", "id099", "id0000000099", 99, 99, 99, 1, 2, 3.5)
        for values, value in zip(columns.values(), lonely):
            values.append(value)
    return columns


def fused_rows():
    dice = random.Random(3)
    return {name: [dice.uniform(0.5, 2) for _ in range(ROWS)] for name in "abc"}


def lineitem_rows():
    dice = random.Random(4)

    def money(low, high):
        return [Decimal(dice.randint(low, high)) / 100 for _ in range(ROWS)]

    return {
        "l_quantity": [Decimal(dice.randint(1, 50)) for _ in range(ROWS)],
        "l_extendedprice": money(90000, 10000000),
        "l_discount": money(0, 10),
        "l_tax": money(0, 8),
        "l_returnflag": [dice.choice("ANR") for _ in range(ROWS)],
        "l_linestatus": [dice.choice("FO") for _ in range(ROWS)],
        "l_shipdate": [date(1993, 6, 1) + timedelta(dice.randint(0, 2200)) for _ in range(ROWS)],
    }


def skew_rows():
    dice = random.Random(5)
    keys = [dice.choice([None, float("nan"), 0.0, -0.0, 1.5, 1e300]) for _ in range(ROWS)]
    return {"key": keys, "v": [dice.uniform(0, 100) for _ in range(ROWS)]}


def arrow_table(workload, rows):
    import pyarrow as pa

    types = {"f64": pa.float64(), "g64": pa.float64(), "v3": pa.float64(), "i64": pa.int64(), "i32": pa.int32()}
    types |= {name: pa.int32() for name in ("v1", "v2", "id4", "id5", "id6")}
    if workload == "tpch":
        money = ("l_quantity", "l_extendedprice", "l_discount", "l_tax")
        types = {name: pa.decimal128(15, 2) for name in money}
        types |= {name: pa.string_view() for name in ("l_returnflag", "l_linestatus")}
    return pa.table({name: pa.array(values, types.get(name), from_pandas=False) for name, values in rows.items()})
