internal import CArrowABI
import StoaColumns
import Testing

@Suite struct StreamTests {
    private struct Refusal: Error, CustomStringConvertible {
        var description: String { "the disk is on fire" }
    }

    private func rows(_ stream: ArrowStream) throws -> [[String?]] {
        var rows: [[String?]] = []
        while let batch = try stream.next() {
            try batch.checkInvariants()
            rows.append(try batch.columns[0].array(of: String?.self))
        }
        return rows
    }

    @Test func textIsEncodedAsTheStreamSaid() throws {
        let plain = try Batch(["text": Column(["a", "b", "a", nil])])
        let encoded = try Batch(["text": plain.columns[0].dictionaryEncoded()])
        for batches in [
            [plain, encoded], [encoded, plain], [encoded, encoded], [plain.slice(1..<3), encoded.slice(2..<4)],
        ] {
            for encodedColumns in [[], [0]] as [Set<Int>] {
                var remaining = batches.makeIterator()
                var exported = ArrowArrayStream()
                ArrowStream.export(schema: plain.schema, encodedColumns: encodedColumns, to: &exported) {
                    remaining.next()
                }
                let stream = try ArrowStream(importing: &exported)
                #expect(exported.release == nil)
                #expect(stream.schema == plain.schema)
                var count = 0
                while let batch = try stream.next() {
                    #expect(batch == batches[count])
                    #expect(batch.columns[0].isDictionaryEncoded == (encodedColumns == [0]))
                    count += 1
                }
                #expect(count == batches.count)
                #expect(try stream.next() == nil)
            }
        }
    }

    @Test func aRepeatedDictionaryIsOneDictionary() throws {
        let column = Column(["a", "b", "a", nil]).dictionaryEncoded()
        let batch = try Batch(["text": column])
        let other = try Batch(["text": Column(["b", "c", nil]).dictionaryEncoded()])
        var exported = ArrowArrayStream()
        ArrowStream.export(schema: batch.schema, batches: [batch, batch.slice(1..<3), other], to: &exported)
        let stream = try ArrowStream(importing: &exported)
        let first = try #require(try stream.next()?.columns[0].dictionaryCodes?.dictionary)
        let second = try #require(try stream.next()?.columns[0].dictionaryCodes?.dictionary)
        let third = try #require(try stream.next()?.columns[0].dictionaryCodes?.dictionary)
        #expect(first === second)
        #expect(first !== third)
    }

    @Test func whatTheSourceThrowsIsTheStreamsError() throws {
        let schema = Schema([Field("text", .utf8)])
        var exported = ArrowArrayStream()
        ArrowStream.export(schema: schema, to: &exported) { throw Refusal() }
        let stream = try ArrowStream(importing: &exported)
        let error = #expect(throws: StoaError.self) { try stream.next() }
        #expect(error?.code == .inputOutputFailed)
        #expect(error?.source == .environment)
        #expect(error?.message == "the disk is on fire")
        #expect(try stream.next() == nil)
    }

    @Test func batchesOfAnotherSchemaAreRefused() throws {
        let schema = Schema([Field("text", .utf8)])
        var exported = ArrowArrayStream()
        ArrowStream.export(schema: schema, batches: [try Batch(["text": Column([1])])], to: &exported)
        let stream = try ArrowStream(importing: &exported)
        #expect(throws: StoaError.self) { try stream.next() }
    }

    /// A stream made by hand: hands out `batches` batches, then fails when `fails`.
    private final class Source {
        let counter = ReleaseCounter()
        var left: Int
        let fails: Bool
        var format = "l"

        init(batches: Int, fails: Bool) {
            left = batches
            self.fails = fails
        }

        func export(to target: UnsafeMutablePointer<ArrowArrayStream>) {
            counter.countMade()
            var stream = ArrowArrayStream()
            stream.private_data = Unmanaged.passUnretained(self).toOpaque()
            stream.get_schema = { stream, target in
                guard let source = Source.of(stream), let target else { return 22 }
                ProducedSchema.export(
                    "+s", children: [ProducedSchema("x", source.format)], to: target, counter: source.counter)
                return 0
            }
            stream.get_next = { stream, target in
                guard let source = Source.of(stream), let target else { return 22 }
                guard source.left > 0 else {
                    if source.fails { return 5 }
                    target.initialize(to: ArrowArray())
                    return 0
                }
                source.left -= 1
                let column = ProducedArray(length: 2, buffers: [nil, ProducedArray.bytes([1, 2] as [Int64])])
                ProducedArray.batch([column], rows: 2).export(to: target, counter: source.counter)
                return 0
            }
            stream.get_last_error = { _ in nil }
            stream.release = { stream in
                Source.of(stream)?.counter.countReleased(again: stream?.pointee.release == nil)
                stream?.pointee.release = nil
            }
            target.initialize(to: stream)
        }

        static func of(_ stream: UnsafeMutablePointer<ArrowArrayStream>?) -> Source? {
            stream?.pointee.private_data.map { Unmanaged<Source>.fromOpaque($0).takeUnretainedValue() }
        }
    }

    @Test(arguments: [false, true], [0, 1, 3])
    func streamsAreReleasedOnceAtTheirEnd(fails: Bool, batches: Int) throws {
        let source = Source(batches: batches, fails: fails)
        var exported = ArrowArrayStream()
        source.export(to: &exported)
        do {
            let stream = try ArrowStream(importing: &exported)
            var kept: [Batch] = []
            if fails {
                let error = #expect(throws: StoaError.self) {
                    while let batch = try stream.next() { kept.append(batch) }
                }
                #expect(error?.message.contains("5") == true)
            } else {
                while let batch = try stream.next() { kept.append(batch) }
            }
            #expect(kept.count == batches)
            // Stream, schemas and parents are gone; each batch holds its column.
            withExtendedLifetime(kept) { #expect(source.counter.made - source.counter.released == batches) }
        }
        #expect(source.counter.isBalanced)
    }

    @Test func streamsAreReleasedWhenNobodyReadsThem() throws {
        let source = Source(batches: 3, fails: false)
        var exported = ArrowArrayStream()
        source.export(to: &exported)
        do {
            let stream = try ArrowStream(importing: &exported)
            #expect(try stream.next()?.rowCount == 2)
        }
        #expect(source.counter.isBalanced)
    }

    @Test func streamsOfUnsupportedTypesAreReleased() throws {
        let source = Source(batches: 3, fails: false)
        source.format = "+l"
        var exported = ArrowArrayStream()
        source.export(to: &exported)
        #expect(throws: StoaError.self) { try ArrowStream(importing: &exported) }
        #expect(source.counter.isBalanced)
    }

    @Test func exportedStreamsLetTheirSourceGo() throws {
        final class Token {}
        weak var watched: Token?
        var exported = ArrowArrayStream()
        do {
            let token = Token()
            watched = token
            ArrowStream.export(schema: Schema(), to: &exported) { withExtendedLifetime(token) { nil } }
        }
        #expect(watched != nil)
        exported.release(&exported)
        #expect(watched == nil)
        #expect(exported.release == nil)
    }
}
