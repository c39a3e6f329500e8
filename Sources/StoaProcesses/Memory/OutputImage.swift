import StoaColumns
import StoaExecution

/// The images of an output's blocks one behind the other: an index of 64-byte steps with the number of blocks and each one's
/// offset and size, then the images.
package enum OutputImage {
    private static let alignment = BlockImage.alignment

    /// Writes the blocks to a new stretch of the arena. Cost: a copy of the rows.
    ///
    /// Throws `outOfMemory`, and `unsupported` for a state that cannot travel.
    ///
    /// - Parameter dictionaries: those of the arena's segment, which the images name where that pays; who frees the stretch
    ///   releases them. Nil for images that hold their own.
    package static func write(
        _ blocks: [Block], to arena: SegmentArena, sharing dictionaries: SharedDictionaries? = nil
    ) throws(StoaError) -> BlockPlace {
        guard let dictionaries else { return try write(blocks, to: arena, [:]) }
        let shared = try dictionaries.take(for: blocks)
        do throws(StoaError) {
            let place = try write(blocks, to: arena, shared)
            dictionaries.keep(shared.values, forOutputAt: place.offset)
            return place
        } catch {
            dictionaries.giveBack(shared.values)
            throw error
        }
    }

    private static func write(
        _ blocks: [Block], to arena: SegmentArena, _ shared: [ObjectIdentifier: DictionaryPlace]
    ) throws(StoaError) -> BlockPlace {
        var images: [BlockImage] = []
        images.reserveCapacity(blocks.count)
        var end = indexBytes(blocks.count)
        for block in blocks {
            let image = try BlockImage(block, shared: shared)
            images.append(image)
            end += aligned(image.byteCount)
        }
        let place = try arena.allocate(end)
        let base = arena.segment.base + place.offset
        base.storeBytes(of: Int64(images.count), as: Int64.self)
        var offset = indexBytes(blocks.count)
        for (number, image) in images.enumerated() {
            base.storeBytes(of: Int64(offset), toByteOffset: 8 + number * 16, as: Int64.self)
            base.storeBytes(of: Int64(image.byteCount), toByteOffset: 16 + number * 16, as: Int64.self)
            image.write(into: base + offset)
            offset += aligned(image.byteCount)
        }
        withExtendedLifetime(images) {}
        return place
    }

    /// One block of an output, whose columns share the segment's memory and keep the lease. Throws a retryable `blockLost`
    /// when there is no such block.
    package static func read(_ number: Int, from lease: PlaceLease) throws(StoaError) -> Block {
        let bytes = lease.bytes
        guard let base = bytes.baseAddress, bytes.count >= 8 else { throw BlockImage.damagedOutput(bytes.count) }
        let count = Int(base.loadUnaligned(as: Int64.self))
        guard (0...bytes.count / 16).contains(count), indexBytes(count) <= bytes.count, number < count else {
            throw BlockImage.damagedOutput(bytes.count)
        }
        let offset = Int(base.loadUnaligned(fromByteOffset: 8 + number * 16, as: Int64.self))
        let byteCount = Int(base.loadUnaligned(fromByteOffset: 16 + number * 16, as: Int64.self))
        guard (0...bytes.count).contains(offset), (0...(bytes.count - offset)).contains(byteCount) else {
            throw BlockImage.damagedOutput(bytes.count)
        }
        return try BlockImage.read(
            from: Buffer(base: base + offset, byteCount: byteCount, owner: lease), validation: .sealed
        ) { (place) throws(StoaError) in try lease.dictionary(at: place) }
    }

    private static func indexBytes(_ count: Int) -> Int { aligned(8 + count * 16) }

    private static func aligned(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }
}

extension BlockImage {
    fileprivate static func damagedOutput(_ byteCount: Int) -> StoaError {
        StoaError(
            .blockLost, source: .environment, "a segment holds no such block among the \(byteCount) bytes of an output",
            isRetryable: true)
    }
}
