# What one does with Stoa, one verb each; `make` lists them. The Swift package itself is Package.swift.

.PHONY: help deps deps-data deps-test deps-bench build test test-bench chaos sanitize bench perf check format demo clean distclean
.NOTPARALLEL:

help:
	@echo "make deps       install what Stoa needs and this machine lacks (apt, Arrow C++ under .deps)"
	@echo "make build      build the library, the command stoa and the example, optimised"
	@echo "make demo       run the main job on the flights that left New York in 2013"
	@echo "make test       build and run all tests, optimised"
	@echo "make test-bench test the suite: answers, comparisons, the peers' scripts, the report"
	@echo "make chaos      200 jobs whose executors are killed, stopped, starved: each ends right; RUNS=20 SEED=7 for others"
	@echo "make sanitize   run tests under the thread and the address sanitizer: an hour"
	@echo "make bench      measure Stoa beside its peers, 1e6 rows, minutes; SIZE=1e7 ONLY=groupby,q1 for more or less"
	@echo "make perf       the full measurement: hours; writes Perf/results and Perf/report.html"
	@echo "make check      format, layers, forbidden imports, unfinished markers"
	@echo "make format     format all sources in place"
	@echo "make clean      delete what was built (.build)"
	@echo "make distclean  delete what was built and what was fetched (.build, .deps)"

deps:
	@.ci/deps.sh

deps-data:
	@.ci/deps.sh --data

# The Python packages that tests compare with, and the data sets; using Stoa needs neither.
deps-test:
	@.ci/deps.sh --data --peers

build: deps
	swift build -c release

# `swift test` by itself would rebuild everything once more with -enable-testing, which no test needs.
test: deps-test
	swift build -c release --build-tests
	@.ci/test.sh

# The peers that Stoa is measured beside, and what generates data and draws charts.
deps-bench:
	@.ci/deps.sh --bench

test-bench: deps-bench
	.deps/venv/bin/python -m unittest discover -s Perf/tests

RUNS ?= 200
SEED ?= 1

chaos: deps
	swift build -c release --product StoaChaos
	.build/release/StoaChaos --runs $(RUNS) --seed $(SEED)

sanitize: deps-test
	.ci/sanitize/sanitize.sh thread
	.ci/sanitize/sanitize.sh address

SIZE ?= 1e6
# Seconds that the rounds of one query take in the full measurement, all engines together.
BUDGET ?= 3
bench = .deps/venv/bin/python Perf/bench.py

bench: deps-bench
	swift build -c release --product StoaBenchmarks
	swift build -c release --product stoa
	$(bench) --size $(SIZE) $(if $(ONLY),--only $(ONLY))

# First the sizes of the targets in all variants, then what the curves over rows and threads need. A step that was stopped
# is taken again by running its line; records of the same commit and day go into the same file.
perf: deps-bench
	swift build -c release --product StoaBenchmarks
	swift build -c release --product stoa
	$(bench) --save --full --size 1e7 --seconds $(BUDGET)
	$(bench) --save --size 1e5,1e6
	$(bench) --save --size 1e7 --threads fewer
	$(bench) --save --size 1e8 --workloads scalars,groupby,fused,tpch --seconds $(BUDGET)
	.deps/venv/bin/python Perf/report.py

check:
	@.ci/deps.sh --python
	@.ci/check.sh

format:
	swift format --in-place --recursive --parallel $(wildcard Package.swift Sources Tests Benchmarks)

demo: deps-data
	swift build -c release
	.build/release/stoa demo --data .deps/data
	.build/release/GradientDescent .deps/data/flights.csv

clean:
	rm -rf .build
	@echo "Deleted .build; what 'make deps' fetched stays in .deps ('make distclean' deletes it too)."

distclean: clean
	rm -rf .deps
