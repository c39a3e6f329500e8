/// Writes runs of up to 64 bits one after the other into whole 64-bit words.
struct BitAppender {
    private let words: UnsafeMutablePointer<UInt64>
    private var pending: UInt64 = 0
    private(set) var count = 0

    /// Appends from bit 0 of `words` on.
    init(to words: UnsafeMutablePointer<UInt64>) {
        self.words = words
    }

    /// Appends the lowest `added` bits of `bits`, whose places above must be zero.
    @inline(__always)
    mutating func append(_ bits: UInt64, count added: Int) {
        let used = UInt64(truncatingIfNeeded: count & 63)
        let index = count >> 6
        pending |= bits &<< used
        count &+= added
        if count >> 6 != index {
            words[index] = pending
            pending = used == 0 ? 0 : bits &>> (64 &- used)
        }
    }

    /// Writes the last, partly filled word.
    func finish() {
        if count & 63 != 0 { words[count >> 6] = pending }
    }
}
