import Glibc
import StoaColumns
import StoaFiles
import StoaPlan
import Testing

@Suite("What is written reads back")
struct RoundTripTests {
    let folder = TemporaryFolder()

    private func write(_ batches: [Batch], to name: String, _ format: FileFormat) throws -> String {
        let writer = try FileWriter(FileSink(path: folder.path(name), format: format), schema: RandomBatches.schema)
        for batch in batches { try writer.write(batch) }
        try writer.close()
        return folder.path(name)
    }

    private func rows(_ batches: [Batch]) -> [[String]] {
        batches.flatMap { batch in
            (0..<batch.rowCount).map { row in batch.columns.map { $0.formatted(at: row, null: "∅") } }
        }
    }

    @Test(arguments: [
        FileFormat.parquet, .arrow, .csv(CSVOptions()), .csv(CSVOptions(delimiter: "-", hasHeader: false)),
    ])
    func everyType(format: FileFormat) throws {
        var random = RandomBatches(seed: 11)
        let batches = [
            try random.batch(rows: 700), try random.batch(rows: 1), try random.batch(rows: 1_500).slice(3..<1_200),
        ]
        let path = try write(batches, to: "file", format)
        var types: [String: DataType] = [:]
        if case .csv(let options) = format {
            for (index, field) in RandomBatches.schema.fields.enumerated() {
                types[options.hasHeader ? field.name : "column_\(index)"] = field.type
            }
        }
        let result = try read(FileScan(path: path, format: format, types: types))
        #expect(result.schema.fields.map(\.type) == RandomBatches.schema.fields.map(\.type))
        #expect(result.rows == rows(batches))
        // By bits, so that -0.0 and 0.0 count as different.
        let written = batches.map(\.columns)
        let back = result.batches.joined().map(\.columns)
        for index in RandomBatches.schema.fields.indices where RandomBatches.schema[index].type.isFloat {
            let name = RandomBatches.schema[index].name
            #expect(bits(written.map { $0[index] }) == bits(back.map { $0[index] }), "\(name)")
        }
    }

    private func bits(_ columns: [Column]) -> [UInt64?] {
        columns.flatMap { column in
            (0..<column.count).map { row -> UInt64? in
                if column.isNull(at: row) { return nil }
                if column.type == .float32 { return UInt64(column.values(as: Float.self)[row].bitPattern) }
                return column.values(as: Double.self)[row].bitPattern
            }
        }
    }

    @Test func columnsWithoutNullsStayWithout() throws {
        let schema = Schema([Field("a", .int64, isNullable: false), Field("b", .utf8)])
        let batch = try Batch(schema: schema, columns: [Column([1, 2, 3] as [Int64]), Column(["x", nil, "z"])])
        for format in [FileFormat.parquet, .arrow] {
            let path = folder.path("file")
            let writer = try FileWriter(FileSink(path: path, format: format), schema: schema)
            try writer.write(batch)
            try writer.close()
            let result = try read(FileScan(path: path, format: format))
            #expect(result.schema == schema)
            #expect(result.batches == [[batch]])
            #expect(try read(FileScan(path: path, format: format), projection: ["b", "a"]).rows[2] == ["z", "3"])
            #expect(try read(FileScan(path: path, format: format), projection: []).rowCount == 3)
        }
    }

    @Test func floatsInCSVLookLikeFloats() throws {
        let values: [Double?] = [1, 100_000, -0.0, 1e16, 1e-7, 0.1, nil, .nan, .infinity]
        let batch = try Batch(["x": Column(values), "y": Column(["", nil, "NA", "a,b", "\"", "c", "d", "e", "f"])])
        let path = folder.path("file.csv")
        let writer = try FileWriter(FileSink(path: path, format: .csv(CSVOptions())), schema: batch.schema)
        try writer.write(batch)
        try writer.close()
        let expected = """
            x,y
            1.0,""
            100000.0,
            -0.0,"NA"
            1e+16,"a,b"
            1e-07,\"\"\"\"
            0.1,c
            ,d
            NaN,e
            inf,f

            """
        #expect(contents(of: path) == expected)
        #expect(try FileCatalog().schema(of: FileScan(path: path)).fields.map(\.type) == [.float64, .utf8])
    }

    @Test func filesWithoutRows() throws {
        for format in [FileFormat.parquet, .arrow, .csv(CSVOptions())] {
            let path = try write([], to: "file", format)
            let result = try read(FileScan(path: path, format: format))
            #expect(result.rowCount == 0)
            #expect(result.schema.names == RandomBatches.schema.names)
            #expect(result.partitions.slices.count == 1)
        }
    }
}

@Suite("Files appear complete or not at all")
struct AtomicWriteTests {
    let folder = TemporaryFolder()
    let schema = Schema([Field("d", .date32)])

    private func batch(_ days: Int32) throws -> Batch {
        try Batch(schema: schema, columns: [Column([days]).retyped(.date32)])
    }

    @Test(arguments: [FileFormat.csv(CSVOptions()), .parquet, .arrow])
    func nothingIsSeenBeforeClose(format: FileFormat) throws {
        let path = folder.write("before", to: "file")
        let writer = try FileWriter(FileSink(path: path, format: format), schema: schema)
        try writer.write(try batch(0))
        #expect(contents(of: path) == "before")
        // Not even a hidden one, which a killed process would leave.
        #expect(folder.names == ["file"])
        try writer.close()
        #expect(contents(of: path) != "before")
        #expect(folder.names == ["file"])
    }

    @Test(arguments: [FileFormat.csv(CSVOptions()), .parquet, .arrow])
    func abortLeavesNothing(format: FileFormat) throws {
        let sink = FileSink(path: folder.path("file"), format: format)
        let writer = try FileWriter(sink, schema: schema)
        try writer.write(try batch(0))
        writer.abort()
        #expect(folder.names.isEmpty)
        do {
            let forgotten = try FileWriter(sink, schema: schema)
            try forgotten.write(try batch(0))
        }
        #expect(folder.names.isEmpty)
    }

    @Test func failureLeavesNothing() throws {
        let writer = try FileWriter(FileSink(path: folder.path("file.csv"), format: .csv(CSVOptions())), schema: schema)
        try writer.write(try batch(0))
        let error = stoaError { try writer.write(try batch(.max)) }
        #expect(error.code == .unsupported)
        #expect(error.location.file == folder.path("file.csv"))
        #expect(folder.names.isEmpty)
    }

    @Test func placesThatCannotBeWritten() {
        let none = stoaError {
            _ = try FileWriter(FileSink(path: folder.path("none/file"), format: .parquet), schema: schema)
        }
        #expect(none.code == .fileNotFound)
        folder.makeFolder("taken")
        let taken = stoaError {
            _ = try FileWriter(FileSink(path: folder.path("taken"), format: .parquet), schema: schema)
        }
        #expect(taken.code == .inputOutputFailed)
        let json = stoaError {
            _ = try FileWriter(FileSink(path: folder.path("a.json"), format: .json), schema: schema)
        }
        #expect(json.code == .unsupported)
    }
}
