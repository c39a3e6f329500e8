import StoaColumns
import StoaKernels
import StoaPlan

/// What one instruction of a program computes from its arguments, in their order.
enum Operation: Hashable {
    case arithmetic(ArithmeticOperator)
    case numeric(NumericFunction)
    case math(MathFunction)
    case math2(MathFunction2)
    case compare(ComparisonOperator)
    case nullSafeEqual
    case and, or, not
    case isNull, isNotNull, isNaN, isFinite
    case cast(nullOnFailure: Bool)
    case isIn([Literal])
    /// The arguments are the branches' values, then the one of `otherwise` when there is one; a mask for each branch.
    case select(masks: [Int], hasOtherwise: Bool)
    case coalesce, nullIf, fillNaN, least, greatest
    case length, lowercased, uppercased
    case search(TextSearch)
    case concatenate
    case datePart(DatePart)

    /// Whether a row can make it fail, given the types of its arguments and of its result.
    func canFail(from types: [DataType], to type: DataType) -> Bool {
        switch self {
        case .arithmetic(let operation):
            switch operation {
            case .add, .subtract, .multiply, .quotient, .remainder: !type.isFloat
            case .divide, .wrappingAdd, .wrappingSubtract, .wrappingMultiply: false
            }
        case .numeric: !type.isFloat
        case .cast(let nullOnFailure): !nullOnFailure && !TypeRules.widens(types[0], to: type)
        default: false
        }
    }

    /// Whether it depends on nothing but one text and constants, and is null where the text is null: then it may be
    /// evaluated once per entry of the text's dictionary.
    var isEvaluatedPerEntry: Bool {
        switch self {
        case .compare, .isIn, .length, .lowercased, .uppercased, .search, .concatenate, .cast: true
        default: false
        }
    }
}

/// One step of a program.
enum Instruction {
    /// Computes a column into a register. `scope` is the mask of the rows whose mistakes count, nil for all.
    case compute(Computation, into: Int)
    /// Computes a mask into a mask register.
    case mask(MaskComputation, into: Int)
}

/// A column from columns.
struct Computation {
    var operation: Operation
    var arguments: [Int]
    var type: DataType
    var scope: Int?
    /// The expression as the user wrote it, for errors.
    var text: String
    /// The prepared constants of `isIn`.
    var constants: ConstantSet?
    /// What the operation gave for the entries of a dictionary.
    var memo: DictionaryMemo?
}

/// A mask from columns and masks; a nil mask stands for all rows.
enum MaskComputation: Hashable {
    /// The rows of a mask in which a condition is true.
    case whereTrue(Int, within: Int?)
    /// The rows of a mask in which a column is null.
    case whereNull(Int, within: Int?)
    /// The rows of a mask that another one does not hold.
    case remaining(Int?, without: Int)
    /// The rows that both masks hold.
    case both(Int, Int)
}

/// The results of one operation for every entry of the dictionary that it met last.
///
/// Guard: used by its program's thread alone.
final class DictionaryMemo {
    var dictionary: StringDictionary?
    var entries: Column?
    /// Rows met with this dictionary before its entries were evaluated.
    var rowsSeen = 0
}
