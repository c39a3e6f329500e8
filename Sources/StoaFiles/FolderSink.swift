import Glibc
import StoaColumns

/// A folder of files that several tasks write: it has its name only after `commit`; before, and after a failure, nothing is there.
///
/// The files are written to `temporaryPath`, a hidden folder beside it.
package struct FolderSink: Sendable {
    /// Where the finished folder will be.
    package let path: String
    /// Where the tasks write.
    package let temporaryPath: String

    /// Makes the temporary folder.
    ///
    /// Throws `invalidArgument` when there is something at the path already (an empty folder is taken), `fileNotFound` when
    /// the folder around it does not exist.
    package init(path: String) throws(StoaError) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        guard let name = path.split(separator: "/").last, name != ".", name != ".." else {
            throw StoaError(
                .invalidArgument, "'\(path)' names no new folder", advice: "end the path with the new folder's name",
                at: .init(file: path))
        }
        var status = stat()
        if lstat(path, &status) == 0, Self.entries(of: path).map(\.isEmpty) != true {
            throw StoaError(
                .invalidArgument, "there is something at this path already",
                advice: "remove it, or write to another folder", at: .init(file: path))
        }
        temporaryPath = try Self.makeTemporaryFolder(beside: path, name: String(name))
    }

    /// A hidden folder of a name that nobody has, also when a killed process of the same number left its own behind.
    private static func makeTemporaryFolder(beside path: String, name: String) throws(StoaError) -> String {
        for attempt in 0... {
            let candidate = "\(path.dropLast(name.count)).\(name).\(getpid())-\(attempt).tmp"
            if mkdir(candidate, 0o777) == 0 { return candidate }
            if errno != EEXIST { break }
        }
        throw failure("the folder cannot be made", missingIsCaller: true, file: path)
    }

    /// Names in a folder; nil when it is none or cannot be read.
    private static func entries(of path: String) -> [String]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Gives the folder its name; an empty folder of that name makes room. What tasks began to write and did not complete,
    /// such as those of an executor that died, is removed.
    package func commit() throws(StoaError) {
        Self.removeUnfinished(in: temporaryPath)
        guard rename(temporaryPath, path) == 0 else {
            let error = Self.failure("the finished folder cannot be given its name", missingIsCaller: false, file: path)
            abort()
            throw error
        }
        // An attempt that was slower than another and does not stop may have begun to give its file the name in between.
        // From now on it does not find the folder.
        Self.removeUnfinished(in: path)
    }

    private static func removeUnfinished(in folder: String) {
        for name in entries(of: folder) ?? [] where name.hasPrefix(".") { unlink("\(folder)/\(name)") }
    }

    /// Removes what was written.
    package func abort() {
        var removedCount: Int
        repeat {
            removedCount = (Self.entries(of: temporaryPath) ?? []).count { unlink("\(temporaryPath)/\($0)") == 0 }
            // An attempt that does not stop may have completed a file in between.
        } while rmdir(temporaryPath) != 0 && removedCount > 0
    }

    private static func failure(_ text: String, missingIsCaller: Bool, file: String) -> StoaError {
        let number = errno
        let isMissing = missingIsCaller && number == ENOENT
        return StoaError(
            isMissing ? .fileNotFound : .inputOutputFailed, source: isMissing ? .caller : .environment,
            "\(text): \(String(cString: strerror(number)))",
            advice: isMissing ? "create the folder around it first" : "", at: .init(file: file))
    }
}
