import StoaColumns
import StoaKernels
import Testing

@Suite struct JoinTests {
    /// A key column of each side, and whether a build and a probe row are equal in it.
    private struct Key {
        let build: Column
        let probe: Column
        let matches: (_ build: Int, _ probe: Int) -> Bool
    }

    private static func key<Value: MadeValue & ReferenceComparable>(
        _ maker: inout ColumnMaker, build: Int, probe: Int, _ draw: (inout ColumnMaker) -> Value
    ) -> Key {
        let patterns: [NullPattern] = [.none, .none, .random, .alternating]
        let left = maker.column(Shape(count: build, offset: maker.below(8), nulls: maker.pick(patterns)), draw)
        let right = maker.column(Shape(count: probe, offset: maker.below(8), nulls: maker.pick(patterns)), draw)
        let encodes = Value.self == String.self && maker.below(2) == 0
        return Key(build: encodes ? left.column.encoded() : left.column, probe: right.column) { build, probe in
            guard let a = left.values[build], let b = right.values[probe] else { return false }
            return Value.order(a, b) == 0
        }
    }

    private static func anyKey(_ maker: inout ColumnMaker, build: Int, probe: Int, distinct: Int) -> Key {
        switch maker.below(6) {
        case 0: key(&maker, build: build, probe: probe) { Int64($0.below(distinct)) }
        case 1: key(&maker, build: build, probe: probe) { Int32($0.below(distinct)) &* 7_000_001 }
        case 2: key(&maker, build: build, probe: probe) { $0.pick([.nan, -.nan, 0, -0.0, 1, -.infinity, 2.5]) }
        case 3: key(&maker, build: build, probe: probe) { "key \($0.below(distinct))" }
        case 4: key(&maker, build: build, probe: probe) { Int128($0.below(distinct)) << 66 }
        default: key(&maker, build: build, probe: probe) { $0.below(2) == 0 }
        }
    }

    @Test(arguments: 0..<60)
    func innerAndLeftJoinsAsNestedLoops(seed: Int) throws {
        var maker = ColumnMaker(seed: UInt64(seed))
        let build = maker.pick([0, 1, 3, 40, 300])
        let probe = maker.pick([0, 1, 65, 400])
        let keys = (0...maker.below(2)).map { _ in
            Self.anyKey(&maker, build: build, probe: probe, distinct: maker.pick([3, 100, 5_000]))
        }
        let table = JoinTable(types: keys.map(\.build.type))
        var start = 0
        while start < build {
            let end = min(build, start + 1 + maker.below(build))
            try table.insert(keys.map { $0.build.slice(start..<end) }, count: end - start)
            start = end
        }
        try table.finish()
        #expect(table.rowCount == build)

        for keepsUnmatched in [false, true] {
            var expected: [[Int32]] = []
            for row in 0..<probe {
                let partners = (0..<build).filter { partner in keys.allSatisfy { $0.matches(partner, row) } }
                expected += partners.map { [Int32(row), Int32($0)] }
                if partners.isEmpty && keepsUnmatched { expected.append([Int32(row), -1]) }
            }
            for limit in [1, 7, 1_000] {
                var cursor = JoinProbe(keys.map(\.probe), count: probe, in: table, keepsUnmatched: keepsUnmatched)
                var found: [[Int32]] = []
                while let joined = cursor.next(limit: limit) {
                    #expect(joined.count <= limit)
                    found += (0..<joined.count).map { [joined.probeRows[$0], joined.buildRows[$0]] }
                }
                #expect(found == expected, "limit \(limit), left \(keepsUnmatched)")
            }
        }
    }

    @Test func uniqueKeysAreKnown() throws {
        for (values, isUnique) in [([1, 2, nil, nil, 3], true), ([1, 2, 1], false), ([], true)] as [([Int?], Bool)] {
            let table = JoinTable(types: [.int64])
            try table.insert([Column(values)], count: values.count)
            try table.finish()
            #expect(table.hasUniqueKeys == isUnique)
        }
    }

    @Test func aCheckpointEndsTheBuild() throws {
        let table = JoinTable(types: [.int64])
        try table.insert([Column(Array(0..<200_000))], count: 200_000)
        let stop = StoaError(.cancelled, "stop")
        #expect(throws: stop) { try table.finish { () throws(StoaError) in throw stop } }
    }
}
