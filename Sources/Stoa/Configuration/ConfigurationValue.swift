import StoaColumns

/// A type that options of a session have: it is spelled in an environment variable as it is printed.
package protocol ConfigurationValue: Hashable, Sendable {
    /// Reads what `configurationText` writes, and other usual spellings; nil for anything else.
    init?(configurationText text: String)

    /// How the value is printed.
    var configurationText: String { get }

    /// What to advise when a text is none of the type's values.
    static func advice(for text: String) -> String
}

extension Int: ConfigurationValue {
    package init?(configurationText text: String) { self.init(text) }
    package var configurationText: String { String(self) }
    package static func advice(for text: String) -> String { "give a whole number" }
}

extension Double: ConfigurationValue {
    package init?(configurationText text: String) {
        guard let value = Double(text), value.isFinite else { return nil }
        self = value
    }
    package var configurationText: String { "\(self)" }
    package static func advice(for text: String) -> String { "give a number" }
}

extension Bool: ConfigurationValue {
    package init?(configurationText text: String) {
        switch text.lowercased() {
        case "on", "true", "yes", "1": self = true
        case "off", "false", "no", "0": self = false
        default: return nil
        }
    }
    package var configurationText: String { self ? "on" : "off" }
    package static func advice(for text: String) -> String { "give on or off" }
}

extension String: ConfigurationValue {
    package init?(configurationText text: String) { self = text }
    package var configurationText: String { self }
    package static func advice(for text: String) -> String { "give a text" }
}

extension ByteCount: ConfigurationValue {
    package init?(configurationText text: String) { self.init(text) }
    package var configurationText: String { description }
    package static func advice(for text: String) -> String { "give bytes, as in 512 MiB, 4 GiB or 1000000" }
}

extension Duration: ConfigurationValue {
    private static let units: [(name: String, seconds: Double)] = [
        ("us", 1e-6), ("ms", 1e-3), ("s", 1), ("min", 60), ("h", 3600),
    ]

    package init?(configurationText text: String) {
        let text = text.filter { !$0.isWhitespace }.lowercased()
        let number = text.prefix { $0.isNumber || $0 == "." }
        guard let value = Double(number), value.isFinite,
            let unit = Self.units.first(where: { $0.name == text.dropFirst(number.count) }),
            value * unit.seconds < 1e9
        else { return nil }
        self = .nanoseconds(Int64((value * unit.seconds * 1e9).rounded()))
    }

    /// In the largest unit that leaves a number from 1 on.
    package var configurationText: String {
        let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
        let unit = Self.units.last { seconds >= $0.seconds } ?? Self.units[0]
        let value = (seconds / unit.seconds * 1000).rounded() / 1000
        return value == value.rounded() ? "\(Int(value)) \(unit.name)" : "\(value) \(unit.name)"
    }

    package static func advice(for text: String) -> String { "give a time, as in 500 ms, 10 s or 2 min" }
}

/// Options with a few named values.
package protocol NamedConfigurationValue: ConfigurationValue, RawRepresentable, CaseIterable where RawValue == String {}

extension NamedConfigurationValue {
    package init?(configurationText text: String) {
        guard let value = Self.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
            return nil
        }
        self = value
    }

    package var configurationText: String { rawValue }

    package static func advice(for text: String) -> String {
        NearestNames.advice(for: text, among: allCases.map(\.rawValue))
    }
}

extension ClusterConfiguration.Kind: NamedConfigurationValue {}
extension ClusterConfiguration.CoreGroups: NamedConfigurationValue {}
extension ProgressDisplay: NamedConfigurationValue {}
