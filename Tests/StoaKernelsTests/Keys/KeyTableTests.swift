import StoaColumns
import StoaKernels
import Testing

/// A kind of key column that tests draw from.
enum KeyKind: CaseIterable {
    case bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, date, timestamp
    case narrowDecimal, wideDecimal, text, encodedText, smallRange, fullRange, growingRange

    var type: DataType {
        switch self {
        case .bool: .bool
        case .int8: .int8
        case .int16: .int16
        case .int32: .int32
        case .int64, .smallRange, .fullRange, .growingRange: .int64
        case .uint8: .uint8
        case .uint16: .uint16
        case .uint32: .uint32
        case .uint64: .uint64
        case .float32: .float32
        case .float64: .float64
        case .date: .date32
        case .timestamp: .timestamp
        case .narrowDecimal: .decimal(precision: 15, scale: 2)
        case .wideDecimal: .decimal(precision: 38, scale: 3)
        case .text, .encodedText: .utf8
        }
    }

    func column(_ maker: inout ColumnMaker, _ shape: Shape, batch: Int) -> Column {
        switch self {
        case .bool: return maker.column(shape) { Bool.draw(&$0) }.column
        case .int8: return maker.column(shape) { Int8.draw(&$0) }.column
        case .int16: return maker.column(shape) { Int16.draw(&$0) }.column
        case .int32: return maker.column(shape) { Int32.draw(&$0) }.column
        case .int64: return maker.column(shape) { Int64.draw(&$0) }.column
        case .uint8: return maker.column(shape) { UInt8.draw(&$0) }.column
        case .uint16: return maker.column(shape) { UInt16.draw(&$0) }.column
        case .uint32: return maker.column(shape) { UInt32.draw(&$0) }.column
        case .uint64: return maker.column(shape) { UInt64.draw(&$0) }.column
        case .float32: return maker.column(shape) { Float.draw(&$0) }.column
        case .float64: return maker.column(shape) { Double.draw(&$0) }.column
        case .date: return maker.column(shape, type: type) { Int32(16_000 + $0.below(365)) }.column
        case .timestamp: return maker.column(shape, type: type) { Int64($0.below(1 << 50)) }.column
        case .narrowDecimal: return maker.column(shape, type: type) { Int64($0.below(5_000)) }.column
        case .wideDecimal: return maker.column(shape) { Int128.draw(&$0) }.column
        case .text: return maker.column(shape) { text(&$0, batch) }.column
        case .encodedText: return maker.column(shape) { text(&$0, batch) }.column.encoded()
        case .smallRange: return maker.column(shape) { Int64($0.below(7)) - 3 }.column
        case .fullRange:
            return maker.column(shape) { Int64(truncatingIfNeeded: $0.next() & ~7) | Int64($0.below(3)) }.column
        case .growingRange:
            let reach = 1 << min(4 + batch * 5, 60)
            return maker.column(shape) { Int64($0.below(reach) / max(1, reach >> 8)) * Int64(max(1, reach >> 8)) }
                .column
        }
    }

    private func text(_ maker: inout ColumnMaker, _ batch: Int) -> String {
        maker.below(3) == 0 ? String.draw(&maker) : "key \(maker.below(20 * (batch + 1)))"
    }
}

@Suite struct KeyTableTests {
    /// Runs batches of random keys through a table and a Swift dictionary.
    private func compare(_ kinds: [KeyKind], seed: UInt64, batches: Int, rows: Int, nulls: [NullPattern]) {
        var maker = ColumnMaker(seed: seed)
        let table = KeyTable(types: kinds.map(\.type))
        var reference = KeyReference()
        for batch in 0..<batches {
            let count = maker.below(rows + 1)
            let columns = kinds.map { kind in
                let shape = Shape(count: count, offset: maker.below(8), nulls: maker.pick(nulls))
                return kind.column(&maker, shape, batch: batch)
            }
            let values = KeyValue.rows(of: columns)
            let before = table.finding(columns)
            #expect(before == values.map { reference.ids[$0] ?? -1 }, "find, \(kinds) seed \(seed) batch \(batch)")
            let ids = table.inserting(columns)
            #expect(ids == reference.insert(values), "insert, \(kinds) seed \(seed) batch \(batch)")
            #expect(table.count == reference.keys.count)
            #expect(table.finding(columns) == ids, "find after insert, \(kinds) seed \(seed) batch \(batch)")
        }
        #expect(KeyValue.rows(of: table.keyColumns()) == reference.keys, "keys, \(kinds) seed \(seed)")
        #expect(table.keyColumns().map(\.type) == kinds.map(\.type))
        let middle = table.count / 3..<table.count - table.count / 4
        #expect(KeyValue.rows(of: table.keyColumns(middle)) == Array(reference.keys[middle]))
    }

