import StoaColumns

/// Finished quantiles, one a row, as they are found.
struct QuantileResults<Key: SelectionKey> {
    private let request: QuantileRequest
    private let description: ReductionDescription
    private let keys: MemoryRegion
    private let numbers: MemoryRegion
    private let present: MemoryRegion
    private let count: Int

    init(_ request: QuantileRequest, _ description: ReductionDescription, count: Int) {
        self.request = request
        self.description = description
        self.count = count
        keys = MemoryRegion(of: Key.self, count: request.method.interpolates ? 0 : count, zeroed: true)
        numbers = MemoryRegion(of: Double.self, count: request.method.interpolates ? count : 0, zeroed: true)
        present = MemoryRegion(of: UInt8.self, count: count, zeroed: true)
    }

    /// Sets a row to the quantile between two keys.
    func set(_ row: Int, _ place: QuantilePlace, _ lower: Key, _ upper: Key) {
        present.bound(to: UInt8.self)[row] = 1
        guard request.method.interpolates, let type = description.argument else {
            keys.bound(to: Key.self)[row] = lower
            return
        }
        numbers.bound(to: Double.self)[row] = place.value(Key.number(lower, type), Key.number(upper, type))
    }

    /// The rows; null where none was set.
    func column() -> Column {
        defer { withExtendedLifetime((keys, present)) {} }
        let flags = present.bound(to: UInt8.self)
        guard request.method.interpolates else {
            return Key.column(description.result, keys.bound(to: Key.self), present: flags, count: count)
        }
        let validity = Bitmap.filled(true, count: count)
        for row in 0..<count where flags[row] == 0 { Bitmap.set(validity.base, at: row, to: false) }
        return Column(type: .float64, count: count, values: numbers, validity: validity)
    }
}
