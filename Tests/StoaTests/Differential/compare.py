"""Runs the SQL of each generated query in DuckDB and compares with the rows that Stoa wrote.

usage: compare.py FOLDER; the folder holds t.parquet, d.parquet, queries.json and one N.parquet a query.
Prints a line a difference and exits with 1 when there is one.
"""
import json
import math
import sys

import duckdb
import pyarrow.parquet

TOLERANCE = 1e-9  # rule N12: the order of float additions differs


def plain(value):
    if isinstance(value, float):
        return 0.0 if value == 0.0 else value  # rule N5: the sign of zero is not DuckDB's to say
    return value


def sort_key(row):
    key = []
    for value in row:
        if value is None:
            key.append((2, ""))
        elif isinstance(value, float):
            key.append((1, "nan" if math.isnan(value) else f"{value:.5e}"))
        else:
            key.append((0, str(value)))
    return key


def same(left, right):
    if left is None or right is None:
        return left is right
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
        if math.isnan(left) or math.isnan(right):
            return math.isnan(left) and math.isnan(right)
        if math.isinf(left) or math.isinf(right):
            return left == right
        return abs(left - right) <= TOLERANCE * max(1.0, abs(left), abs(right))
    return left == right


def rows_match(left, right):
    return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right))


def compare(found, expected, ordered):
    if len(found) != len(expected):
        return f"{len(found)} rows, DuckDB has {len(expected)}"
    if not ordered:
        # The key's columns that are not floats come first, so that rounding cannot part equal rows.
        found, expected = sorted(found, key=sort_key), sorted(expected, key=sort_key)
    for number, (left, right) in enumerate(zip(found, expected)):
        if not rows_match(left, right):
            return f"row {number}: {left}, DuckDB has {right}"
    return None


def main(folder):
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    for name in ("t", "d"):
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{folder}/{name}.parquet')")
    queries = json.load(open(f"{folder}/queries.json"))
    differences = 0
    for number, query in enumerate(queries):
        table = pyarrow.parquet.read_table(f"{folder}/{number}.parquet")
        found = [tuple(plain(value) for value in row) for row in zip(*(c.to_pylist() for c in table.columns))]
        try:
            expected = [tuple(plain(value) for value in row) for row in connection.execute(query["sql"]).fetchall()]
        except duckdb.Error as error:
            difference = f"DuckDB failed: {error}"
        else:
            difference = compare(found, expected, query["ordered"])
        if difference:
            differences += 1
            print(f"query {number}: {difference}\n  {query['sql']}")
    print(f"{len(queries)} queries, {differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
