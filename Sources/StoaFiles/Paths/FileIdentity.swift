import Glibc
import StoaColumns

/// What tells whether a file is still the one that was looked at: size and time of last change.
package struct FileIdentity: Hashable, Sendable {
    package let size: Int
    /// Nanoseconds since 1970.
    package let modified: Int64

    /// The identity of the file at a path. Throws `fileNotFound` with near names, or `inputOutputFailed`.
    package init(of path: String) throws(StoaError) {
        switch FileSystem.kind(of: path) {
        case .file(let identity): self = identity
        case .folder: throw StoaError(.inputOutputFailed, "this is a folder", at: .init(file: path))
        case .missing: throw FileSystem.missing(path)
        case .other(let reason):
            throw StoaError(.inputOutputFailed, source: .environment, reason, at: .init(file: path))
        }
    }

    init(size: Int, modified: Int64) {
        self.size = size
        self.modified = modified
    }
}

/// The few questions asked of the file system.
enum FileSystem {
    enum Kind {
        case file(FileIdentity)
        case folder
        case missing
        /// Something that cannot be read, and why.
        case other(String)
    }

    static func kind(of path: String) -> Kind {
        var information = stat()
        guard stat(path, &information) == 0 else {
            return errno == ENOENT || errno == ENOTDIR
                ? .missing : .other("the file cannot be looked at: \(String(cString: strerror(errno)))")
        }
        switch information.st_mode & S_IFMT {
        case S_IFREG:
            let time = information.st_mtim
            return .file(
                FileIdentity(
                    size: Int(information.st_size), modified: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)))
        case S_IFDIR: return .folder
        default: return .other("this is neither a file nor a folder")
        }
    }

    /// The names in a folder but for `.` and `..`, in byte order; nil when it cannot be read.
    static func names(in folder: String) -> [String]? {
        guard let directory = opendir(folder) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted(by: inByteOrder)
    }

    /// Order of bytes, the same in every locale.
    static func inByteOrder(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    static func baseName(_ path: String) -> String {
        String(path.split(separator: "/", omittingEmptySubsequences: true).last ?? "")
    }

    /// The folder part of a path, `.` when it has none.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The error of a path where nothing is, with the names nearby.
    static func missing(_ path: String) -> StoaError {
        let folder = folder(of: path)
        guard let names = names(in: folder) else {
            return StoaError(
                .fileNotFound, "there is no such file, nor the folder '\(folder)'", at: .init(file: path))
        }
        let near = NearestNames.nearest(to: baseName(path), among: names)
        let advice =
            near.isEmpty ? "" : "did you mean \(near.map { "'\($0)'" }.joined(separator: " or ")) in '\(folder)'?"
        return StoaError(.fileNotFound, "there is no such file", advice: advice, at: .init(file: path))
    }
}
