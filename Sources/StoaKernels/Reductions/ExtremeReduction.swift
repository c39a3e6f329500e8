import StoaColumns

/// Minimum or maximum over all rows.
///
/// - Nulls: skipped. NaN: greatest of all, so max with NaN is NaN and min ignores it unless there is nothing else (N2, N5).
/// - Empty: null. Cost: the order key and one compare a row, vectorised.
final class ExtremeReduction: Reduction {
    private let description: ReductionDescription
    private var state = ExtremeState()
    private let keys = MemoryRegion(of: Int64.self, count: ExtremeReduction.step)
    private static let step = 1024

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ argument: Column?, count: Int) {
        let column = description.checked(argument, count: count)
        if column.nullCount == count { return }
        state.isPresent = 1
        let keys = keys.bound(to: Int64.self)
        var best = state.key
        var start = 0
        while start < count {
            let rows = min(Self.step, count - start)
            OrderKeys.load(column, start: start, rows: rows, inversion: description.inversion, into: keys)
            if let validity = column.validity {
                best = min(best, Self.least(keys, rows, valid: validity.base, offset: column.offset + start))
            } else {
                for row in 0..<rows { best = min(best, keys[row]) }
            }
            start += rows
        }
        state.key = best
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { ExtremeState.write($0, count: 1, description) }
    }

    private static func least(
        _ keys: UnsafePointer<Int64>, _ count: Int, valid: UnsafeRawPointer, offset: Int
    ) -> Int64 {
        var best = Int64.max
        var start = 0
        while start < count {
            let rows = min(64, count - start)
            let word = ValidityBits.word(valid, at: offset + start, rows: rows)
            let block = keys + start
            for row in 0..<rows {
                let isValid = (word &>> UInt64(truncatingIfNeeded: row)) & 1 != 0
                best = min(best, isValid ? block[row] : Int64.max)
            }
            start += rows
        }
        return best
    }
}

/// Minimum or maximum of decimals of more than 18 digits over all rows. Nulls are skipped; empty gives null.
final class WideExtremeReduction: Reduction {
    private let description: ReductionDescription
    private var state = WideExtremeState()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ argument: Column?, count: Int) {
        let column = description.checked(argument, count: count)
        let values = column.values(as: Int128.self)
        let inversion = Int128(description.inversion)
        if column.nullCount < count { state.isPresent = 1 }
        var best = state.key
        ValidityBits.forEach(column, count: count) { best = min(best, values[$0] ^ inversion) }
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
