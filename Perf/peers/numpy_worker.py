"""NumPy, and numexpr where an expression would otherwise write its intermediates to memory.

NumPy has no missing values, no groups and no files of columns, so it takes part where data has none of them. numexpr
runs blocks of an expression on all threads; NumPy itself uses one, except for products of vectors.
"""

import os

from worker import Engine, Unsupported, query_of, serve


def scalars(np):
    def distinct(x):
        """np.unique hashes whole numbers, which takes 80 to 150 times as long as sorting them."""
        ordered = np.sort(x)
        return (1 + np.count_nonzero(ordered[1:] != ordered[:-1]),)

    def expression(t):
        passes = (t["v2"] < 8) & (t["f64"] > 10)
        kept = t["f64"] * passes
        return np.sum(kept * t["v2"] + t["v1"] * passes), np.max(kept * kept)

    queries = {
        "quantiles_f64": lambda t: np.quantile(t["f64"], [0.25, 0.5, 0.99]),
        "distinct_i32": lambda t: distinct(t["i32"]),
        "distinct_i64": lambda t: distinct(t["i64"]),
        "histogram_f64": lambda t: (np.arange(100), np.bincount(t["f64"].astype(np.intp), minlength=100)),
        "dot": lambda t: (np.dot(t["f64"], t["g64"]),),
        "expression": expression,
        # A product or a maximum is a third of the time of a selection.
        "filter_sum_f64": lambda t: (np.sum(t["f64"] * (t["f64"] > 50.0)),),
        "filter_sum_i32": lambda t: (np.sum(np.maximum(t["i32"], 0), dtype=np.int64),),
        "filter_sum_i64": lambda t: (np.sum(np.maximum(t["i64"], 0)),),
    }
    for name, least in (("f64", 50.0), ("i32", 0), ("i64", 0)):
        queries |= {
            f"sum_{name}": lambda t, x=name: (np.sum(t[x]),),
            f"mean_{name}": lambda t, x=name: (np.sum(t[x]) / len(t[x]),),
            f"min_{name}": lambda t, x=name: (np.min(t[x]),),
            f"max_{name}": lambda t, x=name: (np.max(t[x]),),
            f"variance_{name}": lambda t, x=name: (np.var(t[x], ddof=1),),
            f"count_where_{name}": lambda t, x=name, least=least: (np.count_nonzero(t[x] > least),),
            f"median_{name}": lambda t, x=name: (np.median(t[x]),),
        }
    return queries


def fused(np, ne):
    """Each expression by the faster of the two libraries."""
    columns = {
        "axpy": lambda t: ne.evaluate("a * b + c", t),
        "norm": lambda t: np.sqrt(t["a"] * t["a"] + t["b"] * t["b"]),
        "sinexp": lambda t: np.sin(t["a"]) * np.exp(t["b"]),
        "polynomial": lambda t: ne.evaluate("((((0.5 * a + 1.5) * a - 0.25) * a + 3.0) * a - 2.0) * b + c", t),
    }
    sums = {f"{name}_sum": lambda t, make=make: (np.sum(make(t)),) for name, make in columns.items()}
    return {name: lambda t, make=make: (make(t),) for name, make in columns.items()} | sums


class NumPy(Engine):
    name = "numpy"

    def __init__(self, threads):
        # Read once, when the libraries are imported.
        for variable in ("NUMEXPR_MAX_THREADS", "NUMEXPR_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            os.environ[variable] = str(threads)
        import numexpr as ne
        import numpy as np

        self.version = f"{np.__version__} (numexpr {ne.__version__})"
        self.queries = {"scalars": scalars(np), "fused": fused(np, ne)}

    def load(self, workload, variant, paths):
        import pyarrow.parquet

        if workload not in self.queries:
            raise Unsupported("NumPy has neither groups nor files of columns")
        if "nulls" in variant and variant != "no nulls":
            raise Unsupported("NumPy has no missing values")
        table = pyarrow.parquet.read_table(paths["table"])
        self.workload = workload
        self.columns = {name: table[name].combine_chunks().to_numpy() for name in table.column_names}
        return sum(column.nbytes for column in self.columns.values())

    def execute(self, query):
        return query_of(self.queries, self.workload, query)(self.columns)

    def table(self, result):
        import numpy as np
        import pyarrow as pa

        return pa.table({str(at): np.atleast_1d(value) for at, value in enumerate(result)})

    def unload(self):
        self.columns = None


serve(NumPy)
