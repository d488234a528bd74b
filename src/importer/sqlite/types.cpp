#include "importer/sqlite/types.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>

#include "core/ascii.hpp"
#include "core/percent.hpp"

namespace quire::importer::sqlite {
namespace {

using Kind = Cell::Kind;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct Meaning {
  std::string_view word;
  ColumnType type;
};
// By the first word of the declared type; what is not here goes by the letters in it, as SQLite
// itself does.
constexpr Meaning meanings[] = {
    {"bool", ColumnType::boolean},
    {"boolean", ColumnType::boolean},
    {"bit", ColumnType::boolean},
    {"datetime", ColumnType::wall_time},
    {"datetime2", ColumnType::wall_time},
    {"smalldatetime", ColumnType::wall_time},
    {"timestamp", ColumnType::wall_time},
    {"timestamptz", ColumnType::instant},
    {"datetimeoffset", ColumnType::instant},
    {"date", ColumnType::date},
    {"time", ColumnType::time},
    {"decimal", ColumnType::decimal},
    {"dec", ColumnType::decimal},
    {"numeric", ColumnType::decimal},
    {"number", ColumnType::decimal},
    {"money", ColumnType::decimal},
    {"json", ColumnType::json},
    {"jsonb", ColumnType::json},
    {"uuid", ColumnType::uuid},
    {"guid", ColumnType::uuid},
    {"uniqueidentifier", ColumnType::uuid},
    {"binary", ColumnType::binary},
    {"varbinary", ColumnType::binary},
    {"bytea", ColumnType::binary},
    {"image", ColumnType::binary},
    {"string", ColumnType::text},
    {"enum", ColumnType::text},
    {"any", ColumnType::any},
};

bool has(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

/// Reads fixed numbers out of text, from the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] bool at_end() const { return text_.empty(); }
  [[nodiscard]] bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool number(std::size_t digits, int& out) {
    if (text_.size() < digits) return false;
    out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!is_digit(text_[i])) return false;
      out = out * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return true;
  }
  /// ".123" in microseconds; digits behind the sixth are cut off.
  [[nodiscard]] bool fraction(std::int64_t& micros) {
    if (!take('.') && !take(',')) return true;
    std::int64_t unit = 100'000;
    std::size_t count = 0;
    for (; count < text_.size() && is_digit(text_[count]); ++count, unit /= 10)
      micros += (text_[count] - '0') * unit;
    text_.remove_prefix(count);
    return count > 0 && count <= 9;
  }

