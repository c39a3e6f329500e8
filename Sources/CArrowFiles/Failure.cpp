#include "Failure.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace stoa {

namespace {

char *copied(const std::string &text) noexcept {
    if (text.empty()) return nullptr;
    auto *copy = static_cast<char *>(std::malloc(text.size() + 1));
    if (copy) std::memcpy(copy, text.c_str(), text.size() + 1);
    return copy;
}

/// Libraries end their messages with line breaks and put some inside: an error is one sentence.
std::string one_line(const char *text) {
    std::string line;
    for (; *text; ++text) {
        if (*text != '\n' && *text != '\r') {
            line += *text;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
    return line;
}

stoa_status status(int32_t code, const std::string &message) noexcept {
    return stoa_status{code, 0, copied(message), nullptr, nullptr};
}

}  // namespace

stoa_status status_of_current_exception() noexcept {
    try {
        throw;
    } catch (const Failure &failure) {
        return stoa_status{
            failure.code, failure.row, copied(failure.message), copied(failure.advice), copied(failure.column)};
    } catch (const std::bad_alloc &) {
        return stoa_status{STOA_OUT_OF_MEMORY, 0, nullptr, nullptr, nullptr};
    } catch (const std::exception &error) {
        // Parquet throws what it finds wrong in a file.
        return status(STOA_MALFORMED_FILE, "the file is damaged or of another format: " + one_line(error.what()));
    } catch (...) {
        return status(STOA_ENGINE_FAILED, "an exception of unknown type");
    }
}

Failure failure_of(const arrow::Status &status) {
    int32_t code = STOA_ENGINE_FAILED;
    if (status.IsOutOfMemory()) code = STOA_OUT_OF_MEMORY;
    if (status.IsIOError()) code = STOA_INPUT_OUTPUT_FAILED;
    if (status.IsNotImplemented()) code = STOA_UNSUPPORTED;
    if (status.IsInvalid() || status.IsSerializationError() || status.IsTypeError()) code = STOA_MALFORMED_FILE;
    return Failure(code, one_line(status.message().c_str()));
}

std::string quoted(const char *text, size_t size) {
    constexpr size_t limit = 60;
    size_t shown = size;
    if (size > limit) {
        shown = limit;
        // Not in the middle of a character.
        while (shown > 0 && (static_cast<unsigned char>(text[shown]) & 0xC0) == 0x80) --shown;
    }
    return "'" + std::string(text, shown) + (shown < size ? "...'" : "'");
}

}  // namespace stoa

void stoa_status_free(stoa_status *status) {
    std::free(status->message);
    std::free(status->advice);
    std::free(status->column);
    *status = stoa_status{};
}
