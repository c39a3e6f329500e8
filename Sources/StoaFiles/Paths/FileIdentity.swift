import Glibc
import StoaColumns
import StoaPlan

extension FileIdentity {
    /// The identity of the file at a path. Throws `fileNotFound` with near names, or `inputOutputFailed`.
    init(of path: String) throws(StoaError) {
        switch FileSystem.kind(of: path) {
        case .file(let identity): self = identity
        case .folder: throw StoaError(.inputOutputFailed, "this is a folder", at: .init(file: path))
        case .missing: throw FileSystem.missing(path)
        case .other(let reason):
            throw StoaError(.inputOutputFailed, source: .environment, reason, at: .init(file: path))
        }
    }
}

extension FileSlice {
    /// What is wrong when the file is not the one that was planned with; nil when it is. Asks the file system once.
    var change: StoaError? {
        var code = StoaError.Code.fileChanged
        let found: String
        switch FileSystem.kind(of: path) {
        case .file(let file):
            if file == identity { return nil }
            if file.size != identity.size {
                found = "the file has \(file.size) bytes, it had \(identity.size) when the job was planned"
            } else if file.modified != identity.modified {
                found = "the file was written to after the job was planned"
            } else {
                found = "another file has taken this name since the job was planned"
            }
        case .folder: found = "there is a folder where a file was when the job was planned"
        case .missing: (code, found) = (.fileNotFound, "the file was removed after the job was planned")
        case .other(let reason):
            return StoaError(.inputOutputFailed, source: .environment, reason, at: .init(file: path))
        }
        return StoaError(
            code, source: .environment, found,
            advice: "let nobody change the file while a job reads it, and read it again with a new DataFrame",
            at: .init(file: path))
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
                    size: Int(information.st_size), modified: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec),
                    number: UInt64(information.st_ino)))
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
