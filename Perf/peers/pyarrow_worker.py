"""PyArrow: compute functions on columns, and Acero plans where a query has several steps.

Set-up after https://arrow.apache.org/docs/python: both thread pools as given, and plans of `pyarrow.acero`, which run
batch by batch on all threads, where a chain of compute functions would write every intermediate column to memory.
"""

from worker import Engine, Unsupported, query_of, serve


def plan(table, columns, *steps):
    """Acero's nodes one after the other over the columns named; a step is the name of a node and its options.

    Columns are named because Acero reads, and filters, every column of its source.
    """
    from pyarrow import acero

    nodes = [table.source(columns.split())] + [acero.Declaration(kind, options) for kind, options in steps]
    return acero.Declaration.from_sequence(nodes).to_table(use_threads=True)


def filtered(condition):
    from pyarrow import acero

    return "filter", acero.FilterNodeOptions(condition)


def project(**columns):
    from pyarrow import acero

    return "project", acero.ProjectNodeOptions(list(columns.values()), list(columns))


def aggregate(keys=(), **aggregates):
    """Named aggregates, each (function, column) or (function, column, options)."""
    from pyarrow import acero

    prefix = "hash_" if keys else ""
    listed = [
        (column, prefix + function, options[0] if options else None, name)
        for name, (function, column, *options) in aggregates.items()
    ]
    return "aggregate", acero.AggregateNodeOptions(listed, keys=list(keys))


def scalars(pc):
    def one(value):
        import pyarrow as pa

        return pa.table({"value": pa.array([value.as_py()], value.type)})

    def quantiles(column, *q):
        import pyarrow as pa

        values = pc.quantile(column, q=list(q), interpolation="linear")
        return pa.table({str(at): [value] for at, value in zip(q, values.to_pylist())})

    f = pc.field
    half = {"f64": f("f64") > 50.0, "i32": f("i32") > 0, "i64": f("i64") > 0}
    queries = {
        "quantiles_f64": lambda t: quantiles(t.column("f64"), 0.25, 0.5, 0.99),
        "distinct_i32": lambda t: one(pc.count_distinct(t.column("i32"), mode="only_valid")),
        "distinct_i64": lambda t: one(pc.count_distinct(t.column("i64"), mode="only_valid")),
        "histogram_f64": lambda t: plan(
            t,
            "f64",
            filtered(f("f64").is_valid()),
            project(bin=pc.floor(f("f64")).cast("int32")),
            aggregate(["bin"], count=("count", "bin")),
        ),
        "dot": lambda t: plan(t, "f64 g64", project(x=f("f64") * f("g64")), aggregate(dot=("sum", "x"))),
        "expression": lambda t: plan(
            t,
            "f64 v1 v2",
            filtered((f("v2") < 8) & (f("f64") > 10.0)),
            project(x=f("f64") * f("v2").cast("double") + f("v1").cast("double"), y=f("f64") * f("f64")),
            aggregate(sum=("sum", "x"), max=("max", "y")),
        ),
    }
    for name, condition in half.items():
        queries |= {
            f"sum_{name}": lambda t, x=name: t.aggregated("sum", x),
            f"mean_{name}": lambda t, x=name: t.aggregated("mean", x),
            f"min_{name}": lambda t, x=name: t.aggregated("min", x),
            f"max_{name}": lambda t, x=name: t.aggregated("max", x),
            f"variance_{name}": lambda t, x=name: t.aggregated("variance", x, pc.VarianceOptions(ddof=1)),
            f"filter_sum_{name}": lambda t, x=name, p=condition: plan(t, x, filtered(p), aggregate(sum=("sum", x))),
            f"count_where_{name}": lambda t, x=name, p=condition: plan(
                t, x, project(p=p), aggregate(count=("sum", "p"))
            ),
            f"median_{name}": lambda t, x=name: quantiles(t.column(x), 0.5),
        }
    return queries


