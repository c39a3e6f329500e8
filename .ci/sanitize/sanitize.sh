#!/usr/bin/env bash
# Runs the tests under a sanitizer, in a build of its own.
#
#   sanitize.sh thread     the code of threads: driver, clusters, executors, sessions, columns shared between threads
#   sanitize.sh address    the code over raw memory: columns, kernels, files and the C behind them
#
# A build takes about ten minutes on two cores, the tests about as long.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

kind=${1:-}
# Tests that time themselves, or kill by the clock, would measure the sanitizer.
timed="$(<.ci/solo-tests.txt)|ReadmeTests|StoaCommandTests|sameBitsWhileExecutorsAreKilled"
case $kind in
thread) tests='StoaDriverTests|StoaTasksTests|StoaCoreGroupsTests|StoaProcessesTests|StoaExecutionTests|StoaColumnsTests|StoaLearningTests|StoaTests' ;;
address) tests='StoaColumnsTests|StoaKernelsTests|StoaFilesTests|StoaExecutionTests|StoaLinearAlgebraTests' ;;
*)
    echo "usage: sanitize.sh thread|address" >&2
    exit 2
    ;;
esac

folder=.build/sanitize-$kind
swift build -c release --sanitize="$kind" --build-tests --scratch-path "$folder"
program=$(swift build -c release --sanitize="$kind" --scratch-path "$folder" --show-bin-path)/StoaPackageTests.xctest

preload=
if [ "$kind" = thread ]; then
    preload=$PWD/$folder/libswift-runtime.so
    clang -O2 -Wall -Werror -fPIC -shared -o "$preload" .ci/sanitize/SwiftRuntime.c
fi
# Leaks are none of this: the process ends while threads of the test runner still hold memory.
env LD_PRELOAD="$preload" TSAN_OPTIONS="halt_on_error=0 history_size=4" ASAN_OPTIONS="detect_leaks=0" \
    "$program" --testing-library swift-testing --filter "$tests" --skip "$timed"
echo "sanitize: no report of the $kind sanitizer"
