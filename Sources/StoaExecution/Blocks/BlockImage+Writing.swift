import StoaColumns

extension BlockImage {
    /// Writes the image to memory of `byteCount` bytes that starts at a multiple of `alignment`. Cost: a copy of the rows.
    package func write(into target: UnsafeMutableRawPointer) {
        precondition(Int(bitPattern: target) % Self.alignment == 0, "an image that is not aligned")
        let kind: Header.Kind
        switch content {
        case .rows: kind = .rows
        case .state: kind = .state
        }
        Header(kind: kind, imageBytes: byteCount, descriptionBytes: description.count).write(to: target)
        description.withUnsafeBytes { bytes in
            if let source = bytes.baseAddress {
                (target + Header.byteCount).copyMemory(from: source, byteCount: bytes.count)
            }
        }
        Self.seal(target)
        let end = Header.byteCount + description.count
        let start = Self.aligned(end)
        (target + end).initializeMemory(as: UInt8.self, repeating: 0, count: start - end)
        switch content {
        case .rows(let rows): rows.write(to: target + start)
        case .state(let state):
            state.payload.withUnsafeBytes { bytes in
                if let source = bytes.baseAddress {
                    (target + start).copyMemory(from: source, byteCount: bytes.count)
                }
            }
            let left = byteCount - start - state.payload.count
            (target + byteCount - left).initializeMemory(as: UInt8.self, repeating: 0, count: left)
        }
    }
}
