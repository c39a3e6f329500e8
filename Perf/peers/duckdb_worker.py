"""DuckDB: SQL over tables in memory, over an ENUM-encoded table, and over files.

Set-up after https://duckdb.org/docs/2.0/guides/performance: threads as given, and preserve_insertion_order off, so that
results without ORDER BY may come in any order. `materialize()` leaves a result in DuckDB's own memory as columns, which
is the cheapest way to have it (measured beside CREATE TABLE and to_arrow_table).
"""

from worker import Engine, query_of, serve

# About half of the rows pass.
HALF = {"f64": "f64 > 50.0", "i32": "i32 > 0", "i64": "i64 > 0"}

SCALARS = {
    "quantiles_f64": """
        SELECT q[1] AS q25, q[2] AS q50, q[3] AS q99
        FROM (SELECT quantile_cont(f64, [0.25, 0.5, 0.99]) AS q FROM t)""",
    "distinct_i32": "SELECT count(DISTINCT i32) FROM t",
    "distinct_i64": "SELECT count(DISTINCT i64) FROM t",
    "histogram_f64": "SELECT floor(f64)::UTINYINT AS bin, count(*) FROM t WHERE f64 IS NOT NULL GROUP BY bin",
    "dot": "SELECT sum(f64 * g64) FROM t",
    "expression": "SELECT sum(f64 * v2 + v1), max(f64 * f64) FROM t WHERE v2 < 8 AND f64 > 10",
}
for column, condition in HALF.items():
    SCALARS |= {
        f"sum_{column}": f"SELECT sum({column}) FROM t",
        f"mean_{column}": f"SELECT avg({column}) FROM t",
        f"min_{column}": f"SELECT min({column}) FROM t",
        f"max_{column}": f"SELECT max({column}) FROM t",
        f"variance_{column}": f"SELECT var_samp({column}) FROM t",
        f"filter_sum_{column}": f"SELECT sum({column}) FROM t WHERE {condition}",
        f"count_where_{column}": f"SELECT count(*) FROM t WHERE {condition}",
        f"median_{column}": f"SELECT median({column}) FROM t",
    }

GROUPBY = {
    "q1": "SELECT id1, sum(v1) FROM t GROUP BY id1",
    "q2": "SELECT id1, id2, sum(v1) FROM t GROUP BY id1, id2",
    "q3": "SELECT id3, sum(v1), avg(v3) FROM t GROUP BY id3",
    "q4": "SELECT id4, avg(v1), avg(v2), avg(v3) FROM t GROUP BY id4",
    "q5": "SELECT id6, sum(v1), sum(v2), sum(v3) FROM t GROUP BY id6",
    "q6": "SELECT id4, id5, median(v3), stddev(v3) FROM t GROUP BY id4, id5",
    "q7": "SELECT id3, max(v1) - min(v2) FROM t GROUP BY id3",
    "q8": "SELECT id6, unnest(max(v3, 2)) FROM t WHERE v3 IS NOT NULL GROUP BY id6",
    "q9": "SELECT id2, id4, corr(v1, v2) ** 2 FROM t GROUP BY id2, id4",
    "q10": """
        SELECT id1, id2, id3, id4, id5, id6, sum(v3), count(*)
        FROM t GROUP BY id1, id2, id3, id4, id5, id6""",
}

FUSED = {
    "axpy": "a * b + c",
    "norm": "sqrt(a * a + b * b)",
    "sinexp": "sin(a) * exp(b)",
    "polynomial": "((((0.5 * a + 1.5) * a - 0.25) * a + 3.0) * a - 2.0) * b + c",
}
FUSED = {name: f"SELECT {text} FROM t" for name, text in FUSED.items()} | {
    f"{name}_sum": f"SELECT sum({text}) FROM t" for name, text in FUSED.items()
}

TPCH = {
    "q1": """
        SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice),
               sum(l_extendedprice * (1 - l_discount)), sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)),
               avg(l_quantity), avg(l_extendedprice), avg(l_discount), count(*)
        FROM lineitem WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL 90 DAY
        GROUP BY l_returnflag, l_linestatus""",
    "q6": """
        SELECT sum(l_extendedprice * l_discount) FROM lineitem
        WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'
          AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24""",
}

