import StoaColumns
import StoaPlan
import Synchronization

/// A value that functions of the user read on the executors: see `Session.broadcast(_:)`.
///
/// A `BatchFunction` or `BatchAggregate` holds it as a property, which travels as a name. The value itself reaches each executor
/// once, however many tasks, stages and jobs read it there. It stays while this object or a data frame made with it exists.
public final class Broadcast<Value: Codable & Sendable>: Codable, Sendable {
    package let id: BroadcastID
    // Of the object that owns the value.
    private let isOwner: Bool

    /// Makes the value known in this process.
    package init(_ value: Value) {
        id = BroadcastStore.shared.keep(value)
        isOwner = true
    }

    deinit {
        if isOwner { BroadcastStore.shared.forget(id) }
    }

    private enum CodingKeys: String, CodingKey { case id }

    /// One on an executor, which reads the same value.
    public init(from decoder: any Decoder) throws {
        id = try decoder.container(keyedBy: CodingKeys.self).decode(BroadcastID.self, forKey: .id)
        isOwner = false
    }

    /// The name of the value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        BroadcastUse.note(self)
    }

    /// The value; decoded at the first call in an executor's process, shared by all others.
    ///
    /// Throws `unknownName` when the session that made it is closed, `invalidArgument` when it does not decode.
    public var value: Value {
        get throws(StoaError) { try BroadcastStore.shared.value(id, as: Value.self) }
    }
}

extension Broadcast: BroadcastHandle {}

/// Keeps a broadcast value of any type.
package protocol BroadcastHandle: AnyObject, Sendable {
    var id: BroadcastID { get }
}

/// The broadcast values that a function refers to, learnt while it is encoded.
package final class BroadcastUse {
    private var handles: [any BroadcastHandle] = []

    // Encoding runs on one thread, from the first call to the last.
    @TaskLocal private static var current: Collector?

    private struct Collector: @unchecked Sendable {
        let use: BroadcastUse
    }

    private init() {}

    static func note(_ handle: any BroadcastHandle) {
        guard let use = current?.use, !use.handles.contains(where: { $0.id == handle.id }) else { return }
        use.handles.append(handle)
    }

    /// Runs an encoding and gives the values that it named.
    package static func collecting<Value>(
        _ encoding: () throws(StoaError) -> Value
    ) throws(StoaError) -> (value: Value, handles: [any BroadcastHandle]) {
        let use = BroadcastUse()
        let result = $current.withValue(Collector(use: use)) { Result<Value, StoaError>(catching: encoding) }
        return (try result.get(), use.handles)
    }
}

/// The broadcast values of this process: all of a driver's, those that came to an executor's. Guard: one lock; values are
/// encoded and decoded outside it.
package final class BroadcastStore: Sendable {
    package static let shared = BroadcastStore()

    private enum Entry {
        case value(any Codable & Sendable)
        /// Came from the driver, and nobody has asked for it.
        case payload([UInt8])
    }

    private let entries = Mutex<[BroadcastID: Entry]>([:])
    private let last = Atomic<Int>(0)

    package init() {}

    package func keep(_ value: any Codable & Sendable) -> BroadcastID {
        let id = BroadcastID(last.add(1, ordering: .relaxed).newValue)
        entries.withLock { $0[id] = .value(value) }
        return id
    }

    /// Takes a value over from the driver's process.
    package func receive(_ id: BroadcastID, _ payload: [UInt8]) {
        entries.withLock { entries in
            if entries[id] == nil { entries[id] = .payload(payload) }
        }
    }

    /// Lets go of a value.
    package func forget(_ id: BroadcastID) {
        // What was let go of is freed outside the lock.
        let forgotten = entries.withLock { $0.removeValue(forKey: id) }
        withExtendedLifetime(forgotten) {}
    }

    /// Whether the value is still wanted.
    package func holds(_ id: BroadcastID) -> Bool { entries.withLock { $0[id] != nil } }

    /// The value as it travels; nil when nobody wants it any more. Throws `invalidArgument` for one that does not encode.
    package func payload(_ id: BroadcastID) throws(StoaError) -> [UInt8]? {
        switch entries.withLock({ $0[id] }) {
        case .value(let value): try UserCoding.encode(value)
        case .payload(let payload): payload
        case nil: nil
        }
    }

    package func value<Value: Codable & Sendable>(_ id: BroadcastID, as type: Value.Type) throws(StoaError) -> Value {
        switch entries.withLock({ $0[id] }) {
        case .value(let value):
            guard let value = value as? Value else {
                throw StoaError(.typeMismatch, source: .engine, "\(id) is no \(Value.self)")
            }
            return value
        case .payload(let payload):
            let value = try UserCoding.decode(Value.self, from: payload)
            // Of two threads that decoded it, the second takes the first one's.
            return entries.withLock { entries in
                if case .value(let first as Value) = entries[id] { return first }
                if entries[id] != nil { entries[id] = .value(value) }
                return value
            }
        case nil:
            throw StoaError(
                .unknownName, "\(id) is not there any more",
                advice: "keep what Session.broadcast(_:) gave for as long as functions read it")
        }
    }
}
