import StoaColumns
import StoaExecution
import StoaKernels
import StoaTasks
import Testing

/// A block survives its image, and a damaged image is an error.
@Suite struct BlockImageTests {
    private func image(of block: Block) throws -> GuardedMemory {
        let image = try BlockImage(block)
        let memory = GuardedMemory(byteCount: image.byteCount)
        image.write(into: memory.base)
        return memory
    }

    private func rows(seed: UInt64) throws -> [Batch] {
        var random = SplitMix64(seed: seed)
        let table = try RandomTable.make(1 + random.below(3_000), seed: seed)
        let columns = table.columns.map { random.below(2) == 0 ? $0.withBounds() : $0 }
        let known = Batch(unchecked: table.schema, columns: columns, rowCount: table.rowCount)
        return try RandomTable.cut(known, seed: seed, longest: 1 + random.below(900))
    }

    @Test(arguments: 0..<20)
    func rowsComeBackWithTheirFacts(seed: Int) throws {
        let block = try Block(rows: rows(seed: UInt64(seed)))
        for validation in [BlockImage.Validation.full, .sealed] {
            let read = try BlockImage.read(from: image(of: block).buffer, validation: validation)
            #expect(try read.rows() == block.rows())
            for (old, new) in try zip(block.rows(), read.rows()) {
                try new.checkInvariants()
                #expect(old.columns.map(\.bounds) == new.columns.map(\.bounds))
                #expect(old.columns.map(\.isDictionaryEncoded) == new.columns.map(\.isDictionaryEncoded))
            }
        }
    }

    @Test func aSliceLeavesTheRestBehind() throws {
        let table = try RandomTable.make(100_000, seed: 3)
        let block = Block(rows: [table.slice(50_001..<50_012)])
        #expect(try BlockImage.byteCount(of: block) < 8_192)
        #expect(try BlockImage.read(from: image(of: block).buffer).rows() == block.rows())
    }

    @Test func columnsOfOneFamilyShareItsDictionary() throws {
        let shared = SharedStringDictionary()
        let words = Column((0..<500).map { Optional("word \($0 % 7)") } + [nil])
        let early = SharedDictionaryEncoder(shared).encode(words)
        let late = SharedDictionaryEncoder(shared).encode(Column((0..<500).map { "word \($0 % 13)" }))
        let other = words.dictionaryEncoded()
        let block = try Block(rows: [
            Batch(["a": early, "b": other]), Batch(["a": late, "b": late]), Batch(["a": early, "b": other]),
        ])
        let read = try BlockImage.read(from: image(of: block).buffer)
        #expect(try read.rows() == block.rows())
        let dictionaries = try read.rows().flatMap { $0.columns.compactMap { $0.dictionaryCodes?.dictionary } }
        #expect(dictionaries.count == 6 && Set(dictionaries.map(ObjectIdentifier.init)).count == 2)
        #expect(dictionaries[0] === dictionaries[2] && dictionaries[0] === dictionaries[3])
    }

    @Test(arguments: [false, true])
    func ofALargeDictionaryOnlyTheEntriesInUseAreWritten(hasNulls: Bool) throws {
        let encoded = Column((0..<50_000).map { "customer \($0)" }).dictionaryEncoded()
        let (codes, dictionary) = try #require(encoded.dictionaryCodes)
        let rows = [49_000, 7, 7, 0, 31_234].map { codes[$0] } + (hasNulls ? [0] : [])
        let values = MemoryRegion(of: Int32.self, count: rows.count)
        for (row, code) in rows.enumerated() { values.bound(to: Int32.self)[row] = code }
        let valid = Bitmap.filled(true, count: rows.count)
        if hasNulls { Bitmap.set(valid.base, at: 5, to: false) }
        let column = Column(
            type: .utf8, count: rows.count, validity: valid.buffer,
            storage: .dictionary(codes: values.buffer, dictionary))
        let block = try Block(rows: [Batch(["name": column])])
        #expect(try BlockImage.byteCount(of: block) < 1_024)
        let read = try BlockImage.read(from: image(of: block).buffer)
        #expect(try read.rows() == block.rows())
        try read.rows()[0].checkInvariants()
        #expect(try read.rows()[0].columns[0].dictionaryCodes?.dictionary.count == 4)
    }

    @Test func emptyThingsHaveImages() throws {
        let blocks = try [
            Block(rows: []), Block(rows: [Batch(unchecked: Schema(), columns: [], rowCount: 12)]),
            Block(rows: [
                Batch(["t": Column([String?.none, nil]), "e": Column([String?.none, nil]).dictionaryEncoded()])
            ]),
            Block(rows: [Batch(["t": Column(["", ""])])]),
        ]
        for block in blocks {
            let read = try BlockImage.read(from: image(of: block).buffer)
            #expect(try read.rows() == block.rows() && read.rowCount == block.rowCount)
        }
    }

