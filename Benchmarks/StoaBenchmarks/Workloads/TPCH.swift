import Stoa

/// TPC-H questions 1 and 6 over decimal columns, with the parameters of the specification's validation runs.
struct TPCH: FrameWorkload {
    /// What the two questions read.
    static let columns = [
        "l_returnflag", "l_linestatus", "l_quantity", "l_extendedprice", "l_discount", "l_tax", "l_shipdate",
    ]

    let lineItems: DataFrame

    func frame(of query: String) throws -> DataFrame? {
        let (price, discount) = (col("l_extendedprice"), col("l_discount"))
        switch query {
        case "q1":
            let discounted = price * (1 - discount)
            return
                lineItems
                .filter(col("l_shipdate") <= "1998-09-02")
                .groupBy("l_returnflag", "l_linestatus")
                .agg(
                    sum("l_quantity").as("sum_qty"),
                    sum("l_extendedprice").as("sum_base_price"),
                    sum(discounted).as("sum_disc_price"),
                    sum(discounted * (1 + col("l_tax"))).as("sum_charge"),
                    mean("l_quantity").as("avg_qty"),
                    mean("l_extendedprice").as("avg_price"),
                    mean("l_discount").as("avg_disc"),
                    count().as("count_order")
                )
                .sort("l_returnflag", "l_linestatus")
        case "q6":
            return
                lineItems
                .filter(
                    col("l_shipdate") >= "1994-01-01" && col("l_shipdate") < "1995-01-01"
                        && discount.between("0.05", "0.07") && col("l_quantity") < 24
                )
                .agg(sum(price * discount).as("revenue"))
        default: return nil
        }
    }
}
