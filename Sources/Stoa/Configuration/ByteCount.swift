/// An amount of memory or of data: `.gibibytes(4)`, or `ByteCount("512 MiB")`.
public struct ByteCount: Hashable, Codable, Sendable {
    /// The number of bytes.
    public let bytes: Int

    /// So many bytes.
    public init(bytes: Int) { self.bytes = bytes }

    /// So many bytes.
    public static func bytes(_ count: Int) -> ByteCount { ByteCount(bytes: count) }
    /// So many times 1,024 bytes; at most `Int.max` bytes.
    public static func kibibytes(_ count: Double) -> ByteCount { scaled(count, power: 1) }
    /// So many times 1,024 KiB; at most `Int.max` bytes.
    public static func mebibytes(_ count: Double) -> ByteCount { scaled(count, power: 2) }
    /// So many times 1,024 MiB; at most `Int.max` bytes.
    public static func gibibytes(_ count: Double) -> ByteCount { scaled(count, power: 3) }
    /// So many times 1,024 GiB; at most `Int.max` bytes.
    public static func tebibytes(_ count: Double) -> ByteCount { scaled(count, power: 4) }

    private static func scaled(_ count: Double, power: Int) -> ByteCount {
        let product = (count * Double(1 << (10 * power))).rounded()
        if product.isNaN { return ByteCount(bytes: 0) }
        return ByteCount(bytes: Int(exactly: product) ?? (product < 0 ? .min : .max))
    }

    /// Reads `4 GiB`, `512MiB`, `1.5 GB`, `4g` (as in `KiB`) or a plain number of bytes, in any case of letters. Nil for
    /// anything else, also for what is negative or beyond `Int.max`.
    public init?(_ text: String) {
        let text = text.filter { !$0.isWhitespace && $0 != "_" && $0 != "," }.lowercased()
        let number = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(number), let factor = Self.factors[String(text.dropFirst(number.count))],
            let bytes = Int(exactly: (value * factor).rounded()), bytes >= 0
        else { return nil }
        self.bytes = bytes
    }

    private static let factors: [String: Double] = {
        var factors: [String: Double] = ["": 1, "b": 1]
        for (power, letter) in ["k", "m", "g", "t"].enumerated() {
            let binary = Double(1 << (10 * (power + 1)))
            factors[letter] = binary
            factors[letter + "ib"] = binary
            factors[letter + "b"] = (0...power).reduce(1) { product, _ in product * 1000 }
        }
        return factors
    }()
}

extension ByteCount: Comparable {
    /// By the number of bytes.
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: CustomStringConvertible {
    /// With the largest unit of 1,024 that leaves a number from 1 on, to a tenth: `4 GiB`, `1.5 MiB`, `300 B`.
    public var description: String {
        var (value, unit) = (Double(bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        // What would be written as 1024 of a unit is 1 of the next.
        while abs(value) >= 1023.95, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) \(units[unit])" : "\(Double(tenths) / 10) \(units[unit])"
    }
}
