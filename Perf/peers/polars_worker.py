"""Polars: lazy queries, by the in-memory engine, or by the streaming engine with the argument `streaming`.

Set-up after https://docs.pola.rs: every query is lazy, files are scanned and not read, frames in memory have one chunk
per column (the group-by and the median take several times as long over more; no query was seen to gain from them), and
text keys are Categorical in the variant `encoded`.
"""

import os
import sys

from worker import Engine, query_of, serve


def scalars(pl):
    c = pl.col
    half = {"f64": c.f64 > 50.0, "i32": c.i32 > 0, "i64": c.i64 > 0}
    queries = {
        "quantiles_f64": lambda t: t.select(
            q25=c.f64.quantile(0.25, "linear"), q50=c.f64.quantile(0.5, "linear"), q99=c.f64.quantile(0.99, "linear")
        ),
        "distinct_i32": lambda t: t.select(c.i32.drop_nulls().n_unique()),
        "distinct_i64": lambda t: t.select(c.i64.drop_nulls().n_unique()),
        "histogram_f64": lambda t: (
            t.select(bin=c.f64.cast(pl.UInt8)).drop_nulls().group_by("bin").agg(pl.len())
        ),
        "dot": lambda t: t.select((c.f64 * c.g64).sum()),
        "expression": lambda t: (
            t.filter((c.v2 < 8) & (c.f64 > 10)).select(sum=(c.f64 * c.v2 + c.v1).sum(), max=(c.f64 * c.f64).max())
        ),
    }
    for name, condition in half.items():
        # Polars sums int32 in int32, silently wrapped; the other engines widen by themselves.
        wide = c(name).cast(pl.Int64) if name == "i32" else c(name)
        queries |= {
            f"sum_{name}": lambda t, x=wide: t.select(x.sum()),
            f"mean_{name}": lambda t, x=c(name): t.select(x.mean()),
            f"min_{name}": lambda t, x=c(name): t.select(x.min()),
            f"max_{name}": lambda t, x=c(name): t.select(x.max()),
            f"variance_{name}": lambda t, x=c(name): t.select(x.var()),
            f"filter_sum_{name}": lambda t, x=wide, p=condition: t.filter(p).select(x.sum()),
            f"count_where_{name}": lambda t, p=condition: t.select(p.sum()),
            f"median_{name}": lambda t, x=c(name): t.select(x.median()),
        }
    return queries


def groupby(pl):
    c = pl.col
    keys = ("id1", "id2", "id3", "id4", "id5", "id6")
    return {
        "q1": lambda t: t.group_by("id1").agg(c.v1.sum()),
        "q2": lambda t: t.group_by("id1", "id2").agg(c.v1.sum()),
        "q3": lambda t: t.group_by("id3").agg(c.v1.sum(), c.v3.mean()),
        "q4": lambda t: t.group_by("id4").agg(c.v1.mean(), c.v2.mean(), c.v3.mean()),
        "q5": lambda t: t.group_by("id6").agg(c.v1.sum(), c.v2.sum(), c.v3.sum()),
        "q6": lambda t: t.group_by("id4", "id5").agg(median=c.v3.median(), sd=c.v3.std()),
        "q7": lambda t: t.group_by("id3").agg(c.v1.max() - c.v2.min()),
        "q8": lambda t: t.drop_nulls("v3").group_by("id6").agg(c.v3.top_k(2)).explode("v3"),
        "q9": lambda t: t.group_by("id2", "id4").agg(r2=pl.corr("v1", "v2") ** 2),
        "q10": lambda t: t.group_by(keys).agg(c.v3.sum(), count=pl.len()),
    }


def fused(pl):
    a, b, c = pl.col.a, pl.col.b, pl.col.c
    expressions = {
        "axpy": a * b + c,
        "norm": (a * a + b * b).sqrt(),
        "sinexp": a.sin() * b.exp(),
        "polynomial": ((((0.5 * a + 1.5) * a - 0.25) * a + 3.0) * a - 2.0) * b + c,
    }
    columns = {name: lambda t, x=x: t.select(value=x) for name, x in expressions.items()}
    sums = {f"{name}_sum": lambda t, x=x: t.select(sum=x.sum()) for name, x in expressions.items()}
    return columns | sums


def tpch(pl):
    from datetime import date

    c = pl.col
    cents = pl.Decimal(15, 2)

    def exact(text):
        return pl.lit(text).cast(cents)

    # A product of decimals has the larger of the two scales: factors with more digits keep it exact.
    price = c.l_extendedprice * (1 - c.l_discount).cast(pl.Decimal(15, 4))
    charge = price * (1 + c.l_tax).cast(pl.Decimal(15, 6))
    revenue = c.l_extendedprice * c.l_discount.cast(pl.Decimal(15, 4))
    return {
        "q1": lambda lineitem: (
            lineitem.filter(c.l_shipdate <= date(1998, 9, 2))
            .group_by("l_returnflag", "l_linestatus")
            .agg(
                sum_qty=c.l_quantity.sum(),
                sum_base_price=c.l_extendedprice.sum(),
                sum_disc_price=price.sum(),
                sum_charge=charge.sum(),
                avg_qty=c.l_quantity.mean(),
                avg_price=c.l_extendedprice.mean(),
                avg_disc=c.l_discount.mean(),
                count_order=pl.len(),
            )
        ),
        "q6": lambda lineitem: lineitem.filter(
            c.l_shipdate.is_between(date(1994, 1, 1), date(1995, 1, 1), closed="left"),
            c.l_discount.is_between(exact("0.05"), exact("0.07")),
            c.l_quantity < 24,
        ).select(revenue=revenue.sum()),
    }


def scan(pl):
    return {
        "csv": lambda csv, parquet: csv,
        "parquet": lambda csv, parquet: parquet,
        "parquet_two": lambda csv, parquet: parquet.select("id4", "v3"),
    }


def skew(pl):
    return {"by_key": lambda t: t.group_by("key").agg(pl.col.v.sum(), count=pl.len())}


class Polars(Engine):
    def __init__(self, threads, engine):
        # Read once, when the library is imported.
        os.environ["POLARS_MAX_THREADS"] = str(threads)
        import polars as pl

        self.pl, self.engine, self.version = pl, engine, pl.__version__
        self.name = "polars-streaming" if engine == "streaming" else "polars"
        self.queries = {make.__name__: make(pl) for make in (scalars, groupby, fused, tpch, scan, skew)}

    def load(self, workload, variant, paths):
        self.workload = workload
        self.inputs = [self.file(path) for path in paths.values()]
        if workload == "scan" or variant == "parquet":
            return 0
        if variant == "encoded":
            codes = self.pl.col("id1", "id2", "id3").cast(self.pl.Categorical)
            self.inputs = [frame.with_columns(codes) for frame in self.inputs]
        frames = [frame.collect(engine=self.engine).rechunk() for frame in self.inputs]
        self.inputs = [frame.lazy() for frame in frames]
        return sum(frame.estimated_size() for frame in frames)

    def file(self, path):
        if path.endswith(".csv"):
            return self.pl.scan_csv(path)
        # The in-memory engine needs half the time when threads share row groups instead of columns.
        return self.pl.scan_parquet(path, parallel="row_groups" if self.engine == "in-memory" else "auto")

    def execute(self, query):
        return query_of(self.queries, self.workload, query)(*self.inputs).collect(engine=self.engine)

    def table(self, result):
        return result.to_arrow()

    def unload(self):
        self.inputs = []


serve(lambda threads: Polars(threads, sys.argv[1] if len(sys.argv) > 1 else "in-memory"))
