import StoaColumns

/// The records of groups while their integer words are packed: the packed word first, then the words of the other fields.
struct NearRecords {
    /// Number of integer fields, which come first among the fields.
    let integers: Int
    let stride: Int
    private let empty: [Int64]
    /// Runs of the other fields that one loop updates together, as places in the record; without the floats that are updated
    /// together with the packed word.
    let runs: [(range: Range<Int>, loop: RecordField.Loop)]
    /// Float words that follow the packed word and are updated with it.
    let floats: Int
    var words = GrowingBuffer<Int64>()
    /// How the integers are packed, once rows came.
    var layout: PackedIntegers?
    /// Rows added since the words were unpacked.
    var rows = 0
    /// How often the layout was replaced by a wider one.
    var layouts = 0

    /// A range that grows more often than this is better off without packing.
    static let mostLayouts = 16

    /// Nil when there are not several integer fields to pack.
    init?(_ fields: [RecordField]) {
        integers = fields.count { $0.content.loop == .integers }
        if integers < 2 { return nil }
        let others = fields.dropFirst(integers)
        let words = 1 + others.count
        var stride = 1
        while stride < words { stride *= 2 }
        self.stride = words <= 8 ? stride : (words + 7) / 8 * 8
        empty = [0] + others.map(\.empty) + Array(repeating: 0, count: self.stride - words)
        let floatFields = others.count { $0.content.loop == .floats }
        floats = floatFields <= 3 ? floatFields : 0
        var runs: [(range: Range<Int>, loop: RecordField.Loop)] = []
        for (place, field) in others.enumerated().dropFirst(floats) {
            let word = place + 1
            if let last = runs.last, last.range.count < RecordLoops.words, last.loop == field.content.loop {
                runs[runs.count - 1].range = last.range.lowerBound..<word + 1
            } else {
                runs.append((word..<word + 1, field.content.loop))
            }
        }
        self.runs = runs
    }

    mutating func grow(to groups: Int) {
        let count = words.count / stride
        words.grow(to: groups * stride, filling: 0)
        if empty.contains(where: { $0 != 0 }) {
            let target = words.pointer
            for group in count..<max(count, groups) {
                for word in 0..<stride { target[group * stride + word] = empty[word] }
            }
        }
    }
}

extension GroupedRecords {
    /// Takes rows of a chunk into the packed words; false when integers are not packed, or no more.
    func updatePacked(
        _ sources: UnsafePointer<RecordSource>, start: Int, rows: Int, ids: UnsafePointer<Int32>
    ) -> Bool {
        if near == nil { return false }
        guard let layout = packedLayout(sources, start: start, rows: rows), let near else {
            unpackForGood()
            return false
        }
        let records = near.words.pointer
        let stride = near.stride
        let isFar = near.words.count * 8 > Self.nearBytes
        let block = RecordLoops.blockRows
        if isFar { RecordLoops.prefetch(records, stride: stride, ids, min(block, rows)) }
        let base = layout.base
        let packed = values.packed
        let pointers = values.pointers
        // The fields that are not integers are one place further to the front than in the packed record.
        let shift = near.integers - 1
        var first = 0
        while first < rows {
            let step = min(block, rows - first)
            let place = ids + first
            if isFar, first + step < rows {
                RecordLoops.prefetch(records, stride: stride, place + step, min(block, rows - first - step))
            }
            packed.update(repeating: base, count: step)
            for field in 1..<near.integers {
                values.pack(sources, field, start: start + first, rows: step, shift: layout.shifts[field])
            }
            for field in near.integers..<fields.count {
                pointers[field] = values.load(sources, field, start: start + first, rows: step)
            }
            let isConstant = RecordLoops.isConstant(place, step)
            RecordLoops.addPacked(
                records, stride, place, step, packed, UnsafePointer(pointers + near.integers), near.floats,
                isConstant: isConstant)
            for run in near.runs {
                let target = records + run.range.lowerBound
                let columns = UnsafePointer(pointers + run.range.lowerBound + shift)
                let count = run.range.count
                if run.loop == .floats {
                    RecordLoops.addFloats(target, stride, place, step, columns, count, isConstant: isConstant)
                } else {
                    RecordLoops.takeLeast(target, stride, place, step, columns, count, isConstant: isConstant)
                }
            }
            first += step
        }
        withExtendedLifetime(values) {}
        return true
    }

    /// The layout that has room for these rows, which count as added; nil when there is none, or packing does not pay.
    private func packedLayout(_ sources: UnsafePointer<RecordSource>, start: Int, rows: Int) -> PackedIntegers? {
        guard var near else { return nil }
        var ranges = [PackedIntegers.Range()]
        for field in 1..<near.integers {
            guard let column = sources[field].column,
                let range = PackedIntegers.range(of: fields[field], column, start: start, rows: rows)
            else { return nil }
            ranges.append(range)
        }
        if let layout = near.layout, zip(layout.ranges, ranges).allSatisfy({ $0.contains($1) }) {
            // Unpacking reads all records, so as many rows have to come between.
            if layout.capacity < 2 * count { return nil }
            if near.rows + rows > layout.capacity {
                unpack()
                near.rows = 0
            }
            near.rows += rows
            self.near?.rows = near.rows
            return layout
        }
        if let layout = near.layout {
            unpack()
            for field in ranges.indices { ranges[field].formUnion(layout.ranges[field]) }
        }
        near.layouts += 1
        guard near.layouts <= NearRecords.mostLayouts,
            let layout = PackedIntegers(ranges, rows: max(2 * count, Self.chunkRows))
        else { return nil }
        near.layout = layout
        near.rows = rows
        self.near = near
        return layout
    }

    /// Moves the packed words into the words of their own.
    private func unpack() {
        guard let near, let layout = near.layout, near.rows > 0 else { return }
        growWords(to: count)
        for field in 0..<near.integers {
            let bits = field == 0 ? 0 : layout.ranges[field].bits
            let added = UInt64(near.rows) << UInt64(bits)
            // The number of rows always fits.
            if field > 0, bounds[field] + added >= Self.wordLimit { widen(field) }
            bounds[field] += field == 0 ? 0 : added
        }
        layout.unpack(near.words.pointer, stride: near.stride, to: words.pointer, stride: stride, groups: count)
        self.near?.rows = 0
    }

    /// Moves all words into records of unpacked words, which take the rows from now on.
    func unpackForGood() {
        guard near != nil else { return }
        unpack()
        packing = near?.layout.map(\.text)
        growWords(to: count)
        guard let near else { return }
        let others = fields.count - near.integers
        let source = near.words.pointer
        let target = words.pointer
        for group in 0..<count {
            let record = target + group &* stride + near.integers
            let words = source + group &* near.stride + 1
            for word in 0..<others { record[word] = words[word] }
        }
        self.near = nil
    }
}
