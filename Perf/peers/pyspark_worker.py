"""PySpark in local mode: DataFrame queries for the group-by, and jobs of empty tasks for the cost of a stage.

Set-up after https://spark.apache.org/docs/latest/sql-performance-tuning.html: as many shuffle partitions as threads,
tables cached as columns, a driver heap that holds them, no user interface and no progress bar. A result goes to the
sink `noop`, which takes every row and keeps none: Spark's users time queries so, and it spares Spark the way to Python.
"""

import os
import subprocess
import sys

from worker import Engine, Unsupported, query_of, serve

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.adaptive.coalescePartitions.enabled": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
}

GROUPBY = {
    "q1": "SELECT id1, sum(v1) AS s FROM t GROUP BY id1",
    "q2": "SELECT id1, id2, sum(v1) AS s FROM t GROUP BY id1, id2",
    "q3": "SELECT id3, sum(v1) AS s, avg(v3) AS m FROM t GROUP BY id3",
    "q4": "SELECT id4, avg(v1) AS a, avg(v2) AS b, avg(v3) AS c FROM t GROUP BY id4",
    "q5": "SELECT id6, sum(v1) AS a, sum(v2) AS b, sum(v3) AS c FROM t GROUP BY id6",
    "q6": "SELECT id4, id5, median(v3) AS m, stddev(v3) AS sd FROM t GROUP BY id4, id5",
    "q7": "SELECT id3, max(v1) - min(v2) AS d FROM t GROUP BY id3",
    "q8": """
        SELECT id6, v3 FROM (
            SELECT id6, v3, row_number() OVER (PARTITION BY id6 ORDER BY v3 DESC) AS place FROM t WHERE v3 IS NOT NULL
        ) WHERE place <= 2""",
    "q9": "SELECT id2, id4, pow(corr(v1, v2), 2) AS r2 FROM t GROUP BY id2, id4",
    "q10": """
        SELECT id1, id2, id3, id4, id5, id6, sum(v3) AS s, count(*) AS n
        FROM t GROUP BY id1, id2, id3, id4, id5, id6""",
}

# Numbers of tasks; each job is planned once and then run without going through Python again.
STAGES = {"empty_job": 1, "tasks_1000": 1_000, "tasks_100000": 100_000}


def session(threads):
    from pyspark.sql import SparkSession

    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    builder = SparkSession.builder.master(f"local[{threads}]").config("spark.driver.memory", f"{gigabytes // 2}g")
    builder = builder.config("spark.sql.shuffle.partitions", threads)
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def first_result(threads, path):
    """What `first_result` starts: a session, a file of ten rows, and their count on stdout."""
    print(session(threads).read.csv(path, header=True, inferSchema=True).count(), flush=True)
    os._exit(0)


class PySpark(Engine):
    name = "pyspark"

    def __init__(self, threads):
        import pyspark

        self.version = pyspark.__version__
        self.threads, self.spark = threads, session(threads)
        self.jobs = {}

    def load(self, workload, variant, paths):
        self.workload, self.paths = workload, paths
        if workload == "stages":
            ranges = {name: self.spark.range(0, tasks, 1, tasks) for name, tasks in STAGES.items()}
            self.jobs = {name: frame._jdf.queryExecution().toRdd() for name, frame in ranges.items()}
            return 0
        if variant == "encoded":
            raise Unsupported("Spark has no encoded text")
        table = self.spark.read.parquet(paths["table"])
        if variant != "parquet":
            table = table.cache()
            table.count()
        table.createOrReplaceTempView("t")
        return 0

    def execute(self, query):
        if query == "first_result":
            command = [sys.executable, __file__, query, str(self.threads), self.paths["csv"]]
            return int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        if self.workload == "stages":
            return query_of({"stages": self.jobs}, "stages", query).count()
        result = self.spark.sql(query_of({"groupby": GROUPBY}, self.workload, query))
        result.write.format("noop").mode("overwrite").save()
        return result

    def table(self, result):
        import pyarrow as pa

        return pa.table({"count": [result]}) if self.workload == "stages" else result.toArrow()

    def unload(self):
        self.spark.catalog.clearCache()
        self.jobs = {}

    def processes(self):
        """Python, and the JVM that it started."""
        return [os.getpid(), int(self.spark._jvm.java.lang.ProcessHandle.current().pid())]


if sys.argv[1:2] == ["first_result"]:
    first_result(int(sys.argv[2]), sys.argv[3])
else:
    serve(PySpark)
