import StoaColumns

/// Pairs of a probe row and a build row with equal keys, as `Column.taking` wants them.
package struct JoinedRows {
    private let probe: MemoryRegion
    private let build: MemoryRegion
    /// Number of pairs.
    package let count: Int

    init(probe: MemoryRegion, build: MemoryRegion, count: Int) {
        self.probe = probe
        self.build = build
        self.count = count
    }

    /// Probe rows, ascending; valid as long as this value lives.
    package var probeRows: UnsafePointer<Int32> { UnsafePointer(probe.bound(to: Int32.self)) }

    /// Build rows, -1 for a probe row without a partner; valid as long as this value lives.
    package var buildRows: UnsafePointer<Int32> { UnsafePointer(build.bound(to: Int32.self)) }
}

/// One batch of probe rows on its way through a join: pairs come in probe order, those of one probe row in build order.
package struct JoinProbe {
    private let table: JoinTable
    private let count: Int
    private let keepsUnmatched: Bool
    private let ids: MemoryRegion
    private var row = 0
    /// How many partners of `row` have been given.
    private var given = 0

    /// Looks up the keys of `count` probe rows.
    ///
    /// Null keys match nothing. Cost: a look-up in the key table a row.
    /// - Parameter keepsUnmatched: gives a probe row without a partner once, with build row -1 (a left join).
    package init(_ columns: [Column], count: Int, in table: JoinTable, keepsUnmatched: Bool) {
        self.table = table
        self.count = count
        self.keepsUnmatched = keepsUnmatched
        ids = MemoryRegion(of: Int32.self, count: count)
        table.find(columns, count: count, into: ids.bound(to: Int32.self))
    }

    /// The next pairs, at most `limit`; nil at the end. Cost: about 1 ns a probe row and pair.
    package mutating func next(limit: Int) -> JoinedRows? {
        precondition(limit > 0, "a join gives at least one row at a time")
        while row < count {
            let joined = table.hasUniqueKeys ? nextOfUniqueKeys(limit: limit) : nextOfRepeatedKeys(limit: limit)
            if joined.count > 0 { return joined }
        }
        return nil
    }

    private mutating func nextOfUniqueKeys(limit: Int) -> JoinedRows {
        let end = min(count, row + limit)
        let probe = MemoryRegion(of: Int32.self, count: end - row)
        let build = MemoryRegion(of: Int32.self, count: end - row)
        let written = Self.match(
            ids.bound(to: Int32.self), row..<end, table.rows.bound(to: Int32.self), keepsUnmatched: keepsUnmatched,
            probe.bound(to: Int32.self), build.bound(to: Int32.self))
        row = end
        return JoinedRows(probe: probe, build: build, count: written)
    }

    private static func match(
        _ ids: UnsafePointer<Int32>, _ range: Range<Int>, _ rowOfKey: UnsafePointer<Int32>, keepsUnmatched: Bool,
        _ probe: UnsafeMutablePointer<Int32>, _ build: UnsafeMutablePointer<Int32>
    ) -> Int {
        var written = 0
        let kept = keepsUnmatched ? 1 : 0
        for row in range {
            let id = ids[row]
            let found = id >= 0 ? rowOfKey[Int(id)] : -1
            probe[written] = Int32(truncatingIfNeeded: row)
            build[written] = found
            written &+= found >= 0 ? 1 : kept
        }
        return written
    }

    private mutating func nextOfRepeatedKeys(limit: Int) -> JoinedRows {
        let probe = MemoryRegion(of: Int32.self, count: limit)
        let build = MemoryRegion(of: Int32.self, count: limit)
        guard let starts = table.starts?.bound(to: Int32.self) else {
            preconditionFailure("a table with repeated keys knows where their rows start")
        }
        let written = expand(
            UnsafePointer(ids.bound(to: Int32.self)), UnsafePointer(starts),
            UnsafePointer(table.rows.bound(to: Int32.self)), limit: limit, probe.bound(to: Int32.self),
            build.bound(to: Int32.self))
        return JoinedRows(probe: probe, build: build, count: written)
    }

    private mutating func expand(
        _ ids: UnsafePointer<Int32>, _ starts: UnsafePointer<Int32>, _ rows: UnsafePointer<Int32>, limit: Int,
        _ probe: UnsafeMutablePointer<Int32>, _ build: UnsafeMutablePointer<Int32>
    ) -> Int {
        var written = 0
        while row < count, written < limit {
            let id = Int(ids[row])
            let first = id >= 0 ? Int(starts[id]) : 0
            let partners = id >= 0 ? Int(starts[id + 1]) - first : 0
            if partners == 0 {
                if keepsUnmatched {
                    probe[written] = Int32(truncatingIfNeeded: row)
                    build[written] = -1
                    written += 1
                }
                row += 1
                continue
            }
            let taken = min(partners - given, limit - written)
            for partner in 0..<taken {
                probe[written + partner] = Int32(truncatingIfNeeded: row)
                build[written + partner] = rows[first + given + partner]
            }
            written += taken
            given += taken
            if given == partners {
                given = 0
                row += 1
            }
        }
        return written
    }
}
