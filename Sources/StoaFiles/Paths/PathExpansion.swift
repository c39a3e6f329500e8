import Glibc
import StoaColumns

/// From what the user wrote to the files meant: a file is itself, a folder stands for its files, a glob for what it
/// matches.
enum PathExpansion {
    /// The files, in byte order of their paths within each folder or glob.
    ///
    /// In a folder, names that begin with `.` or `_` are passed over, as Spark and Hive do; a glob passes over them
    /// unless it spells that first character out. Throws `fileNotFound` when nothing is found, `unsupported` for
    /// folders in folders.
    static func files(of path: String) throws(StoaError) -> [String] {
        switch FileSystem.kind(of: path) {
        case .file: return [path]
        case .folder: return try files(inFolder: path)
        case .other(let reason):
            throw StoaError(.inputOutputFailed, source: .environment, reason, at: .init(file: path))
        case .missing: break
        }
        guard path.contains(where: { "*?[{".contains($0) }) else { throw FileSystem.missing(path) }
        var files: [String] = []
        for match in matches(of: path) {
            switch FileSystem.kind(of: match) {
            case .file: files.append(match)
            case .folder: files += try Self.files(inFolder: match)
            case .missing, .other: break
            }
        }
        guard !files.isEmpty else {
            throw StoaError(
                .fileNotFound, "no file matches this pattern",
                advice: "`*`, `?`, `[a-z]` and `{a,b}` are understood; quote the pattern in a shell",
                at: .init(file: path))
        }
        return files
    }

    private static func files(inFolder folder: String) throws(StoaError) -> [String] {
        guard let names = FileSystem.names(in: folder) else {
            throw StoaError(
                .inputOutputFailed, source: .environment, "the folder cannot be read", at: .init(file: folder))
        }
        var files: [String] = []
        for name in names where !name.hasPrefix(".") && !name.hasPrefix("_") {
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            switch FileSystem.kind(of: path) {
            case .file: files.append(path)
            case .folder:
                throw StoaError(
                    .unsupported, "the folder holds another folder, '\(name)'",
                    advice: "name the folders by a glob: '\(folder.hasSuffix("/") ? folder : folder + "/")*'",
                    at: .init(file: folder))
            case .missing, .other: break
            }
        }
        guard !files.isEmpty else {
            throw StoaError(.fileNotFound, "the folder holds no file", at: .init(file: folder))
        }
        return files
    }

    private static func matches(of pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, GLOB_NOSORT | GLOB_BRACE, nil, &found) == 0 else { return [] }
        let spellsUnderscore = FileSystem.baseName(pattern).hasPrefix("_")
        return (0..<Int(found.gl_pathc))
            .compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
            .filter { spellsUnderscore || !FileSystem.baseName($0).hasPrefix("_") }
            .sorted(by: FileSystem.inByteOrder)
    }
}
