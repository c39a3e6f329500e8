import StoaColumns

/// Minimum or maximum over all rows.
///
/// - Nulls: skipped. NaN: greatest of all, so max with NaN is NaN and min ignores it unless there is nothing else (N2, N5).
/// - Empty: null. Cost: one compare a row, vectorised; floats two more for their order.
final class ExtremeReduction<Key: OrderKey, Rule: ExtremeRule>: Reduction {
    private let description: ReductionDescription
    private var state = ExtremeState<Key, Rule>()

    init(_ description: ReductionDescription) { self.description = description }

    func consume(_ argument: Column?, count: Int) {
        let column = description.checked(argument, count: count)
        if column.nullCount == count { return }
        state.isPresent = true
        let best = Key.keys(of: column).use { keys in
            guard let validity = column.validity else { return Self.extreme(keys, count: count) }
            return Self.extreme(keys, count: count, valid: validity.base, offset: column.offset)
        }
        state.key = Rule.choose(state.key, best)
    }

    func states() -> [Column] {
        withUnsafePointer(to: state) { ExtremeState<Key, Rule>.write($0, count: 1, description) }
    }

    private static func extreme(_ keys: UnsafePointer<Key>, count: Int) -> Key {
        var best = Rule.weakest(Key.self)
        for row in 0..<count { best = Rule.choose(best, keys[row]) }
        return best
    }

    private static func extreme(
        _ keys: UnsafePointer<Key>, count: Int, valid: UnsafeRawPointer, offset: Int
    ) -> Key {
        let weakest = Rule.weakest(Key.self)
        var best = weakest
        var start = 0
        while start < count {
            let rows = min(64, count - start)
            let word = ValidityBits.word(valid, at: offset + start, rows: rows)
            let block = keys + start
            if word == ~0 {
                for row in 0..<64 { best = Rule.choose(best, block[row]) }
            } else if word != 0 {
                for row in 0..<rows {
                    let isValid = (word &>> UInt64(truncatingIfNeeded: row)) & 1 != 0
                    best = Rule.choose(best, isValid ? block[row] : weakest)
                }
            }
            start += rows
        }
        return best
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
        case .bool, .uint8: extreme(UInt8.self)
        case .int8: extreme(Int8.self)
        case .int16: extreme(Int16.self)
        case .int32, .float32: extreme(Int32.self)
        case .int64, .float64: extreme(Int64.self)
        case .uint16: extreme(UInt16.self)
        case .uint32: extreme(UInt32.self)
        case .uint64: extreme(UInt64.self)
        case .int128: extreme(Int128.self)
        case .utf8: TextExtremeReduction(self)
        }
    }

    private func extreme<Key: OrderKey>(_: Key.Type) -> any Reduction {
        function == .min ? ExtremeReduction<Key, Least>(self) : ExtremeReduction<Key, Greatest>(self)
    }

    /// The grouped reduction of min or max for the argument's memory form.
    func groupedExtreme() -> any GroupedReduction {
        switch result.storageType {
        case .bool, .uint8: grouped(UInt8.self)
        case .int8: grouped(Int8.self)
        case .int16: grouped(Int16.self)
        case .int32, .float32: grouped(Int32.self)
        case .int64, .float64: grouped(Int64.self)
        case .uint16: grouped(UInt16.self)
        case .uint32: grouped(UInt32.self)
        case .uint64: grouped(UInt64.self)
        case .int128: grouped(Int128.self)
        case .utf8: TextExtremes(self)
        }
    }

    private func grouped<Key: OrderKey>(_: Key.Type) -> any GroupedReduction {
        function == .min
            ? GroupedStates<ExtremeState<Key, Least>>(self) : GroupedStates<ExtremeState<Key, Greatest>>(self)
    }
}
