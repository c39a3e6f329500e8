import StoaColumns
import Testing

/// Conversions of imported values: what they become, and what is an error.
@Suite struct ImportConversionTests {
    /// Three rows, the middle one null with a slot that would not convert.
    private func array<Value: BitwiseCopyable>(_ first: Value, _ bad: Value, _ last: Value) -> ProducedArray {
        ProducedArray(
            length: 3, nullCount: 1,
            buffers: [ProducedArray.bits([true, false, true]), ProducedArray.bytes([first, bad, last])])
    }

    private func failure(
        _ array: ProducedArray, _ format: String, options: ArrowImportOptions = ArrowImportOptions()
    ) -> StoaError? {
        let counter = ReleaseCounter()
        let error = #expect(throws: StoaError.self) {
            try importColumn(array, format, options: options, counter: counter)
        }
        #expect(counter.isBalanced)
        return error
    }

    @Test(arguments: [("tss:UTC", 1_000_000), ("tsm:UTC", 1_000)] as [(String, Int64)])
    func coarseTimestampsAreMultiplied(format: String, factor: Int64) throws {
        let column = try importColumn(array(-5, .max, 7 as Int64), format)
        #expect(column.type == .timestamp(zone: "UTC"))
        #expect(try column.array(of: Int64?.self) == [-5 * factor, nil, 7 * factor])
        let limit = Int64.max / factor
        let extremes = try importColumn(array(limit, .max, -limit), format)
        #expect(try extremes.array(of: Int64?.self) == [limit * factor, nil, -limit * factor])
        let error = failure(array(limit, 0, limit + 1), format)
        #expect(error?.code == .castFailed)
        #expect(error?.message.contains("row 2") == true)
        #expect(error?.location.column == "x")
    }

    @Test func nanosecondsAreExactUnlessAskedOtherwise() throws {
        #expect(try importColumn(array(-5_000, 1, 7_000 as Int64), "tsn:").array(of: Int64?.self) == [-5, nil, 7])
        let error = failure(array(0, 0, 1_001 as Int64), "tsn:")
        #expect(error?.code == .castFailed)
        #expect(error?.advice.contains("microseconds") == true)
        let rounded = try importColumn(
            array(-1, 0, 1_999 as Int64), "tsn:", options: ArrowImportOptions(nanoseconds: .roundedDown))
        #expect(try rounded.array(of: Int64?.self) == [-1, nil, 1])
        let extremes = try importColumn(
            array(.min, 0, .max as Int64), "tsn:", options: ArrowImportOptions(nanoseconds: .roundedDown))
        #expect(try extremes.array(of: Int64?.self) == [-9_223_372_036_854_776, nil, 9_223_372_036_854_775])
    }

    @Test func millisecondDatesMustBeDays() throws {
        let day: Int64 = 86_400_000
        let column = try importColumn(array(-day, 1, 3 * day), "tdm")
        #expect(column.type == .date32)
        #expect(try column.array(of: Int32?.self) == [-1, nil, 3])
        #expect(failure(array(0, 0, day + 1), "tdm")?.code == .castFailed)
        #expect(failure(array(0, 0, (Int64(Int32.max) + 1) * day), "tdm")?.code == .castFailed)
    }

    @Test func decimalsTakeTheirPrecisionsForm() throws {
        let narrow = try importColumn(array(-999, .max, 999 as Int128), "d:3,1")
        #expect(narrow.type == .decimal(precision: 3, scale: 1))
        #expect(try narrow.unscaledDecimals() == [-999, nil, 999])
        #expect(try importColumn(array(-9, .max, 9 as Int32), "d:9,1,32").unscaledDecimals() == [-9, nil, 9])
        #expect(try importColumn(array(-9, .max, 9 as Int64), "d:18,1,64").unscaledDecimals() == [-9, nil, 9])
        #expect(try importColumn(array(-9, .max, 9 as Int128), "d:19,1").unscaledDecimals() == [-9, nil, 9])
        // Precisions beyond what the width can fill are legal.
        #expect(try importColumn(array(-9, .max, 9 as Int64), "d:20,1,64").unscaledDecimals() == [-9, nil, 9])
        let error = failure(array(0, 0, 1_000 as Int128), "d:3,1")
        #expect(error?.code == .castFailed)
        #expect(error?.message.contains("1000") == true)
        #expect(failure(array(0, 0, Int128(Int64.max) + 1), "d:18,1")?.code == .castFailed)
    }

    @Test func largeTextSharesItsBytes() throws {
        let counter = ReleaseCounter()
        let text = Array("skipped€bcd".utf8)
        let array = ProducedArray(
            length: 3, nullCount: 1, offset: 1,
            buffers: [
                ProducedArray.bits([true, true, false, true]), ProducedArray.bytes([0, 7, 10, 10, 13] as [Int64]), text,
            ])
        let column = try importColumn(array, "U", counter: counter)
        #expect(try column.array(of: String?.self) == ["€", nil, "bcd"])
        withExtendedLifetime(column) { #expect(!counter.isBalanced) }
    }

    @Test func viewsAreGathered() throws {
        func view(_ text: String, buffer: Int32 = 0, at start: Int32 = 0) -> [UInt8] {
            let bytes = Array(text.utf8)
            let length = ProducedArray.bytes([Int32(bytes.count)])
            if bytes.count <= 12 { return length + bytes + Array(repeating: 0, count: 12 - bytes.count) }
            return length + bytes.prefix(4) + ProducedArray.bytes([buffer, start])
        }
        let long = "a string of more than twelve bytes"
        let second = "and another, which lies in a second buffer"
        let null = Array(repeating: UInt8(0xEE), count: 16)
        let array = ProducedArray(
            length: 5, nullCount: 1,
            buffers: [
                ProducedArray.bits([true, true, false, true, true]),
                view("") + view("twelve bytes") + null + view(long, at: 3) + view(second, buffer: 1),
                Array("...\(long)".utf8), Array(second.utf8), ProducedArray.bytes([37, 42] as [Int64]),
            ])
        #expect(try importColumn(array, "vu").array(of: String?.self) == ["", "twelve bytes", nil, long, second])
        var wrong = array
        wrong.buffers[1] = view("") + view("") + null + view(long, buffer: 2) + view("")
        #expect(failure(wrong, "vu")?.code == .schemaMismatch)
    }
}
