import StoaColumns
import StoaKernels
import StoaPlan

/// What becomes of the values of an expression of a program.
enum OutputUse {
    /// A column.
    case column
    /// A column; decimals above 18 digits may be decimals of 18 digits and the same scale when all of them fit.
    case narrowColumn
    /// A reduction takes them block by block; text becomes a column all the same.
    case reduction
    /// A `ProductReduction` takes them.
    case productReduction

    /// The use that a reduction makes of its argument; columns where there is no reduction of blocks.
    init(_ reduction: (any BlockReduction)?) {
        guard let reduction else {
            self = .column
            return
        }
        self = reduction is any ProductReduction ? .productReduction : .reduction
    }

    var isReduction: Bool { self == .reduction || self == .productReduction }
}

/// What a reduction takes from the input without a program: blocks of rows, copies and stores are spared where columns can
/// be streamed from memory.
enum WholeArgument {
    /// The column of the input.
    case column(Int)
    /// The products of two float64 columns of the input.
    case product(Int, Int)

    /// What the outputs of unfiltered instructions are, nil unless each is a reduction of whole columns.
    static func all(
        of outputs: [(register: Int, use: OutputUse)], _ instructions: [Instruction], types: [DataType],
        columns: [Int: Int]
    ) -> [WholeArgument]? {
        var products: [Int: WholeArgument] = [:]
        for instruction in instructions {
            guard case .compute(let computation, let register) = instruction,
                case .arithmetic(.multiply) = computation.operation, computation.scope == nil,
                computation.arguments.allSatisfy({ types[$0] == .float64 }), types[register] == .float64,
                let first = columns[computation.arguments[0]], let second = columns[computation.arguments[1]]
            else { return nil }
            products[register] = .product(first, second)
        }
        var arguments: [WholeArgument] = []
        for (register, use) in outputs where use.isReduction && types[register] != .utf8 {
            if let column = columns[register] {
                arguments.append(.column(column))
            } else if use == .productReduction, let product = products[register] {
                arguments.append(product)
            }
        }
        return arguments.count == outputs.count ? arguments : nil
    }

    /// Hands the rows of a batch to the reduction.
    func give(_ batch: Batch, to sink: any BlockReduction) {
        switch self {
        case .column(let column): sink.consume(batch.columns[column], count: batch.rowCount)
        case .product(let first, let second):
            guard let sink = sink as? any ProductReduction else { preconditionFailure("\(sink) takes no products") }
            sink.consumeProducts(batch.columns[first], batch.columns[second], count: batch.rowCount)
        }
    }
}
