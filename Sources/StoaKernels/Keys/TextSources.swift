import StoaColumns

/// The bytes of one row and their hash.
struct Text {
    let base: UnsafePointer<UInt8>
    let length: Int
    let hash: UInt64

    @inline(__always)
    var ends: TextEnds { TextEnds(UnsafeRawPointer(base), count: length) }
}

/// The first and the last 8 bytes of a text, fewer of a shorter one: with the length all of a text of up to 16 bytes.
struct TextEnds: BitwiseCopyable, Equatable {
    private let first: UInt64
    private let last: UInt64

    @inline(__always)
    init(_ base: UnsafeRawPointer, count: Int) {
        if count >= 8 {
            first = base.loadUnaligned(as: UInt64.self)
            last = base.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        } else if count >= 4 {
            first = UInt64(base.loadUnaligned(as: UInt32.self))
            last = UInt64(base.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
        } else {
            var bytes: UInt64 = 0
            for place in 0..<count { bytes = bytes &<< 8 | UInt64(base.load(fromByteOffset: place, as: UInt8.self)) }
            first = bytes
            last = 0
        }
    }

    @inline(__always)
    static func == (left: TextEnds, right: TextEnds) -> Bool {
        (left.first ^ right.first) | (left.last ^ right.last) == 0
    }
}

/// Rows of text whose hashes are computed or known.
protocol TextSource {
    func hash(_ row: Int) -> UInt64
    func text(_ row: Int, hash: UInt64) -> Text
}

struct PlainTexts: TextSource {
    let offsets: UnsafePointer<Int32>
    let base: UnsafePointer<UInt8>

    @inline(__always)
    func hash(_ row: Int) -> UInt64 {
        let first = Int(offsets[row])
        return TextHash.bytes(base + first, count: Int(offsets[row + 1]) - first)
    }

    @inline(__always)
    func text(_ row: Int, hash: UInt64) -> Text {
        let first = Int(offsets[row])
        return Text(base: base + first, length: Int(offsets[row + 1]) - first, hash: hash)
    }
}

/// The entries of a dictionary, which keeps their hashes.
struct DictionaryTexts: TextSource {
    private let texts: PlainTexts
    private let hashes: UnsafePointer<UInt64>

    init(_ dictionary: StringDictionary) {
        guard let (offsets, base) = dictionary.values.text else {
            preconditionFailure("the entries of a dictionary are plain text")
        }
        texts = PlainTexts(offsets: offsets, base: base)
        hashes = dictionary.hashes
    }

    @inline(__always)
    func hash(_ row: Int) -> UInt64 { hashes[row] }

    @inline(__always)
    func text(_ row: Int, hash: UInt64) -> Text { texts.text(row, hash: hash) }

    @inline(__always)
    subscript(entry: Int) -> Text { texts.text(entry, hash: hashes[entry]) }
}

/// Rows of codes into a dictionary.
struct CodedTexts: TextSource {
    let codes: UnsafePointer<Int32>
    let entries: DictionaryTexts

    @inline(__always)
    func hash(_ row: Int) -> UInt64 { entries.hash(Int(codes[row])) }

    @inline(__always)
    func text(_ row: Int, hash: UInt64) -> Text { entries.text(Int(codes[row]), hash: hash) }
}
