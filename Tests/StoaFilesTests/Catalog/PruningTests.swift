import StoaColumns
import StoaFiles
import StoaPlan
import Testing

@Suite("Row groups that statistics rule out")
struct PruningTests {
    let folder = TemporaryFolder()

    /// Rows of a row group as the writer makes them.
    private static let groupRows = FileWriter.rowGroupRows

    private func boolean(_ node: BoundExpression.Node) -> BoundExpression {
        BoundExpression(node, type: .bool, isNullable: true, text: "")
    }

    private func column(_ index: Int, _ type: DataType) -> BoundExpression {
        BoundExpression(.column(index), type: type, isNullable: true, text: "")
    }

    private func literal(_ literal: Literal, _ type: DataType) -> BoundExpression {
        BoundExpression(.literal(literal), type: type, isNullable: false, text: "")
    }

    /// Group g: `i` from 10 g to 10 g + 9, `f` the same with NaN in group 1, `s` "g0"..., `n` null in group 2, `t` days.
    private func file() throws -> FileScan {
        let path = folder.path("file.parquet")
        let schema = Schema([
            Field("i", .int64), Field("f", .float64), Field("s", .utf8), Field("n", .int32), Field("d", .date32),
            Field("m", .decimal(precision: 10, scale: 2)), Field("b", .bool),
        ])
        let writer = try FileWriter(FileSink(path: path, format: .parquet), schema: schema)
        for group in 0..<4 {
            let rows = 0..<Self.groupRows
            try writer.write(
                try Batch(
                    schema: schema,
                    columns: [
                        Column(rows.map { Int64(10 * group + $0 % 10) }),
                        Column(rows.map { group == 1 && $0 == 5 ? Double.nan : Double(10 * group + $0 % 10) }),
                        Column(rows.map { _ in "g\(group)" }),
                        Column(rows.map { group == 2 ? nil : Int32($0 % 3) }),
                        Column(rows.map { _ in Int32(group) }).retyped(.date32),
                        try Column(decimals: rows.map { _ in Int128(group * 100) }, precision: 10, scale: 2),
                        Column(rows.map { _ in group == 3 }),
                    ]))
        }
        try writer.close()
        return FileScan(path: path)
    }

    @Test func groupsThatCanHold() throws {
        let scan = try file()
        let catalog = FileCatalog()
        func groups(_ predicate: BoundExpression) throws -> [Int] {
            let partitions = try catalog.partitions(of: scan, projection: [0], predicate: predicate)
            let groups = partitions.slices.flatMap { slice -> [Int] in
                if case .rowGroups(let groups) = slice.part { groups } else { [] }
            }
            #expect(partitions.prunedParts == 4 - groups.count)
            return groups
        }
        func i(_ operation: BinaryOperator, _ value: Int64) -> BoundExpression {
            boolean(.binary(operation, column(0, .int64), literal(.integer(value), .int64)))
        }
        func f(_ operation: BinaryOperator, _ value: Double) -> BoundExpression {
            boolean(.binary(operation, column(1, .float64), literal(.float(FloatBits(value)), .float64)))
        }
        #expect(try groups(i(.less, 10)) == [0])
        #expect(try groups(i(.less, 11)) == [0, 1])
        #expect(try groups(i(.lessOrEqual, 9)) == [0])
        #expect(try groups(i(.greater, 29)) == [3])
        #expect(try groups(i(.greaterOrEqual, 29)) == [2, 3])
        #expect(try groups(i(.equal, 25)) == [2])
        #expect(try groups(i(.notEqual, 25)) == [0, 1, 2, 3])
        #expect(try groups(i(.equal, 1_000)) == [])
        #expect(try groups(boolean(.binary(.less, literal(.integer(29), .int64), column(0, .int64)))) == [3])
        #expect(try groups(boolean(.unary(.not, i(.less, 30)))) == [3])
        #expect(try groups(boolean(.binary(.and, i(.greater, 9), i(.less, 20)))) == [1])
        #expect(try groups(boolean(.binary(.or, i(.less, 5), i(.greater, 35)))) == [0, 3])
        #expect(try groups(boolean(.isIn(column(0, .int64), [.integer(3), .integer(33), .null]))) == [0, 3])
        // NaN is above all numbers, and statistics do not tell where it is.
        #expect(try groups(f(.less, 10)) == [0])
        #expect(try groups(f(.greater, 100)) == [0, 1, 2, 3])
        #expect(try groups(f(.equal, 15)) == [1])
        #expect(try groups(f(.equal, .nan)) == [0, 1, 2, 3])
        #expect(try groups(boolean(.binary(.equal, column(2, .utf8), literal(.string("g2"), .utf8)))) == [2])
        #expect(try groups(boolean(.binary(.greater, column(2, .utf8), literal(.string("g2"), .utf8)))) == [3])
        #expect(try groups(boolean(.unary(.isNull, column(3, .int32)))) == [2])
        #expect(try groups(boolean(.unary(.isNotNull, column(3, .int32)))) == [0, 1, 3])
        let widened = BoundExpression(
            .cast(column(3, .int32), onFailure: .error), type: .int64, isNullable: true, text: "")
        #expect(try groups(boolean(.binary(.less, widened, literal(.integer(5), .int64)))) == [0, 1, 3])
        #expect(try groups(boolean(.binary(.equal, column(4, .date32), literal(.date(1), .date32)))) == [1])
        let money = DataType.decimal(precision: 10, scale: 2)
        let two = literal(.decimal(unscaled: 200, precision: 10, scale: 2), money)
        #expect(try groups(boolean(.binary(.greater, column(5, money), two))) == [3])
        #expect(try groups(column(6, .bool)) == [3])
        #expect(try groups(boolean(.unary(.not, column(6, .bool)))) == [0, 1, 2])
        #expect(try groups(literal(.null, .bool)) == [])
        // What statistics cannot decide keeps everything.
        let sum = BoundExpression(
            .binary(.add, column(0, .int64), literal(.integer(1), .int64)), type: .int64, isNullable: true, text: "")
        #expect(try groups(boolean(.binary(.less, sum, literal(.integer(0), .int64)))) == [0, 1, 2, 3])
    }

    @Test func nothingThatMatchesIsLost() throws {
        let scan = try file()
        var random = SplitMix64(seed: 5)
        for _ in 0..<12 {
            let value = Int64.random(in: -5...45, using: &random)
            let operation = [BinaryOperator.equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .notEqual]
                .randomElement(using: &random)
            let chosen = try #require(operation)
            let predicate = boolean(.binary(chosen, column(0, .int64), literal(.integer(value), .int64)))
            let matches: (Int64) -> Bool =
                switch chosen {
                case .equal: { $0 == value }
                case .less: { $0 < value }
                case .lessOrEqual: { $0 <= value }
                case .greater: { $0 > value }
                case .greaterOrEqual: { $0 >= value }
                default: { $0 != value }
                }
            let read = try read(scan, projection: ["i"], predicate: predicate).batches.joined()
                .flatMap { try $0.columns[0].array(of: Int64.self) }.count(where: matches)
            let all = (0..<4).reduce(0) { total, group in
                total + (0..<Self.groupRows).count { matches(Int64(10 * group + $0 % 10)) }
            }
            #expect(read == all)
        }
    }
}
