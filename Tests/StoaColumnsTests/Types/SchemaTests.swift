import StoaColumns
import Testing

@Suite struct SchemaTests {
    private let schema = Schema([
        Field("distance", .float64, isNullable: false), Field("dep_delay", .int32), Field("dep_delay", .utf8),
    ])

    @Test func namesAreFoundOrAdvised() throws {
        #expect(try schema.index(of: "distance") == 0)
        #expect(schema["dep_delay"]?.type == .int32)
        let ambiguous = #expect(throws: StoaError.self) { try schema.index(of: "dep_delay") }
        #expect(ambiguous?.code == .ambiguousColumn)
        let unknown = #expect(throws: StoaError.self) { try schema.index(of: "Distnace") }
        #expect(unknown?.code == .unknownColumn)
        #expect(unknown?.advice.contains("did you mean 'distance'?") == true)
        #expect(schema.description == "[distance: float64 not null, dep_delay: int32, dep_delay: utf8]")
        #expect(schema.projected(to: [2, 0]).names == ["dep_delay", "distance"])
    }

    @Test func theNearestNamesComeFirst() {
        #expect(
            NearestNames.nearest(to: "carier", among: ["barrier", "carrier", "career", "x"]) == [
                "carrier", "career", "barrier",
            ])
        #expect(NearestNames.nearest(to: "ab", among: ["ba", "zz"]) == ["ba"])
        #expect(NearestNames.nearest(to: "", among: ["a", "bb"]) == ["a"])
        #expect(NearestNames.advice(for: "q", among: []).contains("no names"))
        #expect(NearestNames.advice(for: "zzzz", among: (0..<30).map { "column\($0)" }).hasSuffix("and 10 more"))
    }

    @Test func batchesKeepTheirSchemasPromises() throws {
        let fields = Schema([Field("a", .int64, isNullable: false), Field("b", .utf8)])
        let batch = try Batch(schema: fields, columns: [Column([1, 2]), Column(["x", nil])])
        #expect(batch.rowCount == 2)
        #expect(try batch.column("b").nullCount == 1)
        func fails(_ code: StoaError.Code, _ column: String?, _ columns: [Column]) {
            let error = #expect(throws: StoaError.self) { try Batch(schema: fields, columns: columns) }
            #expect(error?.code == code && error?.location.column == column)
        }
        fails(.schemaMismatch, nil, [Column([1])])
        fails(.schemaMismatch, "b", [Column([1]), Column([1.0])])
        fails(.schemaMismatch, "b", [Column([1, 2]), Column(["x"])])
        fails(.nullFound, "a", [Column([1, nil]), Column(["x", "y"])])
        let sliced = batch.slice(1..<2).projected(to: [1])
        #expect(try sliced == Batch(schema: Schema([Field("b", .utf8)]), columns: [Column([nil] as [String?])]))
        #expect(
            try Batch(["a": Column([1]), "b": Column([nil] as [Bool?])]).schema.fields.map(\.isNullable) == [
                false, true,
            ])
    }

    @Test func errorsReadAsOneLine() {
        let error = StoaError(
            .malformedFile, "'x' is no int64", advice: "declare the column as utf8", at: .init(row: 7, column: "a"))
        #expect(
            error.located(.init(file: "f.csv", row: 9)).description
                == "f.csv, row 7, column 'a': 'x' is no int64; declare the column as utf8")
        #expect(StoaError(.cancelled, "stopped").description == "stopped")
        #expect(
            StoaError(.engineFailed, "broken").located(.init(planNode: "filter", stage: 2, partition: 5)).description
                == "filter, stage 2, partition 5: broken")
    }
}
