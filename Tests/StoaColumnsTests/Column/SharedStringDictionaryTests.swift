import Foundation
import StoaColumns
import StoaTestSupport
import Synchronization
import Testing

@Suite struct SharedStringDictionaryTests {
    /// Texts of which some come again and again, some once, some are null.
    private func texts(_ random: inout SplitMix64, count: Int, distinct: Int, nulls: Bool) -> [String?] {
        (0..<count).map { _ in
            if nulls, Int.random(in: 0..<6, using: &random) == 0 { return nil }
            let number = Int.random(in: 0..<distinct, using: &random)
            return number % 7 == 0 ? "" : String(repeating: "ä", count: number % 19) + "\(number)"
        }
    }

    @Test(arguments: 0..<12)
    func columnsOfEveryKindKeepTheirRows(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let shared = SharedStringDictionary()
        var looks: [StringDictionary] = []
        for _ in 0..<4 {
            // Tasks one after the other, each with an encoder of its own.
            let encoder = SharedDictionaryEncoder(shared)
            for batch in 0..<5 {
                let column = Column(texts(&random, count: 300, distinct: 40 * (batch + 1), nulls: seed % 2 == 0))
                let forms = [
                    column, column.slice(17..<290), column.dictionaryEncoded(),
                    column.dictionaryEncoded().slice(9..<11),
                    Column.nulls(.utf8, count: 5), column.slice(4..<4),
                ]
                for form in forms {
                    let encoded = encoder.encode(form)
                    #expect(encoded == form)
                    try encoded.checkInvariants()
                    guard form.nullCount < form.count else { continue }
                    let dictionary = try #require(encoded.dictionaryCodes?.dictionary)
                    looks.append(dictionary)
                    #expect(encoded.relabelled(by: shared.newest()) == form)
                    #expect(encoded.relabelled(by: StringDictionary(values: Column(["other"]))) == form)
                }
            }
        }
        // Every look is a prefix of the last one, in the same family, and hashes belong to the strings.
        let last = shared.newest()
        for look in looks {
            #expect(look.family === last.family)
            #expect(look.values == last.values.slice(0..<look.count))
            let fresh = StringDictionary(values: look.values)
            withExtendedLifetime((look, fresh)) {
                let same = (0..<look.count).allSatisfy { look.hashes[$0] == fresh.hashes[$0] }
                #expect(same)
            }
            #expect(fresh.family !== last.family)
        }
        #expect(last.family.entryCount == last.count)
        #expect(Set(try last.values.array(of: String.self)).count == last.count)
    }

    @Test func threadsShareOneDictionary() async throws {
        let shared = SharedStringDictionary()
        let columns = await withTaskGroup(of: (Column, Column).self) { group in
            for thread in 0..<6 {
                group.addTask {
                    var random = SplitMix64(seed: UInt64(thread))
                    let encoder = SharedDictionaryEncoder(shared)
                    var last = (Column([""]), Column([""]))
                    for round in 0..<40 {
                        let plain = Column(texts(&random, count: 500, distinct: 3_000, nulls: true))
                        let column = round % 2 == 0 ? plain : plain.dictionaryEncoded()
                        last = (column, encoder.encode(column))
                        #expect(last.0 == last.1)
                    }
                    return last
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let newest = shared.newest()
        for (column, encoded) in columns { #expect(encoded.relabelled(by: newest) == column) }
        #expect(Set(try newest.values.array(of: String.self)).count == newest.count)
    }

    /// Texts that are nearly all different would cost a dictionary as large as themselves.
    @Test func textsThatDoNotRepeatStayAsTheyAre() {
        let distinct = Column((0..<16_384).map { "only once: \($0)" })
        let shared = SharedStringDictionary()
        #expect(shared.isOpen)
        let encoded = SharedDictionaryEncoder(shared).encode(distinct)
        #expect(!encoded.isDictionaryEncoded && encoded == distinct)
        #expect(!shared.isOpen)
        #expect(!SharedDictionaryEncoder(shared).encode(Column(["a", "a"])).isDictionaryEncoded)
        // Few rows promise nothing and cost nothing.
        let few = SharedStringDictionary()
        #expect(SharedDictionaryEncoder(few).encode(distinct.slice(0..<1_000)).isDictionaryEncoded && few.isOpen)
        // Texts that repeat as seldom as a hundred thousand do among sixteen thousand rows are encoded.
        var random = SplitMix64(seed: 5)
        let many = Column((0..<16_384).map { _ in "id \(Int.random(in: 0..<100_000, using: &random))" })
        let open = SharedStringDictionary()
        #expect(SharedDictionaryEncoder(open).encode(many).isDictionaryEncoded && open.isOpen)
    }

    @Test func manyBytesCloseTheDictionary() {
        let shared = SharedStringDictionary()
        let encoder = SharedDictionaryEncoder(shared)
        var encodedCount = 0
        for number in 0..<300 {
            let long = Column([String(repeating: "x", count: 1 << 20) + "\(number)"])
            let encoded = encoder.encode(long)
            #expect(encoded == long)
            if encoded.isDictionaryEncoded { encodedCount += 1 }
        }
        #expect(!shared.isOpen && encodedCount > 200 && encodedCount < 256)
    }

    @Test func lengthsAroundTheBoundsOfAWord() {
        for length in 0...40 {
            let text = Array(0..<UInt8(length))
            for place in 0..<max(1, length) {
                var other = text
                if length > 0 { other[place] ^= 0x80 }
                text.withUnsafeBytes { left in
                    other.withUnsafeBytes { right in
                        guard let a = left.baseAddress, let b = right.baseAddress else { return }
                        #expect(TextHash.areEqual(a, a, count: length))
                        #expect(TextHash.areEqual(a, b, count: length) == (length == 0))
                    }
                }
            }
        }
    }
}
