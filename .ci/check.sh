#!/usr/bin/env bash
# What `make check` looks at besides the tests. One line per check when all is well; file:line and a reason when not.
#
#   .ci/check.sh                    every check, on this package, after the checks have been checked themselves
#   .ci/check.sh CHECK [FOLDER]     one check: format, layers, warnings, markers, layout
#
# That there is no compiler warning needs no build here: every target turns warnings into errors, which is checked.
set -euo pipefail
ci=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Swift's formatter with the rules of .swift-format, which include documentation of every public declaration.
check_format() {
    local paths=() path
    for path in Package.swift Sources Tests Benchmarks; do
        if [ -e "$path" ]; then paths+=("$path"); fi
    done
    swift format lint --strict --recursive --parallel --configuration "$ci/../.swift-format" "${paths[@]}" 2>&1
}

# Dependencies and imports against the table of layers; the self-test brings its own description of targets.
check_layers() {
    if [ -e description.json ]; then cat description.json; else swift package describe --type json; fi |
        python3 "$ci/check-layers.py" .
}

# Every target that is compiled makes its warnings errors.
check_warnings() {
    if [ -e manifest.json ]; then cat manifest.json; else swift package dump-package; fi | python3 -c '
import json, sys
lax = [
    target["name"]
    for target in json.load(sys.stdin)["targets"]
    if target["type"] in ("regular", "executable", "test")
    and not any("treatAllWarnings" in setting["kind"] for setting in target["settings"])
]
for name in lax:
    print(f"Package.swift: target {name} does not treat warnings as errors")
sys.exit(1 if lax else 0)'
}

# Nothing is left for later: no markers, no stand-ins, no cast that traps where a caller deserves an error.
check_markers() {
    local status=0 paths=() path
    for path in Package.swift Makefile README.md Sources Tests Benchmarks; do
        if [ -e "$path" ]; then paths+=("$path"); fi
    done
    forbid 'unfinished work' '\b(TODO|FIXME|XXX|HACK|SCAFFOLD)\b|[Nn]ot (yet )?implemented|\b[Uu]nimplemented\b' \
        "${paths[@]}" || status=1
    local stand_ins
    stand_ins=$(find Sources Tests -iname '*placeholder*' | sort | sed 's/$/:1: a stand-in for what is not there/')
    if [ -n "$stand_ins" ]; then
        printf '%s\n' "$stand_ins"
        status=1
    fi
    forbid 'forced cast' '^([^/"]|/[^/])*\bas! ' Sources || status=1
    return "$status"
}

# forbid WHAT PATTERN PATH... : fails and names file:line where PATTERN occurs.
forbid() {
    local what=$1 pattern=$2 found
    shift 2
    found=$(grep -rnIE "$pattern" "$@" || true)
    if [ -z "$found" ]; then return 0; fi
    # Shown as file:line: what: text
    sed -E "s/^([^:]*:[0-9]+:)[[:space:]]*/\1 $what: /" <<<"$found"
    return 1
}

# The top level holds what is listed here and nothing else.
check_layout() {
    local names name status=0
    if [ -e .git ]; then names=$(git ls-files | cut -d/ -f1 | sort -u); else names=$(ls -A); fi
    for name in $names; do
        case $name in
        Package.swift | Sources | Tests | Benchmarks | Perf | README.md | Makefile | LICENSE) ;;
        .*) ;;
        *)
            echo "$name:1: not a name of the top level (Package.swift Sources Tests Benchmarks Perf README.md" \
                "Makefile LICENSE and dotfiles)"
            status=1
            ;;
        esac
    done
    return "$status"
}

# run CHECK WHAT : one line when it passes, its findings when it fails.
run() {
    local check=$1 what=$2 findings
    if findings=$("check_$check"); then
        echo "check $check: $what"
    else
        printf '%s\n' "$findings"
        echo "check $check: FAILED"
        return 1
    fi
}

if [ $# -gt 0 ]; then
    cd "${2:-$ci/..}"
    "check_$1"
    exit
fi

cd "$ci/.."
status=0
"$ci/check-selftest.sh" || status=1
run format "formatted, public declarations documented" || status=1
run layers "dependencies and imports keep to the table of layers" || status=1
run warnings "every target treats warnings as errors" || status=1
run markers "no unfinished work" || status=1
run layout "nothing extra at the top level" || status=1
exit "$status"
