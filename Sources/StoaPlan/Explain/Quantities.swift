/// Numbers for people, with a unit that fits their size: `12.3 ms`, `80.0 MB`.
enum Quantities {
    /// A time.
    static func time(nanoseconds: Int) -> String {
        scaled(Double(nanoseconds), by: 1000, units: ["ns", "us", "ms", "s"])
    }

    /// A size, in powers of a thousand.
    static func bytes(_ count: Int) -> String {
        scaled(Double(count), by: 1000, units: ["B", "kB", "MB", "GB", "TB"])
    }

    /// Bytes in a time; nil when there was none of either.
    static func rate(bytes: Int, nanoseconds: Int) -> String? {
        guard bytes > 0, nanoseconds > 0 else { return nil }
        return "\(decimal(Double(bytes) / Double(nanoseconds), digits: 2)) GB/s"
    }

    static func count(_ number: Int, _ noun: String) -> String { number == 1 ? "1 \(noun)" : "\(number) \(noun)s" }

    private static func scaled(_ value: Double, by factor: Double, units: [String]) -> String {
        var value = value
        var unit = 0
        // What would be written as 1000.0 of a unit is 1.0 of the next.
        while value >= factor - 0.05, unit < units.count - 1 {
            value /= factor
            unit += 1
        }
        return unit == 0 ? "\(Int(value)) \(units[0])" : "\(decimal(value, digits: 1)) \(units[unit])"
    }

    private static func decimal(_ value: Double, digits: Int) -> String {
        var power = 1
        for _ in 0..<digits { power *= 10 }
        let scaled = Int((min(value, 1e12) * Double(power)).rounded())
        let fraction = String(scaled % power)
        return "\(scaled / power).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }
}
