#include "CsvBlocks.hpp"

#include <algorithm>
#include <cstring>

namespace stoa {

namespace {

/// Bytes after the text that the scan may read.
constexpr size_t slack = 64;
/// Longest record: places are 32-bit.
constexpr size_t longest_record = size_t{1} << 30;

bool has_high_bit(const char *text, unsigned count) {
    uint64_t bits = 0;
    unsigned index = 0;
    for (; index + 8 <= count; index += 8) {
        uint64_t word;
        std::memcpy(&word, text + index, 8);
        bits |= word;
    }
    for (; index < count; ++index) bits |= static_cast<uint64_t>(static_cast<unsigned char>(text[index]));
    return bits & 0x8080808080808080ULL;
}

}  // namespace

int64_t RecordBlock::record(size_t row) const {
    const auto before = std::upper_bound(empty_lines.begin(), empty_lines.end(), static_cast<uint32_t>(row));
    return first_record + static_cast<int64_t>(row) + (before - empty_lines.begin());
}

size_t index_fields(
    const char *text, size_t size, const CsvDialect &dialect, std::vector<uint32_t> &ends,
    std::vector<uint32_t> &lines, FieldState &state, bool &is_ascii) {
    // Every byte may be an end, and bits are flattened eight at a time.
    if (ends.size() < size + 1 + 8) ends.resize(size + 1 + 8);
    lines.clear();
    uint32_t *out = ends.data();
    *out++ = UINT32_MAX;
    StructureScan scan(dialect.delimiter, dialect.quote, state);
    bool high_bit = false;
    for (size_t offset = 0; offset < size; offset += 64) {
        const unsigned count = static_cast<unsigned>(std::min<size_t>(64, size - offset));
        const auto chunk = scan.step(text + offset, count);
        high_bit |= has_high_bit(text + offset, count);
        for (uint64_t bits = chunk.lines; bits; bits &= bits - 1) {
            const uint64_t before = chunk.ends & ((bits & -bits) - 1);
            lines.push_back(static_cast<uint32_t>(out - ends.data()) + static_cast<uint32_t>(std::popcount(before)));
        }
        uint64_t bits = chunk.ends;
        const int total = std::popcount(bits);
        for (int done = 0; done < total; done += 8) {
            for (int lane = 0; lane < 8; ++lane) {
                out[done + lane] = static_cast<uint32_t>(offset) + static_cast<uint32_t>(std::countr_zero(bits));
                bits &= bits - 1;
            }
        }
        out += total;
    }
    state = scan.state;
    is_ascii = !high_bit;
    return lines.empty() ? 0 : ends[lines.back()] + size_t{1};
}

RecordBlocks::RecordBlocks(
    const InputFile &file, const CsvDialect &dialect, int64_t start, int64_t end, size_t column_count,
    int64_t first_record)
    : file_(file),
      dialect_(dialect),
      position_(start),
      end_(end),
      column_count_(column_count),
      record_(first_record),
      buffer_(std::min<int64_t>(block_size, end - start) + 1 + slack) {}

void RecordBlocks::fill() {
    std::memmove(buffer_.data(), buffer_.data() + taken_, filled_ - taken_);
    filled_ -= taken_;
    taken_ = 0;
    size_t room = buffer_.size() - 1 - slack - filled_;
    if (room == 0 && position_ < end_) {
        // A record longer than the buffer.
        if (filled_ >= longest_record) {
            throw Failure(
                STOA_MALFORMED_FILE, "a record is longer than 1 GiB", "look for a quote that nothing closes")
                .at(record_);
        }
        buffer_.resize(buffer_.size() * 2);
        room = buffer_.size() - 1 - slack - filled_;
    }
    const auto count = std::min<int64_t>(static_cast<int64_t>(room), end_ - position_);
    file_.read(position_, buffer_.data() + filled_, count);
    position_ += count;
    filled_ += static_cast<size_t>(count);
}

bool RecordBlocks::next(RecordBlock &block) {
    block.bases.clear();
    block.empty_lines.clear();
    block.column_count = column_count_;
    while (block.bases.empty()) {
        if (failure_) throw *failure_;
        fill();
        if (filled_ == 0) return false;
        if (position_ == end_ && buffer_[filled_ - 1] != '\n') buffer_[filled_++] = '\n';
        FieldState state = FieldState::start;
        taken_ = index_fields(buffer_.data(), filled_, dialect_, block.ends, lines_, state, block.is_ascii);
        if (position_ == end_ && taken_ < filled_) {
            failure_ = Failure(
                           STOA_MALFORMED_FILE, "the file ends inside quotes",
                           "close the quote, or double a quote that is text")
                           .at(record_ + static_cast<int64_t>(lines_.size()));
        }
        block.text = buffer_.data();
        block.first_record = record_;
        block.empty_lines.clear();
        split_rows(block);
        record_ += static_cast<int64_t>(lines_.size());
    }
    return true;
}

void RecordBlocks::split_rows(RecordBlock &block) {
    block.bases.resize(lines_.size());
    size_t rows = 0;
    uint32_t base = 1;
    for (const uint32_t &line : lines_) {
        const size_t count = line - base + 1;
        if (count != column_count_) {
            const char *begin = block.text + static_cast<uint32_t>(block.ends[base - 1] + 1);
            const char *end = block.text + block.ends[line];
            if (end > begin && end[-1] == '\r') --end;
            if (count == 1 && begin == end) {
                block.empty_lines.push_back(static_cast<uint32_t>(rows));
                base = line + 1;
                continue;
            }
            const auto index = static_cast<int64_t>(&line - lines_.data());
            failure_ = Failure(
                           STOA_MALFORMED_FILE,
                           std::to_string(count) + (count == 1 ? " field" : " fields") + " where " +
                               std::to_string(column_count_) + (column_count_ == 1 ? " is" : " are") +
                               " expected: " + quoted(begin, static_cast<size_t>(end - begin)),
                           "every record needs as many fields as the first; quote a field that holds a delimiter")
                           .at(block.first_record + index);
            break;
        }
        block.bases[rows++] = base;
        base = line + 1;
    }
    block.bases.resize(rows);
}

}  // namespace stoa
