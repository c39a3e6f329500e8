// swift-tools-version: 6.2
import Glibc
import PackageDescription

// One instruction set per build: every target, C headers included, is compiled for the same machine, so a loop never
// has to ask at run time. `native` is the builder's machine; use STOA_ARCH=x86-64-v3 for binaries that travel.
let architecture = Context.environment["STOA_ARCH"] ?? "native"

// `make deps` shows Arrow C++ here, the system's own or one of its own. Without it the compiler looks in its usual places.
let arrow = Context.packageDirectory + "/.deps/arrow"

stopIfSomethingIsMissing()

let swiftFlags: [SwiftSetting] = [
    .unsafeFlags(["-Xcc", "-march=\(architecture)"]),
    .treatAllWarnings(as: .error),
]
let cFlags: [CSetting] = [
    .unsafeFlags(["-march=\(architecture)"]),
    .enableWarning("all"), .treatAllWarnings(as: .error),
]
let cxxFlags: [CXXSetting] = [
    .unsafeFlags(["-march=\(architecture)", "-isystem", "\(arrow)/include"]),
    .unsafeFlags(["-include", "\(Context.packageDirectory)/Sources/CArrowFiles/RequireArrow.hpp"]),
    .enableWarning("all"), .treatAllWarnings(as: .error),
]
let arrowLibraries: [LinkerSetting] = [
    .unsafeFlags(["-L\(arrow)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(arrow)/lib"]),
    .linkedLibrary("parquet"), .linkedLibrary("arrow"),
]

/// The layers, from the bottom up. `make check` compares the imports with the table of allowed arrows.
let targets: [Target] = [
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CHwloc", pkgConfig: "hwloc", providers: [.apt(["libhwloc-dev"])]),
    .target(name: "CArrowABI", cSettings: cFlags),
    .target(name: "CStoaVector", cSettings: cFlags),
    .target(name: "CStoaProcess", cSettings: cFlags),
    .target(name: "CArrowFiles", dependencies: ["CArrowABI"], cxxSettings: cxxFlags, linkerSettings: arrowLibraries),
    .target(name: "StoaColumns", dependencies: ["CArrowABI"]),
    .target(name: "StoaKernels", dependencies: ["StoaColumns", "CStoaVector"]),
    .target(name: "StoaLinearAlgebra", dependencies: ["StoaColumns", "COpenBLAS"]),
    .target(name: "StoaPlan", dependencies: ["StoaColumns"]),
    .target(name: "StoaTasks", dependencies: ["StoaPlan"]),
    .target(name: "StoaFiles", dependencies: ["StoaColumns", "StoaPlan", "CArrowFiles"]),
    .target(
        name: "StoaExecution", dependencies: ["StoaTasks", "StoaKernels", "StoaLinearAlgebra", "StoaFiles"]),
    .target(name: "StoaDriver", dependencies: ["StoaTasks"]),
    .target(name: "StoaCoreGroups", dependencies: ["StoaTasks", "StoaExecution", "CHwloc"]),
    .target(
        name: "StoaProcesses", dependencies: ["StoaTasks", "StoaExecution", "StoaCoreGroups", "CStoaProcess"]),
    .target(
        name: "Stoa",
        dependencies: ["StoaDriver", "StoaPlan", "StoaFiles", "StoaCoreGroups", "StoaProcesses"]),
    .target(name: "StoaLearning", dependencies: ["Stoa", "StoaLinearAlgebra"]),
    .executableTarget(name: "StoaCommand", dependencies: ["Stoa"]),
    .executableTarget(name: "GradientDescent", dependencies: ["Stoa", "StoaLearning"]),
    .executableTarget(
        name: "StoaBenchmarks", dependencies: ["Stoa", "StoaDriver", "StoaCoreGroups"],
        path: "Benchmarks/StoaBenchmarks"),
    .target(
        name: "CArrowOracle", dependencies: ["CArrowABI"], path: "Tests/CArrowOracle", cxxSettings: cxxFlags,
        linkerSettings: arrowLibraries),
    .target(name: "StoaTestSupport", path: "Tests/StoaTestSupport"),
    .executableTarget(name: "StoaProcessFixture", dependencies: ["Stoa"], path: "Tests/StoaProcessFixture"),
    .executableTarget(
        name: "StoaChaos", dependencies: ["Stoa", "StoaLearning", "StoaTestSupport"], path: "Tests/StoaChaos"),
    .testTarget(
        name: "StoaColumnsTests", dependencies: ["StoaColumns", "CArrowABI", "CArrowOracle", "StoaTestSupport"]),
    .testTarget(name: "StoaKernelsTests", dependencies: ["StoaKernels", "StoaTestSupport"]),
    .testTarget(name: "StoaLinearAlgebraTests", dependencies: ["StoaLinearAlgebra", "StoaTestSupport"]),
    .testTarget(name: "StoaPlanTests", dependencies: ["StoaPlan"], exclude: ["Goldens"]),
    .testTarget(name: "StoaTasksTests", dependencies: ["StoaTasks"]),
    .testTarget(name: "StoaFilesTests", dependencies: ["StoaFiles"]),
    .testTarget(name: "StoaExecutionTests", dependencies: ["StoaExecution"]),
    .testTarget(name: "StoaDriverTests", dependencies: ["StoaDriver"]),
    .testTarget(name: "StoaCoreGroupsTests", dependencies: ["StoaCoreGroups"]),
    .testTarget(
        name: "StoaProcessesTests",
        dependencies: ["StoaProcesses", "StoaProcessFixture", "StoaChaos", "StoaTestSupport"]),
    .testTarget(name: "StoaTests", dependencies: ["Stoa", "StoaTestSupport"], exclude: ["Differential/compare.py"]),
    .testTarget(name: "StoaLearningTests", dependencies: ["StoaLearning", "StoaTestSupport"]),
    .testTarget(name: "StoaCommandTests", dependencies: ["StoaCommand", "StoaTestSupport"]),
    .testTarget(name: "StoaBenchmarksTests", dependencies: ["StoaBenchmarks", "StoaTestSupport"]),
    .testTarget(name: "GradientDescentTests", dependencies: ["GradientDescent", "StoaTestSupport"]),
]

