internal import CArrowABI
import Glibc
import StoaColumns
import Synchronization

/// Counts the structs that a producer handed out and those that were released.
final class ReleaseCounter: Sendable {
    private let madeCount = Atomic<Int>(0)
    private let releasedCount = Atomic<Int>(0)
    private let repeatedCount = Atomic<Int>(0)

    var made: Int { madeCount.load(ordering: .relaxed) }
    var released: Int { releasedCount.load(ordering: .relaxed) }
    /// Whether each struct was released, and none twice.
    var isBalanced: Bool { made == released && repeatedCount.load(ordering: .relaxed) == 0 }

    func countMade() { madeCount.add(1, ordering: .relaxed) }
    func countReleased(again: Bool) {
        if again { repeatedCount.add(1, ordering: .relaxed) } else { releasedCount.add(1, ordering: .relaxed) }
    }
}

/// An ArrowArray that a test makes byte by byte. Its memory is overwritten when it is released.
struct ProducedArray {
    var length: Int
    var nullCount = 0
    var offset = 0
    var buffers: [[UInt8]?]
    var children: [ProducedArray] = []
    var dictionary: [ProducedArray] = []
    /// Bytes by which the buffers are moved off their alignment.
    var misalignment = 0

    /// The bytes of values one after the other.
    static func bytes<Value: BitwiseCopyable>(_ values: [Value]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

    /// Packed bits, `unused` ones in front.
    static func bits(_ values: [Bool], after unused: Int = 0) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (values.count + unused + 7) / 8)
        for index in 0..<unused where index % 2 == 0 { bytes[index / 8] |= 1 << UInt8(index % 8) }
        for (index, value) in values.enumerated() where value {
            bytes[(index + unused) / 8] |= 1 << UInt8((index + unused) % 8)
        }
        return bytes
    }

    /// A struct array of these columns.
    static func batch(_ columns: [ProducedArray], rows: Int, offset: Int = 0) -> ProducedArray {
        ProducedArray(length: rows, offset: offset, buffers: [nil], children: columns)
    }

    /// What a handed out struct points to.
    private final class Holder {
        let counter: ReleaseCounter
        var memory: [(base: UnsafeMutableRawPointer, count: Int)] = []
        var tables: [UnsafeMutableRawPointer] = []
        var children: [UnsafeMutablePointer<ArrowArray>] = []
        var dictionary: UnsafeMutablePointer<ArrowArray>?
        var isReleased = false

        init(counter: ReleaseCounter) { self.counter = counter }
    }

    func export(to target: UnsafeMutablePointer<ArrowArray>, counter: ReleaseCounter) {
        let holder = Holder(counter: counter)
        counter.countMade()
        var array = ArrowArray()
        array.length = Int64(length)
        array.null_count = Int64(nullCount)
        array.offset = Int64(offset)
        array.n_buffers = Int64(buffers.count)
        array.n_children = Int64(children.count)
        let table = UnsafeMutablePointer<UnsafeRawPointer?>.allocate(capacity: buffers.count + 1)
        for (index, bytes) in buffers.enumerated() {
            guard let bytes else {
                table[index] = nil
                continue
            }
            let base = UnsafeMutableRawPointer.allocate(byteCount: bytes.count + 128, alignment: 64)
            bytes.withUnsafeBytes { source in
                if let first = source.baseAddress {
                    (base + misalignment).copyMemory(from: first, byteCount: source.count)
                }
            }
            holder.memory.append((base, bytes.count + 128))
            table[index] = UnsafeRawPointer(base + misalignment)
        }
        array.buffers = table
        holder.tables.append(UnsafeMutableRawPointer(table))
        if !children.isEmpty {
            let pointers = UnsafeMutablePointer<UnsafeMutablePointer<ArrowArray>?>.allocate(capacity: children.count)
            for (index, child) in children.enumerated() {
                let pointer = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
                child.export(to: pointer, counter: counter)
                pointers[index] = pointer
                holder.children.append(pointer)
            }
            array.children = pointers
            holder.tables.append(UnsafeMutableRawPointer(pointers))
        }
        if let values = dictionary.first {
            let pointer = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
            values.export(to: pointer, counter: counter)
            holder.dictionary = pointer
            array.dictionary = pointer
        }
        array.private_data = Unmanaged.passRetained(holder).toOpaque()
        array.release = { array in
            guard let array, let data = array.pointee.private_data else { return }
            let holder = Unmanaged<Holder>.fromOpaque(data).takeUnretainedValue()
            holder.counter.countReleased(again: holder.isReleased)
            if holder.isReleased { return }
            holder.isReleased = true
            array.pointee.release = nil
            for child in holder.children + [holder.dictionary].compactMap({ $0 }) {
                // A child that was moved out is marked as released.
                if let release = child.pointee.release { release(child) }
                child.deallocate()
            }
            for (base, count) in holder.memory {
                memset(base, 0xDB, count)
                base.deallocate()
            }
            for table in holder.tables { table.deallocate() }
            // The holder stays, so that a second release would be seen.
        }
        target.initialize(to: array)
    }
}

