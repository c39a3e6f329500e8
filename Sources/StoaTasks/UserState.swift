import StoaColumns
import StoaPlan

/// A state of a user's aggregate as it crosses process borders: the name of its type, and the value as `UserFunction`s
/// are encoded. A float comes back as the same bits, but for the payload of a NaN.
package struct UserState: Hashable, Sendable {
    /// Mangled name of the Swift type.
    package let typeName: String
    /// The value, encoded.
    package let payload: [UInt8]

    package init(typeName: String, payload: [UInt8]) {
        self.typeName = typeName
        self.payload = payload
    }

    /// The state as a value that travels. Throws `unsupported` for a type that another program could not find by its name,
    /// `invalidArgument` for a value that does not encode.
    package init(encoding state: any Codable & Sendable) throws(StoaError) {
        let encoded = try UserFunction.encode(state)
        self.init(typeName: encoded.typeName, payload: encoded.payload)
    }

    /// The state. Throws `unknownName` for a type that this program has not, `invalidArgument` for a payload that does not
    /// decode.
    package func decoded() throws(StoaError) -> any Codable & Sendable {
        try UserFunction(typeName: typeName, payload: payload).decode()
    }
}