for target in targets where [.regular, .executable, .test].contains(target.type) && !target.name.hasPrefix("C") {
    target.swiftSettings = swiftFlags
}

// An expression that the type checker needs a second for means that the operators of `Expression` have become too many.
targets.first { $0.name == "StoaPlanTests" }?.swiftSettings?.append(
    .unsafeFlags(["-Xfrontend", "-warn-long-expression-type-checking=1000"]))

let package = Package(
    name: "Stoa",
    products: [
        .library(name: "Stoa", targets: ["Stoa"]),
        .library(name: "StoaLearning", targets: ["StoaLearning"]),
        .executable(name: "stoa", targets: ["StoaCommand"]),
    ],
    targets: targets,
    cxxLanguageStandard: .cxx20
)

/// Ends a build of this package with one sentence when a library that it needs is not there.
///
/// A failing manifest is the one answer that SwiftPM does not cache, so the first build after `make deps` goes through.
/// As a dependency of another package the manifest always succeeds, because resolving versions needs no library; there
/// the headers that include what is missing say the same.
func stopIfSomethingIsMissing() {
    guard let folder = getcwd(nil, 0) else { return }
    defer { free(folder) }
    let isDependency = !(String(cString: folder) + "/").hasPrefix(Context.packageDirectory + "/")
    if isDependency { return }

    var missing: [String] = []
    if system("pkg-config --exists openblas 2>/dev/null") != 0 { missing.append("OpenBLAS") }
    if system("pkg-config --exists hwloc 2>/dev/null") != 0 { missing.append("hwloc") }
    if access("\(arrow)/lib/libparquet.so", R_OK) != 0 { missing.append("Arrow C++") }
    if missing.isEmpty { return }

    let sentence = "error: Stoa cannot find \(missing.joined(separator: ", ")): run 'make deps', which installs it.\n"
    _ = write(STDERR_FILENO, sentence, sentence.utf8.count)
    exit(1)
}
