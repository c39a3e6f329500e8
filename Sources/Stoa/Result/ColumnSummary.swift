import StoaColumns
import StoaPlan

/// `describe`: one aggregation over all columns, turned so that each column becomes a row.
enum ColumnSummary {
    static func describe(_ frame: DataFrame) async throws -> ResultTable {
        let schema = try frame.schema
        for name in schema.names { _ = try schema.index(of: name) }
        let fields = schema.fields
        var aggregates: [Expression] = [.alias(.aggregate(.countRows, []), "rows")]
        for (index, field) in fields.enumerated() {
            let column = Expression.column(field.name)
            aggregates.append(.alias(.aggregate(.count, [column]), "count \(index)"))
            if field.type.isNumeric || field.type == .bool {
                let number = field.type.isDecimal ? Expression.cast(column, .float64, onFailure: .error) : column
                aggregates.append(.alias(.aggregate(.mean, [number]), "mean \(index)"))
                aggregates.append(
                    .alias(.aggregate(.standardDeviation(deltaDegrees: 1), [number]), "deviation \(index)"))
            }
            aggregates.append(.alias(.aggregate(.min, [column]), "min \(index)"))
            aggregates.append(.alias(.aggregate(.max, [column]), "max \(index)"))
        }
        let values = try await frame.collect(.aggregate(keys: [], aggregates: aggregates, try frame.plan()))
        let rows = try values["rows", as: Int64.self][0]
        let counts = try fields.indices.map { try values["count \($0)", as: Int64.self][0] }
        func number(_ name: String) throws(StoaError) -> Double? {
            values.schema[name] == nil ? nil : try values[name, as: Double?.self][0]
        }
        func text(_ name: String) throws(StoaError) -> String? {
            let column = try values.batches[0].column(name)
            return column.isNull(at: 0) ? nil : column.formatted(at: 0)
        }
        var means: [Double?] = []
        var deviations: [Double?] = []
        var minima: [String?] = []
        var maxima: [String?] = []
        for index in fields.indices {
            means.append(try number("mean \(index)"))
            deviations.append(try number("deviation \(index)"))
            minima.append(try text("min \(index)"))
            maxima.append(try text("max \(index)"))
        }
        let batch = try Batch([
            "column": Column(fields.map(\.name)), "type": Column(fields.map { "\($0.type)" }),
            "count": Column(counts), "nulls": Column(counts.map { rows - $0 }), "mean": Column(means),
            "std": Column(deviations), "min": Column(minima), "max": Column(maxima),
        ])
        return ResultTable(schema: batch.schema, batches: [batch])
    }
}
