#include "ParquetStatistics.hpp"

#include <arrow/util/decimal.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

#include "Failure.hpp"

namespace stoa {

namespace {

void set_bytes(stoa_bound &bound, const parquet::ByteArray &value) {
    bound.bytes = static_cast<char *>(std::malloc(value.len > 0 ? value.len : 1));
    if (!bound.bytes) throw std::bad_alloc();
    std::memcpy(bound.bytes, value.ptr, value.len);
    bound.byte_count = value.len;
}

void set_decimal(stoa_bound &bound, const arrow::Decimal128 &value) {
    bound.decimal_low = value.low_bits();
    bound.decimal_high = value.high_bits();
}

arrow::Decimal128 decimal_of(const std::string &big_endian) {
    return check(arrow::Decimal128::FromBigEndian(
        reinterpret_cast<const uint8_t *>(big_endian.data()), static_cast<int32_t>(big_endian.size())));
}

int64_t floor_divided(int64_t value, int64_t divisor) {
    return value / divisor - (value % divisor < 0 ? 1 : 0);
}

/// Both bounds in microseconds, rounded outwards. False when they do not fit.
bool set_timestamps(
    stoa_statistics &statistics, parquet::LogicalType::TimeUnit::unit unit, int64_t minimum, int64_t maximum) {
    switch (unit) {
    case parquet::LogicalType::TimeUnit::MILLIS:
        if (__builtin_mul_overflow(minimum, int64_t{1000}, &minimum) ||
            __builtin_mul_overflow(maximum, int64_t{1000}, &maximum)) {
            return false;
        }
        break;
    case parquet::LogicalType::TimeUnit::MICROS: break;
    case parquet::LogicalType::TimeUnit::NANOS:
        minimum = floor_divided(minimum, 1000);
        maximum = -floor_divided(-maximum, 1000);
        break;
    default: return false;
    }
    statistics.minimum.integer = minimum;
    statistics.maximum.integer = maximum;
    return true;
}

template <typename Value>
void set_integers(
    const parquet::LogicalType &logical, Value minimum, Value maximum, stoa_statistics &statistics) {
    using Unsigned = std::make_unsigned_t<Value>;
    if (logical.is_decimal()) {
        statistics.kind = STOA_BOUNDS_DECIMAL;
        set_decimal(statistics.minimum, arrow::Decimal128(minimum));
        set_decimal(statistics.maximum, arrow::Decimal128(maximum));
    } else if (logical.is_int() && !static_cast<const parquet::IntLogicalType &>(logical).is_signed()) {
        statistics.kind = STOA_BOUNDS_UNSIGNED;
        statistics.minimum.unsigned_integer = static_cast<Unsigned>(minimum);
        statistics.maximum.unsigned_integer = static_cast<Unsigned>(maximum);
    } else if (logical.is_timestamp()) {
        const auto unit = static_cast<const parquet::TimestampLogicalType &>(logical).time_unit();
        if (set_timestamps(statistics, unit, minimum, maximum)) statistics.kind = STOA_BOUNDS_INTEGER;
    } else if (logical.is_int() || logical.is_date() || logical.is_none()) {
        statistics.kind = STOA_BOUNDS_INTEGER;
        statistics.minimum.integer = minimum;
        statistics.maximum.integer = maximum;
    }
}

void set_floats(double minimum, double maximum, stoa_statistics &statistics) {
    if (std::isnan(minimum) || std::isnan(maximum)) return;
    statistics.kind = STOA_BOUNDS_FLOAT;
    statistics.minimum.floating = minimum;
    statistics.maximum.floating = maximum;
}

template <typename Type>
const parquet::TypedStatistics<Type> &typed(const parquet::Statistics &statistics) {
    return static_cast<const parquet::TypedStatistics<Type> &>(statistics);
}

void set_bounds(const parquet::Statistics &found, stoa_statistics &statistics) {
    const parquet::LogicalType &logical = *found.descr()->logical_type();
    switch (found.physical_type()) {
    case parquet::Type::BOOLEAN:
        statistics.kind = STOA_BOUNDS_INTEGER;
        statistics.minimum.integer = typed<parquet::BooleanType>(found).min();
        statistics.maximum.integer = typed<parquet::BooleanType>(found).max();
        break;
    case parquet::Type::INT32: {
        const auto &integers = typed<parquet::Int32Type>(found);
        set_integers(logical, integers.min(), integers.max(), statistics);
        break;
    }
    case parquet::Type::INT64: {
        const auto &integers = typed<parquet::Int64Type>(found);
        set_integers(logical, integers.min(), integers.max(), statistics);
        break;
    }
    case parquet::Type::FLOAT: {
        const auto &floats = typed<parquet::FloatType>(found);
        set_floats(floats.min(), floats.max(), statistics);
        break;
    }
    case parquet::Type::DOUBLE: {
        const auto &floats = typed<parquet::DoubleType>(found);
        set_floats(floats.min(), floats.max(), statistics);
        break;
    }
    case parquet::Type::BYTE_ARRAY: {
        const auto &arrays = typed<parquet::ByteArrayType>(found);
        if (logical.is_decimal()) {
            statistics.kind = STOA_BOUNDS_DECIMAL;
            set_decimal(statistics.minimum, decimal_of(found.EncodeMin()));
            set_decimal(statistics.maximum, decimal_of(found.EncodeMax()));
        } else if (logical.is_string() || logical.is_none()) {
            statistics.kind = STOA_BOUNDS_BYTES;
            set_bytes(statistics.minimum, arrays.min());
            set_bytes(statistics.maximum, arrays.max());
        }
        break;
    }
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
        if (!logical.is_decimal()) break;
        statistics.kind = STOA_BOUNDS_DECIMAL;
        set_decimal(statistics.minimum, decimal_of(found.EncodeMin()));
        set_decimal(statistics.maximum, decimal_of(found.EncodeMax()));
        break;
    default: break;
    }
}

}  // namespace

void read_statistics(const parquet::ColumnChunkMetaData &chunk, stoa_statistics &statistics) {
    statistics.kind = STOA_BOUNDS_NONE;
    statistics.null_count = -1;
    if (!chunk.is_stats_set()) return;
    const auto found = chunk.statistics();
    if (!found) return;
    if (found->HasNullCount()) statistics.null_count = found->null_count();
    if (found->HasMinMax()) set_bounds(*found, statistics);
}

}  // namespace stoa

void stoa_statistics_free(stoa_statistics *statistics) {
    std::free(statistics->minimum.bytes);
    std::free(statistics->maximum.bytes);
    *statistics = stoa_statistics{};
}
