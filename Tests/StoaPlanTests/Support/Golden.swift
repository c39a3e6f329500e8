import FoundationEssentials
import Testing

/// Compares a text with `Goldens/<name>.txt`. With STOA_UPDATE_GOLDENS=1 in the environment the file is written instead, to
/// be reviewed as a diff: `STOA_UPDATE_GOLDENS=1 swift test --filter StoaPlanTests`.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Goldens")
    let file = folder.appending(path: "\(name).txt")
    if ProcessInfo.processInfo.environment["STOA_UPDATE_GOLDENS"] == "1" {
        try Data(text.utf8).write(to: file)
        return
    }
    let expected = try String(decoding: Data(contentsOf: file), as: UTF8.self)
    #expect(text == expected, "differs from Goldens/\(name).txt", sourceLocation: sourceLocation)
}
