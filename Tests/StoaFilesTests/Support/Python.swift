import Glibc

/// The Python environment that `make test` prepares, with pyarrow as an independent reader and writer.
enum Python {
    static let root: String = {
        var parts = #filePath.split(separator: "/").map(String.init)
        parts.removeLast(4)
        return "/" + parts.joined(separator: "/")
    }()

    static let interpreter = root + "/.deps/venv/bin/python"
    static let flights = root + "/.deps/data/flights.csv"

    static let isAvailable = access(interpreter, X_OK) == 0
    static let hasFlights = access(flights, R_OK) == 0

    /// What the script prints; nil when it fails.
    static func run(_ script: String, _ arguments: [String], in folder: TemporaryFolder) -> String? {
        let file = folder.write(script, to: ".script.py")
        let command = ([interpreter, file] + arguments).map { "'\($0)'" }.joined(separator: " ")
        guard let pipe = popen(command + " 2>&1", "r") else { return nil }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { bytes += chunk[0..<count] }
        let text = String(decoding: bytes, as: UTF8.self)
        guard pclose(pipe) == 0 else {
            print(text)
            return nil
        }
        return text
    }
}
