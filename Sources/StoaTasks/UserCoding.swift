import FoundationEssentials
import StoaColumns

/// How values of a user's types are spelled: JSON, which needs no code of the user's and can be read in a log. Floats are
/// written in their shortest form that reads back as the same bits; of a NaN the payload is lost.
enum UserCoding {
    private static let positiveInfinity = "Infinity"
    private static let negativeInfinity = "-Infinity"
    private static let nan = "NaN"

    /// Throws `invalidArgument` for a value that does not encode.
    static func encode<Value: Encodable>(_ value: Value) throws(StoaError) -> [UInt8] {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: positiveInfinity, negativeInfinity: negativeInfinity, nan: nan)
            return Array(try encoder.encode(value))
        } catch {
            throw StoaError(.invalidArgument, "an instance of '\(Value.self)' does not encode: \(error)")
        }
    }

    /// Throws `invalidArgument` for what is no value of the type.
    static func decode<Value: Decodable>(_ type: Value.Type, from payload: [UInt8]) throws(StoaError) -> Value {
        do {
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: positiveInfinity, negativeInfinity: negativeInfinity, nan: nan)
            return try decoder.decode(type, from: Data(payload))
        } catch {
            throw StoaError(.invalidArgument, "an instance of '\(type)' does not decode: \(error)")
        }
    }
}