    @Test(arguments: KeyKind.allCases)
    func oneKey(_ kind: KeyKind) {
        for (seed, nulls) in [[NullPattern.none], [.none, .random], NullPattern.allCases].enumerated() {
            compare([kind], seed: UInt64(seed), batches: 12, rows: 1_500, nulls: nulls)
        }
    }

    @Test(arguments: KeyKind.allCases)
    func twoKeys(_ kind: KeyKind) {
        for (seed, other) in KeyKind.allCases.enumerated() {
            compare([kind, other], seed: UInt64(seed), batches: 5, rows: 700, nulls: [.none, .none, .random, .all])
        }
    }

    @Test func manyKeys() {
        var maker = ColumnMaker(seed: 41)
        for seed in 0..<40 {
            let kinds = (0..<(3 + maker.below(5))).map { _ in maker.pick(KeyKind.allCases) }
            compare(kinds, seed: UInt64(seed), batches: 4, rows: 900, nulls: [.none, .random])
        }
    }

    @Test func moreColumnsThanANullWordHas() {
        let kinds = [KeyKind](repeating: .bool, count: 70) + [.wideDecimal]
        compare(kinds, seed: 5, batches: 3, rows: 300, nulls: [.none, .random])
    }

    @Test func allDistinctKeys() {
        let count = 1_000_000
        // A permutation of 64-bit words, its small version, and consecutive numbers: hashed, hashed and dense.
        for multiplier in [0x9e37_79b9_7f4a_7c15, 0x9e37_79b1, 1] as [UInt64] {
            let region = MemoryRegion(of: Int64.self, count: count)
            let values = region.bound(to: Int64.self)
            for row in 0..<count { values[row] = Int64(truncatingIfNeeded: UInt64(row) &* multiplier) }
            let column = Column(type: .int64, count: count, values: region)
            let table = KeyTable(types: [.int64])
            var isIdentity = true
            for start in stride(from: 0, to: count, by: 16_384) {
                let rows = min(16_384, count - start)
                let ids = table.inserting([column.slice(start..<start + rows)])
                for row in 0..<rows where ids[row] != Int32(start + row) { isIdentity = false }
            }
            #expect(isIdentity && table.count == count)
            let found = table.finding([column])
            #expect((0..<count).allSatisfy { found[$0] == Int32($0) })
            let keys = table.keyColumns()[0]
            withExtendedLifetime((keys, column)) {
                let found = keys.values(as: Int64.self)
                let same = (0..<count).allSatisfy { found[$0] == values[$0] }
                #expect(same)
            }
        }
    }

    @Test func nullsAndFloatsAreCanonical() {
        let values: [Double?] = [nil, .nan, -.nan, Double(nan: 5, signaling: false), 0.0, -0.0, nil, 1]
        let table = KeyTable(types: [.float64])
        #expect(table.inserting([Column(values)]) == [0, 1, 1, 1, 2, 2, 0, 3])
        let keys = Double.values(of: table.keyColumns()[0]) ?? []
        #expect(keys[0] == nil && keys[1]?.bitPattern == Double.nan.bitPattern && keys[2]?.bitPattern == 0)
    }