/// An ArrowSchema that a test makes.
struct ProducedSchema {
    var name: String
    var format: String
    var dictionary: String?
    var isNullable: Bool

    init(_ name: String, _ format: String, dictionary: String? = nil, isNullable: Bool = true) {
        self.name = name
        self.format = format
        self.dictionary = dictionary
        self.isNullable = isNullable
    }

    private final class Holder {
        let counter: ReleaseCounter?
        var strings: [UnsafeMutablePointer<CChar>?] = []
        var children: [UnsafeMutablePointer<ArrowSchema>] = []
        var table: UnsafeMutablePointer<UnsafeMutablePointer<ArrowSchema>?>?
        var dictionary: UnsafeMutablePointer<ArrowSchema>?
        var isReleased = false

        init(counter: ReleaseCounter?) { self.counter = counter }
    }

    static func export(
        _ format: String, name: String = "", isNullable: Bool = true, children: [ProducedSchema] = [],
        dictionary: String? = nil, to target: UnsafeMutablePointer<ArrowSchema>, counter: ReleaseCounter? = nil
    ) {
        let holder = Holder(counter: counter)
        counter?.countMade()
        holder.strings = [strdup(format), strdup(name)]
        var schema = ArrowSchema()
        schema.format = holder.strings[0].map { UnsafePointer($0) }
        schema.name = holder.strings[1].map { UnsafePointer($0) }
        schema.flags = isNullable ? Int64(ARROW_FLAG_NULLABLE) : 0
        schema.n_children = Int64(children.count)
        if !children.isEmpty {
            let table = UnsafeMutablePointer<UnsafeMutablePointer<ArrowSchema>?>.allocate(capacity: children.count)
            for (index, child) in children.enumerated() {
                let pointer = UnsafeMutablePointer<ArrowSchema>.allocate(capacity: 1)
                export(
                    child.format, name: child.name, isNullable: child.isNullable, dictionary: child.dictionary,
                    to: pointer, counter: counter)
                table[index] = pointer
                holder.children.append(pointer)
            }
            holder.table = table
            schema.children = table
        }
        if let dictionary {
            let pointer = UnsafeMutablePointer<ArrowSchema>.allocate(capacity: 1)
            export(dictionary, to: pointer, counter: counter)
            holder.dictionary = pointer
            schema.dictionary = pointer
        }
        schema.private_data = Unmanaged.passRetained(holder).toOpaque()
        schema.release = { schema in
            guard let schema, let data = schema.pointee.private_data else { return }
            let holder = Unmanaged<Holder>.fromOpaque(data).takeUnretainedValue()
            holder.counter?.countReleased(again: holder.isReleased)
            if holder.isReleased { return }
            holder.isReleased = true
            schema.pointee.release = nil
            for child in holder.children + [holder.dictionary].compactMap({ $0 }) {
                if let release = child.pointee.release { release(child) }
                child.deallocate()
            }
            for string in holder.strings { free(string) }
            holder.table?.deallocate()
        }
        target.initialize(to: schema)
    }
}

/// Imports columns that a test made.
func importBatch(
    _ array: ProducedArray, _ fields: [ProducedSchema], options: ArrowImportOptions = ArrowImportOptions(),
    counter: ReleaseCounter = ReleaseCounter()
) throws -> Batch {
    var arrayStruct = ArrowArray()
    var schemaStruct = ArrowSchema()
    array.export(to: &arrayStruct, counter: counter)
    ProducedSchema.export("+s", children: fields, to: &schemaStruct, counter: counter)
    return try Batch(importing: &arrayStruct, schema: &schemaStruct, options: options)
}

/// Imports one column that a test made.
func importColumn(
    _ array: ProducedArray, _ format: String, dictionary: String? = nil,
    options: ArrowImportOptions = ArrowImportOptions(), counter: ReleaseCounter = ReleaseCounter()
) throws -> Column {
    let batch = try importBatch(
        .batch([array], rows: array.length), [ProducedSchema("x", format, dictionary: dictionary)], options: options,
        counter: counter)
    try batch.checkInvariants()
    return batch.columns[0]
}
