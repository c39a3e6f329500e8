import Stoa
import Testing

@Suite struct ByteCountTests {
    @Test(
        arguments: [
            ("4GiB", 4 << 30), ("4 gib", 4 << 30), ("4g", 4 << 30), ("1.5 MiB", 3 << 19), ("2 GB", 2_000_000_000),
            ("1kB", 1_000), ("1 KiB", 1_024), ("300", 300), ("300 B", 300), ("1_000", 1_000), ("1,000 b", 1_000),
            ("0", 0), ("1 TiB", 1 << 40),
        ])
    func reads(text: String, bytes: Int) {
        #expect(ByteCount(text) == .bytes(bytes))
    }

    @Test(arguments: ["", "GiB", "-1", "4 GiX", "4 GiB GiB", "1e400", "nan", "99999999 TiB", "1.2.3", "four"])
    func refuses(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test func prints() {
        #expect(ByteCount.gibibytes(4).description == "4 GiB")
        #expect(ByteCount.mebibytes(1.5).description == "1.5 MiB")
        #expect(ByteCount.bytes(300).description == "300 B")
        #expect(ByteCount.bytes(0).description == "0 B")
        #expect(ByteCount.bytes((1 << 30) - 1).description == "1 GiB")
        #expect(ByteCount.tebibytes(3000).description == "3000 TiB")
        #expect(ByteCount.kibibytes(2) < .mebibytes(1))
        #expect(ByteCount.tebibytes(1e30) == .bytes(.max))
        for power in 0..<50 { #expect(ByteCount(ByteCount.bytes(1 << power).description) == .bytes(1 << power)) }
    }
}
