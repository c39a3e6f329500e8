#!/usr/bin/env bash
# Runs the tests that were built, all of them or those that the arguments choose (`--filter NAME`), and says at the end which
# failed: among thousands of lines a failure is far from the last one.
#
# Tests that bound a time, or look at what the whole process holds, run by themselves, one after the other: beside others they
# would measure those.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
log=$(mktemp) || exit
trap 'rm -f "$log"' EXIT

status=0
run() { swift test -c release --skip-build --disable-xctest "$@" 2>&1 | tee -a "$log" || status=$?; }
if [ $# -gt 0 ]; then
    run "$@"
else
    solo=$(<.ci/solo-tests.txt)
    run --skip "$solo"
    run --no-parallel --filter "$solo"
fi
if [ "$status" != 0 ]; then
    echo "test: what failed:" >&2
    grep -E -A 2 '✘ Test .* recorded an issue|[Ff]atal error|Exited with|signal code' "$log" >&2
fi
exit "$status"
