#!/usr/bin/env bash
# Proves that each check of check.sh passes on a good package and fails, naming the place, on each kind of bad one.
set -euo pipefail
ci=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cases=0
failures=0

# A package of four targets, small and without fault.
make_package() {
    rm -rf "${folder:?}"/*
    mkdir -p "$folder"/Sources/{StoaColumns,StoaLinearAlgebra,StoaPlan} "$folder"/Tests/StoaPlanTests
    cat >"$folder/Package.swift" <<'SWIFT'
let targets = [
    .target(name: "StoaColumns"),
    .target(name: "StoaPlan"),
]
SWIFT
    echo 'import Synchronization' >"$folder/Sources/StoaColumns/Column.swift"
    printf 'internal import COpenBLAS\nimport StoaColumns\n' >"$folder/Sources/StoaLinearAlgebra/Matrix.swift"
    printf 'import FoundationEssentials\nimport StoaColumns\n' >"$folder/Sources/StoaPlan/Plan.swift"
    printf 'import StoaColumns\nimport StoaPlan\nimport Testing\n' >"$folder/Tests/StoaPlanTests/PlanTests.swift"
    describe '["StoaColumns"]' library
    echo '{"targets": [{"name": "Stoa", "type": "regular", "settings": [{"kind": {"treatAllWarnings": {}}}]}]}' \
        >"$folder/manifest.json"
}

# describe DEPENDENCIES-OF-PLAN TYPE : writes what `swift package describe` would say.
describe() {
    cat >"$folder/description.json" <<JSON
{"targets": [
  {"name": "StoaColumns", "type": "library", "path": "Sources/StoaColumns"},
  {"name": "StoaLinearAlgebra", "type": "library", "path": "Sources/StoaLinearAlgebra",
   "target_dependencies": ["StoaColumns", "COpenBLAS"]},
  {"name": "StoaPlan", "type": "$2", "path": "Sources/StoaPlan", "target_dependencies": $1},
  {"name": "StoaPlanTests", "type": "test", "path": "Tests/StoaPlanTests", "target_dependencies": ["StoaPlan"]}
]}
JSON
}

# passes CHECK
passes() {
    cases=$((cases + 1))
    local output
    output=$("$ci/check.sh" "$1" "$folder" 2>&1) && return
    failures=$((failures + 1))
    echo "check selftest: $1 fails on a good package: $output"
}

# fails CHECK WHAT EXPECTED : the check must fail and print EXPECTED (a pattern); then the package is good again.
fails() {
    cases=$((cases + 1))
    local output
    if output=$("$ci/check.sh" "$1" "$folder" 2>&1); then
        failures=$((failures + 1))
        echo "check selftest: $1 accepts $2"
    elif ! grep -qE "$3" <<<"$output"; then
        failures=$((failures + 1))
        echo "check selftest: $1 rejects $2 but does not say '$3': $output"
    fi
    make_package
}

source_of_plan=Sources/StoaPlan/Plan.swift
add() { printf '%s\n' "$2" >>"$folder/$1"; }

make_package
for check in format layers warnings markers; do passes "$check"; done

add $source_of_plan 'let  x=1'
fails format "a badly formatted line" "Plan.swift:3"
add $source_of_plan 'public let x = 1'
fails format "a public declaration without documentation" "AllPublicDeclarationsHaveDocumentation"
add $source_of_plan 'let x = try! f()'
fails format "a forced try" "NeverUseForceTry"

describe '["StoaDriver"]' library
fails layers "a dependency that is not listed" "Package.swift:3: target StoaPlan depends on StoaDriver"
sed -i 's/"StoaPlan", "type"/"StoaSurprise", "type"/' "$folder/description.json"
fails layers "a target that is not listed" "target StoaSurprise is not in the table"
add $source_of_plan 'import StoaKernels'
fails layers "an import upwards" "$source_of_plan:3: StoaPlan imports StoaKernels"
add $source_of_plan 'public import struct StoaDriver.Job'
fails layers "an import of one declaration upwards" "$source_of_plan:3: StoaPlan imports StoaDriver"
add $source_of_plan 'internal import COpenBLAS'
fails layers "OpenBLAS outside linear algebra" "$source_of_plan:3: StoaPlan imports COpenBLAS"
echo 'import COpenBLAS' >"$folder/Sources/StoaLinearAlgebra/Matrix.swift"
fails layers "a C module imported for everybody" "Matrix.swift:1: C modules are imported internally"
add Sources/StoaColumns/Column.swift 'import Foundation'
fails layers "Foundation in a bottom layer" "Column.swift:2: StoaColumns imports Foundation"
add Sources/StoaColumns/Column.swift 'import FoundationEssentials'
fails layers "Foundation's essentials in a bottom layer" "Column.swift:2: StoaColumns imports FoundationEssentials"
add Tests/StoaPlanTests/PlanTests.swift '@testable import StoaPlan'
fails layers "a testable import" "PlanTests.swift:4: @testable"
add Tests/StoaPlanTests/PlanTests.swift 'import StoaDriver'
fails layers "a test that reaches upwards" "PlanTests.swift:4: StoaPlanTests imports StoaDriver"
printf 'let program = """\n    import StoaDriver\n    """\n' >>"$folder/$source_of_plan"
passes layers
make_package

echo '{"targets": [{"name": "Stoa", "type": "regular", "settings": []}]}' >"$folder/manifest.json"
fails warnings "a target with lenient warnings" "target Stoa does not"

# Written in two halves, so that this file may itself be searched.
for marker in "TO""DO: later" "FIX""ME" "not imple""mented" "SCAF""FOLD"; do
    add $source_of_plan "// $marker"
    fails markers "'$marker'" "$source_of_plan:3: unfinished work"
done
add $source_of_plan 'let y = x as! Int'
fails markers "a forced cast" "$source_of_plan:3: forced cast"
touch "$folder/Sources/StoaPlan/Placeholder.swift"
fails markers "a stand-in file" "Placeholder.swift:1: a stand-in"

rm "$folder"/*.json
passes layout
touch "$folder/NOTES.txt"
fails layout "a stray file" "NOTES.txt:1"

if [ "$failures" -gt 0 ]; then
    echo "check selftest: FAILED, $failures of $cases"
    exit 1
fi
echo "check selftest: the checks themselves pass $cases cases"
