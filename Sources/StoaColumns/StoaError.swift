/// The one error type of Stoa: what was found, where, what would be right, and whether trying again can help.
public struct StoaError: Error, Hashable, Codable, Sendable {
    /// What went wrong, stable across releases; programs switch on it.
    public enum Code: String, Hashable, Codable, Sendable, CaseIterable {
        case unknownColumn
        case ambiguousColumn
        case unknownName
        case typeMismatch
        case schemaMismatch
        case invalidArgument
        case overflow
        case divisionByZero
        case castFailed
        case nullFound
        case malformedFile
        case fileNotFound
        case fileChanged
        case inputOutputFailed
        case unsupported
        case outOfMemory
        case executorLost
        /// Rows or a state that a task left are gone or damaged; they are made again from what they came from.
        case blockLost
        case cancelled
        /// A function or aggregate that the user brought threw an error or broke its contract.
        case userFunctionFailed
        case incompatibleMachine
        case engineFailed
        /// A result that was to be collected has more bytes than the session allows.
        case resultTooLarge
    }

    /// Whose mistake it is: the caller's, Stoa's own, or the machine's (files, memory, executors).
    public enum Source: String, Hashable, Codable, Sendable {
        case caller
        case engine
        case environment
    }

    /// Where it happened; only what is known is set.
    public struct Location: Hashable, Codable, Sendable {
        /// Path of the file that was read or written.
        public var file: String?
        /// One-based record number in `file`, or zero-based row of the partition when there is no file.
        public var row: Int?
        /// Name of the column, or the printed expression.
        public var column: String?
        /// The plan node at work, as `explain` prints it.
        public var planNode: String?
        /// The stage and the partition of the failed task.
        public var stage: Int?
        /// The partition of the failed task.
        public var partition: Int?

        /// A location of which only the named parts are known.
        public init(
            file: String? = nil, row: Int? = nil, column: String? = nil, planNode: String? = nil,
            stage: Int? = nil, partition: Int? = nil
        ) {
            self.file = file
            self.row = row
            self.column = column
            self.planNode = planNode
            self.stage = stage
            self.partition = partition
        }
    }

    /// What went wrong, as a value.
    public var code: Code
    /// Whose mistake it is.
    public var source: Source
    /// What was found, one sentence without a full stop.
    public var message: String
    /// What would be right, one sentence without a full stop; empty when there is nothing to advise.
    public var advice: String
    /// Where it happened.
    public var location: Location
    /// Whether the same task may succeed when it is tried again.
    public var isRetryable: Bool

    /// An error; `isRetryable` is false unless stated, since a caller's mistake never goes away by itself.
    public init(
        _ code: Code, source: Source = .caller, _ message: String, advice: String = "",
        at location: Location = Location(), isRetryable: Bool = false
    ) {
        self.code = code
        self.source = source
        self.message = message
        self.advice = advice
        self.location = location
        self.isRetryable = isRetryable
    }

    /// The same error with the parts of `location` filled in that were not known where it was thrown.
    public func located(_ location: Location) -> StoaError {
        var error = self
        error.location.file = error.location.file ?? location.file
        error.location.row = error.location.row ?? location.row
        error.location.column = error.location.column ?? location.column
        error.location.planNode = error.location.planNode ?? location.planNode
        error.location.stage = error.location.stage ?? location.stage
        error.location.partition = error.location.partition ?? location.partition
        return error
    }
}

extension StoaError: CustomStringConvertible {
    /// One readable line: place, what was found, what would be right.
    public var description: String {
        var place: [String] = []
        if let file = location.file { place.append(file.isEmpty ? "''" : file) }
        if let row = location.row { place.append("row \(row)") }
        if let column = location.column { place.append("column '\(column)'") }
        // Who knows the file and the row finds the place; the plan's own words would only hide it.
        if let planNode = location.planNode, location.file == nil { place.append(planNode) }
        if let partition = location.partition, location.file == nil {
            let stage = location.stage.map { "stage \($0), " } ?? ""
            place.append("\(stage)partition \(partition)")
        }
        let prefix = place.isEmpty ? "" : place.joined(separator: ", ") + ": "
        return prefix + message + (advice.isEmpty ? "" : "; \(advice)")
    }
}
