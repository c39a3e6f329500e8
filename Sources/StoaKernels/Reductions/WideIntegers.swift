import StoaColumns

/// A signed integer of 192 bits: sums of Int128 values and of squares of 64-bit integers for any number of rows.
struct Int192: Equatable, BitwiseCopyable {
    var low: UInt128 = 0
    var high: Int64 = 0

    /// Zero.
    init() {}

    /// The number quotient * 2^64 + remainder, which is how it travels in columns.
    init(quotient: Int128, remainder: UInt64) {
        low = UInt128(truncatingIfNeeded: quotient) << 64 | UInt128(remainder)
        high = Int64(truncatingIfNeeded: quotient >> 64)
    }

    init(_ value: Int128) {
        low = UInt128(truncatingIfNeeded: value)
        high = value < 0 ? -1 : 0
    }

    @inline(__always)
    static func += (left: inout Int192, right: Int192) {
        let (sum, carry) = left.low.addingReportingOverflow(right.low)
        left.low = sum
        left.high = left.high &+ right.high &+ (carry ? 1 : 0)
    }

    /// Adds a value that is not negative.
    @inline(__always)
    static func += (left: inout Int192, right: UInt128) {
        let (sum, carry) = left.low.addingReportingOverflow(right)
        left.low = sum
        left.high = left.high &+ (carry ? 1 : 0)
    }

    /// The number divided by 2^64, rounded down.
    var quotient: Int128 { Int128(high) << 64 | Int128(truncatingIfNeeded: low >> 64) }

    /// What `quotient` leaves.
    var remainder: UInt64 { UInt64(truncatingIfNeeded: low) }

    var isNegative: Bool { high < 0 }

    /// The absolute value.
    var magnitude: UInt256 {
        if !isNegative { return UInt256(low: low, high: UInt128(UInt64(bitPattern: high))) }
        let inverted = (~low).addingReportingOverflow(1)
        let upper = ~UInt64(bitPattern: high) &+ (inverted.overflow ? 1 : 0)
        return UInt256(low: inverted.partialValue, high: UInt128(upper))
    }

    /// The value when it fits 128 bits.
    var narrowed: Int128? {
        let value = Int128(truncatingIfNeeded: low)
        return high == (value < 0 ? -1 : 0) ? value : nil
    }

    /// The nearest Float64.
    var rounded: Double { isNegative ? -magnitude.rounded : magnitude.rounded }
}

/// An unsigned integer of 256 bits: what finishing an exact aggregate needs.
struct UInt256: Equatable {
    var low: UInt128
    var high: UInt128

    init(low: UInt128, high: UInt128 = 0) {
        self.low = low
        self.high = high
    }

    /// The product.
    init(_ left: UInt128, times right: UInt128) {
        let product = left.multipliedFullWidth(by: right)
        low = product.low
        high = product.high
    }

    /// The product; bits beyond 256 are lost.
    func times(_ factor: UInt64) -> UInt256 {
        let product = low.multipliedFullWidth(by: UInt128(factor))
        return UInt256(low: product.low, high: product.high &+ high &* UInt128(factor))
    }

    /// The sum; a carry beyond 256 bits is lost.
    func plus(_ other: UInt256) -> UInt256 {
        let (sum, carry) = low.addingReportingOverflow(other.low)
        return UInt256(low: sum, high: high &+ other.high &+ (carry ? 1 : 0))
    }

    /// The difference; `other` must not be greater.
    func minus(_ other: UInt256) -> UInt256 {
        let (difference, borrow) = low.subtractingReportingOverflow(other.low)
        return UInt256(low: difference, high: high &- other.high &- (borrow ? 1 : 0))
    }

    /// Quotient and remainder.
    func divided(by divisor: UInt64) -> (quotient: UInt256, remainder: UInt64) {
        var words = [UInt64(truncatingIfNeeded: high >> 64), UInt64(truncatingIfNeeded: high)]
        words += [UInt64(truncatingIfNeeded: low >> 64), UInt64(truncatingIfNeeded: low)]
        var remainder: UInt64 = 0
        for index in words.indices {
            (words[index], remainder) = divisor.dividingFullWidth((remainder, words[index]))
        }
        let quotient = UInt256(
            low: UInt128(words[2]) << 64 | UInt128(words[3]), high: UInt128(words[0]) << 64 | UInt128(words[1]))
        return (quotient, remainder)
    }

    /// The nearest Float64, ties to even.
    var rounded: Double {
        if high == 0 { return Double(low) }
        let shift = high.leadingZeroBitCount
        let top = shift == 0 ? high : high << UInt128(shift) | low >> UInt128(128 - shift)
        // What was cut off decides ties only, so one bit stands for it.
        let isInexact = shift == 0 ? low != 0 : low << UInt128(shift) != 0
        return Double(isInexact ? top | 1 : top) * Double(sign: .plus, exponent: 128 - shift, significand: 1)
    }
}

/// Rounding of exact sums to decimals.
enum DecimalScale {
    /// numerator * 10^shift / divisor, halves away from zero, when it has at most `precision` digits.
    static func quotient(_ numerator: Int192, shift: Int, divisor: Int64, precision: Int) -> Int128? {
        var magnitude = numerator.magnitude
        for _ in 0..<shift { magnitude = magnitude.times(10) }
        let count = UInt64(divisor)
        var (quotient, remainder) = magnitude.divided(by: count)
        if remainder >= count - remainder { quotient = UInt256(low: quotient.low &+ 1, high: quotient.high) }
        guard quotient.high == 0, quotient.low < UInt128(Decimals.powerOfTen(precision)) else { return nil }
        return numerator.isNegative ? -Int128(quotient.low) : Int128(quotient.low)
    }
}