def groupby(pc):
    f = pc.field

    def squared_correlation(t):
        """Acero has no correlation; the moments of whole numbers are exact. `/` would fail where a variance is 0."""
        both = pc.is_valid(f("v1") * f("v2"))
        x, y = f("v1").cast("int64"), f("v2").cast("int64")
        n, sx, sy, sxx, syy, sxy = (f(name).cast("double") for name in ("n", "sx", "sy", "sxx", "syy", "sxy"))
        covariance, variances = n * sxy - sx * sy, (n * sxx - sx * sx) * (n * syy - sy * sy)
        return plan(
            t,
            "id2 id4 v1 v2",
            filtered(both),
            project(
                id2=f("id2"), id4=f("id4"), x=x, y=y,
                xx=pc.multiply(x, x), yy=pc.multiply(y, y), xy=pc.multiply(x, y),
            ),
            aggregate(
                ["id2", "id4"],
                n=("count", "x"), sx=("sum", "x"), sy=("sum", "y"),
                sxx=("sum", "xx"), syy=("sum", "yy"), sxy=("sum", "xy"),
            ),
            project(id2=f("id2"), id4=f("id4"), r2=pc.divide(covariance * covariance, variances)),
        )

    keys = ("id1", "id2", "id3", "id4", "id5", "id6")
    rows = ("count", "v3", pc.CountOptions("all"))
    means = {name: ("mean", name) for name in ("v1", "v2", "v3")}
    sums = {name: ("sum", name) for name in ("v1", "v2", "v3")}
    return {
        "q1": lambda t: plan(t, "id1 v1", aggregate(["id1"], v1=("sum", "v1"))),
        "q2": lambda t: plan(t, "id1 id2 v1", aggregate(["id1", "id2"], v1=("sum", "v1"))),
        "q3": lambda t: plan(t, "id3 v1 v3", aggregate(["id3"], v1=("sum", "v1"), v3=("mean", "v3"))),
        "q4": lambda t: plan(t, "id4 v1 v2 v3", aggregate(["id4"], **means)),
        "q5": lambda t: plan(t, "id6 v1 v2 v3", aggregate(["id6"], **sums)),
        "q6": Unsupported("Acero has approximate medians of groups only"),
        "q7": lambda t: plan(
            t,
            "id3 v1 v2",
            aggregate(["id3"], high=("max", "v1"), low=("min", "v2")),
            project(id3=f("id3"), difference=f("high") - f("low")),
        ),
        "q8": Unsupported("Acero has no largest n of a group"),
        "q9": squared_correlation,
        "q10": lambda t: plan(t, "id1 id2 id3 id4 id5 id6 v3", aggregate(keys, v3=("sum", "v3"), count=rows)),
    }


def fused(pc):
    a, b, c = pc.field("a"), pc.field("b"), pc.field("c")
    expressions = {
        "axpy": a * b + c,
        "norm": pc.sqrt(a * a + b * b),
        "sinexp": pc.sin(a) * pc.exp(b),
        "polynomial": ((((pc.scalar(0.5) * a + 1.5) * a - 0.25) * a + 3.0) * a - 2.0) * b + c,
    }
    columns = {name: lambda t, x=x: plan(t, "a b c", project(value=x)) for name, x in expressions.items()}
    sums = {
        f"{name}_sum": lambda t, x=x: plan(t, "a b c", project(value=x), aggregate(sum=("sum", "value")))
        for name, x in expressions.items()
    }
    return columns | sums


def tpch(pc):
    import datetime
    from decimal import Decimal

    import pyarrow as pa

    f, day = pc.field, datetime.date

    def exact(text, precision=15):
        return pc.scalar(pa.scalar(Decimal(text), pa.decimal128(precision, 2)))

    # Products of decimals add their precisions, and more than 38 digits do not fit: the factors have three.
    discounted = (exact("1.00", 3) - f("l_discount")).cast(pa.decimal128(3, 2))
    taxed = (exact("1.00", 3) + f("l_tax")).cast(pa.decimal128(3, 2))
    price = f("l_extendedprice") * discounted
    means = {name: f(total).cast("double") / f("count_order").cast("double") for name, total in
             (("avg_qty", "sum_qty"), ("avg_price", "sum_base_price"), ("avg_disc", "sum_disc"))}
    kept = ("l_returnflag", "l_linestatus", "sum_qty", "sum_base_price", "sum_disc_price", "sum_charge")
    return {
        "q1": lambda t: plan(
            t,
            "l_returnflag l_linestatus l_quantity l_extendedprice l_discount l_tax l_shipdate",
            filtered(f("l_shipdate") <= day(1998, 9, 2)),
            project(
                l_returnflag=f("l_returnflag"), l_linestatus=f("l_linestatus"), quantity=f("l_quantity"),
                base=f("l_extendedprice"), discount=f("l_discount"), price=price, charge=price * taxed,
            ),
            aggregate(
                ["l_returnflag", "l_linestatus"],
                sum_qty=("sum", "quantity"), sum_base_price=("sum", "base"), sum_disc_price=("sum", "price"),
                sum_charge=("sum", "charge"), sum_disc=("sum", "discount"), count_order=("count", "quantity"),
            ),
            project(**{name: f(name) for name in kept}, **means, count_order=f("count_order")),
        ),
        "q6": lambda t: plan(
            t,
            "l_quantity l_extendedprice l_discount l_shipdate",
            filtered(
                (f("l_shipdate") >= day(1994, 1, 1)) & (f("l_shipdate") < day(1995, 1, 1))
                & (f("l_discount") >= exact("0.05")) & (f("l_discount") <= exact("0.07"))
                & (f("l_quantity") < exact("24.00"))
            ),
            project(revenue=f("l_extendedprice") * f("l_discount")),
            aggregate(revenue=("sum", "revenue")),
        ),
    }


