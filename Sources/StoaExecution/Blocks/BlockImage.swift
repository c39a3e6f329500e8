import StoaColumns
import StoaTasks

/// A block as one flat stretch of bytes: what crosses process borders in shared segments, and what spill files hold.
///
/// Layout, all numbers little-endian: a header of 64 bytes (`Header`), a description (schemas, dictionaries, and of each
/// batch its columns with the places of their buffers), then the buffers, each at a multiple of 64 bytes from the start. The
/// header carries a checksum of itself and the description. Buffers hold only the rows of the block: a slice does not drag
/// along what it was cut from. Of the dictionaries of one family there is one, the longest, or where it has far more
/// entries than the block has rows, only the entries in use; or the image names the place of one that many images share.
/// A state is its type's name and its encoded value.
///
/// The images of one program's version are read by that version alone; the header says which.
package struct BlockImage {
    /// Every buffer, and the image itself, starts at a multiple of this.
    package static let alignment = 64

    /// How far a reader trusts the bytes behind the description, which is always checked in full.
    package enum Validation: Sendable {
        /// All that could lead a kernel out of its memory is read: codes, offsets of text, bounds, numbers of nulls. Costs
        /// a streaming read of those columns.
        case full
        /// The bytes are sealed memory that a process of this session wrote: only places and sizes are checked.
        case sealed
    }

    enum Content {
        case rows(RowImage)
        case state(UserState)
    }

    /// Size of the image.
    package let byteCount: Int
    let content: Content
    let description: [UInt8]

    /// Lays out the image of a block.
    ///
    /// - Parameter shared: where dictionaries stand that the image is to name, by their families. Each has all the entries that
    ///   the block uses.
    ///
    /// Throws `unsupported` for a state whose type cannot be found by name. Cost: a look at each column; where only part
    /// of a dictionary is in use, a pass over the rows' codes; for a state its encoding.
    package init(_ block: Block, shared: [ObjectIdentifier: DictionaryPlace] = [:]) throws(StoaError) {
        var writer = ImageWriter()
        switch block.content {
        case .rows, .spilled:
            var rows = RowImage(try block.rows(), shared: shared)
            rows.describe(into: &writer)
            let start = Self.aligned(Header.byteCount + writer.bytes.count)
            byteCount = start + rows.bufferBytes
            content = .rows(rows)
        case .state(let state):
            let state = try UserState(encoding: state)
            writer.append(state.typeName)
            writer.append(state.payload.count)
            byteCount = Self.aligned(Header.byteCount + writer.bytes.count) + Self.aligned(state.payload.count)
            content = .state(state)
        }
        description = writer.bytes
    }

    /// Bytes of a block's image. Lays it out: who writes it, too, makes a `BlockImage` once and asks that.
    package static func byteCount(of block: Block) throws(StoaError) -> Int { try BlockImage(block).byteCount }

    /// Writes a block's image to memory of `byteCount(of:)` bytes that starts at a multiple of `alignment`.
    package static func write(_ block: Block, into target: UnsafeMutableRawPointer) throws(StoaError) {
        try BlockImage(block).write(into: target)
    }

    static func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) & ~(alignment - 1) }
}

extension BlockImage {
    /// The first bytes of an image.
    struct Header {
        static let byteCount = 64
        static let magic: UInt64 = 0x4b4c_4241_4f54_53  // "STOABLK"
        static let version: UInt32 = 2

        enum Kind: UInt32 {
            case rows = 0
            case state = 1
        }

        var kind: Kind
        /// Of the whole image.
        var imageBytes: Int
        var descriptionBytes: Int

        /// Places of the fields, in bytes.
        private enum Place {
            static let magic = 0
            static let version = 8
            static let kind = 12
            static let imageBytes = 16
            static let descriptionBytes = 24
            static let checksum = 56
        }

        func write(to target: UnsafeMutableRawPointer) {
            target.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCount)
            target.storeBytes(of: Self.magic.littleEndian, toByteOffset: Place.magic, as: UInt64.self)
            target.storeBytes(of: Self.version.littleEndian, toByteOffset: Place.version, as: UInt32.self)
            target.storeBytes(of: kind.rawValue.littleEndian, toByteOffset: Place.kind, as: UInt32.self)
            target.storeBytes(of: Int64(imageBytes).littleEndian, toByteOffset: Place.imageBytes, as: Int64.self)
            target.storeBytes(
                of: Int64(descriptionBytes).littleEndian, toByteOffset: Place.descriptionBytes, as: Int64.self)
        }

        /// Completes the header of an image whose description stands behind it.
        static func seal(_ image: UnsafeMutableRawPointer) {
            let descriptionBytes = Int(
                Int64(littleEndian: image.load(fromByteOffset: Place.descriptionBytes, as: Int64.self)))
            image.storeBytes(
                of: checksum(UnsafeRawPointer(image), descriptionBytes).littleEndian, toByteOffset: Place.checksum,
                as: UInt64.self)
        }

        private static func checksum(_ image: UnsafeRawPointer, _ descriptionBytes: Int) -> UInt64 {
            let header = TextHash.bytes(image, count: Place.checksum)
            return header &* 31 ^ TextHash.bytes(image + byteCount, count: descriptionBytes)
        }

        /// The checked header of an image in at most `available` bytes.
        init(readingFrom image: UnsafeRawPointer, available: Int) throws(StoaError) {
            guard available >= Self.byteCount else {
                throw BlockImage.damaged("it has \(available) bytes, its header alone \(Self.byteCount)")
            }
            let magic = UInt64(littleEndian: image.load(fromByteOffset: Place.magic, as: UInt64.self))
            guard magic == Self.magic else { throw BlockImage.damaged("it does not start as one") }
            let version = UInt32(littleEndian: image.load(fromByteOffset: Place.version, as: UInt32.self))
            guard version == Self.version else {
                throw BlockImage.damaged("it is of version \(version), this program reads \(Self.version)")
            }
            let imageBytes = Int(Int64(littleEndian: image.load(fromByteOffset: Place.imageBytes, as: Int64.self)))
            let descriptionBytes = Int(
                Int64(littleEndian: image.load(fromByteOffset: Place.descriptionBytes, as: Int64.self)))
            guard imageBytes >= Self.byteCount, imageBytes <= available, descriptionBytes >= 0,
                descriptionBytes <= imageBytes - Self.byteCount
            else {
                throw BlockImage.damaged("it states \(imageBytes) bytes, \(available) are there")
            }
            let stated = UInt64(littleEndian: image.load(fromByteOffset: Place.checksum, as: UInt64.self))
            guard stated == Self.checksum(image, descriptionBytes) else {
                throw BlockImage.damaged("the checksum of its description is wrong")
            }
            let rawKind = UInt32(littleEndian: image.load(fromByteOffset: Place.kind, as: UInt32.self))
            guard let kind = Kind(rawValue: rawKind) else { throw BlockImage.damaged("it is of kind \(rawKind)") }
            self.kind = kind
            self.imageBytes = imageBytes
            self.descriptionBytes = descriptionBytes
        }

        init(kind: Kind, imageBytes: Int, descriptionBytes: Int) {
            self.kind = kind
            self.imageBytes = imageBytes
            self.descriptionBytes = descriptionBytes
        }
    }

    /// Gives an image the checksum of its header and description as they stand there.
    package static func seal(_ image: UnsafeMutableRawPointer) { Header.seal(image) }

    /// The error of an image that is not what a writer of this version wrote.
    static func damaged(_ found: String) -> StoaError {
        StoaError(
            .blockLost, source: .environment, "the image of a block is damaged: \(found)", isRetryable: true)
    }
}
