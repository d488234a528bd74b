#pragma once

#include <cctz/time_zone.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/cell.hpp"
#include "quire/importer/types.hpp"

namespace quire::importer {

/// Thrown for a cell that the source could not read.
class UnreadableCell : public ImportError {
 public:
  using ImportError::ImportError;
};

/// What conversions work in; one a thread.
class ConvertScratch {
 public:
  ConvertScratch() = default;
  ~ConvertScratch();
  ConvertScratch(const ConvertScratch&) = delete;
  ConvertScratch& operator=(const ConvertScratch&) = delete;

  /// Text of `encoding` as UTF-8, valid until the next call; false: it is not in that encoding.
  [[nodiscard]] bool to_utf8(const std::string& encoding, std::string_view text,
                             std::string_view& out);

  std::string cased;    ///< of lower, upper
  std::string written;  ///< of values as text

 private:
  std::string converted_;
  std::vector<std::pair<std::string, void*>> opened_;  // an iconv_t for each encoding
};

/// Whether the C library converts from this encoding.
[[nodiscard]] bool knows_encoding(const std::string& encoding);
/// "UTC", "Europe/Berlin", "+02:00"; false: there is no such zone.
[[nodiscard]] bool find_zone(const std::string& name, cctz::time_zone& zone);

/// How the cells of one column become BSON values. Immutable, shared by threads.
/// What cannot become one throws ImportError unreadable_value, with the field's path, that names
/// the place and shows the value; the writer may then be left within the value.
class Conversion {
 public:
  struct Options {
    TypePolicy types = {};
    Convert as = Convert::as_is;
    bool lower = false, upper = false, trim = false;
    std::string place = {};  ///< "customers.born"
    std::string path = {};   ///< of the field
  };
  /// Throws ImportError invalid_mapping for an unknown zone or encoding.
  explicit Conversion(Options options);

  /// Whether the policy makes nothing but null of it.
  [[nodiscard]] bool is_null(const Cell& cell) const noexcept {
    if (cell.kind == Cell::Kind::text) return times_ && seen_as_null(cell);
    return cell.kind <= Cell::Kind::absent || (cell.kind > Cell::Kind::text && seen_as_null(cell));
  }
  /// Of a cell that is not null.
  void append(bson::Writer& out, std::string_view key, const Cell& cell,
              ConvertScratch& scratch) const {
    if (plain_) {  // the most of them, without a call
      switch (cell.kind) {
        case Cell::Kind::int32:
          out.append(key, static_cast<std::int32_t>(cell.integer));
          return;
        case Cell::Kind::int64:
          out.append(key, cell.integer);
          return;
        case Cell::Kind::real:
          out.append(key, cell.real);
          return;
        case Cell::Kind::text:
          out.append(key, utf8(cell, scratch));
          return;
        default:
          break;
      }
    }
    append_any(out, key, cell, scratch);
  }
  /// The value as text, for templates: what Convert::string makes of it. Nothing for null.
  void append_text(std::string& out, const Cell& cell, ConvertScratch& scratch) const;

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[noreturn]] void fail(const Cell& cell, std::string_view why) const;

 private:
  [[nodiscard]] bool seen_as_null(const Cell& cell) const noexcept;
  void append_any(bson::Writer& out, std::string_view key, const Cell& cell,
                  ConvertScratch& scratch) const;
  void append_as_is(bson::Writer& out, std::string_view key, const Cell& cell,
                    ConvertScratch& scratch) const;
  void append_json(bson::Writer& out, std::string_view key, const Cell& cell,
                   ConvertScratch& scratch) const;
  void append_id(bson::Writer& out, std::string_view key, const Cell& cell) const;
  void append_uuid(bson::Writer& out, std::string_view key, const Cell& cell) const;
  void append_binary(bson::Writer& out, std::string_view key, const Cell& cell) const;
  void append_bytes(bson::Writer& out, std::string_view key, std::string_view bytes,
                    bson::BinarySubtype subtype) const;
  /// UTF-8, or fails.
  [[nodiscard]] std::string_view utf8(const Cell& cell, ConvertScratch& scratch) const;
  [[nodiscard]] std::string_view as_string(const Cell& cell, ConvertScratch& scratch) const;
  [[nodiscard]] Cell cased(const Cell& cell, ConvertScratch& scratch) const;

  // Times, in convert_time.cpp.
  struct Moment {
    std::int64_t ms = 0;
    bool finer = false;
  };
  [[nodiscard]] Moment moment(const Cell& cell) const;
  [[nodiscard]] Moment moment_of_text(const Cell& cell) const;
  [[nodiscard]] Moment moment_of_number(const Cell& cell) const;
  [[nodiscard]] Moment moment_of_wall(const Cell& cell, std::int64_t micros) const;
  void append_moment_as_is(bson::Writer& out, std::string_view key, const Cell& cell,
                           ConvertScratch& scratch) const;
  void append_moment_of(bson::Writer& out, std::string_view key, const Cell& cell) const;
  void append_time_as_is(bson::Writer& out, std::string_view key, const Cell& cell,
                         ConvertScratch& scratch) const;

  Options options_;
  cctz::time_zone zone_;
  bool utc_ = true;
  bool plain_ = true;   ///< as_is: numbers and text stay what they are
  bool cases_ = false;  ///< lower, upper, trim
  bool times_ = false;  ///< text may be a zero date
};

// Numbers, in convert_number.cpp. False: it is no such number, or not exactly.
[[nodiscard]] bool whole_of(const Cell& cell, std::int64_t& out);
[[nodiscard]] bool real_of(const Cell& cell, double& out);
[[nodiscard]] bool decimal_of(const Cell& cell, bson::Decimal128& out);
[[nodiscard]] bool boolean_of(const Cell& cell, bool& out);
/// Digits with or without point and exponent, "NaN", "Infinity"; at most 34 digits but for zeros
/// behind the point.
[[nodiscard]] bool decimal_of_text(std::string_view text, bson::Decimal128& out);
/// `text`, a number, times 10 to the power of `shift`, rounded down; `cut`: something was.
[[nodiscard]] bool shifted_whole(std::string_view text, int shift, std::int64_t& out, bool& cut);

/// One JSON value as `key`, in convert_json.cpp: integers as int32, int64 or decimal128 (up to 34
/// digits), other numbers as doubles; names as they stand, "$oid" too. Empty: it was; else what is
/// wrong, with the offset: it is no JSON, nested deeper than a document may be, or has a name twice
/// in one object.
[[nodiscard]] std::string append_json_text(bson::Writer& out, std::string_view key,
                                           std::string_view text);

}  // namespace quire::importer