def scan(pc):
    import pyarrow.csv
    import pyarrow.parquet

    # Blocks of 16 MB take 0.7 of the time of the default of 1 MB; pre-buffering is for files far away.
    blocks = pyarrow.csv.ReadOptions(block_size=16 << 20)

    def parquet(path, columns=None):
        return pyarrow.parquet.read_table(path, columns=columns, pre_buffer=False)

    return {
        "csv": lambda t: pyarrow.csv.read_csv(t.paths["csv"], read_options=blocks),
        "parquet": lambda t: parquet(t.paths["parquet"]),
        "parquet_two": lambda t: parquet(t.paths["parquet"], ["id4", "v3"]),
    }


def skew(pc):
    def by_key(t):
        import pyarrow as pa

        # Arrow groups -0.0 and 0.0 apart; adding zero makes them one.
        is_float = pa.types.is_floating(t.data.schema.field("key").type)
        key = pc.field("key") + 0.0 if is_float else pc.field("key")
        totals = aggregate(["key"], sum=("sum", "v"), count=("count", "v", pc.CountOptions("all")))
        return plan(t, "key v", project(key=key, v=pc.field("v")), totals)

    return {"by_key": by_key}


def plain(schema):
    """The schema with text as `string`: Arrow cannot filter its own `string_view` yet."""
    import pyarrow as pa

    views = (at for at, field in enumerate(schema) if pa.types.is_string_view(field.type))
    for at in views:
        schema = schema.set(at, schema.field(at).with_type(pa.string()))
    return schema


class Held:
    """A table in memory, or a file that every query reads anew."""

    def __init__(self, paths, data=None):
        self.paths, self.data = paths, data

    def source(self, columns):
        from pyarrow import acero, dataset, parquet

        if self.data is not None:
            return acero.Declaration("table_source", acero.TableSourceNodeOptions(self.data.select(columns)))
        path = next(iter(self.paths.values()))
        files = dataset.dataset(path, schema=plain(parquet.read_schema(path)))
        return acero.Declaration("scan", acero.ScanNodeOptions(files, columns=columns))

    def column(self, name):
        return self.data.column(name)

    def aggregated(self, function, column, options=None):
        return plan(self, column, aggregate(value=(function, column, options)))


class PyArrow(Engine):
    name = "pyarrow"

    def __init__(self, threads):
        import pyarrow as pa
        import pyarrow.compute as pc

        pa.set_cpu_count(threads)
        pa.set_io_thread_count(threads)
        self.version = pa.__version__
        self.queries = {make.__name__: make(pc) for make in (scalars, groupby, fused, tpch, scan, skew)}

    def load(self, workload, variant, paths):
        import pyarrow.parquet

        self.workload, self.held = workload, Held(paths)
        if workload == "scan" or variant == "parquet":
            return 0
        text = ["id1", "id2", "id3"] if variant == "encoded" else None
        table = pyarrow.parquet.read_table(next(iter(paths.values())), read_dictionary=text)
        table = table.unify_dictionaries() if text else table.cast(plain(table.schema))
        self.held = Held(paths, table)
        return table.nbytes

    def execute(self, query):
        return query_of(self.queries, self.workload, query)(self.held)

    def unload(self):
        self.held = None


serve(PyArrow)
