import StoaColumns

/// The states of a range of groups, of a type that knows how to write and to finish them.
protocol RecordStates {
    func write(_ description: ReductionDescription) -> [Column]
    func finish(_ description: ReductionDescription) throws(StoaError) -> Column
}

struct TypedStates<State: ReductionState>: RecordStates {
    private let region: MemoryRegion
    private let count: Int

    @inline(__always)
    init(_ range: Range<Int>, _ state: (Int) -> State) {
        region = MemoryRegion(of: State.self, count: range.count)
        count = range.count
        let target = region.bound(to: State.self)
        for group in range { target[group - range.lowerBound] = state(group) }
    }

    func write(_ description: ReductionDescription) -> [Column] {
        withExtendedLifetime(region) { State.write(region.bound(to: State.self), count: count, description) }
    }

    func finish(_ description: ReductionDescription) throws(StoaError) -> Column {
        defer { withExtendedLifetime(region) {} }
        return try State.finish(region.bound(to: State.self), count: count, description)
    }
}

/// One aggregate of several whose states share records.
final class RecordMember: GroupedResult {
    private let records: GroupedRecords
    private let place: Int
    private let description: ReductionDescription

    init(_ records: GroupedRecords, _ place: Int, _ description: ReductionDescription) {
        self.records = records
        self.place = place
        self.description = description
    }

    func states(_ range: Range<Int>) -> [Column] { records.states(of: place, range).write(description) }

    func finish(_ range: Range<Int>) throws(StoaError) -> Column {
        try records.states(of: place, range).finish(description)
    }
}
