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
        let name = path.split(separator: "/").last ?? ""
        let parent = path.dropLast(name.count)
        var template = Array("\(parent).\(name).stoa-XXXXXX".utf8CString)
        guard name != "", name != ".", name != ".." else {
            throw StoaError(
                .invalidArgument, "'\(path)' names no new folder", advice: "end the path with the new folder's name",
                at: .init(file: path))
        }
        var status = stat()
        if lstat(path, &status) == 0, rmdir(path) != 0 {
            throw StoaError(
                .invalidArgument, "there is something at this path already",
                advice: "remove it, or write to another folder", at: .init(file: path))
        }
        guard mkdtemp(&template) != nil else {
            throw Self.failure("the folder cannot be made", missingIsCaller: true, file: path)
        }
        temporaryPath = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // mkdtemp makes folders for their owner alone; a folder of data is made as other folders are.
        let mask = umask(0)
        umask(mask)
        chmod(temporaryPath, 0o777 & ~mask)
    }

    /// Gives the folder its name.
    package func commit() throws(StoaError) {
        guard rename(temporaryPath, path) == 0 else {
            let error = Self.failure("the finished folder cannot be given its name", missingIsCaller: false, file: path)
            abort()
            throw error
        }
    }

    /// Removes what was written.
    package func abort() {
        if let entries = opendir(temporaryPath) {
            while let entry = readdir(entries) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink("\(temporaryPath)/\(name)") }
            }
            closedir(entries)
        }
        rmdir(temporaryPath)
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
