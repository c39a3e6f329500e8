/// The distinct strings that the codes of a dictionary-encoded column stand for.
///
/// Values are distinct and none is null, so equal codes of one dictionary mean equal strings and different codes mean
/// different strings; import rewrites dictionaries that are not so. Identity (`===`) tells that two columns share one.
package final class StringDictionary: Sendable {
    /// The strings, a plain utf8 column without nulls.
    package let values: Column

    /// A dictionary of distinct strings; traps on nulls and on an encoded column, not on repeated strings (the maker's duty).
    package init(values: Column) {
        precondition(
            values.type == .utf8 && values.nullCount == 0 && !values.isDictionaryEncoded,
            "a dictionary is a plain utf8 column without nulls")
        self.values = values
    }

    /// Number of distinct strings.
    package var count: Int { values.count }
}
