/// Arithmetic of scaled integers.
package enum Decimals {
    /// 10 to the power of `exponent`, which lies in 0...38.
    package static func powerOfTen(_ exponent: Int) -> Int128 {
        precondition((0...38).contains(exponent), "10 to the power of \(exponent) is not an Int128")
        var power: Int128 = 1
        for _ in 0..<exponent { power *= 10 }
        return power
    }
}
