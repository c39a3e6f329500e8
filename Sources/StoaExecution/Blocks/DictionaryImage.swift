import StoaColumns

/// Where a dictionary stands that block images name instead of holding it: a stretch of the segment that they are in.
package struct DictionaryPlace: Hashable, Sendable {
    /// Its family, by a number that the owner of the segment gives to no other one.
    package let family: Int
    /// From the start of the segment.
    package let offset: Int
    package let byteCount: Int

    package init(family: Int, offset: Int, byteCount: Int) {
        self.family = family
        self.offset = offset
        self.byteCount = byteCount
    }
}

/// A dictionary as one flat stretch of bytes, for the block images that name it.
///
/// Layout, in this machine's order of bytes: 64 bytes with a mark, the number of strings and the bytes of their text, then the hash
/// of each string, the offsets, and the text, each part at a multiple of 64 bytes from the start.
package enum DictionaryImage {
    private static let magic: UInt64 = 0x5443_4944_414f_5453  // "STOADICT"

    private struct Layout {
        let hashes = BlockImage.alignment
        let offsets: Int
        let text: Int
        let end: Int

        init(count: Int, textBytes: Int) {
            offsets = hashes + BlockImage.aligned(count * 8)
            text = offsets + BlockImage.aligned((count + 1) * 4)
            end = text + BlockImage.aligned(textBytes)
        }
    }

    private static func text(
        of dictionary: StringDictionary
    ) -> (offsets: UnsafePointer<Int32>, bytes: UnsafePointer<UInt8>, count: Int) {
        guard let (offsets, bytes) = dictionary.values.text else {
            preconditionFailure("a dictionary's strings are plain text")
        }
        let start = Int(offsets[0])
        return (offsets, bytes + start, Int(offsets[dictionary.count]) - start)
    }

    /// Bytes of a dictionary's image.
    package static func byteCount(of dictionary: StringDictionary) -> Int {
        Layout(count: dictionary.count, textBytes: text(of: dictionary).count).end
    }

    /// Writes the image to memory of `byteCount(of:)` bytes that starts at a multiple of 64. Cost: a copy, and the hashes where
    /// nobody has asked for them yet.
    package static func write(_ dictionary: StringDictionary, into target: UnsafeMutableRawPointer) {
        let (offsets, bytes, textBytes) = text(of: dictionary)
        let count = dictionary.count
        let layout = Layout(count: count, textBytes: textBytes)
        target.storeBytes(of: magic, as: UInt64.self)
        target.storeBytes(of: Int64(count), toByteOffset: 8, as: Int64.self)
        target.storeBytes(of: Int64(textBytes), toByteOffset: 16, as: Int64.self)
        (target + layout.hashes).copyMemory(from: dictionary.hashes, byteCount: count * 8)
        let first = offsets[0]
        let moved = (target + layout.offsets).assumingMemoryBound(to: Int32.self)
        for entry in 0...count { moved[entry] = offsets[entry] &- first }
        (target + layout.text).copyMemory(from: bytes, byteCount: textBytes)
        withExtendedLifetime(dictionary) {}
    }

    /// The dictionary of an image in sealed memory that a process of this session wrote; it shares the memory and keeps its
    /// owner alive. Throws a retryable `blockLost` when places and sizes are not those of one.
    package static func read(from image: Buffer, family: DictionaryFamily) throws(StoaError) -> StringDictionary {
        guard Int(bitPattern: image.base) % BlockImage.alignment == 0, image.byteCount >= BlockImage.alignment,
            image.base.load(as: UInt64.self) == magic
        else {
            throw BlockImage.damaged("the dictionary that it names is none")
        }
        let count = Int(image.base.load(fromByteOffset: 8, as: Int64.self))
        let textBytes = Int(image.base.load(fromByteOffset: 16, as: Int64.self))
        guard (0...Int(Int32.max)).contains(count), (0...Int(Int32.max)).contains(textBytes) else {
            throw BlockImage.damaged("the dictionary that it names has \(count) strings of \(textBytes) bytes")
        }
        let layout = Layout(count: count, textBytes: textBytes)
        guard layout.end <= image.byteCount else {
            throw BlockImage.damaged("the dictionary that it names ends early")
        }
        func part(_ start: Int, _ byteCount: Int) -> Buffer {
            Buffer(base: image.base + start, byteCount: byteCount, owner: image.owner)
        }
        let offsets = part(layout.offsets, (count + 1) * 4)
        let ends = offsets.pointer(as: Int32.self)
        guard ends[0] == 0, Int(ends[count]) == textBytes else {
            throw BlockImage.damaged("the dictionary that it names has offsets from \(ends[0]) to \(ends[count])")
        }
        defer { withExtendedLifetime(image) {} }
        return StringDictionary(
            values: Column(
                type: .utf8, count: count, storage: .text(offsets: offsets, bytes: part(layout.text, textBytes))),
            hashes: part(layout.hashes, count * 8), family: family)
    }
}
