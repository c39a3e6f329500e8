// What goes wrong inside this target, as an exception that never leaves it.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "CArrowFiles.h"

namespace stoa {

struct Failure : std::exception {
    int32_t code;
    std::string message;
    std::string advice;
    std::string column;
    int64_t row = 0;

    Failure(int32_t code, std::string message, std::string advice = {})
        : code(code), message(std::move(message)), advice(std::move(advice)) {}

    Failure at(int64_t record, std::string name = {}) && {
        row = record;
        column = std::move(name);
        return std::move(*this);
    }

    const char *what() const noexcept override { return message.c_str(); }
};

/// The status of the failure that is being handled. Called in a catch block only.
stoa_status status_of_current_exception() noexcept;

/// Runs `body` and turns whatever it throws into a status.
template <typename Body>
stoa_status guarded(Body &&body) noexcept {
    try {
        body();
        return stoa_status{};
    } catch (...) {
        return status_of_current_exception();
    }
}

/// A failure with the kind and the words of an Arrow status.
Failure failure_of(const arrow::Status &status);

inline void check(const arrow::Status &status) {
    if (!status.ok()) throw failure_of(status);
}

template <typename Value>
Value check(arrow::Result<Value> result) {
    if (!result.ok()) throw failure_of(result.status());
    return std::move(result).ValueUnsafe();
}

/// At most 60 bytes of a text between single quotes, for messages.
std::string quoted(const char *text, size_t size);

}  // namespace stoa
