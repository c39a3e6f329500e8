// Reading and writing files as Arrow record batches, in plain C over Arrow C++.
//
// Every function that can fail gives a `stoa_status`: code 0, or what is wrong and where. Nothing throws. Batches
// travel by the Arrow C Data Interface, each with its own schema, because a text column may be dictionary-encoded in
// one batch and plain in the next. Handles are used by one thread at a time. Nothing here starts threads.
#ifndef STOA_C_ARROW_FILES_H
#define STOA_C_ARROW_FILES_H

#ifdef __cplusplus
// The same structs: in C++20 clang would want CArrowABI as a built module.
#include <arrow/c/abi.h>
#else
#include <CArrowABI.h>
#endif
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Codes of `stoa_status`.
enum {
    STOA_OK = 0,
    STOA_MALFORMED_FILE = 1,
    STOA_FILE_NOT_FOUND = 2,
    STOA_INPUT_OUTPUT_FAILED = 3,
    STOA_UNSUPPORTED = 4,
    STOA_INVALID_ARGUMENT = 5,
    STOA_OUT_OF_MEMORY = 6,
    STOA_ENGINE_FAILED = 7
};

typedef struct stoa_status {
    int32_t code;
    // One-based record number in the file, 0 when no record is to blame.
    int64_t row;
    // What was found, what would be right, and the column; null when there is nothing to say.
    char *message;
    char *advice;
    char *column;
} stoa_status;

// Frees the strings of a status; the status may be used again.
void stoa_status_free(stoa_status *status);

// MARK: Batches of an open file

typedef struct stoa_reader stoa_reader;

// The next batch and its schema, both the caller's to release; `array->release` is null after the last batch.
stoa_status stoa_reader_next(stoa_reader *reader, struct ArrowArray *array, struct ArrowSchema *schema);
void stoa_reader_close(stoa_reader *reader);

// MARK: CSV
//
// Records end at LF or CRLF; a field that begins with the quote character may hold delimiters, line ends and doubled
// quotes. A quote inside an unquoted field is text. Records are numbered from 1 over the whole file, the header
// included, as an editor numbers lines, except that a line end inside quotes does not begin a new one. Empty lines are
// skipped but numbered, except in files of one column, where an empty line is a record with an empty field.

typedef struct stoa_csv_dialect {
    char delimiter;
    char quote;
    bool has_header;
    // Unquoted fields that mean null; in columns that do not hold text also when quoted.
    const char *const *null_strings;
    int32_t null_string_count;
} stoa_csv_dialect;

// Kinds of `stoa_csv_column`, narrowest first.
enum {
    STOA_CSV_BOOL = 0,
    STOA_CSV_INT64 = 1,
    STOA_CSV_FLOAT64 = 2,
    STOA_CSV_DATE32 = 3,
    STOA_CSV_TIMESTAMP = 4,
    // Every sampled value named its offset from UTC.
    STOA_CSV_TIMESTAMP_UTC = 5,
    STOA_CSV_UTF8 = 6
};

typedef struct stoa_csv_column {
    char *name;
    int32_t kind;
    // Sampled rows in which the column was not null: the evidence for `kind`.
    int64_t sampled_values;
} stoa_csv_column;

typedef struct stoa_csv_summary {
    int32_t column_count;
    stoa_csv_column *columns;
    // Where the records after the header begin, and the number of the first.
    int64_t data_start;
    int64_t first_record;
    int64_t sampled_rows;
    // Whether the sample was the whole file.
    bool sampled_all;
} stoa_csv_summary;

// Names from the header (or column_0, ...) and types from blocks sampled across the file, at most 1.25 MiB together.
stoa_status stoa_csv_inspect(const char *path, const stoa_csv_dialect *dialect, stoa_csv_summary **summary);
void stoa_csv_summary_free(stoa_csv_summary *summary);

typedef struct stoa_piece {
    int64_t start;
    int64_t end;
    int64_t first_record;
    int64_t rows;
} stoa_piece;

// Cuts the records from `start` to the end of the file into pieces: after `target_bytes` each piece ends at the next
// record border where the rows so far are a multiple of `row_multiple`. One pass over the file. The caller frees by
// `stoa_pieces_free`.
stoa_status stoa_csv_split(
    const char *path, const stoa_csv_dialect *dialect, int32_t column_count, int64_t start, int64_t first_record,
    int64_t target_bytes, int64_t row_multiple, stoa_piece **pieces, int64_t *piece_count);
void stoa_pieces_free(stoa_piece *pieces);

typedef struct stoa_text_request {
    const char *path;
    // A range that begins and ends at record borders, and the number of its first record.
    int64_t start;
    int64_t end;
    int64_t first_record;
    // Names and types of all columns of the file: a struct schema, which the call releases.
    struct ArrowSchema *columns;
    // Indices of the wanted columns, in the wanted order.
    const int32_t *projection;
    int32_t projection_count;
    int64_t batch_rows;
} stoa_text_request;

// Batches of exactly `batch_rows` rows but for the last. A utf8 column starts out dictionary-encoded and is plain from
// the first batch on in which the dictionary grew beyond 32,768 strings, 4 MiB, or half of the values seen.
stoa_status stoa_csv_read(const stoa_text_request *request, const stoa_csv_dialect *dialect, stoa_reader **reader);

// MARK: Newline-delimited JSON

