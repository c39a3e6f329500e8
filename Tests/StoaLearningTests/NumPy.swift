import Glibc

/// Logistic regression in NumPy, from the Python environment that `make test` prepares.
enum NumPy {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// The table of flights; nil when the data was not fetched.
    static let flights: String? = {
        let path = root + "/.deps/data/flights.csv"
        return access(path, R_OK) == 0 ? path : nil
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
        let values = zip(rows, labels).flatMap { $0 + [$1] }
        let width = rows.first?.count ?? 0
        let numbers = try inFolder { folder in
            try write(values.withUnsafeBytes { Array($0) }, to: folder + "/rows.bin")
            return try run(
                program, ["\(folder)/rows.bin", "\(width)", "\(learningRate)", "\(steps)", "\(l2)"], in: folder)
        }
        guard numbers.count == 2 * (width + 1) else {
            throw Failure(description: "not the numbers expected: \(numbers)")
        }
        return (Array(numbers[...width]), Array(numbers[(width + 1)...]))
    }

    /// The example's regression: which flights on days of the month that are no multiple of 5 are more than 15 minutes late.
    /// Read by DuckDB, learned by NumPy; prints the coefficients per unit and the intercept, then the share of the other
    /// days' flights that the model is right about.
    private static let flightsProgram = """
        import sys, duckdb, numpy
        path, rate, steps = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
        rows = duckdb.sql(
            "select dep_delay, distance, hour, month, day, arr_delay > 15 as late"
            f" from read_csv('{path}', nullstr = 'NA') where dep_delay is not null and arr_delay is not null").fetchnumpy()
        names = ['dep_delay', 'distance', 'hour', 'month']
        x = numpy.column_stack([numpy.asarray(rows[name], float) for name in names])
        y = numpy.asarray(rows['late'], float)
        held = numpy.asarray(rows['day']) % 5 == 0
        known, labels = x[~held], y[~held]
        means, deviations = known.mean(axis=0), known.std(axis=0)
        scaled = (known - means) / deviations
        w, b = numpy.zeros(4), 0.0
        for _ in range(steps):
            residuals = 1 / (1 + numpy.exp(-(scaled @ w + b))) - labels
            w, b = w - rate * (scaled.T @ residuals) / len(labels), b - rate * residuals.mean()
        w, b = w / deviations, b - (w * means / deviations).sum()
        right = ((x[held] @ w + b > 0) == (y[held] == 1)).mean()
        for value in [*w, b, right]:
            print(float(value).hex())
        """

    /// Coefficients per unit, intercept, and accuracy on held-out days of the example's regression.
    static func flightsRegression(
        path: String, learningRate: Double, steps: Int
    ) throws -> (coefficients: [Double], intercept: Double, accuracy: Double) {
        let numbers = try inFolder { try run(flightsProgram, [path, "\(learningRate)", "\(steps)"], in: $0) }
        guard numbers.count == 6 else { throw Failure(description: "not the numbers expected: \(numbers)") }
        return (Array(numbers[..<4]), numbers[4], numbers[5])
    }

    /// The numbers that a program prints, one a line.
    private static func run(_ program: String, _ arguments: [String], in folder: String) throws -> [Double] {
        let script = folder + "/program.py"
        try write(Array(program.utf8), to: script)
        let interpreter = root + "/.deps/venv/bin/python"
        let command = ([interpreter, script] + arguments).map { "'\($0)'" }.joined(separator: " ") + " 2>&1"
        guard let pipe = popen(command, "r") else { throw Failure(description: "'\(command)' does not start") }
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while case let count = fread(&chunk, 1, chunk.count, pipe), count > 0 { output += chunk[..<count] }
        let text = String(decoding: output, as: UTF8.self)
        guard pclose(pipe) == 0 else { throw Failure(description: "'\(command)' failed: \(text)") }
        return text.split(separator: "\n").compactMap { Double($0) }
    }

    private static func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
        var template = Array("/tmp/stoa-learning-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(description: "no temporary folder (error \(errno))") }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for name in ["program.py", "rows.bin"] { unlink("\(folder)/\(name)") }
            rmdir(folder)
        }
        return try body(folder)
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "w") else { throw Failure(description: "cannot write \(path) (error \(errno))") }
        let count = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, count == bytes.count else { throw Failure(description: "cannot write \(path)") }
    }
}
