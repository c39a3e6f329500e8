import StoaColumns

/// Numbers out of text, strictly: the whole text, no spaces, no locale.
enum NumberParser {
    typealias Text = UnsafeBufferPointer<UInt8>

    /// An optional sign and digits; nil when the text is not that or the type cannot hold it.
    static func integer<Value: ColumnInteger>(_ text: Text, as type: Value.Type) -> Value? {
        guard let (isNegative, start) = sign(text), start < text.count else { return nil }
        var magnitude: UInt64 = 0
        if text.count - start <= 18 {
            // So few digits cannot overflow.
            var isNumber = true
            for index in start..<text.count {
                let digit = text[index] &- 0x30
                isNumber = isNumber && digit < 10
                magnitude = magnitude &* 10 &+ UInt64(digit)
            }
            guard isNumber else { return nil }
            return Value(
                exactly: isNegative ? 0 &- Int64(truncatingIfNeeded: magnitude) : Int64(truncatingIfNeeded: magnitude))
        }
        for index in start..<text.count {
            let digit = text[index] &- 0x30
            guard digit < 10 else { return nil }
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            magnitude = sum
        }
        if !isNegative { return Value(exactly: magnitude) }
        return Value(exactly: -Int128(magnitude))
    }

    /// A decimal number or one of `nan`, `inf`, `infinity` in any case with an optional sign, correctly rounded.
    static func float64(_ text: Text) -> Double? {
        guard let number = scan(text) else { return special(text) }
        if number.isExact, (-22...22).contains(number.exponent), number.digits <= 1 << 53 {
            // Digits and power of ten are exact: one operation, rounded once (Clinger's fast path).
            let digits = Double(number.digits)
            let value =
                number.exponent < 0
                ? digits / exactPower(-number.exponent) : digits * exactPower(number.exponent)
            return number.isNegative ? -value : value
        }
        // The standard library parses in the C locale whatever the process has set.
        return Double(String(decoding: text, as: UTF8.self))
    }

    /// As `float64`, rounded once to 32 bits.
    static func float32(_ text: Text) -> Float? {
        guard scan(text) != nil else { return special(text).map { Float($0) } }
        return Float(String(decoding: text, as: UTF8.self))
    }

    /// A decimal number with an optional exponent, as an integer scaled by 10^`scale`, halves away from zero; nil when
    /// the text is not that or the integer's magnitude is not below `limit`, a power of ten.
    static func decimal(_ text: Text, limit: Int128, scale: Int) -> Int128? {
        guard let number = scan(text) else { return nil }
        var value: Int128 = 0
        // The place of the current digit, counted from the scale's last place: 0 is kept last, below it is rounded off.
        var place = number.firstPlace + scale
        var isRoundedUp = false
        for index in number.range {
            let character = text[index]
            if character == 0x2E { continue }
            let digit = Int128(character &- 0x30)
            if place >= 0 {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                if overflow || product >= limit { return nil }
                value = product + digit
            } else if place == -1 {
                isRoundedUp = digit >= 5
            }
            place -= 1
        }
        // Places that the exponent adds behind the last digit.
        while place >= 0 && value != 0 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow || product >= limit { return nil }
            value = product
            place -= 1
        }
        if isRoundedUp { value += 1 }
        if value >= limit { return nil }
        return number.isNegative ? -value : value
    }

    /// A decimal number that was looked through.
    private struct Scanned {
        var isNegative = false
        /// The digits as a number, right when `isExact`.
        var digits: UInt64 = 0
        /// Power of ten to multiply `digits` with.
        var exponent = 0
        /// Whether all digits fit `digits`.
        var isExact = true
        /// Where digits and point are.
        var range = 0..<0
        /// Power of ten of the first digit.
        var firstPlace = 0
    }

    /// `[+-]digits[.digits][e[+-]digits]` with at least one digit before the exponent.
    private static func scan(_ text: Text) -> Scanned? {
        var number = Scanned()
        guard let (isNegative, start) = sign(text) else { return nil }
        number.isNegative = isNegative
        var index = start
        var digitCount = 0
        var pointAt: Int?
        while index < text.count {
            let character = text[index]
            let digit = character &- 0x30
            if digit < 10 {
                digitCount += 1
                if number.digits <= (UInt64.max - 9) / 10 {
                    number.digits = number.digits * 10 + UInt64(digit)
                } else {
                    number.isExact = false
                }
            } else if character == 0x2E, pointAt == nil {
                pointAt = digitCount
            } else {
                break
            }
            index += 1
        }
        guard digitCount > 0 else { return nil }
        number.range = start..<index
        if index < text.count {
            guard text[index] | 0x20 == 0x65 else { return nil }
            let rest = Text(rebasing: text[(index + 1)...])
            guard let exponent = integer(rest, as: Int32.self), exponent.magnitude < 100_000 else { return nil }
            number.exponent = Int(exponent)
        }
        let before = pointAt ?? digitCount
        number.firstPlace = before - 1 + number.exponent
        number.exponent -= digitCount - before
        return number
    }

    private static func sign(_ text: Text) -> (isNegative: Bool, start: Int)? {
        guard let first = text.first else { return nil }
        return first == 0x2D ? (true, 1) : (false, first == 0x2B ? 1 : 0)
    }

    private static func special(_ text: Text) -> Double? {
        guard text.count <= 9, let (isNegative, start) = sign(text) else { return nil }
        switch String(decoding: text[start...], as: UTF8.self).lowercased() {
        case "nan": return .nan
        case "inf", "infinity": return isNegative ? -.infinity : .infinity
        default: return nil
        }
    }

    private static func exactPower(_ exponent: Int) -> Double {
        var power = 1.0
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