SCAN = {
    "csv": "FROM read_csv($csv)",
    "parquet": "FROM read_parquet($parquet)",
    "parquet_two": "SELECT id4, v3 FROM read_parquet($parquet)",
}

SKEW = {"by_key": "SELECT key, sum(v), count(*) FROM t GROUP BY key"}

ROWS = {
    "count": "SELECT count(*) FROM generated",
    "sum": "SELECT sum(x) FROM generated",
    "by_key": "SELECT key, sum(x), count(*) FROM generated GROUP BY ALL",
}

EXCHANGE = {
    "few_groups": "SELECT id1, sum(v1), avg(v3) FROM t GROUP BY id1",
    "many_groups": "SELECT id6, sum(v1), sum(v3) FROM t GROUP BY id6",
    "text_groups": "SELECT id3, sum(v1), avg(v3) FROM t GROUP BY id3",
    "join": """
        SELECT sum(v3 * total), count(*)
        FROM t JOIN (SELECT id4, id6, sum(v1) AS total FROM t GROUP BY id4, id6) USING (id4, id6)""",
    "all_rows": "SELECT id4, id6, v1, v3 FROM t",
}

QUERIES = {
    "scalars": SCALARS, "groupby": GROUPBY, "fused": FUSED, "tpch": TPCH, "scan": SCAN, "skew": SKEW, "rows": ROWS,
    "exchange": EXCHANGE,
}


class DuckDB(Engine):
    name = "duckdb"

    def __init__(self, threads):
        import duckdb

        self.version = duckdb.__version__
        self.connection = duckdb.connect()
        self.do(f"SET threads = {threads}")
        self.do("SET preserve_insertion_order = false")

    def do(self, statement):
        return self.connection.execute(statement).fetchall()

    def load(self, workload, variant, paths):
        self.workload, self.paths = workload, paths
        for name, path in paths.items():
            table = "t" if name == "table" else name
            if workload == "scan":
                continue
            if workload == "rows":
                # 2^31 + 2^18 rows: a table of them would not fit many machines, so they are made as they are read.
                self.do(
                    "CREATE VIEW generated AS SELECT (i % 262144)::INTEGER AS x, x % 1000 AS key"
                    " FROM range(2147745792) AS rows(i)")
                continue
            if variant == "parquet":
                self.do(f"CREATE VIEW {table} AS FROM read_parquet('{path}')")
            else:
                self.do(f"CREATE TABLE {table} AS FROM read_parquet('{path}')")
        if variant == "encoded":
            self.encode("id1", "id2", "id3")
        size = "SELECT coalesce(sum(memory_usage_bytes), 0)::BIGINT FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"
        return self.do(size)[0][0]

    def encode(self, *columns):
        for column in columns:
            values = f"SELECT DISTINCT {column} FROM t WHERE {column} IS NOT NULL ORDER BY 1"
            self.do(f"CREATE TYPE {column}_enum AS ENUM ({values})")
        casts = ", ".join(f"{column}::{column}_enum AS {column}" for column in columns)
        self.do(f"CREATE TABLE encoded AS SELECT * REPLACE ({casts}) FROM t")
        self.do("DROP TABLE t")
        self.do("ALTER TABLE encoded RENAME TO t")

    def execute(self, query):
        sql = query_of(QUERIES, self.workload, query)
        for name, path in self.paths.items():
            sql = sql.replace(f"${name}", f"'{path}'")
        return self.connection.sql(sql).materialize()

    def table(self, result):
        return result.to_arrow_table()

    def unload(self):
        for kind, name in self.do(
            "SELECT 'VIEW', view_name FROM duckdb_views() WHERE NOT internal"
            " UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables()"
            " UNION ALL SELECT 'TYPE', type_name FROM duckdb_types() WHERE NOT internal"
        ):
            self.do(f"DROP {kind} {name}")


serve(DuckDB)
