internal import CArrowABI
import StoaColumns
import StoaTestSupport
import Testing

/// Imports of arrays that are made byte by byte: ownership, offsets, alignment, and what contradicts itself.
@Suite struct ImportTests {
    private static let numbers: [Int32] = [7, -1, 3, 0, 12, Int32.min, Int32.max, 5]

    private func numberArray(_ misalignment: Int = 0) -> ProducedArray {
        ProducedArray(
            length: 8, buffers: [nil, ProducedArray.bytes(Self.numbers)], misalignment: misalignment)
    }

    @Test func everyStructIsReleasedOnceWhenTheLastColumnGoes() throws {
        let counter = ReleaseCounter()
        do {
            var kept: Column?
            do {
                let batch = try importBatch(
                    .batch([numberArray(), numberArray()], rows: 8),
                    [ProducedSchema("a", "i"), ProducedSchema("b", "i")], counter: counter)
                // Three schemas, and the parent that the columns were moved out of.
                #expect(counter.made == 6)
                #expect(counter.released == 4)
                kept = batch.columns[1].slice(2..<5)
            }
            #expect(counter.released == 5)
            #expect(try kept?.array(of: Int32.self) == [3, 0, 12])
            kept = nil
        }
        #expect(counter.isBalanced)
    }

    @Test(
        arguments: [
            ("+l", "the list column 'x' has no type here"), ("z", "binary"), ("d:40,2,256", "decimal256"), ("tdx", "?"),
            ("d:5,-2", "negative scale"), ("w:4", "fixed size"), ("", "empty"),
        ])
    func unsupportedTypesAreNamedAndReleased(format: String, why: String) throws {
        let counter = ReleaseCounter()
        let error = #expect(throws: StoaError.self, Comment(rawValue: why)) {
            try importColumn(numberArray(), format, counter: counter)
        }
        #expect(error?.code == .unsupported)
        #expect(error?.location.column == "x")
        #expect(error?.message.contains("'\(format)'") == true)
        #expect(counter.isBalanced)
    }

    @Test func onlyTextDictionariesAreTaken() throws {
        let counter = ReleaseCounter()
        let error = #expect(throws: StoaError.self) {
            try importColumn(numberArray(), "i", dictionary: "l", counter: counter)
        }
        #expect(error?.code == .unsupported)
        #expect(counter.isBalanced)
    }

    @Test(arguments: 0..<8, 0..<4)
    func offsetsOfParentAndChildAddUp(childOffset: Int, parentOffset: Int) throws {
        let rows = 20
        var generator = SplitMix64(seed: UInt64(childOffset * 8 + parentOffset))
        let values = (0..<40).map { _ in Int16.random(in: .min ... .max, using: &generator) }
        let valid = (0..<40).map { _ in Bool.random(using: &generator) }
        let flags = (0..<40).map { _ in Bool.random(using: &generator) }
        let child = ProducedArray(
            length: 40 - childOffset, nullCount: -1, offset: childOffset,
            buffers: [ProducedArray.bits(valid), ProducedArray.bytes(values)])
        let flagChild = ProducedArray(
            length: 40 - childOffset, nullCount: -1, offset: childOffset,
            buffers: [ProducedArray.bits(valid), ProducedArray.bits(flags)])
        let batch = try importBatch(
            .batch([child, flagChild], rows: rows, offset: parentOffset),
            [ProducedSchema("x", "s"), ProducedSchema("flag", "b")])
        try batch.checkInvariants()
        let expected = (0..<rows).map { $0 + childOffset + parentOffset }
        #expect(try batch.columns[0].array(of: Int16?.self) == expected.map { valid[$0] ? values[$0] : nil })
        #expect(try batch.columns[1].array(of: Bool?.self) == expected.map { valid[$0] ? flags[$0] : nil })
    }

    @Test(arguments: [0, 1, 2, 4, 8])
    func unalignedBuffersAreCopied(misalignment: Int) throws {
        let counter = ReleaseCounter()
        var array = numberArray(misalignment)
        array.offset = 3
        array.length = 5
        let column = try importColumn(array, "i", counter: counter)
        #expect(try column.array(of: Int32.self) == Array(Self.numbers[3...]))
        // A copy lets the producer's memory go at once, a shared column holds it.
        withExtendedLifetime(column) { #expect(counter.isBalanced == (misalignment % 4 != 0)) }
    }

    @Test(arguments: [0, 8])
    func wideDecimalsNeedSixteenBytes(misalignment: Int) throws {
        let values: [Int128] = [1, -170_141_183_460_469_231_731, 99]
        let array = ProducedArray(
            length: 3, nullCount: 1,
            buffers: [ProducedArray.bits([true, true, false]), ProducedArray.bytes(values)], misalignment: misalignment)
        let column = try importColumn(array, "d:38,2")
        #expect(try column.unscaledDecimals() == [1, -170_141_183_460_469_231_731, nil])
    }

    @Test func unalignedTextOffsetsAreCopied() throws {
        let array = ProducedArray(
            length: 2, offset: 1,
            buffers: [nil, ProducedArray.bytes([2, 4, 4, 7] as [Int32]), Array("__abcde".utf8)], misalignment: 2)
        #expect(try importColumn(array, "u").array(of: String.self) == ["", "cde"])
    }

    @Test func nullCountsAreCountedWhereItMatters() throws {
        let bytes = ProducedArray.bytes([1, 2, 3] as [Int64])
        let all = ProducedArray(length: 3, nullCount: -1, buffers: [ProducedArray.bits([true, true, true]), bytes])
        #expect(try importColumn(all, "l").validity == nil)
        // The count may be for more rows than the parent shows.
        let wrong = ProducedArray(length: 3, nullCount: 2, buffers: [ProducedArray.bits([true, false, true]), bytes])
        #expect(try importColumn(wrong, "l").nullCount == 1)
        let stated = ProducedArray(length: 3, nullCount: 0, buffers: [ProducedArray.bits([true, false, true]), bytes])
        #expect(try importColumn(stated, "l").nullCount == 0)
    }

    @Test(arguments: ["i", "b", "u", "U", "vu", "d:9,2,32", "tdm", "tsn:", "n", "g"])
    func emptyArraysMayHaveNoBuffers(format: String) throws {
        let count = ["u": 3, "U": 3, "vu": 3, "n": 0][format] ?? 2
        let array = ProducedArray(length: 0, buffers: Array(repeating: nil, count: count))
        #expect(try importColumn(array, format).count == 0)
    }

    @Test func aNullArrayIsTextWithoutValues() throws {
        let column = try importColumn(ProducedArray(length: 3, nullCount: 3, buffers: []), "n")
        #expect(column == Column([nil, nil, nil] as [String?]))
    }

    @Test func nullsWhereTheSchemaDeniesThemAreAnError() throws {
        let counter = ReleaseCounter()
        let array = ProducedArray(
            length: 2, nullCount: 1,
            buffers: [ProducedArray.bits([true, false]), ProducedArray.bytes([1, 2] as [Int64])])
        let error = #expect(throws: StoaError.self) {
            try importBatch(.batch([array], rows: 2), [ProducedSchema("x", "l", isNullable: false)], counter: counter)
        }
        #expect(error?.code == .nullFound)
        #expect(error?.location.column == "x")
        #expect(counter.isBalanced)
    }

    @Test func nullStructsAreAnError() throws {
        let counter = ReleaseCounter()
        var parent = ProducedArray.batch([numberArray()], rows: 8)
        parent.buffers = [ProducedArray.bits([true, true, false, true, true, true, true, true])]
        parent.nullCount = -1
        let error = #expect(throws: StoaError.self) {
            try importBatch(parent, [ProducedSchema("x", "i")], counter: counter)
        }
        #expect(error?.code == .nullFound)
        #expect(counter.isBalanced)
        parent.buffers = [ProducedArray.bits(Array(repeating: true, count: 8))]
        #expect(try importBatch(parent, [ProducedSchema("x", "i")]).rowCount == 8)
    }

    @Test func contradictionsAreErrors() throws {
        func fails(_ array: ProducedArray, _ fields: [ProducedSchema]) {
            let counter = ReleaseCounter()
            let error = #expect(throws: StoaError.self) { try importBatch(array, fields, counter: counter) }
            #expect(error?.code == .schemaMismatch)
            #expect(counter.isBalanced)
        }
        fails(.batch([numberArray()], rows: 8), [ProducedSchema("x", "i"), ProducedSchema("y", "i")])
        fails(.batch([numberArray()], rows: 9), [ProducedSchema("x", "i")])
        fails(.batch([numberArray()], rows: 8, offset: 1), [ProducedSchema("x", "i")])
        fails(.batch([numberArray()], rows: 8), [ProducedSchema("x", "u")])
        fails(.batch([ProducedArray(length: 2, buffers: [nil, nil])], rows: 2), [ProducedSchema("x", "i")])
        fails(.batch([numberArray()], rows: 8), [ProducedSchema("x", "i", dictionary: "u")])
        let descending = ProducedArray(length: 1, buffers: [nil, ProducedArray.bytes([4, 2] as [Int32]), [65, 66]])
        fails(.batch([descending], rows: 1), [ProducedSchema("x", "u")])
    }

    @Test func aSchemaThatIsNoStructIsAnError() throws {
        let counter = ReleaseCounter()
        var schema = ArrowSchema()
        ProducedSchema.export("i", to: &schema, counter: counter)
        let error = #expect(throws: StoaError.self) { try Schema(importing: &schema) }
        #expect(error?.code == .schemaMismatch)
        #expect(counter.isBalanced)
    }

    @Test func aBatchWithoutColumnsHasRows() throws {
        let batch = try importBatch(.batch([], rows: 5), [])
        #expect(batch.rowCount == 5)
    }

    @Test func schemasKeepNamesTypesAndNullability() throws {
        let counter = ReleaseCounter()
        var schema = ArrowSchema()
        ProducedSchema.export(
            "+s",
            children: [
                ProducedSchema("é", "tsn:Europe/Berlin"), ProducedSchema("", "d:12,3", isNullable: false),
                ProducedSchema("code", "C", dictionary: "vu"),
            ], to: &schema, counter: counter)
        #expect(
            try Schema(importing: &schema)
                == Schema([
                    Field("é", .timestamp(zone: "Europe/Berlin")),
                    Field("", .decimal(precision: 12, scale: 3), isNullable: false), Field("code", .utf8),
                ]))
        #expect(counter.isBalanced)
    }
}
