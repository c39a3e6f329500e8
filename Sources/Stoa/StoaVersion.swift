/// The version of this library and of the command `stoa`.
public enum StoaVersion {
    /// Semantic version.
    public static let current = "0.1.0"
}
