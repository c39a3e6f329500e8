import StoaColumns
import StoaLinearAlgebra
import StoaTestSupport
import Testing

@Suite struct MatrixBlockTests {
    @Test func aSingleColumnIsShared() throws {
        let column = Column([1.0, 2, 3, 4, 5])
        let block = try MatrixBlock<Double>(Batch(["x": column.slice(1..<4)]), columns: ["x"])
        #expect(block.base == column.values(as: Double.self) + 1)
        #expect((0..<3).map { block[$0, 0] } == [2, 3, 4])
        #expect(block.rows(1..<3).base == column.values(as: Double.self) + 2)
        let narrow = Column([1.5, 2] as [Float])
        #expect(try MatrixBlock<Float>(Batch(["x": narrow]), columns: ["x"]).base == narrow.values(as: Float.self))
    }

    @Test(arguments: [0, 1, 5, 8, 1_025])
    func columnsOfEveryNumericTypeAreConverted(rows: Int) throws {
        let columns: [(String, Column)] = [
            ("bool", Column((0..<rows).map { $0 % 3 == 0 })),
            ("int8", Column((0..<rows).map { Int8(truncatingIfNeeded: $0) })),
            ("int16", Column((0..<rows).map { Int16($0) })), ("int32", Column((0..<rows).map { Int32(-$0) })),
            ("int64", Column((0..<rows).map { Int64($0) << 40 })),
            ("uint8", Column((0..<rows).map { UInt8(truncatingIfNeeded: $0) })),
            ("uint16", Column((0..<rows).map { UInt16($0) })), ("uint32", Column((0..<rows).map { UInt32($0) })),
            ("uint64", Column((0..<rows).map { UInt64($0) << 50 })),
            ("float32", Column((0..<rows).map { Float($0) / 2 })),
            ("float64", Column((0..<rows).map { Double($0) / 3 })),
            ("narrow", try Column(decimals: (0..<rows).map { Int128($0) - 5 }, precision: 9, scale: 2)),
            ("wide", try Column(decimals: (0..<rows).map { Int128($0) << 64 }, precision: 38, scale: 1)),
        ]
        let batch = try Batch(
            schema: Schema(columns.map { Field($0.0, $0.1.type) }), columns: columns.map(\.1))
        let block = try MatrixBlock<Double>(batch, columns: batch.schema.names)
        #expect(block.rowCount == rows && block.columnCount == columns.count)
        for row in 0..<rows {
            let values = [
                row % 3 == 0 ? 1.0 : 0, Double(Int8(truncatingIfNeeded: row)), Double(row), Double(-row),
                Double(row) * 0x1p40, Double(UInt8(truncatingIfNeeded: row)), Double(row), Double(row),
                Double(row) * 0x1p50, Double(row) / 2, Double(row) / 3, Double(row - 5) / 100,
                Double(row) * 0x1p64 / 10,
            ]
            #expect((0..<columns.count).map { block[row, $0] } == values)
        }
        if rows > 3 {
            let slice = try MatrixBlock<Double>(batch.slice(3..<rows), columns: ["bool", "narrow"])
            #expect(slice[0, 0] == 1 && slice[0, 1] == -0.02)
            #expect(block.rows(3..<rows)[0, 10] == block[3, 10])
        }
    }

    @Test func whatIsNoNumberIsNamed() throws {
        let batch = try Batch([
            "text": Column(["a"]), "gap": Column([1.0, nil]).slice(1..<2),
            "day": Column([CivilDate(daysSinceEpoch: 3)]),
        ])
        for (name, code) in [
            ("text", .typeMismatch), ("gap", .nullFound), ("day", .typeMismatch), ("tex", .unknownColumn),
        ]
            as [(String, StoaError.Code)]
        {
            let error = #expect(throws: StoaError.self) { try MatrixBlock<Double>(batch, columns: [name]) }
            #expect(error?.code == code)
            if code != .unknownColumn { #expect(error?.location.column == name) }
        }
    }

    @Test(arguments: [0, 1, 1_023, 1_024, 1_025, 3_000])
    func rowBlocksFollowEachOther(rows: Int) throws {
        let batch = try Batch(["x": Column((0..<rows).map { Double($0) }), "y": Column((0..<rows).map { -$0 })])
        var seen: [Double] = []
        var starts: [Int] = []
        try MatrixBlock<Double>.forEachRowBlock(of: batch, columns: ["y", "x"]) { block, start in
            #expect(block.columnCount == 2)
            starts.append(start)
            for row in 0..<block.rowCount {
                #expect(block[row, 0] == -block[row, 1])
                seen.append(block[row, 1])
            }
        }
        #expect(seen == (0..<rows).map { Double($0) })
        #expect(starts == Array(stride(from: 0, to: rows, by: 1_024)))
    }

    @Test func aBlockWithoutColumnsHasRows() throws {
        let block = try MatrixBlock<Double>(Batch(["x": Column([1.0, 2])]), columns: [])
        #expect(block.rowCount == 2 && block.columnCount == 0)
    }

    /// The same rows give the same bits wherever they lie in memory.
    @Test func bitsDoNotDependOnTheSlice() throws {
        var generator = SplitMix64(seed: 3)
        let columns = (0..<5).map { _ in Column((0..<5_000).map { _ in Double.random(in: -1...1, using: &generator) }) }
        let weights = (0..<1_024).map { _ in Double.random(in: -1...1, using: &generator) }
        func products(_ block: MatrixBlock<Double>) -> [UInt64] {
            var sums = [Double](repeating: 0, count: 5)
            sums.withUnsafeMutableBufferPointer { sums in
                weights.withUnsafeBufferPointer { block.multiplyTransposed($0, into: sums) }
            }
            return sums.map(\.bitPattern)
        }
        let whole = MatrixBlock<Double>(columns, rowCount: 5_000)
        for start in [0, 1, 7, 1_000, 2_049] {
            let slice = MatrixBlock<Double>(columns.map { $0.slice(start..<start + 1_024) }, rowCount: 1_024)
            #expect(products(whole.rows(start..<start + 1_024)) == products(slice))
        }
    }
}
