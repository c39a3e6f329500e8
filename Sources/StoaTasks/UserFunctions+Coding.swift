import StoaColumns
import StoaPlan
import Synchronization

// A user's function travels as the mangled name of its type, which the runtime of the receiving program looks up, and as
// JSON: the payload is readable in a log and needs no code of the user's. Floats are written in their shortest form that
// reads back as the same bits.

extension UserFunction {
    /// The function as a value that travels. Throws `unsupported` for a type that another program could not find by its
    /// name, `invalidArgument` for an instance that does not encode.
    package init(encoding function: some BatchFunction) throws(StoaError) {
        self = try Self.encode(function)
    }

    /// The aggregate as a value that travels. Throws as the other does.
    package init(encoding aggregate: some BatchAggregate) throws(StoaError) {
        self = try Self.encode(aggregate)
    }

    /// The function. Cheap when one of the last few decoded functions was the same.
    package func batchFunction() throws(StoaError) -> any BatchFunction {
        guard let function = try decoded() as? any BatchFunction else {
            throw StoaError(
                .typeMismatch, source: .engine, "the type '\(printedTypeName)' is no BatchFunction in this program")
        }
        return function
    }

    /// The aggregate. Cheap when one of the last few decoded aggregates was the same.
    package func batchAggregate() throws(StoaError) -> any BatchAggregate {
        guard let aggregate = try decoded() as? any BatchAggregate else {
            throw StoaError(
                .typeMismatch, source: .engine, "the type '\(printedTypeName)' is no BatchAggregate in this program")
        }
        return aggregate
    }

    /// The type's name as the user writes it, for errors and labels; the mangled name when this program has no such type.
    package var printedTypeName: String {
        UserTypes.type(named: typeName).map { String(describing: $0) } ?? typeName
    }

    /// A value by its type's name. Throws as the initializers do.
    static func encode<Value: Codable & Sendable>(_ value: Value) throws(StoaError) -> UserFunction {
        guard let name = UserTypes.name(of: Value.self) else {
            throw StoaError(
                .unsupported, "the type '\(Value.self)' cannot be found by its name, so it cannot travel to executors",
                advice: "declare it outside of functions, and neither private nor fileprivate")
        }
        let (payload, broadcasts) = try BroadcastUse.collecting { () throws(StoaError) in
            try UserCoding.encode(value)
        }
        // Whoever looks on from outside learns of them too.
        for broadcast in broadcasts { BroadcastUse.note(broadcast) }
        return UserFunction(typeName: name, payload: payload, broadcasts: broadcasts.map(\.id))
    }

    private func decoded() throws(StoaError) -> any Codable & Sendable {
        if let value = DecodedInstances.shared.find(self) { return value }
        let value = try decode()
        DecodedInstances.shared.keep(value, for: self)
        return value
    }

    /// The value, decoded anew. Throws `unknownName` for a type that this program has not, `invalidArgument` for a payload
    /// that is no value of it.
    func decode() throws(StoaError) -> any Codable & Sendable {
        guard let type = UserTypes.type(named: typeName) as? any (Codable & Sendable).Type else {
            throw StoaError(
                .unknownName, source: .environment, "the executor's program has no type '\(typeName)'",
                advice: "run executors of the program that made the query")
        }
        return try UserCoding.decode(type, from: payload)
    }
}

/// The names of users' types, looked up in the runtime once a type. Guard: a lock each; at most one entry a type of the program.
private enum UserTypes {
    private static let types = Mutex<[String: any Any.Type]>([:])
    private static let names = Mutex<[ObjectIdentifier: String]>([:])

    static func type(named name: String) -> (any Any.Type)? {
        if let known = types.withLock({ $0[name] }) { return known }
        guard let found = _typeByName(name) else { return nil }
        types.withLock { $0[name] = found }
        return found
    }

    /// The mangled name by which the runtime finds the type again; nil when it does not: types local to a
    /// function and private types have no name that is known outside.
    static func name(of type: any Any.Type) -> String? {
        if let known = names.withLock({ $0[ObjectIdentifier(type)] }) { return known }
        guard let name = _mangledTypeName(type), let found = self.type(named: name), found == type else { return nil }
        names.withLock { $0[ObjectIdentifier(type)] = name }
        return name
    }
}

/// The functions decoded last, since all tasks of a stage carry the same one. Guard: one lock.
private final class DecodedInstances: Sendable {
    static let shared = DecodedInstances()

    // Jobs that run at the same time need one entry each; old ones leave in the order in which they came.
    private static let limit = 16
    private let entries = Mutex<[(key: UserFunction, value: any Codable & Sendable)]>([])

    func find(_ key: UserFunction) -> (any Codable & Sendable)? {
        entries.withLock { entries in entries.last { $0.key == key }?.value }
    }

    func keep(_ value: any Codable & Sendable, for key: UserFunction) {
        entries.withLock { entries in
            if entries.contains(where: { $0.key == key }) { return }
            if entries.count == Self.limit { entries.removeFirst() }
            entries.append((key, value))
        }
    }
}
