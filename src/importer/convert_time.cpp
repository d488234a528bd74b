#include <cmath>
#include <limits>

#include "importer/convert.hpp"
#include "importer/time_text.hpp"
#include "importer/value_text.hpp"

namespace quire::importer {

using Kind = Cell::Kind;

namespace {

constexpr std::int64_t ms_of_day = 86'400'000;

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  const std::int64_t whole = value / by;
  return value % by < 0 ? whole - 1 : whole;
}

bool digits(std::string_view text, std::size_t at, int& out) {
  if (at + 2 > text.size()) return false;
  if (text[at] < '0' || text[at] > '9' || text[at + 1] < '0' || text[at + 1] > '9') return false;
  out = (text[at] - '0') * 10 + (text[at + 1] - '0');
  return true;
}

}  // namespace

bool find_zone(const std::string& name, cctz::time_zone& zone) {
  if (name == "UTC" || name == "Z") {
    zone = cctz::utc_time_zone();
    return true;
  }
  if (name.empty()) return false;
  if (name[0] != '+' && name[0] != '-') return cctz::load_time_zone(name, &zone);
  int hours = 0;
  int minutes = 0;
  if (name.size() != 6 || name[3] != ':' || !digits(name, 1, hours) || !digits(name, 4, minutes) ||
      hours > 18 || minutes > 59)
    return false;
  const int seconds = (hours * 60 + minutes) * 60;
  zone = cctz::fixed_time_zone(cctz::seconds(name[0] == '-' ? -seconds : seconds));
  return true;
}

Conversion::Moment Conversion::moment_of_wall(const Cell& cell, std::int64_t micros) const {
  const Moment as_if_utc{floor_div(micros, 1000), micros % 1000 != 0};
  if (utc_) return as_if_utc;
  const std::int64_t seconds = floor_div(micros, 1'000'000);
  const std::int64_t days = floor_div(seconds, 86'400);
  const CivilDate date = civil_of_days(days);
  const std::int64_t of_day = seconds - days * 86'400;
  const cctz::civil_second civil(date.year, static_cast<int>(date.month),
                                 static_cast<int>(date.day), static_cast<int>(of_day / 3600),
                                 static_cast<int>(of_day / 60 % 60), static_cast<int>(of_day % 60));
  // `pre` is by the offset before a change: the first of two, and what a left-out time is read by.
  const std::int64_t found = zone_.lookup(civil).pre.time_since_epoch().count();
  const std::int64_t offset = seconds - found;
  if (offset > 86'400 || offset < -86'400) fail(cell, "is out of the zone's years");
  return {as_if_utc.ms - offset * 1000, as_if_utc.finer};
}

Conversion::Moment Conversion::moment_of_text(const Cell& cell) const {
  if (cell.text == "infinity" || cell.text == "-infinity")
    return moment(Cell::of_text(Kind::infinite, cell.text));
  const auto parsed = parse_time(cell.text);
  if (!parsed) {
    fail(cell, is_zero_date(cell.text) ? "it is no date; zero_date \"null\" makes null of such"
                                       : "times are written YYYY-MM-DD HH:MM:SS[.f][zone]");
  }
  Moment out;
  if (parsed->offset) {
    const std::int64_t micros = parsed->micros - std::int64_t{*parsed->offset} * 1'000'000;
    out = {floor_div(micros, 1000), micros % 1000 != 0};
  } else {
    out = moment_of_wall(cell, parsed->micros);
  }
  out.finer = out.finer || parsed->finer;
  return out;
}

Conversion::Moment Conversion::moment_of_number(const Cell& cell) const {
  const int shift = options_.as == Convert::date_time_ms ? 0 : 3;
  Moment out;
  if (cell.kind == Kind::real) {
    const double ms = shift == 3 ? cell.real * 1000 : cell.real;
    if (!(std::abs(ms) < 9.2e18)) fail(cell, "it is too large for a time");
    // Seconds as doubles are off by less than a microsecond: what a millisecond is is rounded.
    const double rounded = std::abs(ms - std::round(ms)) < 1e-3 ? std::round(ms) : std::floor(ms);
    out.ms = static_cast<std::int64_t>(rounded);
    out.finer = std::abs(ms - rounded) >= 1e-3;
    return out;
  }
  std::string text;
  importer::append_text(text, cell);
  if (!shifted_whole(text, shift, out.ms, out.finer)) fail(cell, "it is too large for a time");
  return out;
}

Conversion::Moment Conversion::moment(const Cell& cell) const {
  switch (cell.kind) {
    case Kind::instant:
      return {floor_div(cell.integer, 1000), cell.integer % 1000 != 0};
    case Kind::wall_time:
      return moment_of_wall(cell, cell.integer);
    case Kind::date:
      if (cell.integer > std::numeric_limits<std::int64_t>::max() / ms_of_day ||
          cell.integer < std::numeric_limits<std::int64_t>::min() / ms_of_day)
        fail(cell, "is too far from now");
      return {cell.integer * ms_of_day, false};
    case Kind::infinite:
      if (options_.types.infinite != TypePolicy::Infinite::ends)
        fail(cell, "is no time; infinite \"null\" makes null of such, \"ends\" the ends of time");
      return {cell.text.starts_with('-') ? std::numeric_limits<std::int64_t>::min()
                                         : std::numeric_limits<std::int64_t>::max(),
              false};
    case Kind::text:
      return moment_of_text(cell);
    case Kind::int32:
    case Kind::int64:
    case Kind::uint64:
    case Kind::real:
    case Kind::decimal:
      return moment_of_number(cell);
    default:
      fail(cell, "it is neither a time, nor text, nor a number");
  }
}

void Conversion::append_moment_of(bson::Writer& out, std::string_view key, const Cell& cell) const {
  const Moment found = moment(cell);
  if (found.finer && options_.types.fraction == TypePolicy::Fraction::reject)
    fail(cell, "has parts of a millisecond; fraction \"truncate\" cuts them off");
  out.append(key, DateTime{std::chrono::milliseconds{found.ms}});
}

void Conversion::append_moment_as_is(bson::Writer& out, std::string_view key, const Cell& cell,
                                     ConvertScratch& scratch) const {
  const TypePolicy& types = options_.types;
  const bool date_text = cell.kind == Kind::date && types.date == TypePolicy::Date::string;
  const bool time_text = (cell.kind == Kind::instant || cell.kind == Kind::wall_time) &&
                         types.fraction == TypePolicy::Fraction::string;
  if (date_text || time_text)
    out.append(key, as_string(cell, scratch));
  else
    append_moment_of(out, key, cell);
}

void Conversion::append_time_as_is(bson::Writer& out, std::string_view key, const Cell& cell,
                                   ConvertScratch& scratch) const {
  if (options_.types.time == TypePolicy::Time::string) {
    out.append(key, as_string(cell, scratch));
    return;
  }
  if (cell.integer % 1000 != 0 && options_.types.fraction == TypePolicy::Fraction::reject)
    fail(cell, "has parts of a millisecond; fraction \"truncate\" cuts them off");
  out.append(key, floor_div(cell.integer, 1000));
}

}  // namespace quire::importer