    @Test func dictionariesAreTranslatedByIdentity() {
        let first = Column(["a", "b", "c", "b"]).encoded()
        let second = Column(["c", "d", "a"]).encoded()
        let table = KeyTable(types: [.utf8])
        #expect(table.inserting([first]) == [0, 1, 2, 1])
        #expect(table.inserting([second]) == [2, 3, 0])
        #expect(table.inserting([first.slice(2..<4)]) == [2, 1])
        #expect(table.finding([Column(["d", "x", nil])]) == [3, -1, -1])
        // Entries that no row uses do not become keys.
        #expect(KeyTable(types: [.utf8]).inserting([first.slice(2..<3)]) == [0])
    }

    @Test func manyThreadsFindAtOnce() async {
        var maker = ColumnMaker(seed: 42)
        let shape = Shape(count: 2_000, offset: 3, nulls: .random)
        for kinds in [[KeyKind.encodedText], [.encodedText, .smallRange], [.float64, .wideDecimal, .text]] {
            let columns = kinds.map { $0.column(&maker, shape, batch: 1) }
            let table = KeyTable(types: kinds.map(\.type))
            let ids = table.inserting(columns)
            // Every probe brings dictionaries that the table has not seen.
            let probes = (0..<8).map { _ in columns.map { $0.isDictionaryEncoded ? $0.encoded() : $0 } }
            let areEqual = await withTaskGroup(of: Bool.self) { group in
                for probe in probes {
                    group.addTask { (0..<20).allSatisfy { _ in table.finding(probe) == ids } }
                }
                return await group.allSatisfy { $0 }
            }
            #expect(areEqual, "\(kinds)")
        }
    }

    /// A long look-up goes on while others bring more dictionaries than are remembered.
    @Test func threadsFindTextsOfManyDictionaries() async {
        let texts = (0..<64).map { "text \($0)" }
        let table = KeyTable(types: [.utf8])
        _ = table.inserting([Column(texts)])
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    let isLong = thread % 2 == 0
                    let rows = (0..<(isLong ? 100_000 : 64)).map { Int32($0 % 64) }
                    for round in 0..<(isLong ? 30 : 3_000) {
                        // Each dictionary in an order of its own.
                        let first = round % 64
                        let column = Column(Array(texts[first...] + texts[..<first])).encoded().taking(rows)
                        let found = table.finding([column])
                        let isRight = zip(found, rows).allSatisfy { $0 == ($1 + Int32(first)) % 64 }
                        #expect(isRight, "round \(round) of thread \(thread)")
                    }
                }
            }
        }
    }

    @Test func hashesDependOnValuesOnly() {
        var maker = ColumnMaker(seed: 9)
        for kind in KeyKind.allCases {
            var seen: [[KeyValue]: UInt64] = [:]
            for batch in 0..<4 {
                let shape = Shape(count: 1_400, offset: batch * 2, nulls: .random)
                let columns = [kind.column(&maker, shape, batch: batch), KeyKind.text.column(&maker, shape, batch: 0)]
                let alone = KeyTable.hashes([columns[0]])
                let both = KeyTable.hashes([columns[0], columns[1].encoded()])
                #expect(both == KeyTable.hashes(columns), "\(kind)")
                #expect(KeyTable.hashes([columns[0].slice(100..<300)]) == Array(alone[100..<300]))
                for (row, key) in KeyValue.rows(of: columns).enumerated() {
                    #expect(seen[key, default: both[row]] == both[row], "\(kind)")
                    seen[key] = both[row]
                }
            }
            #expect(Set(seen.values).count == seen.count, "\(kind): different keys, same hash")
        }
    }

    @Test func hashesSpreadOverBuckets() {
        let columns: [Column] = [
            Column((0..<32_000).map { Int64($0) }), Column((0..<32_000).map { Double($0) }),
            Column((0..<32_000).map { "key \($0)" }), Column((0..<32_000).map { Int64($0) << 32 }),
        ]
        for column in columns {
            var buckets = [Int](repeating: 0, count: 32)
            for hash in KeyTable.hashes([column]) { buckets[Int(hash.multipliedFullWidth(by: 32).high)] += 1 }
            // 1,000 a bucket are expected; five standard deviations are 160.
            #expect(buckets.allSatisfy { abs($0 - 1_000) < 160 })
        }
    }
}
