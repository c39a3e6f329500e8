internal import CStoaVector
import StoaColumns

/// Minimum or maximum over all rows.
///
/// - Nulls: skipped. NaN: greatest of all, so max with NaN is NaN and min ignores it unless there is nothing else (N2, N5).
/// - Empty: null. Cost: the order key and one compare a row, vectorised.
final class ExtremeReduction: BlockReduction {
    let description: ReductionDescription
    private var state = ExtremeState()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ rows: ReductionRows) {
        if rows.nullCount == rows.count { return }
        state.isPresent = 1
        let flips = description.inversion
        let least =
            switch rows.storage {
            case .bool: Self.leastBool(rows, flips)
            case .int8: Self.least(rows.values(as: Int8.self), rows, flips)
            case .int16: Self.least(rows.values(as: Int16.self), rows, flips)
            case .int32: Self.least(rows.values(as: Int32.self), rows, flips)
            case .int64: Self.least(rows.values(as: Int64.self), rows, flips)
            case .uint8: Self.least(rows.values(as: UInt8.self), rows, flips)
            case .uint16: Self.least(rows.values(as: UInt16.self), rows, flips)
            case .uint32: Self.least(rows.values(as: UInt32.self), rows, flips)
            // Without the top bit's weight the signed order is the unsigned one.
            case .uint64: Self.least(rows.values(as: UInt64.self), rows, flips ^ Int64.min)
            case .float32: Self.least(rows.values(as: Float.self), rows, flips)
            case .float64: Self.least(rows.values(as: Double.self), rows, flips)
            case .int128, .utf8: preconditionFailure("\(rows.storage) has no order keys of 64 bits")
            }
        state.key = min(state.key, least)
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { ExtremeState.write($0, count: 1, description) }
    }

    @inline(__always)
    private static func least<Value: OrderedLanes>(
        _ values: UnsafePointer<Value>, _ rows: ReductionRows, _ flips: Int64
    ) -> Int64 {
        let flipped = SIMD16<Int64>(repeating: flips)
        var first = SIMD16<Int64>(repeating: .max)
        var second = first
        var row = 0
        if rows.validity == nil {
            while row &+ 32 <= rows.count {
                stoa_prefetch_ahead(values + row, 32 * MemoryLayout<Value>.stride)
                first = stoa_min_i64x16(first, Value.keys(values + row) ^ flipped)
                second = stoa_min_i64x16(second, Value.keys(values + row + 16) ^ flipped)
                row &+= 32
            }
        } else {
            while row &+ 64 <= rows.count {
                let word = rows.validityWord(at: row, rows: 64)
                stoa_prefetch_ahead(values + row, 64 * MemoryLayout<Value>.stride)
                for step in 0..<2 {
                    let block = values + row + step &* 32
                    let mask = word &>> UInt64(truncatingIfNeeded: step &* 32)
                    first = stoa_min_i64x16(first, stoa_keep_or_max_i64x16(Value.keys(block) ^ flipped, mask))
                    second = stoa_min_i64x16(
                        second, stoa_keep_or_max_i64x16(Value.keys(block + 16) ^ flipped, mask &>> 16))
                }
                row &+= 64
            }
        }
        var best = stoa_min_i64x16(first, second).min()
        while row < rows.count {
            if rows.validityWord(at: row, rows: 1) != 0 { best = min(best, values[row].key ^ flips) }
            row &+= 1
        }
        return best
    }

    private static func leastBool(_ rows: ReductionRows, _ flips: Int64) -> Int64 {
        var best = Int64.max
        var row = 0
        while row < rows.count {
            let step = min(64, rows.count - row)
            let valid = rows.validityWord(at: row, rows: step)
            let bits = rows.bits(at: row, rows: step)
            if bits & valid != 0 { best = min(best, 1 ^ flips) }
            if ~bits & valid != 0 { best = min(best, 0 ^ flips) }
            row += step
        }
        return best
    }
}

/// Minimum or maximum of decimals of more than 18 digits over all rows. Nulls are skipped; empty gives null.
final class WideExtremeReduction: BlockReduction {
    let description: ReductionDescription
    private var state = WideExtremeState()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ rows: ReductionRows) {
        if rows.nullCount < rows.count { state.isPresent = 1 }
        let inversion = Int128(description.inversion)
        var best = state.key
        if rows.storage == .int64 {
            let values = rows.values(as: Int64.self)
            rows.forEachValid { best = min(best, Int128(values[$0]) ^ inversion) }
        } else {
            let values = rows.values(as: Int128.self)
            rows.forEachValid { best = min(best, values[$0] ^ inversion) }
        }
        state.key = best
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { WideExtremeState.write($0, count: 1, description) }
    }
}

/// Minimum or maximum of text over all rows: the grouped form with one group.
final class TextExtremeReduction: Reduction {
    private let extremes: TextExtremes
    private let zeros = MemoryRegion(of: Int32.self, count: TextExtremeReduction.step, zeroed: true)
    private static let step = 4096

    init(_ description: ReductionDescription) {
        extremes = TextExtremes(description)
        extremes.grow(to: 1)
    }

    func consume(_ argument: Column?, count: Int) {
        var start = 0
        while start < count {
            let rows = min(Self.step, count - start)
            extremes.update(argument?.slice(start..<start + rows), ids: zeros.bound(to: Int32.self), count: rows)
            start += rows
        }
    }

    func states() -> [Column] { extremes.states(0..<1) }
}

extension ReductionDescription {
    /// The reduction of min or max for the argument's memory form.
    func extremeReduction() -> any Reduction {
        switch result.storageType {
        case .utf8: TextExtremeReduction(self)
        case .int128: WideExtremeReduction(self)
        default: ExtremeReduction(self)
        }
    }

    /// The grouped reduction of min or max for the argument's memory form.
    func groupedExtreme() -> any GroupedReduction {
        switch result.storageType {
        case .utf8: TextExtremes(self)
        case .int128: GroupedStates<WideExtremeState>(self)
        default: GroupedStates<ExtremeState>(self)
        }
    }
}
