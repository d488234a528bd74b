#include "store/embedded/storage/options.hpp"

#include <charconv>

#include "core/percent.hpp"
#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw StoreError(ErrorCode::invalid_uri, why); }

std::string decoded(std::string_view text) {
  std::string out = percent_decoded(text);
  if (out.find('\0') != std::string::npos) refuse("a zero byte in the URI");
  return out;
}

bool flag(const std::string& name, const std::string& value) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  refuse("option " + name + " is true or false, not \"" + value + "\"");
}

std::int32_t natural(const std::string& name, const std::string& value, const char* of) {
  std::int32_t number = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size() || number < 0)
    refuse("option " + name + " is a number of " + of + ", not \"" + value + "\"");
  return number;
}

std::chrono::milliseconds milliseconds(const std::string& name, const std::string& value) {
  return std::chrono::milliseconds{natural(name, value, "milliseconds")};
}

Options::Changes changes_mode(const std::string& value) {
  if (value == "auto") return Options::Changes::automatic;
  if (value == "on") return Options::Changes::on;
  if (value == "off") return Options::Changes::off;
  refuse("option changes is auto, on or off, not \"" + value + "\"");
}

}  // namespace

Options Options::parse(std::string_view uri) {
  Options out;
  if (uri.starts_with("quire:")) uri.remove_prefix(6);
  const auto question = uri.find('?');
  const std::string path = decoded(uri.substr(0, question));
  if (path.empty()) refuse("the URI names no file");
  if (path == ":memory:") {
    out.memory = true;
  } else {
    out.path = path;
  }
  std::string_view rest =
      question == std::string_view::npos ? std::string_view{} : uri.substr(question + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const std::string name(pair.substr(0, equals));
    if (equals == std::string_view::npos) refuse("option " + name + " has no value");
    const std::string value = decoded(pair.substr(equals + 1));
    if (name == "durability") {
      if (value != "full" && value != "normal")
        refuse("option durability is full or normal, not \"" + value + "\"");
      out.full_sync = value == "full";
    } else if (name == "verify") {
      if (value != "checksum" && value != "none")
        refuse("option verify is checksum or none, not \"" + value + "\"");
      out.verify_checksums = value == "checksum";
    } else if (name == "read_only") {
      out.read_only = flag(name, value);
    } else if (name == "busy_timeout_ms") {
      out.busy_timeout = milliseconds(name, value);
    } else if (name == "ttl_interval_ms") {
      out.ttl_interval = milliseconds(name, value);
    } else if (name == "database") {
      if (value.empty()) refuse("option database is empty");
      out.database = value;
    } else if (name == "aggregate_memory_mib") {
      const auto mib = natural(name, value, "MiB");
      if (mib < 1) refuse("option aggregate_memory_mib is 1 or more");
      out.aggregate_bytes = std::int64_t{mib} << 20U;
    } else if (name == "changes") {
      out.changes = changes_mode(value);
    } else if (name == "changes_age_s") {
      out.changes_age = std::chrono::seconds{natural(name, value, "seconds")};
    } else if (name == "changes_mib") {
      out.changes_bytes = std::int64_t{natural(name, value, "MiB")} << 20U;
    } else if (name == "changes_count") {
      out.changes_count = natural(name, value, "events");
    } else {
      refuse("unknown option \"" + name +
             "\"; known: durability, verify, read_only, busy_timeout_ms, ttl_interval_ms, "
             "database, aggregate_memory_mib, changes, changes_age_s, changes_mib, changes_count");
    }
  }
  if (out.memory && out.read_only) refuse("a :memory: store cannot be read-only");
  return out;
}

}  // namespace quire::store::embedded
