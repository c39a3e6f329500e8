import Glibc

/// Logistic regression in NumPy, from the Python environment that `make test` prepares.
enum NumPy {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let interpreter: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/.deps/venv/bin/python"
    }()

    /// Full-batch gradient descent in the textbook's form, then Newton's method for the minimum itself. Reads rows of
    /// features and a label as float64; prints the parameters of both, the intercept last, a value a line.
    private static let program = """
        import sys, numpy
        path, width, rate, steps, l2 = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
        data = numpy.fromfile(path).reshape(-1, width + 1)
        x = numpy.hstack([data[:, :width], numpy.ones((len(data), 1))])
        y = data[:, width]
        penalty = numpy.array([l2] * width + [0.0])
        def gradient(w):
            return x.T @ (1 / (1 + numpy.exp(-(x @ w))) - y) / len(y) + penalty * w
        descended = numpy.zeros(width + 1)
        for _ in range(steps):
            descended = descended - rate * gradient(descended)
        best = numpy.zeros(width + 1)
        for _ in range(50):
            p = 1 / (1 + numpy.exp(-(x @ best)))
            hessian = (x * (p * (1 - p))[:, None]).T @ x / len(y) + numpy.diag(penalty)
            best = best - numpy.linalg.solve(hessian, gradient(best))
        for value in numpy.concatenate([descended, best]):
            print(float(value).hex())
        """

    /// The parameters after the given steps, and those of the minimum.
    static func logisticRegression(
        rows: [[Double]], labels: [Double], learningRate: Double, steps: Int, l2: Double
    ) throws -> (descended: [Double], best: [Double]) {
        var template = Array("/tmp/stoa-learning-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "no temporary folder (error \(errno))") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let script = folder + "/fit.py"
        let data = folder + "/rows.bin"
        defer { for path in [script, data] { unlink(path) } }
        defer { rmdir(folder) }
        try write(Array(program.utf8), to: script)
        let values = zip(rows, labels).flatMap { $0 + [$1] }
        try write(values.withUnsafeBytes { Array($0) }, to: data)
        let width = rows.first?.count ?? 0
        let command = "'\(interpreter)' '\(script)' '\(data)' \(width) \(learningRate) \(steps) \(l2) 2>&1"
        guard let pipe = popen(command, "r") else { throw Failure(description: "'\(command)' does not start") }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { output += chunk[..<count] }
        let text = String(decoding: output, as: UTF8.self)
        guard pclose(pipe) == 0 else { throw Failure(description: "'\(command)' failed: \(text)") }
        let numbers = text.split(separator: "\n").compactMap { Double($0) }
        guard numbers.count == 2 * (width + 1) else { throw Failure(description: "not the numbers expected: \(text)") }
        return (Array(numbers[...width]), Array(numbers[(width + 1)...]))
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "w") else { throw Failure(description: "cannot write \(path) (error \(errno))") }
        let count = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, count == bytes.count else { throw Failure(description: "cannot write \(path)") }
    }
}
