#include "importer/files/csv_types.hpp"

#include <charconv>
#include <chrono>

#include "core/ascii.hpp"
#include "quire/bson/types.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::files {
namespace {

// In the order in which a text is tried.
constexpr ColumnType guesses[] = {ColumnType::int64, ColumnType::decimal,   ColumnType::boolean,
                                  ColumnType::date,  ColumnType::wall_time, ColumnType::instant,
                                  ColumnType::uuid};
constexpr std::uint32_t text_bit = 1U << 31;
constexpr std::uint32_t bit_of(ColumnType type) { return 1U << static_cast<unsigned>(type); }

/// "-12" without leading zeros; what follows the digits is left in `text`.
std::size_t take_whole(std::string_view& text) {
  std::string_view rest = text;
  if (rest.starts_with('-')) rest.remove_prefix(1);
  std::size_t digits = 0;
  while (digits < rest.size() && is_digit(rest[digits])) ++digits;
  if (digits == 0 || (digits > 1 && rest[0] == '0')) return 0;
  text = rest.substr(digits);
  return digits;
}

std::optional<Cell> whole_of(std::string_view text) {
  std::string_view rest = text;
  std::int64_t value = 0;
  if (text == "-0" || take_whole(rest) == 0 || !rest.empty()) return std::nullopt;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc{}) return std::nullopt;
  return Cell::of_integer(Cell::Kind::int64, value);
}

std::optional<Cell> decimal_of(std::string_view text) {
  std::string_view rest = text;
  std::size_t digits = take_whole(rest);
  if (digits == 0) return std::nullopt;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    if (rest.empty()) return std::nullopt;
    for (const char c : rest) {
      if (!is_digit(c)) return std::nullopt;
      ++digits;
    }
    rest = {};
  }
  if (!rest.empty() || digits > 34) return std::nullopt;
  return Cell::of_text(Cell::Kind::decimal, text);
}

std::optional<Cell> boolean_of(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE")
    return Cell::of_integer(Cell::Kind::boolean, 1);
  if (text == "false" || text == "False" || text == "FALSE")
    return Cell::of_integer(Cell::Kind::boolean, 0);
  return std::nullopt;
}

/// A number of exactly so many digits, which are taken from the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}
bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

/// "12:30:00.5": microseconds.
std::optional<std::int64_t> take_time(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *second > 59) return std::nullopt;
  std::int64_t micros = ((*hour * 60 + *minute) * std::int64_t{60} + *second) * 1'000'000;
  if (!take(text, '.')) return micros;
  std::int64_t unit = 100'000;
  if (text.empty() || !is_digit(text[0])) return std::nullopt;
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1), unit /= 10) {
    if (unit == 0) return std::nullopt;  // finer than microseconds
    micros += unit * (text[0] - '0');
  }
  return micros;
}

/// "Z", "+02:00": minutes.
std::optional<int> take_zone(std::string_view& text) {
  if (take(text, 'Z')) return 0;
  const bool minus = text.starts_with('-');
  if (!minus && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 18) return std::nullopt;
  take(text, ':');
  const auto minutes = take_number(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return (*hours * 60 + *minutes) * (minus ? -1 : 1);
}

std::optional<Cell> date_of(std::string_view text) {
  const auto days = take_date(text);
  if (!days || !text.empty()) return std::nullopt;
  return Cell::of_integer(Cell::Kind::date, *days);
}

std::optional<Cell> time_of(std::string_view text, bool with_zone) {
  const auto days = take_date(text);
  if (!days || (!take(text, 'T') && !take(text, ' '))) return std::nullopt;
  const auto time = take_time(text);
  if (!time) return std::nullopt;
  const std::int64_t micros = *days * 86'400'000'000 + *time;
  if (!with_zone)
    return text.empty() ? std::optional(Cell::of_integer(Cell::Kind::wall_time, micros))
                        : std::nullopt;
  const auto minutes = take_zone(text);
  if (!minutes || !text.empty()) return std::nullopt;
  return Cell::of_integer(Cell::Kind::instant, micros - *minutes * std::int64_t{60'000'000});
}

std::optional<Cell> uuid_of(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
    return std::nullopt;
  try {
    return Cell::of_uuid(bson::Uuid::from_string(text).bytes);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

void GuessedType::add(std::string_view text) {
  if ((seen_ & text_bit) != 0) return;
  for (const ColumnType type : guesses) {
    if (!cell_of_text(text, type)) continue;
    seen_ |= bit_of(type);
    return;
  }
  seen_ |= text_bit;
}

ColumnType GuessedType::type() const {
  if (seen_ == (bit_of(ColumnType::int64) | bit_of(ColumnType::decimal)))
    return ColumnType::decimal;
  for (const ColumnType type : guesses) {
    if (seen_ == bit_of(type)) return type;
  }
  return ColumnType::text;
}

std::optional<Cell> cell_of_text(std::string_view text, ColumnType type) {
  switch (type) {
    case ColumnType::int64:
      return whole_of(text);
    case ColumnType::decimal:
      return decimal_of(text);
    case ColumnType::boolean:
      return boolean_of(text);
    case ColumnType::date:
      return date_of(text);
    case ColumnType::wall_time:
      return time_of(text, false);
    case ColumnType::instant:
      return time_of(text, true);
    case ColumnType::uuid:
      return uuid_of(text);
    default:
      return Cell::of_text(Cell::Kind::text, text);
  }
}

}  // namespace quire::importer::files
