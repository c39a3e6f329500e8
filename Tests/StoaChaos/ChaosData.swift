import Stoa
import StoaLearning
import StoaTestSupport

/// The jobs that run under faults.
enum ChaosQuery: String, CaseIterable, CustomStringConvertible {
    case groupBy
    case join
    case sort
    case persisted
    case gradientDescent

    var description: String { rawValue }
}

/// The rows that all runs read, in files, so that lineage begins on disk.
struct ChaosData {
    let folder: TemporaryFolder
    private let facts: String
    private let names: String

    /// Writes the tables.
    init(rows: Int, folder: TemporaryFolder) async throws {
        self.folder = folder
        facts = folder.path("facts")
        names = folder.path("names.parquet")
        let session = try Session(cluster: .embedded(executors: 1))
        defer { session.stop() }
        var random = SplitMix64(seed: 7)
        let keys = (0..<rows).map { _ in Int32(random.below(5_000)) }
        // Thirds have no end in binary: sums of them show every change of order.
        let values = (0..<rows).map { _ in Double(random.below(1 << 20)) / 3 }
        let labels = values.map { $0 > 150_000 }
        try await session.dataFrame(
            ["key": Column(keys), "value": Column(values), "label": Column(labels)], rowsPerPartition: rows / 12 + 1
        ).write.parquet(facts)
        let all = Array(Int32(0)..<Int32(5_000))
        try await session.dataFrame(
            ["key": Column(all), "name": Column(all.map { "name \($0 % 97)" })], rowsPerPartition: 2_000
        ).write.parquet(names)
    }

    /// The answer without faults.
    func cleanAnswer(of query: ChaosQuery, _ cluster: ClusterConfiguration) async throws -> String {
        let session = try Session(cluster: cluster)
        defer { session.stop() }
        return try await answer(of: query, session, poison: folder.path("none"))
    }

    /// A number that depends on every bit of the answer.
    func answer(of query: ChaosQuery, _ session: Session, poison: String) async throws -> String {
        let rows = session.read.parquet(facts).mapBatches(Poisoned(folder: poison))
        switch query {
        case .groupBy:
            return try await digest(
                rows.groupBy("key").agg(sum("value").as("sum"), variance("value").as("variance"), count().as("n")))
        case .join:
            let named = rows.join(session.read.parquet(names), on: "key")
            return try await digest(named.groupBy("name").agg(sum("value").as("sum"), mean("value").as("mean")))
        case .sort:
            return try await digest(rows.sort(desc("value"), "key").limit(20_000))
        case .persisted:
            let kept = rows.withColumn("scaled", col("value") * 1.1).cache()
            let first = try await digest(kept.groupBy("key").agg(sum("scaled").as("sum")))
            let second = try await digest(kept.agg(sum("scaled").as("sum"), variance("scaled").as("variance")))
            return first + second
        case .gradientDescent:
            let optimizer = GradientDescent(learningRate: 0.5, iterations: 6)
            let model = try await LogisticRegression(features: ["value", "key"], label: "label", optimizer: optimizer)
                .fit(on: rows.cache())
            return digest(of: model.coefficients + [model.intercept] + model.losses)
        }
    }

    private func digest(_ frame: DataFrame) async throws -> String {
        let table = try await frame.collect()
        var hash = Digest()
        hash.add(UInt64(table.rowCount))
        for field in table.schema.fields {
            switch field.type {
            case .float64: for value in try table[field.name, as: Double.self] { hash.add(value.bitPattern) }
            case .int32:
                for value in try table[field.name, as: Int32.self] { hash.add(UInt64(bitPattern: Int64(value))) }
            case .int64: for value in try table[field.name, as: Int64.self] { hash.add(UInt64(bitPattern: value)) }
            case .utf8:
                for value in try table[field.name, as: String.self] { value.utf8.forEach { hash.add(UInt64($0)) } }
            default: for value in try table[field.name, as: Bool.self] { hash.add(value ? 1 : 0) }
            }
        }
        return hash.text
    }

    private func digest(of values: [Double]) -> String {
        var hash = Digest()
        for value in values { hash.add(value.bitPattern) }
        return hash.text
    }
}

/// Fowler, Noll and Vo's hash, over words.
private struct Digest {
    private var state: UInt64 = 14_695_981_039_346_656_037

    mutating func add(_ word: UInt64) { state = (state ^ word) &* 1_099_511_628_211 }

    var text: String { String(state, radix: 16) }
}
