import Stoa

/// Means and standard deviations of columns, and the expressions that bring the columns to mean 0 and deviation 1.
public struct StandardScaler: Hashable, Codable, Sendable {
    /// The columns in order.
    public let columns: [String]
    /// Mean of each column, nulls left out.
    public let means: [Double]
    /// Standard deviation of each column over all its values (divided by n), nulls left out.
    public let deviations: [Double]

    /// A scaler of known means and deviations, one of each a column; throws `invalidArgument` for other counts.
    public init(columns: [String], means: [Double], deviations: [Double]) throws(StoaError) {
        guard means.count == columns.count, deviations.count == columns.count else {
            throw StoaError(
                .invalidArgument, "\(means.count) means and \(deviations.count) deviations of \(columns.count) columns",
                advice: "give one of each per column")
        }
        self.columns = columns
        self.means = means
        self.deviations = deviations
    }

    /// The scaler of a data frame's rows; one aggregation. NaN gives NaN.
    ///
    /// Throws `unknownColumn`, `typeMismatch` for columns that are neither numeric nor bool, and `invalidArgument` for a
    /// column without a value.
    public static func fit(_ columns: [String], on frame: DataFrame) async throws -> StandardScaler {
        let schema = try frame.schema
        for name in columns { try schema.requireNumber(name) }
        let aggregates = columns.enumerated().flatMap { index, name in
            let value = col(name).cast(to: .float64)
            return [
                mean(value).as("mean \(index)"), standardDeviation(value, deltaDegrees: 0).as("deviation \(index)"),
            ]
        }
        let result = try await frame.agg(aggregates + [count().as("rows")]).collect()
        var means: [Double] = []
        var deviations: [Double] = []
        for (index, name) in columns.enumerated() {
            guard let mean = try result["mean \(index)", as: Double?.self][0],
                let deviation = try result["deviation \(index)", as: Double?.self][0]
            else {
                let rows = try result["rows", as: Int64.self][0]
                throw StoaError(
                    .invalidArgument, "none of \(rows) rows has a value", advice: "loosen the filters or leave it out",
                    at: .init(column: name))
            }
            means.append(mean)
            deviations.append(deviation)
        }
        return try StandardScaler(columns: columns, means: means, deviations: deviations)
    }

    /// (x - mean) / deviation of the column at an index, as float64. A column whose values are all equal becomes 0.
    public func expression(at index: Int) -> Expression {
        let centred = col(columns[index]).cast(to: .float64) - lit(means[index])
        return centred / lit(divisor(at: index))
    }

    /// The data frame with the columns scaled, under their names.
    public func transform(_ frame: DataFrame) -> DataFrame {
        columns.indices.reduce(frame) { $0.withColumn(columns[$1], expression(at: $1)) }
    }

    /// What the column at an index is divided by.
    func divisor(at index: Int) -> Double { deviations[index] == 0 ? 1 : deviations[index] }
}

extension Schema {
    /// Throws unless there is one column of that name, and it is numeric or bool.
    func requireNumber(_ name: String) throws(StoaError) {
        let type = self[try index(of: name)].type
        guard type.isNumeric || type == .bool else {
            throw StoaError(
                .typeMismatch, "the column holds \(type), not numbers", advice: "cast it to a number or leave it out",
                at: .init(column: name))
        }
    }
}
