import StoaColumns

/// One word of a group's record.
struct RecordField: Hashable {
    enum Content: Int, Comparable {
        /// Number of the group's rows.
        case rows
        /// Sum of integers.
        case sum
        /// Sum of squares of integers.
        case squares
        /// Sum of floats.
        case floatSum
        /// The least order key.
        case least
        /// The least inverted order key.
        case greatest

        static func < (left: Content, right: Content) -> Bool { left.rawValue < right.rawValue }

        /// Which of the loops updates it.
        var loop: Loop {
            switch self {
            case .rows, .sum, .squares: .integers
            case .floatSum: .floats
            case .least, .greatest: .least
            }
        }
    }

    enum Loop { case integers, floats, least }

    let content: Content
    /// Number of the argument; 0 for `rows`.
    let argument: Int

    /// The word of no rows.
    var empty: Int64 { content.loop == .least ? .max : 0 }
}

extension ReductionDescription {
    /// The words that this function keeps of its argument beside the number of rows; nil when its state is not made of such.
    var recordFields: [RecordField.Content]? {
        guard let argument else { return function == .countRows ? [] : nil }
        let isInteger = argument.isInteger || argument == .bool || argument.isDecimal && argument.storageType == .int64
        switch function {
        case .countRows, .count: return []
        case .sum, .sumOrZero, .mean: return isInteger ? [.sum] : argument.isFloat ? [.floatSum] : nil
        case .min, .max:
            switch argument.storageType {
            case .int128, .utf8: return nil
            default: return [function == .min ? .least : .greatest]
            }
        case .variance, .standardDeviation:
            return argument.isInteger || argument == .bool ? [.sum, .squares] : nil
        case .covariance, .correlation, .quantile: return nil
        }
    }
}
