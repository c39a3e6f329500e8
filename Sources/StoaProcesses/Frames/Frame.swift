internal import CStoaProcess
import StoaColumns

/// One message between the driver's process and an executor: what it is, its bytes, and whether a descriptor came along.
///
/// On the wire: a header of 16 bytes, then the payload. The header holds, little-endian, a magic number (4 bytes), the
/// version (1), the kind (1), flags (2), the payload's length (4), and the CRC-32C of these 12 bytes and the payload (4).
package struct Frame: Hashable, Sendable {
    package let kind: UInt8
    package let payload: [UInt8]
    /// Whether a descriptor travels beside the first byte.
    package let carriesDescriptor: Bool

    package init(kind: UInt8, payload: [UInt8], carriesDescriptor: Bool = false) {
        self.kind = kind
        self.payload = payload
        self.carriesDescriptor = carriesDescriptor
    }

    /// Both sides are the same program, so that there is one version; another one is refused.
    package static let version: UInt8 = 1
    package static let headerByteCount = 16
    /// The longest payload. Columns travel in shared memory; what is larger is a damaged length, or a plan with a table in it.
    package static let maximumPayload = 256 << 20

    private static let magic: UInt32 = 0x414f_5453  // "STOA"
    private static let descriptorFlag: UInt16 = 1

    /// The frame as it is sent.
    ///
    /// Throws `unsupported` when the payload is longer than `maximumPayload`.
    package func encoded() throws(StoaError) -> [UInt8] {
        guard payload.count <= Self.maximumPayload else {
            throw StoaError(
                .unsupported,
                "a message to or from an executor has \(payload.count) bytes, at most "
                    + "\(Self.maximumPayload) can be sent",
                advice: "keep large tables out of expressions and functions: make them data frames and join")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerByteCount + payload.count)
        bytes.append(littleEndian: Self.magic)
        bytes.append(Self.version)
        bytes.append(kind)
        bytes.append(littleEndian: carriesDescriptor ? Self.descriptorFlag : 0)
        bytes.append(littleEndian: UInt32(truncatingIfNeeded: payload.count))
        let checksum = Self.checksum(header: bytes[...], payload: payload[...])
        bytes.append(littleEndian: checksum)
        bytes.append(contentsOf: payload)
        return bytes
    }

    /// The frame at the start of `bytes`, and how many bytes it takes; nil while some of them are missing.
    ///
    /// Throws `executorLost` when these are not the bytes of a frame: after that nothing on the channel can be trusted.
    static func decode(_ bytes: ArraySlice<UInt8>) throws(StoaError) -> (frame: Frame, byteCount: Int)? {
        guard bytes.count >= headerByteCount else {
            // What cannot become a frame is found at once, not when more has come.
            try checkMagic(bytes)
            return nil
        }
        try checkMagic(bytes)
        let start = bytes.startIndex
        guard bytes[start + 4] == version else {
            throw damaged("it is of version \(bytes[start + 4]), this program speaks \(version)")
        }
        let flags = UInt16(littleEndianBytes: bytes[(start + 6)..<(start + 8)])
        let length = Int(UInt32(littleEndianBytes: bytes[(start + 8)..<(start + 12)]))
        guard flags & ~descriptorFlag == 0 else { throw damaged("its flags are \(flags)") }
        guard length <= maximumPayload else {
            throw damaged("it states \(length) bytes, at most \(maximumPayload) can be sent")
        }
        guard bytes.count >= headerByteCount + length else { return nil }
        let payload = bytes[(start + headerByteCount)..<(start + headerByteCount + length)]
        let stated = UInt32(littleEndianBytes: bytes[(start + 12)..<(start + 16)])
        guard stated == checksum(header: bytes[start..<(start + 12)], payload: payload) else {
            throw damaged("its checksum is wrong")
        }
        let frame = Frame(
            kind: bytes[start + 5], payload: Array(payload), carriesDescriptor: flags & descriptorFlag != 0)
        return (frame, headerByteCount + length)
    }

    private static func checkMagic(_ bytes: ArraySlice<UInt8>) throws(StoaError) {
        for (position, byte) in bytes.prefix(4).enumerated()
        where byte != UInt8(truncatingIfNeeded: magic >> (8 * UInt32(position))) {
            throw damaged("it does not start as one")
        }
    }

    private static func checksum(header: ArraySlice<UInt8>, payload: ArraySlice<UInt8>) -> UInt32 {
        let ofHeader = header.withUnsafeBytes { stoa_crc32c(0, $0.baseAddress, $0.count) }
        return payload.withUnsafeBytes { stoa_crc32c(ofHeader, $0.baseAddress, $0.count) }
    }

    /// The error of bytes that are no frame, or of a frame that is no message.
    static func damaged(_ found: String) -> StoaError {
        StoaError(.executorLost, source: .environment, "a damaged frame: \(found)", isRetryable: true)
    }
}

/// Puts the bytes that arrive together to frames.
package struct FrameReader: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0

    package init() {}

    /// Bytes that have come and are no complete frame yet.
    package var pendingByteCount: Int { bytes.count - start }

    /// Adds what has come.
    package mutating func append(_ more: UnsafeRawBufferPointer) {
        // Moved when what was read is the larger part, so that each byte is moved about once.
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        } else if start > bytes.count / 2 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    /// The next frame; nil until more has come. Throws as `Frame.decode` does.
    package mutating func next() throws(StoaError) -> Frame? {
        guard start < bytes.count, let (frame, byteCount) = try Frame.decode(bytes[start...]) else { return nil }
        start += byteCount
        return frame
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(littleEndian number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}

extension FixedWidthInteger {
    /// The number in as many bytes as it has.
    init(littleEndianBytes bytes: ArraySlice<UInt8>) {
        self = bytes.reversed().reduce(0) { ($0 << 8) | Self(truncatingIfNeeded: $1) }
    }
}