    @Test func aStateComesBack() throws {
        let state = ["a|b", "", "\u{0}ü"].joined(separator: ",")
        let read = try BlockImage.read(from: image(of: Block(state: state)).buffer)
        #expect(try read.state() as? String == state)
        let floats: [Double] = [
            -0.0, 0.1, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1, -3,
        ]
        let back = try BlockImage.read(from: image(of: Block(state: floats)).buffer).state() as? [Double]
        #expect(back?.map(\.bitPattern) == floats.map(\.bitPattern))
    }

    @Test func aStateOfAPrivateTypeIsRefused() throws {
        struct Hidden: Codable, Sendable { var value = 1 }
        let error = try #require(throws: StoaError.self) { try BlockImage(Block(state: Hidden())) }
        #expect(error.code == .unsupported)
    }

    /// Reads all that kernels would read.
    private func use(_ block: Block) throws {
        for batch in try block.rows() {
            for column in batch.columns {
                _ = column.cells
                if let dictionary = column.dictionaryCodes?.dictionary { _ = dictionary.hashes }
            }
            if batch.rowCount == 0 || batch.columns.isEmpty { continue }
            let ids = MemoryRegion(of: Int32.self, count: batch.rowCount)
            for column in batch.columns {
                KeyTable(types: [column.type]).insert([column], count: batch.rowCount, into: ids.bound(to: Int32.self))
            }
            withExtendedLifetime(ids) {}
        }
    }

    @Test(arguments: 0..<8)
    func aDamagedImageIsAnErrorOrOtherRows(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let table = try RandomTable.make(60, seed: UInt64(seed))
        let bounded = Batch(
            unchecked: table.schema, columns: table.columns.map { $0.withBounds() }, rowCount: table.rowCount)
        let memory = try image(of: Block(rows: RandomTable.cut(bounded, seed: UInt64(seed), longest: 40)))
        let bytes = memory.base.assumingMemoryBound(to: UInt8.self)
        var errors = 0
        for _ in 0..<3_000 {
            let place = random.below(memory.byteCount)
            let old = bytes[place]
            bytes[place] ^= 1 << UInt8(random.below(8))
            do throws(StoaError) {
                let block = try BlockImage.read(from: memory.buffer)
                try? use(block)
            } catch {
                #expect(error.code == .blockLost && error.isRetryable)
                errors += 1
            }
            bytes[place] = old
        }
        #expect(errors > 300)
        try use(BlockImage.read(from: memory.buffer))
    }

    @Test func aCutOrForeignImageIsAnError() throws {
        let memory = try image(of: Block(rows: rows(seed: 5)))
        for length in [0, 8, 63, 64, 128, memory.byteCount / 2, memory.byteCount - 64] {
            let cut = Buffer(base: UnsafeRawPointer(memory.base), byteCount: length, owner: memory)
            let error = try #require(throws: StoaError.self) { try BlockImage.read(from: cut) }
            #expect(error.code == .blockLost)
        }
        let shifted = Buffer(base: UnsafeRawPointer(memory.base + 8), byteCount: memory.byteCount - 8, owner: memory)
        #expect(throws: StoaError.self) { try BlockImage.read(from: shifted) }
        let zeros = GuardedMemory(byteCount: 256)
        #expect(throws: StoaError.self) { try BlockImage.read(from: zeros.buffer) }
    }

    /// A description whose checksum is right, but whose numbers are not: what a writer with a mistake would leave.
    @Test(arguments: 0..<8)
    func wrongDescriptionsLeadNowhere(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let memory = try image(of: Block(rows: [RandomTable.make(40, seed: UInt64(seed))]))
        let length = Int(memory.base.load(fromByteOffset: 24, as: Int64.self))
        let words: [Int64] = [0, 1, -1, 2, 63, 64, 128, 1 << 20, 1 << 31, 1 << 40, .max, .min, .max / 8]
        for _ in 0..<2_000 {
            let place = 64 + random.below(max(1, length - 8))
            let old = memory.base.loadUnaligned(fromByteOffset: place, as: Int64.self)
            let new = random.below(3) == 0 ? old ^ (1 << Int64(random.below(64))) : words[random.below(words.count)]
            memory.base.storeBytes(of: new, toByteOffset: place, as: Int64.self)
            BlockImage.seal(memory.base)
            do throws(StoaError) {
                let block = try BlockImage.read(from: memory.buffer)
                if block.rowCount < 1 << 20 { try? use(block) }
            } catch {
                #expect(error.code == .blockLost)
            }
            memory.base.storeBytes(of: old, toByteOffset: place, as: Int64.self)
        }
    }
}
