import StoaColumns
import StoaKernels

extension Computation {
    /// How a block of it is computed from registers; nil when the kernels of columns must do it.
    ///
    /// - Parameter forms: how each argument is held.
    func laneForm(from types: [DataType], _ forms: [LaneForm]) -> LaneCasts.Form? {
        if case .cast = operation { return LaneCasts.cast(from: types[0], to: type) }
        let kernel: LaneKernel? =
            switch operation {
            case .arithmetic(let operation):
                LaneArithmetic.binary(operation, types[0], forms[0], types[1], forms[1], type: type)
            case .numeric(let function): LaneArithmetic.unary(function, type)
            case .math(let function): MathFunctions.laneKernel(function)
            case .compare(let comparison): Comparison.laneKernel(comparison, types[0])
            case .and: Logic.laneAnd
            case .or: Logic.laneOr
            case .not: Logic.laneNot
            case .isNull: NullTests.laneKernel(isNull: true)
            case .isNotNull: NullTests.laneKernel(isNull: false)
            default: nil
            }
        return kernel.map(LaneCasts.Form.kernel)
    }

    /// The kernel's error with the row of the partition and the expression.
    ///
    /// - Parameter firstRow: the row of the partition that the kernel's row 0 is, nil when it is not known.
    func located(_ error: StoaError, firstRow: Int?) -> StoaError {
        var located = error
        located.location.row = error.location.row.flatMap { row in firstRow.map { $0 + row } }
        located.location.column = error.location.column ?? text
        return located
    }
}
