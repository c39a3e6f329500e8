import StoaColumns

/// Where the nulls of a made column are.
enum NullPattern: CaseIterable {
    case none, all, alternating, random
}

/// A length, a bit offset and a null pattern: what a kernel must not be troubled by.
struct Shape {
    let count: Int
    let offset: Int
    let nulls: NullPattern

    /// Every length up to three words and one, lengths around 1,024, every bit offset, every null pattern.
    static let all: [Shape] = lengths.flatMap { count in
        (0..<8).flatMap { offset in NullPattern.allCases.map { Shape(count: count, offset: offset, nulls: $0) } }
    }

    /// Every length once, with changing offsets and patterns.
    static let some: [Shape] = lengths.enumerated().map { index, count in
        Shape(count: count, offset: (index * 5) % 8, nulls: NullPattern.allCases[(index / 3) % 4])
    }

    /// The lengths where loops change their step, with changing offsets and patterns.
    static let few: [Shape] = [0, 1, 2, 7, 8, 63, 64, 65, 100, 127, 128, 129, 193, 1_023, 1_024, 1_025, 2_050]
        .enumerated().map { index, count in
            Shape(count: count, offset: (index * 3) % 8, nulls: NullPattern.allCases[index % 4])
        }

    static let lengths = Array(0...(3 * 64 + 1)) + [1_023, 1_024, 1_025, 2_050]
}

/// Seeded values and columns (SplitMix64), with rows before the first one and rubbish under the nulls.
struct ColumnMaker {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    mutating func isNull(_ row: Int, _ pattern: NullPattern) -> Bool {
        switch pattern {
        case .none: false
        case .all: true
        case .alternating: row % 2 == 1
        case .random: below(3) == 0
        }
    }

    /// Values drawn by `draw`, and the column that holds them.
    mutating func column<Value: MadeValue>(
        _ shape: Shape, type: DataType? = nil, _ draw: (inout ColumnMaker) -> Value = { Value.draw(&$0) }
    ) -> (values: [Value?], column: Column) {
        var drawn: [Value] = []
        var values: [Value?] = []
        for row in 0..<(shape.offset + shape.count) {
            drawn.append(draw(&self))
            if row >= shape.offset {
                values.append(isNull(row - shape.offset, shape.nulls) ? nil : drawn[row])
            }
        }
        var validity: MemoryRegion?
        if shape.nulls != .none {
            let region = MemoryRegion(bits: drawn.count, zeroed: true)
            for row in 0..<drawn.count {
                Bitmap.set(
                    region.base, at: row, to: row < shape.offset ? row % 2 == 0 : values[row - shape.offset] != nil)
            }
            validity = region
        }
        let whole = Column(
            type: type ?? Value.madeType, count: drawn.count, validity: validity?.buffer,
            storage: Value.storage(drawn))
        return (values, whole.slice(shape.offset..<shape.offset + shape.count))
    }

    mutating func mask(_ count: Int, outOf density: Int = 2) -> (flags: [Bool], mask: BitMaskBits) {
        let flags = (0..<count).map { _ in
            switch density {
            case 0: true
            case 1: false
            default: below(density) == 0
            }
        }
        return (flags, BitMaskBits(flags))
    }
}

/// Flags as a bool column.
struct BitMaskBits {
    let column: Column

    init(_ flags: [Bool]) {
        column = Column(flags)
    }
}

/// A value that columns can be made of in tests.
protocol MadeValue: Equatable {
    static var madeType: DataType { get }
    static func draw(_ maker: inout ColumnMaker) -> Self
    static func storage(_ values: [Self]) -> Column.Storage
}

extension MadeValue where Self: BitwiseCopyable {
    static func storage(_ values: [Self]) -> Column.Storage {
        let region = MemoryRegion(of: Self.self, count: values.count)
        let pointer = region.bound(to: Self.self)
        for (row, value) in values.enumerated() { pointer[row] = value }
        return .fixed(region.buffer)
    }
}

