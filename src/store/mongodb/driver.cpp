#include "store/mongodb/driver.hpp"

#include <cstdio>
#include <mutex>

#include "quire/bson/writer.hpp"

namespace quire::store::mongodb {

Fields& Fields::add(std::string_view key, bson::ValueView value) {
  const bson::Document one = bson::make_document(key, value);
  return add_all(one);
}

Fields& Fields::add_hint(bson::View keys, std::string_view name) {
  if (!keys.empty()) return add("hint", keys);
  if (name == "$natural") {
    const bson::Document natural = bson::make_document("$natural", std::int32_t{1});
    return add("hint", natural.view());
  }
  return name.empty() ? *this : add("hint", name);
}

bson::Document to_document(const WriteConcern& concern) {
  bson::Writer out;
  const std::string& w = concern.w;
  if (!w.empty() && w.size() <= 4 && w.find_first_not_of("0123456789") == std::string::npos)
    out.append("w", std::int32_t{std::stoi(w)});
  else if (!w.empty())
    out.append("w", w);
  if (concern.journal) out.append("j", *concern.journal);
  if (concern.timeout.count() > 0) out.append("wtimeout", std::int64_t{concern.timeout.count()});
  return out.finish();
}

ReadPrefsPtr to_driver(const ReadPreference& preference) {
  using Mode = ReadPreference::Mode;
  mongoc_read_mode_t mode = MONGOC_READ_PRIMARY;
  switch (preference.mode) {
    case Mode::primary:
      break;
    case Mode::primary_preferred:
      mode = MONGOC_READ_PRIMARY_PREFERRED;
      break;
    case Mode::secondary:
      mode = MONGOC_READ_SECONDARY;
      break;
    case Mode::secondary_preferred:
      mode = MONGOC_READ_SECONDARY_PREFERRED;
      break;
    case Mode::nearest:
      mode = MONGOC_READ_NEAREST;
      break;
  }
  ReadPrefsPtr out(mongoc_read_prefs_new(mode));
  for (const auto& tags : preference.tag_sets) {
    const Borrowed set(tags.view());
    mongoc_read_prefs_add_tag(out.get(), set);
  }
  if (preference.max_staleness)
    mongoc_read_prefs_set_max_staleness_seconds(out.get(), preference.max_staleness->count());
  if (!mongoc_read_prefs_is_valid(out.get())) {
    throw StoreError(ErrorCode::invalid_argument, FieldPath("read_preference"),
                     "tags and max_staleness go with other modes than primary, and max_staleness "
                     "is 90 s or more");
  }
  return out;
}

void init_driver() {
  // Never undone: an application may use the driver by itself, and beyond our last store.
  static std::once_flag once;
  std::call_once(once, [] { mongoc_init(); });
}

}  // namespace quire::store::mongodb

// Found by the command line through a weak symbol: its standard output is for reports.
extern "C" void quire_mongodb_log_to_stderr() {
  quire::store::mongodb::init_driver();
  mongoc_log_set_handler(
      [](mongoc_log_level_t level, const char* domain, const char* message, void*) {
        if (level <= MONGOC_LOG_LEVEL_WARNING)
          std::fprintf(stderr, "%s: %s: %s\n", mongoc_log_level_str(level), domain, message);
      },
      nullptr);
}
