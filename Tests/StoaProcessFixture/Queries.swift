import Stoa

/// Queries whose answers depend on the order of every addition, on text, on exchanges, and on the user's own code.
enum Queries {
    /// Prints a line a query: its name, its number of rows, and a number that depends on every bit of the answer.
    static func run(_ session: Session, rows: Int) async throws {
        let frame = try session.dataFrame(numbers(rows: rows), rowsPerPartition: max(1, rows / 17))
        let aggregates = [
            sum("x").as("sum"), mean("x").as("mean"), variance("x").as("variance"), min("x").as("min"),
            max("x").as("max"),
        ]
        let totals = frame.groupBy("key").agg(sum("x").as("total"))
        let cached = frame.withColumn("y", col("x") * 3 - 1).cache()
        let queries: [(String, DataFrame)] = [
            ("total", frame.agg(aggregates)),
            ("groups", frame.groupBy("key").agg(aggregates)),
            ("words", frame.groupBy("word", "key").agg(aggregates).sort(desc("sum"), "word")),
            ("join", frame.join(totals, on: "key").filter(col("x") > 0).agg(sum(col("x") * col("total")).as("s"))),
            ("joined rows", frame.join(totals, on: "key").select("key", "word", "total").sort("key", "word")),
            ("sort", frame.sort("x", "key").limit(500)),
            ("rows", frame.filter(col("x") > 0.5)),
            ("distinct", frame.select("word").distinct()),
            ("medians", frame.groupBy("word").agg(median("x"), sum("x").as("s"))),
            ("cached", cached.groupBy("word").agg(sum("y").as("s"))),
            ("cached again", cached.groupBy("key").agg(variance("y").as("v"))),
            ("mapped", frame.mapBatches(Halves()).agg(sum("half").as("s"))),
            ("nothing", frame.filter(col("x") > 1e300).groupBy("word").agg(sum("x").as("s"))),
        ]
        for (name, query) in queries {
            let table = try await query.collect()
            print(name, table.rowCount, String(try checksum(table), radix: 16))
        }
        print("polynomial", try await frame.treeAggregate(Polynomial()).bitPattern)
        print("count", try await frame.filter(col("key") < 10).count())
    }

    private static func numbers(rows: Int) throws -> [Batch] {
        var state: UInt64 = 42
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        let keys = (0..<rows).map { _ in Int32(next(300)) }
        let words = (0..<rows).map { _ -> String? in next(50) == 0 ? nil : "word \(next(20))" }
        let values = (0..<rows).map { _ -> Double? in
            if next(20) == 0 { return nil }
            var value = Double(next(1 << 30)) / Double(1 << 30) - 0.5
            for _ in 0..<next(30) { value *= 1.7 }
            return value
        }
        return [try Batch(["key": Column(keys), "word": Column(words), "x": Column(values)])]
    }

    private static func checksum(_ table: ResultTable) throws -> UInt64 {
        var hash: UInt64 = 14_695_981_039_346_656_037
        func add(_ text: String) { for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 } }
        for row in table.rows {
            for field in table.schema.fields {
                switch field.type {
                case .float64: add(try row[field.name, as: Double.self].map { String($0.bitPattern) } ?? "null")
                case .int32: add(try row[field.name, as: Int32.self].map(String.init) ?? "null")
                case .int64: add(try row[field.name, as: Int64.self].map(String.init) ?? "null")
                default: add(try row[field.name, as: String.self] ?? "null")
                }
            }
        }
        return hash
    }
}

struct Halves: BatchFunction {
    func outputSchema(for input: Schema) throws -> Schema { Schema([Field("half", .float64, isNullable: true)]) }

    func callAsFunction(_ batch: Batch) throws -> Batch {
        try Batch(["half": Column(try batch.column("x").array(of: Double?.self).map { $0.map { $0 / 2 } })])
    }
}

/// Its merge is as order-dependent as can be.
struct Polynomial: BatchAggregate {
    struct State: Codable, Sendable {
        var value = 0.0
        var terms: [Int] = []
    }

    func initialState() -> State { State() }

    func consume(_ batch: Batch, into state: inout State) throws {
        for value in try batch.column("x").array(of: Double?.self) { state.value = state.value * 0.9999 + (value ?? 0) }
        state.terms.append(batch.rowCount)
    }

    func merge(_ other: State, into state: inout State) {
        state.value = state.value * 0.5 + other.value
        state.terms += other.terms
    }

    func finish(_ state: State) -> Double { state.value + Double(state.terms.count) }
}
