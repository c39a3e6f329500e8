import StoaColumns
import StoaPlan
import StoaProcesses
import StoaTasks
import StoaTestSupport
import Testing

/// Frames and what they carry: they come back as they were sent however they are cut, and whatever is not what was sent is
/// an error, never a trap.
@Suite struct FrameTests {
    /// All frames in these bytes, which arrive in pieces of random sizes.
    private func read(_ bytes: [UInt8], _ random: inout SplitMix64) throws -> [Frame] {
        var reader = FrameReader()
        var frames: [Frame] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, random.chance(50) ? random.below(8) + 1 : random.below(5000) + 1)
            rest.prefix(count).withUnsafeBytes { reader.append($0) }
            rest = rest.dropFirst(count)
            while let frame = try reader.next() { frames.append(frame) }
        }
        return frames
    }

    @Test func framesArriveHoweverTheyAreCut() throws {
        var random = SplitMix64(seed: 11)
        for _ in 0..<200 {
            let frames = (0..<random.below(8)).map { _ in
                Frame(
                    kind: UInt8(random.below(256)),
                    payload: (0..<random.below(random.chance(20) ? 70_000 : 40)).map { _ in UInt8(random.below(256)) },
                    carriesDescriptor: random.chance(30))
            }
            let bytes = try frames.flatMap { try $0.encoded() }
            #expect(try read(bytes, &random) == frames)
        }
    }

    @Test func everyFlippedBitIsFound() throws {
        let frame = Frame(kind: 7, payload: Array("what was meant".utf8))
        let bytes = try frame.encoded()
        for position in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[position] ^= 1 << UInt8(bit)
                var reader = FrameReader()
                damaged.withUnsafeBytes { reader.append($0) }
                do {
                    // A longer length waits for bytes that do not come; nothing else may pass.
                    let read = try reader.next()
                    #expect(read == nil && (8..<12).contains(position), "bit \(bit) of byte \(position)")
                } catch {
                    #expect(error.code == .executorLost && error.message.hasPrefix("a damaged frame"))
                }
            }
        }
    }

    @Test func whatIsNoFrameIsFoundAtItsFirstByte() {
        var reader = FrameReader()
        Array("x".utf8).withUnsafeBytes { reader.append($0) }
        #expect(throws: StoaError.self) { try reader.next() }
    }

    @Test func aLengthBeyondTheLimitIsFoundBeforeItsBytesCome() throws {
        var bytes = try Frame(kind: 1, payload: []).encoded()
        bytes.replaceSubrange(8..<12, with: [0xff, 0xff, 0xff, 0xff])
        var reader = FrameReader()
        bytes.withUnsafeBytes { reader.append($0) }
        let error = #expect(throws: StoaError.self) { try reader.next() }
        #expect(error?.message.contains("at most \(Frame.maximumPayload)") == true)
    }

    @Test func aFrameThatIsTooLargeIsNotSent() {
        let frame = Frame(kind: 1, payload: [UInt8](repeating: 0, count: Frame.maximumPayload + 1))
        let error = #expect(throws: StoaError.self) { try frame.encoded() }
        #expect(error?.code == .unsupported)
    }

    @Test func randomBytesNeverTrap() throws {
        var random = SplitMix64(seed: 12)
        for _ in 0..<20_000 {
            var bytes = (0..<random.below(64)).map { _ in UInt8(random.below(256)) }
            if random.chance(50) { bytes = Array("STOA".utf8) + [1] + bytes }
            var reader = FrameReader()
            bytes.withUnsafeBytes { reader.append($0) }
            do { while try reader.next() != nil {} } catch { #expect(error.code == .executorLost) }
        }
    }
}