// Names and types from objects sampled across the file.
stoa_status stoa_json_inspect(const char *path, struct ArrowSchema *schema, int64_t *sampled_rows);
stoa_status stoa_json_split(const char *path, int64_t target_bytes, stoa_piece **pieces, int64_t *piece_count);
stoa_status stoa_json_read(const stoa_text_request *request, stoa_reader **reader);

// MARK: Parquet

typedef struct stoa_parquet stoa_parquet;

stoa_status stoa_parquet_open(const char *path, stoa_parquet **file);
void stoa_parquet_close(stoa_parquet *file);
stoa_status stoa_parquet_schema(stoa_parquet *file, struct ArrowSchema *schema);
int32_t stoa_parquet_row_group_count(const stoa_parquet *file);
int64_t stoa_parquet_row_group_rows(const stoa_parquet *file, int32_t row_group);
int64_t stoa_parquet_row_group_bytes(const stoa_parquet *file, int32_t row_group);

// Kinds of bounds in `stoa_statistics`.
enum {
    STOA_BOUNDS_NONE = 0,
    // Booleans, signed integers, days, and microseconds.
    STOA_BOUNDS_INTEGER = 1,
    STOA_BOUNDS_UNSIGNED = 2,
    // Neither bound is NaN, but the values may be.
    STOA_BOUNDS_FLOAT = 3,
    STOA_BOUNDS_DECIMAL = 4,
    // Bytes in unsigned order; bounds may be shortened outwards.
    STOA_BOUNDS_BYTES = 5
};

typedef struct stoa_bound {
    int64_t integer;
    uint64_t unsigned_integer;
    double floating;
    // The scaled number, in two's complement.
    uint64_t decimal_low;
    int64_t decimal_high;
    // Of the statistics; freed with them.
    char *bytes;
    int64_t byte_count;
} stoa_bound;

typedef struct stoa_statistics {
    int32_t kind;
    stoa_bound minimum;
    stoa_bound maximum;
    // -1 when unknown.
    int64_t null_count;
    int64_t row_count;
} stoa_statistics;

// What the file says about one column of one row group. Columns are counted as in the schema.
stoa_status stoa_parquet_statistics(
    stoa_parquet *file, int32_t row_group, int32_t column, stoa_statistics *statistics);
void stoa_statistics_free(stoa_statistics *statistics);

// Batches of the row groups in the order given; text columns keep the file's dictionaries.
stoa_status stoa_parquet_read(
    const char *path, const int32_t *row_groups, int32_t row_group_count, const int32_t *projection,
    int32_t projection_count, int64_t batch_rows, stoa_reader **reader);

// MARK: Arrow IPC

typedef struct stoa_ipc stoa_ipc;

// Opens the file format or the stream format.
stoa_status stoa_ipc_open(const char *path, stoa_ipc **file);
void stoa_ipc_close(stoa_ipc *file);
stoa_status stoa_ipc_schema(stoa_ipc *file, struct ArrowSchema *schema);
// -1 for the stream format, whose batches are counted only by reading.
int64_t stoa_ipc_batch_count(const stoa_ipc *file);
stoa_status stoa_ipc_batch_rows(stoa_ipc *file, int64_t batch, int64_t *rows);

// Batches `first` to before `end`; all of them when the file has the stream format.
stoa_status stoa_ipc_read(
    const char *path, int64_t first, int64_t end, const int32_t *projection, int32_t projection_count,
    stoa_reader **reader);

// MARK: Writing

typedef struct stoa_writer stoa_writer;

enum { STOA_FORMAT_CSV = 0, STOA_FORMAT_PARQUET = 1, STOA_FORMAT_IPC = 2 };

typedef struct stoa_write_request {
    const char *path;
    int32_t format;
    // Names and types of the columns: a struct schema, which the call releases.
    struct ArrowSchema *columns;
    // For CSV: how null is spelled is the first null string, or empty; text that reads as null is quoted.
    const stoa_csv_dialect *dialect;
    // For Parquet: rows of a row group.
    int64_t row_group_rows;
    // Whether the file is on disk, not only in the system's cache, before it gets its name.
    bool is_durable;
} stoa_write_request;

// Begins a file without a name in the folder of `path`, or under a hidden one where the file system has no such files.
stoa_status stoa_writer_open(const stoa_write_request *request, stoa_writer **writer);
// Adds a batch; releases array and schema whether it succeeds or not. Text may be dictionary-encoded or plain.
stoa_status stoa_writer_write(stoa_writer *writer, struct ArrowArray *array, struct ArrowSchema *schema);
// Completes the file and gives it its name, replacing a file of that name. Frees the writer; on failure nothing is
// left.
stoa_status stoa_writer_close(stoa_writer *writer);
// Removes what was written and frees the writer.
void stoa_writer_abort(stoa_writer *writer);

// MARK: Files of this process alone

// A new file without a name, to be read and written; negative, and `errno` set, when there is none.
int stoa_open_unnamed(const char *folder);
// Gives bytes of a file back to the file system; false where it cannot.
bool stoa_punch_hole(int descriptor, int64_t place, int64_t count);

// LZ4 blocks without a frame.

// Bytes that `count` bytes take at most.
int64_t stoa_compressed_bound(int64_t count);
stoa_status stoa_compress(const void *source, int64_t count, void *target, int64_t capacity, int64_t *written);
// Fails with STOA_MALFORMED_FILE unless the bytes decompress to exactly `expected` bytes.
stoa_status stoa_decompress(const void *source, int64_t count, void *target, int64_t expected);

#ifdef __cplusplus
}
#endif

#endif
