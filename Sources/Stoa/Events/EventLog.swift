import FoundationEssentials
import StoaColumns

/// Writes events to a file, each as a JSON object on a line of its own. Used by one thread.
final class EventLog {
    private let file: RecordFile
    private let encoder = JSONEncoder()

    init(path: String) throws(StoaError) {
        file = try RecordFile(path: path, what: "event log")
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    func write(_ record: EventRecord) throws {
        file.append(try encoder.encode(record))
        file.append(CollectionOfOne(UInt8(ascii: "\n")))
    }

    func flush() { file.flush() }

    func close() { file.close() }
}
