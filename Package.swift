// swift-tools-version: 6.2
import PackageDescription

// One instruction set per build: every target, C headers included, is compiled for the same machine, so a loop never
// has to ask at run time. `native` is the builder's machine; use STOA_ARCH=x86-64-v3 for binaries that travel.
let architecture = Context.environment["STOA_ARCH"] ?? "native"

let arrow = Context.packageDirectory + "/.deps/arrow"

let swiftFlags: [SwiftSetting] = [
    .unsafeFlags(["-Xcc", "-march=\(architecture)", "-warnings-as-errors"])
]
let cFlags: [CSetting] = [.unsafeFlags(["-march=\(architecture)"])]
let cxxFlags: [CXXSetting] = [
    .unsafeFlags(["-march=\(architecture)", "-isystem", "\(arrow)/include", "-Wall", "-Werror"])
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
    .target(name: "Stoa", dependencies: ["StoaDriver", "StoaPlan", "StoaFiles", "StoaCoreGroups"]),
    .target(name: "StoaLearning", dependencies: ["Stoa", "StoaLinearAlgebra"]),
    .executableTarget(name: "StoaCommand", dependencies: ["Stoa"]),
    .executableTarget(name: "GradientDescent", dependencies: ["Stoa", "StoaLearning"]),
    .testTarget(name: "StoaColumnsTests", dependencies: ["StoaColumns"]),
    .testTarget(name: "StoaKernelsTests", dependencies: ["StoaKernels"]),
    .testTarget(name: "StoaLinearAlgebraTests", dependencies: ["StoaLinearAlgebra"]),
    .testTarget(name: "StoaPlanTests", dependencies: ["StoaPlan"]),
    .testTarget(name: "StoaTasksTests", dependencies: ["StoaTasks"]),
    .testTarget(name: "StoaFilesTests", dependencies: ["StoaFiles"]),
    .testTarget(name: "StoaExecutionTests", dependencies: ["StoaExecution"]),
    .testTarget(name: "StoaDriverTests", dependencies: ["StoaDriver"]),
    .testTarget(name: "StoaCoreGroupsTests", dependencies: ["StoaCoreGroups"]),
    .testTarget(name: "StoaTests", dependencies: ["Stoa"]),
    .testTarget(name: "StoaLearningTests", dependencies: ["StoaLearning"]),
    .testTarget(name: "StoaCommandTests", dependencies: []),
]

for target in targets where [.regular, .executable, .test].contains(target.type) && !target.name.hasPrefix("C") {
    target.swiftSettings = swiftFlags
}

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
