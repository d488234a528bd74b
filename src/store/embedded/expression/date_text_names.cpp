#include <array>
#include <string>

#include "store/embedded/expression/date_text_scan.hpp"

namespace quire::store::embedded {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view lower_case) {
  if (a.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower_case[i]) return false;
  }
  return true;
}

struct Abbreviation {
  std::string_view name;
  int minutes;  ///< east of UTC, with daylight saving time where the name says so
};
// Where several zones share a name, that of timelib.
constexpr auto abbreviations = std::to_array<Abbreviation>({
    {"utc", 0},    {"gmt", 0},     {"z", 0},       {"wet", 0},    {"west", 60},  {"bst", 60},
    {"cet", 60},   {"cest", 120},  {"met", 60},    {"mest", 120}, {"eet", 120},  {"eest", 180},
    {"msk", 180},  {"msd", 240},   {"ist", 120},   {"idt", 180},  {"wat", 60},   {"cat", 120},
    {"sast", 120}, {"eat", 180},   {"pkt", 300},   {"hkt", 480},  {"jst", 540},  {"jdt", 600},
    {"awst", 480}, {"acst", 570},  {"acdt", 630},  {"aest", 600}, {"aedt", 660}, {"nzst", 720},
    {"nzdt", 780}, {"nst", -210},  {"ndt", -150},  {"ast", -240}, {"adt", -180}, {"est", -300},
    {"edt", -240}, {"cst", -360},  {"cdt", -300},  {"mst", -420}, {"mdt", -360}, {"pst", -480},
    {"pdt", -420}, {"akst", -540}, {"akdt", -480}, {"hst", -600}, {"hdt", -540}, {"sst", -660},
});

constexpr std::array<std::string_view, 12> months = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 12> roman = {"i",   "ii",   "iii", "iv", "v",  "vi",
                                                    "vii", "viii", "ix",  "x",  "xi", "xii"};

/// "5", "05", "530", "0530", "5:30", "05:30", "053015", "05:30:15" in seconds.
std::optional<int> parse_correction(std::string_view text) {
  std::array<int, 3> parts{};
  std::string plain;
  if (text.find(':') == text.npos) {
    plain = text;
    if (plain.size() % 2 != 0) plain.insert(0, 1, '0');
  } else {
    std::size_t n = 0;
    for (const char c : text) {
      if (c != ':') {
        ++n;
        plain += c;
        continue;
      }
      if (n == 1) plain.insert(plain.size() - 1, 1, '0');
      n = 0;
    }
    if (n == 1) plain.insert(plain.size() - 1, 1, '0');
  }
  if (plain.empty() || plain.size() > 6) return std::nullopt;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] < '0' || plain[i] > '9') return std::nullopt;
    parts[i / 2] = parts[i / 2] * 10 + (plain[i] - '0');
  }
  return parts[0] * 3600 + parts[1] * 60 + parts[2];
}

}  // namespace

int month_of_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < months.size(); ++i) {
    const bool found = same(name, months[i]) || same(name, months[i].substr(0, 3)) ||
                       same(name, roman[i]) || (i == 8 && same(name, "sept"));
    if (found) return static_cast<int>(i) + 1;
  }
  return 0;
}

std::optional<TimeZone> zone_of_abbreviation(std::string_view name) noexcept {
  for (const auto& known : abbreviations) {
    if (same(name, known.name)) return TimeZone::fixed(known.minutes * 60);
  }
  if (name.size() != 1) return std::nullopt;
  // The letters of military zones; there is no J.
  const char c = lower(name[0]);
  if (c >= 'a' && c <= 'i') return TimeZone::fixed((c - 'a' + 1) * 3600);
  if (c >= 'k' && c <= 'm') return TimeZone::fixed((c - 'k' + 10) * 3600);
  if (c >= 'n' && c <= 'y') return TimeZone::fixed((c - 'n' + 1) * -3600);
  return std::nullopt;
}

std::optional<TimeZone> zone_of_text(std::string_view text) {
  if (text.size() > 3 && text.starts_with("GMT") && (text[3] == '+' || text[3] == '-'))
    text.remove_prefix(3);
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    const auto seconds = parse_correction(text.substr(1));
    if (!seconds) return std::nullopt;
    return TimeZone::fixed(text[0] == '-' ? -*seconds : *seconds);
  }
  if (text.starts_with('(')) text.remove_prefix(1);
  if (text.ends_with(')')) text.remove_suffix(1);
  if (const auto known = zone_of_abbreviation(text)) return known;
  return TimeZone::find_named(text);
}

}  // namespace quire::store::embedded
