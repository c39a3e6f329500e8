import StoaColumns
import StoaExecution
import StoaProcesses
import StoaTestSupport
import Testing

/// Dictionaries that many block images name: written once, read as one, gone with the last of them.
@Suite struct SharedDictionaryTests {
    private let arena: SegmentArena
    private let dictionaries: SharedDictionaries
    private let readers = SegmentReaders { _ in }
    private let file: SegmentFile

    init() throws {
        file = try SegmentFile(name: "stoa test", byteCount: 64 << 20)
        let id = SegmentID(3)
        arena = SegmentArena(
            try Segment(id: id, descriptor: file.descriptor, byteCount: file.byteCount, isWritable: true))
        dictionaries = SharedDictionaries(arena: arena)
        readers.open(try Segment(id: id, descriptor: file.descriptor, byteCount: file.byteCount, isWritable: false))
    }

    private func dictionary(_ count: Int, _ family: DictionaryFamily) -> StringDictionary {
        StringDictionary(values: Column((0..<count).map { "entry number \($0)" }), family: family)
    }

    /// Rows with codes of a dictionary, every seventh null.
    private func batch(_ rows: Int, of dictionary: StringDictionary, seed: UInt64) throws -> Batch {
        var random = SplitMix64(seed: seed)
        let texts = Column((0..<rows).map { $0 % 7 == 6 ? nil : "entry number \(random.below(dictionary.count))" })
        let strings = try texts.array(of: String?.self)
        let codes = MemoryRegion(of: Int32.self, count: rows)
        let known = try Dictionary(
            uniqueKeysWithValues: zip(dictionary.values.array(of: String.self), Int32(0)...))
        for row in 0..<rows { codes.bound(to: Int32.self)[row] = strings[row].flatMap { known[$0] } ?? 0 }
        let column = Column(
            type: .utf8, count: rows, validity: texts.validity, nullCount: texts.nullCount,
            storage: .dictionary(codes: codes.buffer, dictionary))
        return try Batch(schema: Schema([Field("text", .utf8)]), columns: [column])
    }

    private func texts(_ block: Block) throws -> [String?] {
        try block.rows().flatMap { try $0.columns[0].array(of: String?.self) }
    }

    private func families(_ blocks: [Block]) throws -> Set<ObjectIdentifier> {
        Set(
            try blocks.flatMap { try $0.rows() }.compactMap {
                $0.columns[0].dictionaryCodes.map { ObjectIdentifier($0.dictionary.family) }
            })
    }

    private func read(_ count: Int, at place: BlockPlace) throws -> [Block] {
        let lease = try #require(readers.lease(place))
        return try (0..<count).map { try OutputImage.read($0, from: lease) }
    }

    private func free(_ place: BlockPlace) {
        dictionaries.release(outputAt: place.offset)
        #expect(arena.free(place.offset))
    }

    @Test func outputsShareOneDictionary() throws {
        let family = DictionaryFamily()
        let dictionary = dictionary(5_000, family)
        let outputs = try (0..<3).map { output in
            try (0..<4).map { Block(rows: [try batch(700, of: dictionary, seed: UInt64(output * 4 + $0))]) }
        }
        let places = try outputs.map { try OutputImage.write($0, to: arena, sharing: dictionaries) }
        #expect(dictionaries.count == 1)
        // An image holds codes, not the dictionary.
        #expect(places.allSatisfy { $0.byteCount < 4 * 4_000 })
        let blocks = try places.map { try read(4, at: $0) }
        #expect(try blocks.joined().map(texts) == outputs.joined().map(texts))
        #expect(try families(Array(blocks.joined())).count == 1)

        // A longer dictionary of the family stands beside it, and its codes are still those of the one family.
        let longer = self.dictionary(9_000, family)
        let more = try (0..<2).map { Block(rows: [try batch(3_000, of: longer, seed: UInt64(90 + $0))]) }
        let place = try OutputImage.write(more, to: arena, sharing: dictionaries)
        #expect(dictionaries.count == 2)
        let grown = try read(2, at: place)
        #expect(try grown.map(texts) == more.map(texts))
        #expect(try families(grown + blocks[0]).count == 1)
        // The short one is not written again for those who know it.
        let late = try OutputImage.write(outputs[1], to: arena, sharing: dictionaries)
        #expect(dictionaries.count == 2)

        for place in places { free(place) }
        #expect(dictionaries.count == 1)
        #expect(try read(4, at: late).map(texts) == outputs[1].map(texts))
        free(place)
        free(late)
        #expect(dictionaries.count == 0 && arena.usedBytes == 0)
    }

    /// Few rows of a large dictionary, or one block alone, hold what they use.
    @Test func whatDoesNotPayIsNotShared() throws {
        let dictionary = dictionary(5_000, DictionaryFamily())
        for blocks in [
            try (0..<4).map { Block(rows: [try batch(20, of: dictionary, seed: UInt64($0))]) },
            [Block(rows: [try batch(4_000, of: dictionary, seed: 9)])],
        ] {
            let place = try OutputImage.write(blocks, to: arena, sharing: dictionaries)
            #expect(dictionaries.count == 0)
            #expect(try read(blocks.count, at: place).map(texts) == blocks.map(texts))
            free(place)
        }
        #expect(arena.usedBytes == 0)
    }

    /// Images outside of a segment name nothing; places outside of it are refused.
    @Test func namesThatLeadNowhereAreRefused() throws {
        let dictionary = dictionary(50, DictionaryFamily())
        let block = Block(rows: [try batch(100, of: dictionary, seed: 1)])
        for (offset, byteCount) in [(0, 1 << 40), (-64, 128), (1 << 62, 1 << 62), (64, 32), (1 << 20, 1 << 10)] {
            let named = DictionaryPlace(family: 0, offset: offset, byteCount: byteCount)
            let image = try BlockImage(block, shared: [ObjectIdentifier(dictionary.family): named])
            let region = MemoryRegion(byteCount: image.byteCount)
            image.write(into: region.base)
            let error = try #require(throws: StoaError.self) { try BlockImage.read(from: region.buffer) }
            #expect(error.code == .blockLost)
            let place = try OutputImage.write([block], to: arena)
            let lease = try #require(readers.lease(place))
            let written = try #require(throws: StoaError.self) {
                try BlockImage.read(
                    from: region.buffer, validation: .sealed,
                    dictionaries: { (place) throws(StoaError) in try lease.dictionary(at: place) })
            }
            #expect(written.code == .blockLost && written.isRetryable)
        }
    }
}
