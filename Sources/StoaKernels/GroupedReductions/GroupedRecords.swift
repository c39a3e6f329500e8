import StoaColumns

/// The states of several aggregates over rows of the same groups: one record of 8-byte words a group, so that a row costs
/// one cache line however many aggregates there are. What two aggregates have in common is kept once: the number of rows,
/// the sum of an argument that has a mean too.
///
/// - Nulls: rows that are null count as such and change nothing else; an argument without nulls costs no test.
/// - NaN: sums propagate it, order keys place it last (N2, N5).
/// - Overflow: integer sums are Int64 words as long as rows and magnitudes so far rule out overflow; before they might, the
///   words move into sums of 128 bits (squares 192) beside the records, and chunks of values too large for that are added
///   there at once.
/// - Cost a row: 0.3 to 0.5 ns a word in the second cache level. Float sums are taken in row order at no extra cost.
///
/// While the integers are small, all integer words of a record are one (`PackedIntegers`), which is unpacked when it is full.
package final class GroupedRecords {
    let descriptions: [ReductionDescription]
    let fields: [RecordField]
    /// Fields that one loop updates together.
    private let runs: [(range: Range<Int>, loop: RecordField.Loop)]
    let stride: Int
    let empty: [Int64]
    /// The representative aggregate of each argument.
    private let arguments: [Int]
    var words = GrowingBuffer<Int64>()
    /// Records of the packed word and the words that are not integers, while integers are packed.
    var near: NearRecords?
    /// How integers were packed and why so, for people; nil while or when they were not.
    package internal(set) var packing: String?
    private(set) var count = 0
    /// By argument, once one was null: the number of null rows by group.
    private var nulls: [Int: GrowingBuffer<Int64>] = [:]
    private var sums: [Int: GrowingBuffer<Int128>] = [:]
    private var squares: [Int: GrowingBuffer<Int192>] = [:]
    /// What no integer word exceeds.
    var bounds: [UInt64]
    /// Rows since the words of each field were moved into wide sums. That passes over all groups, so it waits until as many
    /// rows have come; what has no room until then is added to the wide sums row by row.
    private var rowsSinceWide: [Int]
    let values: RecordValues

    /// Rows whose magnitudes are looked at together.
    static let chunkRows = 1 << 14
    static let wordLimit: UInt64 = 1 << 62
    /// Records that the second cache level holds beside the rest.
    static let nearBytes = 256 << 10

    /// No groups yet.
    ///
    /// - Parameter descriptions: those that `canHold` is true of; equal argument numbers mean equal arguments.
    init(_ descriptions: [ReductionDescription]) {
        self.descriptions = descriptions
        var wanted: Set<RecordField> = []
        for description in descriptions {
            for content in description.recordFields ?? [] {
                wanted.insert(RecordField(content: content, argument: description.argumentNumber))
            }
        }
        fields =
            [RecordField(content: .rows, argument: 0)]
            + wanted.sorted { ($0.content, $0.argument) < ($1.content, $1.argument) }
        var runs: [(range: Range<Int>, loop: RecordField.Loop)] = []
        for (number, field) in fields.enumerated() {
            if let last = runs.last, last.range.count < RecordLoops.words, last.loop == field.content.loop {
                runs[runs.count - 1].range = last.range.lowerBound..<number + 1
            } else {
                runs.append((number..<number + 1, field.content.loop))
            }
        }
        self.runs = runs
        // Records of up to 8 words do not cross cache lines.
        var stride = 1
        while stride < fields.count { stride *= 2 }
        self.stride = fields.count <= 8 ? stride : (fields.count + 7) / 8 * 8
        empty = fields.map(\.empty) + Array(repeating: 0, count: self.stride - fields.count)
        arguments = descriptions.indices.filter { place in
            descriptions[place].argument != nil
                && descriptions.firstIndex { $0.argumentNumber == descriptions[place].argumentNumber } == place
        }
        bounds = Array(repeating: 0, count: fields.count)
        rowsSinceWide = Array(repeating: 0, count: fields.count)
        values = RecordValues(fields: fields.count)
        near = NearRecords(fields)
    }

    /// Bytes a group takes.
    package var recordBytes: Int { stride * 8 }

    /// Whether the state of the function is made of words.
    static func canHold(_ description: ReductionDescription) -> Bool { description.recordFields != nil }

    /// Sees to it that there are records for `groups` groups.
    func grow(to groups: Int) {
        if groups <= count { return }
        if near == nil { growWords(to: groups) } else { near?.grow(to: groups) }
        count = groups
        for argument in nulls.keys { nulls[argument]?.grow(to: groups, filling: 0) }
        for field in sums.keys { sums[field]?.grow(to: groups, filling: 0) }
        for field in squares.keys { squares[field]?.grow(to: groups, filling: Int192()) }
    }

    /// Sees to it that there are records of unpacked words for `groups` groups.
    func growWords(to groups: Int) {
        let count = words.count / stride
        if groups <= count { return }
        words.grow(to: groups * stride, filling: 0)
        if empty.contains(where: { $0 != 0 }) {
            let target = words.pointer
            empty.withUnsafeBufferPointer { empty in
                guard let source = empty.baseAddress else { return }
                for group in count..<groups { (target + group * stride).update(from: source, count: stride) }
            }
        }
    }

    /// Takes rows, each into the record of its group.
    ///
    /// - Parameter columns: the argument of each aggregate, in their order.
    func update(_ columns: [Column?], ids: UnsafePointer<Int32>, count rows: Int) {
        var byArgument: [Int: Column] = [:]
        for place in arguments {
            let column = descriptions[place].checked(columns[place], count: rows)
            let number = descriptions[place].argumentNumber
            byArgument[number] = column
            if column.nullCount > 0 {
                if nulls[number] == nil { nulls[number] = GrowingBuffer() }
                nulls[number]?.grow(to: count, filling: 0)
                if let counts = nulls[number]?.pointer {
                    RecordValues.countNulls(column, count: rows, ids: ids, in: counts)
                }
            }
        }
        let sources = fields.map { field in
            if field.content == .rows { return RecordSource(ones: values.ones) }
            guard let column = byArgument[field.argument] else {
                preconditionFailure("no column of argument \(field.argument)")
            }
            return RecordSource(field, column)
        }
        var start = 0
        while start < rows {
            let step = min(Self.chunkRows, rows - start)
            sources.withUnsafeBufferPointer { sources in
                guard let base = sources.baseAddress else { return }
                if !updatePacked(base, start: start, rows: step, ids: ids + start) {
                    update(base, start: start, rows: step, ids: ids + start)
                }
            }
            start += step
        }
    }

    private func update(_ sources: UnsafePointer<RecordSource>, start: Int, rows: Int, ids: UnsafePointer<Int32>) {
        var narrow = [Bool](repeating: true, count: fields.count)
        for field in fields.indices where fields[field].content.loop == .integers {
            narrow[field] = makeRoom(field, sources[field].column, start: start, rows: rows)
            if !narrow[field], let column = sources[field].column {
                addWide(field, column, start: start, rows: rows, ids: ids)
            }
        }
        let records = words.pointer
        let isFar = words.count * 8 > Self.nearBytes
        let block = RecordLoops.blockRows
        if isFar { RecordLoops.prefetch(records, stride: stride, ids, min(block, rows)) }
        var first = 0
        while first < rows {
            let step = min(block, rows - first)
            let place = ids + first
            if isFar, first + step < rows {
                RecordLoops.prefetch(records, stride: stride, place + step, min(block, rows - first - step))
            }
            let isConstant = RecordLoops.isConstant(place, step)
            for (field, isNarrow) in narrow.enumerated() {
                values.pointers[field] =
                    isNarrow ? values.load(sources, field, start: start + first, rows: step) : values.zeros
            }
            for run in runs {
                let target = records + run.range.lowerBound
                let pointers = UnsafePointer(values.pointers + run.range.lowerBound)
                let count = run.range.count
                switch run.loop {
                case .integers:
                    RecordLoops.addIntegers(target, stride, place, step, pointers, count, isConstant: isConstant)
                case .floats:
                    RecordLoops.addFloats(target, stride, place, step, pointers, count, isConstant: isConstant)
                case .least: RecordLoops.takeLeast(target, stride, place, step, pointers, count, isConstant: isConstant)
                }
            }
            first += step
        }
        withExtendedLifetime(values) {}
    }

    // MARK: Words that might overflow

    /// Sees to it that the words of an integer field have room for these rows, moving them into wide sums if they might not;
    /// false when the values are too large for words.
    private func makeRoom(_ field: Int, _ column: Column?, start: Int, rows: Int) -> Bool {
        guard let column else { return true }
        var bits = 0
        if let known = column.bounds {
            let magnitude = max(known.lowerBound.magnitude, known.upperBound.magnitude)
            bits = 64 - magnitude.leadingZeroBitCount
        } else if fields[field].content == .sum, column.type.storageType == .int32 || column.type.storageType == .uint32
        {
            bits = 32
        } else {
            bits = RecordValues.magnitudeBits(column, start: start, rows: rows)
        }
        if fields[field].content == .squares { bits *= 2 }
        if bits > 62 - 15 { return false }
        let added = UInt64(rows) << UInt64(bits)
        rowsSinceWide[field] += rows
        if bounds[field] + added >= Self.wordLimit {
            if rowsSinceWide[field] < count { return false }
            widen(field)
        }
        bounds[field] += added
        return true
    }

    /// Moves the words of an integer field into its wide sums.
    func widen(_ field: Int) {
        makeWide(field)
        let records = words.pointer + field
        if let target = sums[field]?.pointer {
            for group in 0..<count { target[group] &+= Int128(records[group * stride]) }
        }
        if let target = squares[field]?.pointer {
            for group in 0..<count { target[group] += UInt128(UInt64(bitPattern: records[group * stride])) }
        }
        for group in 0..<count { records[group * stride] = 0 }
        bounds[field] = 0
        rowsSinceWide[field] = 0
    }

    private func makeWide(_ field: Int) {
        if fields[field].content == .squares {
            if squares[field] == nil { squares[field] = GrowingBuffer() }
            squares[field]?.grow(to: count, filling: Int192())
        } else {
            if sums[field] == nil { sums[field] = GrowingBuffer() }
            sums[field]?.grow(to: count, filling: 0)
        }
    }

    private func addWide(_ field: Int, _ column: Column, start: Int, rows: Int, ids: UnsafePointer<Int32>) {
        makeWide(field)
        let slice = column.slice(start..<start + rows)
        if let target = squares[field]?.pointer {
            RecordValues.forEachInteger(slice) { row, value in
                target[Int(ids[row])] += IntegerMomentState.square(UInt64(truncatingIfNeeded: value.magnitude))
            }
        } else if let target = sums[field]?.pointer {
            RecordValues.forEachInteger(slice) { row, value in target[Int(ids[row])] &+= value }
        }
    }

    // MARK: What became of them

    /// How many rows of a group had a value.
    @inline(__always)
    private func valueCount(_ group: Int, _ nulls: UnsafePointer<Int64>?) -> Int64 {
        words.pointer[group &* stride] &- (nulls?[group] ?? 0)
    }

    private func field(_ content: RecordField.Content, of place: Int) -> Int {
        let wanted = RecordField(content: content, argument: descriptions[place].argumentNumber)
        guard let number = fields.firstIndex(of: wanted) else {
            preconditionFailure("\(descriptions[place].text) keeps no \(content)")
        }
        return number
    }

    /// The sums of an integer field: the words and what was moved out of them.
    private struct IntegerSums {
        let records: UnsafePointer<Int64>
        let stride: Int
        let wide: UnsafeMutablePointer<Int128>?

        @inline(__always)
        func callAsFunction(_ group: Int) -> Int128 {
            let word = Int128(records[group &* stride])
            return if let wide { word &+ wide[group] } else { word }
        }
    }

    private func integerSums(_ field: Int) -> IntegerSums {
        IntegerSums(records: UnsafePointer(words.pointer + field), stride: stride, wide: sums[field]?.pointer)
    }

    /// The states of a range of groups in the form of their own type.
    func states(of place: Int, _ range: Range<Int>) -> any RecordStates {
        unpackForGood()
        let description = descriptions[place]
        let nulls =
            description.argument == nil ? nil : nulls[description.argumentNumber].map { UnsafePointer($0.pointer) }
        let stride = stride
        switch description.function {
        case .countRows, .count:
            return TypedStates(range) { CountState(count: valueCount($0, nulls)) }
        case .sum, .sumOrZero, .mean:
            if description.recordFields == [.floatSum] {
                let word = field(.floatSum, of: place)
                let records = UnsafeRawPointer(words.pointer + word).assumingMemoryBound(to: Double.self)
                return TypedStates(range) { FloatSumState(sum: records[$0 * stride], count: valueCount($0, nulls)) }
            }
            let sum = integerSums(field(.sum, of: place))
            return TypedStates(range) { IntegerSumState(sum: sum($0), count: valueCount($0, nulls)) }
        case .min, .max:
            let records = words.pointer + field(description.function == .min ? .least : .greatest, of: place)
            return TypedStates(range) {
                ExtremeState(key: records[$0 * stride], isPresent: valueCount($0, nulls) > 0 ? 1 : 0)
            }
        case .variance, .standardDeviation:
            let sum = integerSums(field(.sum, of: place))
            let word = field(.squares, of: place)
            let records = words.pointer + word
            let wide = squares[word]?.pointer
            return TypedStates(range) { group in
                var all = wide?[group] ?? Int192()
                all += UInt128(UInt64(bitPattern: records[group * stride]))
                return IntegerMomentState(count: valueCount(group, nulls), sum: sum(group), squares: all)
            }
        case .covariance, .correlation, .quantile: preconditionFailure("\(description.text) has no record")
        }
    }
}

