#include "store/embedded/expression/time_zone.hpp"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "quire/core/error.hpp"

namespace quire::store::embedded {

namespace {

using Moment = cctz::time_point<cctz::seconds>;

Moment moment(std::int64_t seconds) { return Moment(cctz::seconds(seconds)); }
std::int64_t count(Moment m) { return m.time_since_epoch().count(); }
const cctz::time_zone& zone_of(const void* zone) {
  return *static_cast<const cctz::time_zone*>(zone);
}

/// What can be a file of the tz database and is no path out of it. Its copies in other forms and
/// the system's own zone have no names.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 100 || name.front() == '/' || name.back() == '/') return false;
  for (const char c : name) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '+' || c == '/';
    if (!good) return false;
  }
  return !name.starts_with("posix/") && !name.starts_with("right/") && name != "posixrules" &&
         name != "localtime" && name != "Factory" && !name.starts_with("Fixed/");
}

/// Zones that were asked for, for the life of the process; there are some 600 names.
class Zones {
 public:
  const cctz::time_zone* find(std::string_view name) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto it = zones_.find(name); it != zones_.end()) return &it->second;
    }
    if (!is_zone_name(name)) return nullptr;
    // CCTZ keeps all names that it was ever asked for, so it is asked for those with a file.
    const char* set = std::getenv("TZDIR");
    const std::filesystem::path folder =
        set != nullptr && *set != '\0' ? set : "/usr/share/zoneinfo";
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder / name, error)) {
      if (!std::filesystem::is_directory(folder, error))
        throw StoreError(ErrorCode::unsupported,
                         "time zones by name need the system's tz database, and there is none at " +
                             folder.string() + "; install it (Debian: tzdata) or set TZDIR");
      return nullptr;
    }
    cctz::time_zone zone;
    if (!cctz::load_time_zone(std::string(name), &zone)) return nullptr;
    const std::unique_lock lock(mutex_);
    return &zones_.emplace(std::string(name), zone).first->second;
  }

 private:
  std::shared_mutex mutex_;
  std::map<std::string, cctz::time_zone, std::less<>> zones_;
};

std::optional<int> parse_offset(std::string_view text) {
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto two = [&](std::size_t at) -> std::optional<int> {
    const char a = text[at];
    const char b = text[at + 1];
    if (a < '0' || a > '9' || b < '0' || b > '9') return std::nullopt;
    return (a - '0') * 10 + (b - '0');
  };
  const bool colon = text.size() == 5 && text[2] == ':';
  if (text.size() != 2 && text.size() != 4 && !colon) return std::nullopt;
  const auto hours = two(0);
  const auto minutes = text.size() == 2 ? std::optional(0) : two(colon ? 3 : 2);
  if (!hours || !minutes) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

}  // namespace

CivilTime civil_from_days(std::int64_t days) noexcept {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  CivilTime out;
  out.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  out.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  out.year = year_of_era + era * 400 + (out.month <= 2 ? 1 : 0);
  return out;
}

IsoWeek iso_week_of(const CivilTime& date) noexcept {
  const std::int64_t days = days_from_civil(date.year, date.month, date.day);
  IsoWeek out{date.year, 1, (weekday_of(days) + 6) % 7 + 1};
  if (days < iso_year_start(date.year)) {
    --out.year;
  } else if (days >= iso_year_start(date.year + 1)) {
    ++out.year;
  }
  out.week = static_cast<int>((days - iso_year_start(out.year)) / 7) + 1;
  return out;
}

CivilTime to_civil(std::int64_t ms, const TimeZone& zone) {
  const std::int64_t utc = floor_divide(ms, 1000);
  const std::int64_t local = utc + zone.offset_at(utc);
  const std::int64_t days = floor_divide(local, 86400);
  CivilTime out = civil_from_days(days);
  const auto rest = static_cast<int>(local - days * 86400);
  out.hour = rest / 3600;
  out.minute = rest / 60 % 60;
  out.second = rest % 60;
  out.millisecond = static_cast<int>((ms % 1000 + 1000) % 1000);  // utc * 1000 may not fit
  return out;
}

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  if (const auto offset = parse_offset(name)) return fixed(*offset);
  return find_named(name);
}

std::optional<TimeZone> TimeZone::find_named(std::string_view name) {
  if (name == "UTC" || name == "GMT") return TimeZone();
  static Zones zones;
  const auto* zone = zones.find(name);
  if (zone == nullptr) return std::nullopt;
  TimeZone out;
  out.zone_ = zone;
  return out;
}

int TimeZone::zone_offset(std::int64_t utc) const {
  return zone_of(zone_).lookup(moment(utc)).offset;
}

bool TimeZone::is_dst_at(std::int64_t utc) const {
  return zone_ != nullptr && zone_of(zone_).lookup(moment(utc)).is_dst;
}

std::int64_t TimeZone::to_utc(std::int64_t local, bool dst) const {
  if (zone_ == nullptr) return local - offset_;
  const cctz::time_zone& zone = zone_of(zone_);
  const auto found = zone.lookup(cctz::civil_second(1970, 1, 1) + local);
  if (found.kind != cctz::time_zone::civil_lookup::REPEATED) return count(found.pre);
  const auto before = zone.lookup(found.pre);
  const auto after = zone.lookup(found.post);
  if (before.is_dst == after.is_dst) return count(before.offset <= 0 ? found.pre : found.post);
  return count(before.is_dst == dst ? found.pre : found.post);
}

}  // namespace quire::store::embedded
