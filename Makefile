# What one does with Stoa, one verb each; `make` lists them. The Swift package itself is Package.swift.

.PHONY: help deps deps-data deps-test build test check format demo clean distclean
.NOTPARALLEL:

help:
	@echo "make deps       install what Stoa needs and this machine lacks (apt, Arrow C++ under .deps)"
	@echo "make build      build the library, the command stoa and the example, optimised"
	@echo "make demo       run the main job on the flights that left New York in 2013"
	@echo "make test       build and run all tests, optimised"
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
	swift test -c release --skip-build --disable-xctest

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