extension MadeValue where Self: FixedWidthInteger {
    static func draw(_ maker: inout ColumnMaker) -> Self {
        switch maker.below(4) {
        case 0: maker.pick([.min, .max, .min + 1, .max - 1, 0, 1, 2, Self(truncatingIfNeeded: -1)])
        case 1: Self(truncatingIfNeeded: maker.below(10))
        default: Self(truncatingIfNeeded: maker.next())
        }
    }
}

extension Int8: MadeValue { static var madeType: DataType { .int8 } }
extension Int16: MadeValue { static var madeType: DataType { .int16 } }
extension Int32: MadeValue { static var madeType: DataType { .int32 } }
extension Int64: MadeValue { static var madeType: DataType { .int64 } }
extension UInt8: MadeValue { static var madeType: DataType { .uint8 } }
extension UInt16: MadeValue { static var madeType: DataType { .uint16 } }
extension UInt32: MadeValue { static var madeType: DataType { .uint32 } }
extension UInt64: MadeValue { static var madeType: DataType { .uint64 } }

extension Int128: MadeValue {
    static var madeType: DataType { .decimal(precision: 38, scale: 3) }

    static func draw(_ maker: inout ColumnMaker) -> Int128 {
        switch maker.below(3) {
        case 0: maker.pick([0, 1, -1, 99_999_999_999_999_999_999_999_999_999_999_999_999])
        case 1: Int128(maker.below(1_000)) - 500
        default: Int128(Int64(bitPattern: maker.next())) * Int128(maker.below(1 << 30))
        }
    }
}

extension MadeValue where Self: BinaryFloatingPoint {
    static func draw(_ maker: inout ColumnMaker) -> Self {
        switch maker.below(4) {
        case 0:
            maker.pick([
                .nan, -.nan, .infinity, -.infinity, 0, -0.0, 1, -1, .greatestFiniteMagnitude,
                -.greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.5, -2.5,
            ])
        case 1: Self(maker.below(10))
        default: Self(Double(Int64(bitPattern: maker.next())) / 4_294_967_296.0)
        }
    }
}

extension Float: MadeValue { static var madeType: DataType { .float32 } }
extension Double: MadeValue { static var madeType: DataType { .float64 } }

extension Bool: MadeValue {
    static var madeType: DataType { .bool }
    static func draw(_ maker: inout ColumnMaker) -> Bool { maker.below(2) == 0 }
    static func storage(_ values: [Bool]) -> Column.Storage {
        let region = MemoryRegion(bits: values.count, zeroed: true)
        for (row, value) in values.enumerated() { Bitmap.set(region.base, at: row, to: value) }
        return .bits(region.buffer)
    }
}

extension String: MadeValue {
    static var madeType: DataType { .utf8 }
    static func draw(_ maker: inout ColumnMaker) -> String {
        maker.pick([
            "", "a", "b", "ab", "Stoa", "über", "ÜBER", "日本", "a longer text that does not fit a word", "a\u{0}b",
        ])
    }
    static func storage(_ values: [String]) -> Column.Storage { Column(values).storage }
}

extension Column {
    /// The same text as codes into a dictionary, in the order of first sight.
    func encoded() -> Column {
        let texts = String.values(of: self) ?? []
        var codes: [String: Int32] = [:]
        var distinct: [String] = []
        let region = MemoryRegion(of: Int32.self, count: count)
        let pointer = region.bound(to: Int32.self)
        for (row, text) in texts.enumerated() {
            guard let text else {
                pointer[row] = 0
                continue
            }
            if let code = codes[text] {
                pointer[row] = code
            } else {
                pointer[row] = Int32(distinct.count)
                codes[text] = Int32(distinct.count)
                distinct.append(text)
            }
        }
        let validity = MemoryRegion(bits: count, zeroed: true)
        for row in 0..<count { Bitmap.set(validity.base, at: row, to: !isNull(at: row)) }
        return Column(
            type: .utf8, count: count, validity: validity.buffer,
            storage: .dictionary(codes: region.buffer, StringDictionary(values: Column(distinct))))
    }

    /// The 128-bit unscaled values of a wide decimal column.
    var wideValues: [Int128?] {
        let pointer = values(as: Int128.self)
        return (0..<count).map { isNull(at: $0) ? nil : pointer[$0] }
    }
}
