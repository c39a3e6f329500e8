#!/usr/bin/env python3
"""Fails when the package grows an arrow between its layers that the table below does not list.

usage: swift package describe --type json | check-layers.py [FOLDER]

Two things are compared with the table: the dependencies that the manifest declares, and the `import` lines of every
source. A target may depend on what its row lists, and import what its row reaches downwards. C modules are narrower:
only the targets whose row names one may import it, so that OpenBLAS, hwloc and Arrow C++ stay behind one target each.
To change the architecture, change the table, and say why in the commit.
"""

import json
import pathlib
import re
import sys

# From the bottom up. A row lists every arrow that may leave the target; a target that is not here does not exist.
LAYERS = {
    "COpenBLAS": [],
    "CHwloc": [],
    "CArrowABI": [],
    "CStoaVector": [],
    "CStoaProcess": [],
    "CArrowFiles": ["CArrowABI"],
    "StoaColumns": ["CArrowABI"],
    "StoaKernels": ["StoaColumns", "CStoaVector"],
    "StoaLinearAlgebra": ["StoaColumns", "COpenBLAS"],
    "StoaPlan": ["StoaColumns"],
    "StoaTasks": ["StoaPlan"],
    "StoaFiles": ["StoaColumns", "StoaPlan", "CArrowFiles"],
    "StoaExecution": ["StoaTasks", "StoaKernels", "StoaLinearAlgebra", "StoaFiles"],
    "StoaDriver": ["StoaTasks"],
    "StoaCoreGroups": ["StoaTasks", "StoaExecution", "CHwloc"],
    "StoaProcesses": ["StoaTasks", "StoaExecution", "StoaCoreGroups", "CStoaProcess"],
    "Stoa": ["StoaDriver", "StoaPlan", "StoaFiles", "StoaCoreGroups", "StoaProcesses"],
    "StoaLearning": ["Stoa", "StoaLinearAlgebra"],
    "StoaCommand": ["Stoa"],
    "GradientDescent": ["Stoa", "StoaLearning"],
}

# Beside the layers: what tests, and nothing else, share, other implementations that they compare with, and programs that
# they run.
TEST_SUPPORT = {
    "CArrowOracle": ["CArrowABI"],
    "StoaTestSupport": [],
    "StoaProcessFixture": ["Stoa"],
    "StoaChaos": ["Stoa", "StoaLearning", "StoaTestSupport"],
}

# The benchmark suite measures every layer: its targets, and their tests, may see all of them.
SUITE = {"StoaBenchmarks"}

# The example shows what a user can write, so it sees what a user sees.
PUBLIC_ONLY = {"GradientDescent"}

# Foundation costs start-up time, and hides allocation and locale in what looks like arithmetic. The bottom layers use
# nothing of it; the others may use the essentials, which leave out networking, XML and internationalisation.
FOUNDATION = {"Foundation", "FoundationEssentials", "FoundationInternationalization", "FoundationNetworking"}
NO_FOUNDATION = {"StoaColumns", "StoaKernels", "StoaLinearAlgebra"}

IMPORT = re.compile(
    r"^\s*(?P<attributes>(?:@\w+(?:\([^)]*\))?\s+)*)"
    r"(?P<access>(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|typealias|func|var|let|actor)\s+)?(?P<module>\w+)"
)


def closure(target):
    """Every target that `target` reaches by arrows of the table."""
    reached, waiting = set(), list(LAYERS[target])
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += LAYERS[name]
    return reached


def is_c(name):
    return bool(re.match(r"C[A-Z]", name))


def is_suite(target):
    return target["name"].removesuffix("Tests") in SUITE


def allowed_dependencies(target):
    """What the manifest may declare for `target`, or None where everything is allowed."""
    if is_suite(target):
        return None
    if target["type"] == "test":
        tested = target["name"].removesuffix("Tests")
        return {tested} | closure(tested) | set(TEST_SUPPORT) if tested in LAYERS else set()
    return set((LAYERS | TEST_SUPPORT)[target["name"]])


def allowed_imports(target):
    """What the sources of `target` may import of this package, or None where everything is allowed."""
    dependencies = allowed_dependencies(target)
    if dependencies is None or target["type"] == "test" or target["name"] in PUBLIC_ONLY:
        return dependencies
    row = LAYERS[target["name"]]
    c_modules = {name for listed in row if is_c(listed) for name in [listed, *closure(listed)]}
    return {name for name in closure(target["name"]) if not is_c(name)} | c_modules


def declaration_line(manifest, name):
    """The number of the line of the manifest that declares the target `name`, 1 when there is none."""
    lines = enumerate(manifest.splitlines(), 1)
    return next((number for number, line in lines if f'name: "{name}"' in line and ".library" not in line), 1)


def manifest_problems(targets, manifest):
    for target in targets:
        name = target["name"]
        where = f"Package.swift:{declaration_line(manifest, name)}"
        tested = name.removesuffix("Tests") if target["type"] == "test" else name
        if tested not in LAYERS | TEST_SUPPORT and not is_suite(target):
            yield f"{where}: target {name} is not in the table of layers (.ci/check-layers.py)"
            continue
        allowed = allowed_dependencies(target)
        for dependency in target.get("target_dependencies", []):
            if allowed is not None and dependency not in allowed:
                yield (
                    f"{where}: target {name} depends on {dependency};"
                    f" the table of layers allows {', '.join(sorted(allowed)) or 'nothing'}"
                )


def import_problems(target, folder, names):
    allowed = allowed_imports(target)
    is_source = target["type"] != "test"
    for path in sorted((folder / target["path"]).rglob("*.swift")):
        in_text = False
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            # A program inside a multi-line string literal is data.
            if line.count('"""') % 2 == 1:
                in_text = not in_text
            match = None if in_text else IMPORT.match(line)
            if not match:
                continue
            module, where = match["module"], f"{path.relative_to(folder)}:{number}"
            if "@testable" in match["attributes"]:
                yield f"{where}: @testable import; tests see what is `package` or `public`"
            if module in names and allowed is not None and module not in allowed:
                yield (
                    f"{where}: {target['name']} imports {module};"
                    f" the table of layers allows {', '.join(sorted(allowed)) or 'nothing of this package'}"
                )
            if module in names and is_c(module) and is_source and (match["access"] or "").strip() != "internal":
                yield f"{where}: C modules are imported internally: internal import {module}"
            if module in FOUNDATION and target["name"] in NO_FOUNDATION:
                yield f"{where}: {target['name']} imports {module}; this layer uses Glibc and Synchronization"


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    targets = json.load(sys.stdin)["targets"]
    problems = list(manifest_problems(targets, (folder / "Package.swift").read_text(encoding="utf-8")))
    known = [target for target in targets if target["name"].removesuffix("Tests") in LAYERS]
    names = {target["name"] for target in targets} | set(LAYERS)
    for target in known:
        problems += import_problems(target, folder, names)
    print("\n".join(problems), end="\n" if problems else "")
    sys.exit(1 if problems else 0)


main()