extension GroupedRecords {
    /// The states of an aggregation's functions: records for those whose states are words, the others as they are.
    package struct Shared {
        /// Nil when no function's state is made of words.
        package let records: GroupedRecords?
        /// The aggregates without records, by their place.
        package let others: [(place: Int, states: any GroupedReduction)]
        /// All of them, by their place.
        package let results: [any GroupedResult]
        private let members: [Int]

        /// - Parameter keepsRecords: whether there may be records; they take rows, but do not merge states.
        package init(_ descriptions: [ReductionDescription], keepsRecords: Bool) {
            let members = descriptions.indices.filter { keepsRecords && GroupedRecords.canHold(descriptions[$0]) }
            let records = members.isEmpty ? nil : GroupedRecords(members.map { descriptions[$0] })
            self.members = members
            self.records = records
            let places = descriptions.indices.filter { !members.contains($0) }
            let single = places.map { descriptions[$0] }.makeGroupedReductions()
            var results: [Int: any GroupedResult] = [:]
            for (place, states) in zip(places, single) { results[place] = states }
            if let records {
                for (member, place) in members.enumerated() {
                    results[place] = RecordMember(records, member, descriptions[place])
                }
            }
            others = zip(places, single).map { (place: $0, states: $1) }
            self.results = descriptions.indices.compactMap { results[$0] }
        }

        /// Sees to it that there are states for `groups` groups.
        package func grow(to groups: Int) {
            records?.grow(to: groups)
            for other in others { other.states.grow(to: groups) }
        }

        /// Takes rows into the records; the others are updated by the caller.
        ///
        /// - Parameter columns: the argument of each aggregate, by its place.
        package func updateRecords(_ columns: [Column?], ids: UnsafePointer<Int32>, count: Int) {
            records?.update(members.map { columns[$0] }, ids: ids, count: count)
        }
    }
}