 private:
  std::string_view text_;
};

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;

bool scan_date(Scanner& in, std::int64_t& days, bool& zero) {
  int y = 0;
  int m = 0;
  int d = 0;
  if (!in.number(4, y) || !in.take('-') || !in.number(2, m) || !in.take('-') || !in.number(2, d))
    return false;
  zero = m == 0 || d == 0;
  if (zero) return m <= 12 && d <= 31;
  const std::chrono::year_month_day date{std::chrono::year(y),
                                         std::chrono::month(static_cast<unsigned>(m)),
                                         std::chrono::day(static_cast<unsigned>(d))};
  if (!date.ok()) return false;
  days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

bool scan_time(Scanner& in, std::int64_t& micros) {
  int h = 0;
  int m = 0;
  int s = 0;
  if (!in.number(2, h) || !in.take(':') || !in.number(2, m)) return false;
  if (in.take(':') && !in.number(2, s)) return false;
  if (h > 23 || m > 59 || s > 59) return false;
  micros = h * hour + m * minute + s * second;
  return in.fraction(micros);
}

/// "Z", "+02:00", "+0200", "-08"; nothing where there is none.
bool scan_zone(Scanner& in, std::optional<std::int64_t>& offset) {
  if (in.at_end()) return true;
  (void)in.take(' ');
  if (in.take('Z') || in.take('z')) {
    offset = 0;
    return in.at_end();
  }
  const bool west = in.take('-');
  if (!west && !in.take('+')) return false;
  int h = 0;
  int m = 0;
  if (!in.number(2, h)) return false;
  if (!in.at_end()) {
    (void)in.take(':');
    if (!in.number(2, m)) return false;
  }
  if (h > 23 || m > 59) return false;
  offset = (west ? -1 : 1) * (h * hour + m * minute);
  return in.at_end();
}

Cell timed(Kind kind, std::int64_t value, std::string_view text) {
  Cell out = Cell::of_integer(kind, value);
  out.text = text;
  return out;
}

std::optional<Cell> as_date_time(std::string_view text, bool date_alone_is_date) {
  Scanner in(text);
  std::int64_t days = 0;
  std::int64_t micros = 0;
  bool zero = false;
  if (!scan_date(in, days, zero)) return std::nullopt;
  if (zero && in.at_end()) return Cell::of_text(Kind::zero_date, text);
  if (in.at_end())
    return date_alone_is_date ? timed(Kind::date, days, text)
                              : timed(Kind::wall_time, days * day, text);
  std::optional<std::int64_t> offset;
  if ((!in.take(' ') && !in.take('T') && !in.take('t')) || !scan_time(in, micros) ||
      !scan_zone(in, offset))
    return std::nullopt;
  if (zero) return Cell::of_text(Kind::zero_date, text);
  if (offset) return timed(Kind::instant, days * day + micros - *offset, text);
  return timed(Kind::wall_time, days * day + micros, text);
}

std::optional<Cell> as_time(std::string_view text) {
  Scanner in(text);
  std::int64_t micros = 0;
  if (!scan_time(in, micros) || !in.at_end()) return std::nullopt;
  return timed(Kind::time, micros, text);
}

std::optional<Cell> as_boolean(std::string_view text) {
  constexpr std::string_view yes[] = {"t", "true", "y", "yes", "on", "1"};
  constexpr std::string_view no[] = {"f", "false", "n", "no", "off", "0"};
  const auto is = [text](std::string_view word) {
    return text.size() == word.size() && std::equal(text.begin(), text.end(), word.begin(),
                                                    [](char a, char b) { return lower(a) == b; });
  };
  if (std::any_of(std::begin(yes), std::end(yes), is)) return timed(Kind::boolean, 1, text);
  if (std::any_of(std::begin(no), std::end(no), is)) return timed(Kind::boolean, 0, text);
  return std::nullopt;
}

/// 36 characters with dashes, 32 without, both also in braces.
std::optional<Cell> as_uuid(std::string_view text) {
  std::string_view rest = text;
  if (rest.size() >= 2 && rest.front() == '{' && rest.back() == '}')
    rest = rest.substr(1, rest.size() - 2);
  const bool dashes = rest.size() == 36;
  if (!dashes && rest.size() != 32) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) && rest[at++] != '-') return std::nullopt;
    const int high = hex_digit(rest[at]);
    const int low = hex_digit(rest[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  Cell out = Cell::of_uuid(bytes);
  out.text = text;
  return out;
}

/// "-12.340", "1e5".
bool is_decimal(std::string_view text) {
  std::size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  std::size_t digits = 0;
  for (; i < text.size() && is_digit(text[i]); ++i) ++digits;
  if (i < text.size() && text[i] == '.')
    for (++i; i < text.size() && is_digit(text[i]); ++i) ++digits;
  if (digits == 0) return false;
  if (i == text.size()) return true;
  if (lower(text[i++]) != 'e') return false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  const std::size_t begin = i;
  while (i < text.size() && is_digit(text[i])) ++i;
  return i == text.size() && i > begin && i - begin <= 4;
}

/// Text that begins as JSON does. Whether it is JSON is told when it is read.
bool begins_as_json(std::string_view text) {
  const auto at = text.find_first_not_of(" \t\r\n");
  if (at == text.npos) return false;
  const char c = text[at];
  const std::string_view rest = text.substr(at, text.find_last_not_of(" \t\r\n") - at + 1);
  return c == '{' || c == '[' || c == '"' || is_digit(c) || c == '-' || rest == "true" ||
         rest == "false" || rest == "null";
}

}  // namespace

ColumnType meant_type(std::string_view declared) noexcept {
  const auto end = declared.find_first_of(" (");
  const std::string_view word = declared.substr(0, end);
  if (word.empty()) return ColumnType::any;
  if (has(declared, "tinyint(1)")) return ColumnType::boolean;
  for (const Meaning& one : meanings)
    if (word.size() == one.word.size() && has(word, one.word)) {
      const bool zoned = has(declared, "with time zone") || has(declared, "with local time zone");
      if (one.type == ColumnType::wall_time && zoned) return ColumnType::instant;
      const bool more = one.word == "bit" && has(declared, "(") && !has(declared, "(1)");
      return more ? ColumnType::any : one.type;
    }
  if (has(declared, "int")) return ColumnType::int64;
  if (has(declared, "char") || has(declared, "clob") || has(declared, "text"))
    return ColumnType::text;
  if (has(declared, "blob")) return ColumnType::binary;
  if (has(declared, "real") || has(declared, "floa") || has(declared, "doub"))
    return ColumnType::real;
  return ColumnType::any;
}

Cell cell_of_integer(std::int64_t value, ColumnType type, Digits& digits) {
  if (type == ColumnType::boolean && (value == 0 || value == 1))
    return Cell::of_integer(Kind::boolean, value);
  if (type != ColumnType::decimal) return Cell::of_integer(Kind::int64, value);
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return Cell::of_text(Kind::decimal,
                       {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

Cell cell_of_real(double value, ColumnType type, Digits& digits) {
  if (type != ColumnType::decimal || !std::isfinite(value)) return Cell::of_real(value);
  // The fewest digits that are this number and no other.
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return Cell::of_text(Kind::decimal,
                       {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

Cell cell_of_text(std::string_view text, ColumnType type) {
  std::optional<Cell> found;
  switch (type) {
    case ColumnType::boolean:
      found = as_boolean(text);
      break;
    case ColumnType::wall_time:
    case ColumnType::instant:
      found = as_date_time(text, false);
      break;
    case ColumnType::date:
      found = as_date_time(text, true);
      break;
    case ColumnType::time:
      found = as_time(text);
      break;
    case ColumnType::uuid:
      found = as_uuid(text);
      break;
    case ColumnType::decimal:
      if (is_decimal(text)) return Cell::of_text(Kind::decimal, text);
      break;
    case ColumnType::json:
      if (begins_as_json(text)) return Cell::of_text(Kind::json, text);
      break;
    default:
      break;
  }
  return found ? *found : Cell::of_text(Kind::text, text);
}

Cell cell_of_bytes(std::string_view bytes, ColumnType type) {
  if (type != ColumnType::uuid || bytes.size() != 16) return Cell::of_text(Kind::binary, bytes);
  std::array<std::uint8_t, 16> value{};
  std::memcpy(value.data(), bytes.data(), value.size());
  return Cell::of_uuid(value);
}

}  // namespace quire::importer::sqlite
