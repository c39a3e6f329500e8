import StoaTestSupport

/// Logistic regression in NumPy, from the Python environment that `make test` prepares.
enum NumPy {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The table of flights, which `make test` fetches.
    static let flights = BuiltProgram.root.path + "/.deps/data/flights.csv"

    /// Full-batch gradient descent in the textbook's form, then Newton's method for the minimum itself. Reads rows of
    /// features and a label; prints the parameters of both, the intercept last, a value a line.
    private static let program = """
        import sys, numpy
        path, rate, steps, l2 = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
        data = numpy.array([[float.fromhex(value) for value in line.split()] for line in open(path)])
        width = data.shape[1] - 1
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
        let folder = try TemporaryFolder()
        let lines = zip(rows, labels).map { row, label in (row + [label]).map(hexadecimal).joined(separator: " ") }
        let data = try folder.write(lines.joined(separator: "\n"), to: "rows.txt")
        let numbers = try run(program, [data, "\(learningRate)", "\(steps)", "\(l2)"])
        let half = numbers.count / 2
        guard half == (rows.first?.count ?? 0) + 1 else {
            throw Failure(description: "not the numbers expected: \(numbers)")
        }
        return (Array(numbers[..<half]), Array(numbers[half...]))
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
        learningRate: Double, steps: Int
    ) throws -> (coefficients: [Double], intercept: Double, accuracy: Double) {
        let numbers = try run(flightsProgram, [flights, "\(learningRate)", "\(steps)"])
        guard numbers.count == 6 else { throw Failure(description: "not the numbers expected: \(numbers)") }
        return (Array(numbers[..<4]), numbers[4], numbers[5])
    }

    /// The numbers that a program prints, one a line.
    private static func run(_ program: String, _ arguments: [String]) throws -> [Double] {
        let outcome = try BuiltProgram.python.run(["-c", program] + arguments)
        guard outcome.status == 0 else { throw Failure(description: "Python failed: \(outcome.errors)") }
        return outcome.output.split(separator: "\n").compactMap { Double($0) }
    }

    /// A number as Python's `float.fromhex` reads it: sign and significand, whole, then the exponent.
    private static func hexadecimal(_ value: Double) -> String {
        if value == 0 { return "0x0p0" }
        let whole = Int64(value.significand * 0x1p52)
        return "\(value < 0 ? "-" : "")0x\(String(whole, radix: 16))p\(value.exponent - 52)"
    }
}
