internal import CStoaVector

/// The loops over records: one value a row and word, added to or compared with the word of the row's group.
///
/// `values` hold one 8-byte value a row for each of up to four neighbouring words. Rows are taken in row order. Cost: about
/// 0.3 ns a row and word while the records are in the second cache level; rows of one group that follow each other wait for
/// the store before them, about 2 ns, but all words of a record wait together.
enum RecordLoops {
    /// Rows handled at a time: their values stay in the first cache level, and so do the records asked for ahead.
    static let blockRows = 512
    /// Words of a record that one loop updates at most.
    static let words = 4

    /// Asks for the records of rows that come next.
    @inline(__always)
    static func prefetch(_ records: UnsafeMutablePointer<Int64>, stride: Int, _ ids: UnsafePointer<Int32>, _ rows: Int)
    {
        for row in 0..<rows { stoa_prefetch(records + Int(ids[row]) &* stride) }
    }

    /// Whether all rows belong to one group.
    @inline(__always)
    static func isConstant(_ ids: UnsafePointer<Int32>, _ rows: Int) -> Bool {
        let first = ids[0]
        if ids[rows &- 1] != first { return false }
        var difference: Int32 = 0
        for row in 0..<rows { difference |= ids[row] ^ first }
        return difference == 0
    }

    /// Adds integers; sums wrap, which the caller rules out.
    static func addIntegers(
        _ words: UnsafeMutablePointer<Int64>, _ stride: Int, _ ids: UnsafePointer<Int32>, _ rows: Int,
        _ values: UnsafePointer<UnsafePointer<Int64>>, _ count: Int, isConstant: Bool
    ) {
        if isConstant {
            let record = words + Int(ids[0]) &* stride
            for word in 0..<count {
                let column = values[word]
                var sum: Int64 = 0
                for row in 0..<rows { sum &+= column[row] }
                record[word] &+= sum
            }
            return
        }
        let first = values[0]
        switch count {
        case 1:
            for row in 0..<rows { words[Int(ids[row]) &* stride] &+= first[row] }
        case 2:
            let second = values[1]
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] &+= first[row]
                record[1] &+= second[row]
            }
        case 3:
            let (second, third) = (values[1], values[2])
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] &+= first[row]
                record[1] &+= second[row]
                record[2] &+= third[row]
            }
        default:
            let (second, third, fourth) = (values[1], values[2], values[3])
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] &+= first[row]
                record[1] &+= second[row]
                record[2] &+= third[row]
                record[3] &+= fourth[row]
            }
        }
    }

    /// Adds packed integers, and up to three floats that follow them in the record, one after the other in row order; `bits`
    /// are those of the floats.
    static func addPacked(
        _ words: UnsafeMutablePointer<Int64>, _ stride: Int, _ ids: UnsafePointer<Int32>, _ rows: Int,
        _ packed: UnsafePointer<Int64>, _ bits: UnsafePointer<UnsafePointer<Int64>>, _ count: Int, isConstant: Bool
    ) {
        if isConstant {
            let record = words + Int(ids[0]) &* stride
            var sum: Int64 = 0
            for row in 0..<rows { sum &+= packed[row] }
            record[0] &+= sum
            if count > 0 { addFloats(words + 1, stride, ids, rows, bits, count, isConstant: true) }
            return
        }
        @inline(__always)
        func floats(_ number: Int) -> UnsafePointer<Double> {
            UnsafeRawPointer(bits[number]).assumingMemoryBound(to: Double.self)
        }
        @inline(__always)
        func add(_ value: Double, to word: UnsafeMutablePointer<Int64>) {
            word.pointee = Int64(bitPattern: (Double(bitPattern: UInt64(bitPattern: word.pointee)) + value).bitPattern)
        }
        switch count {
        case 0:
            for row in 0..<rows { words[Int(ids[row]) &* stride] &+= packed[row] }
        case 1:
            let first = floats(0)
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] &+= packed[row]
                add(first[row], to: record + 1)
            }
        case 2:
            let (first, second) = (floats(0), floats(1))
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] &+= packed[row]
                add(first[row], to: record + 1)
                add(second[row], to: record + 2)
            }
        default:
            let (first, second, third) = (floats(0), floats(1), floats(2))
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] &+= packed[row]
                add(first[row], to: record + 1)
                add(second[row], to: record + 2)
                add(third[row], to: record + 3)
            }
        }
    }

    /// Adds floats, one after the other in row order; `bits` are theirs.
    static func addFloats(
        _ words: UnsafeMutablePointer<Int64>, _ stride: Int, _ ids: UnsafePointer<Int32>, _ rows: Int,
        _ bits: UnsafePointer<UnsafePointer<Int64>>, _ count: Int, isConstant: Bool
    ) {
        @inline(__always)
        func floats(_ number: Int) -> UnsafePointer<Double> {
            UnsafeRawPointer(bits[number]).assumingMemoryBound(to: Double.self)
        }
        let words = UnsafeMutableRawPointer(words).assumingMemoryBound(to: Double.self)
        if isConstant {
            let record = words + Int(ids[0]) &* stride
            for word in 0..<count {
                let column = floats(word)
                var sum = record[word]
                for row in 0..<rows { sum += column[row] }
                record[word] = sum
            }
            return
        }
        let first = floats(0)
        switch count {
        case 1:
            for row in 0..<rows { words[Int(ids[row]) &* stride] += first[row] }
        case 2:
            let second = floats(1)
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] += first[row]
                record[1] += second[row]
            }
        case 3:
            let (second, third) = (floats(1), floats(2))
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] += first[row]
                record[1] += second[row]
                record[2] += third[row]
            }
        default:
            let (second, third, fourth) = (floats(1), floats(2), floats(3))
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] += first[row]
                record[1] += second[row]
                record[2] += third[row]
                record[3] += fourth[row]
            }
        }
    }

    /// Keeps the least order keys.
    static func takeLeast(
        _ words: UnsafeMutablePointer<Int64>, _ stride: Int, _ ids: UnsafePointer<Int32>, _ rows: Int,
        _ values: UnsafePointer<UnsafePointer<Int64>>, _ count: Int, isConstant: Bool
    ) {
        if isConstant {
            let record = words + Int(ids[0]) &* stride
            for word in 0..<count {
                let column = values[word]
                var least = record[word]
                for row in 0..<rows { least = min(least, column[row]) }
                record[word] = least
            }
            return
        }
        let first = values[0]
        switch count {
        case 1:
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] = min(record[0], first[row])
            }
        case 2:
            let second = values[1]
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] = min(record[0], first[row])
                record[1] = min(record[1], second[row])
            }
        case 3:
            let (second, third) = (values[1], values[2])
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] = min(record[0], first[row])
                record[1] = min(record[1], second[row])
                record[2] = min(record[2], third[row])
            }
        default:
            let (second, third, fourth) = (values[1], values[2], values[3])
            for row in 0..<rows {
                let record = words + Int(ids[row]) &* stride
                record[0] = min(record[0], first[row])
                record[1] = min(record[1], second[row])
                record[2] = min(record[2], third[row])
                record[3] = min(record[3], fourth[row])
            }
        }
    }
}
