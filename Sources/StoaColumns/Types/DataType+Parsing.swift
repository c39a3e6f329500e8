extension DataType {
    /// The type that `description` prints as this text: `int64`, `decimal(15, 2)`, `timestamp(UTC)`; nil for other texts.
    public init?(_ text: String) {
        let simple: [DataType] = [
            .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .float32, .float64, .utf8, .date32,
            .timestamp,
        ]
        if let type = simple.first(where: { $0.description == text }) {
            self = type
        } else if let inside = Self.argument(of: "timestamp", in: text), !inside.isEmpty {
            self = .timestamp(zone: inside)
        } else if let inside = Self.argument(of: "decimal", in: text) {
            let numbers = inside.split(separator: ",").map { Int($0.filter { $0 != " " }) }
            guard numbers.count == 2, let precision = numbers[0], let scale = numbers[1],
                (1...Self.maximumDecimalPrecision).contains(precision), (0...precision).contains(scale)
            else { return nil }
            self = .decimal(precision: precision, scale: scale)
        } else {
            return nil
        }
    }

    /// What stands in the parentheses of `name(...)`.
    private static func argument(of name: String, in text: String) -> String? {
        guard text.hasPrefix(name + "("), text.hasSuffix(")") else { return nil }
        return String(text.dropFirst(name.count + 1).dropLast())
    }
}
