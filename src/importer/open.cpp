#include "importer/open.hpp"

#include <string>

#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

struct Scheme {
  std::string_view name;
  std::unique_ptr<Source> (*open)(std::string_view, const SourceOptions&);  // null: not built in
  std::string_view needs;
};

constexpr Scheme schemes[] = {
#ifdef QUIRE_WITH_SQLITE_SOURCE
    {"sqlite", open_sqlite, ""},
#else
    {"sqlite", nullptr, "SQLite (Debian: libsqlite3-dev)"},
#endif
#ifdef QUIRE_WITH_POSTGRESQL
    {"postgresql", open_postgresql, ""},
    {"postgres", open_postgresql, ""},
#else
    {"postgresql", nullptr, "libpq (Debian: libpq-dev)"},
    {"postgres", nullptr, "libpq (Debian: libpq-dev)"},
#endif
#ifdef QUIRE_WITH_MYSQL
    {"mysql", open_mysql, ""},
    {"mariadb", open_mysql, ""},
#else
    {"mysql", nullptr, "libmariadb (Debian: libmariadb-dev)"},
    {"mariadb", nullptr, "libmariadb (Debian: libmariadb-dev)"},
#endif
#ifdef QUIRE_WITH_FILE_SOURCES
    {"json", open_files, ""},
    {"ndjson", open_files, ""},
    {"csv", open_files, ""},
    {"bson", open_files, ""},
#else
    {"json", nullptr, "simdjson (Debian: libsimdjson-dev)"},
    {"ndjson", nullptr, "simdjson (Debian: libsimdjson-dev)"},
    {"csv", nullptr, "simdjson (Debian: libsimdjson-dev)"},
    {"bson", nullptr, "simdjson (Debian: libsimdjson-dev)"},
#endif
    {"quire", open_store, ""},
    {"mongodb", open_store, ""},
    {"mongodb+srv", open_store, ""},
};

std::string known() {
  std::string out;
  for (const Scheme& one : schemes) {
    if (one.open == nullptr) continue;
    if (!out.empty()) out += ", ";
    out += one.name;
  }
  return out;
}

}  // namespace

std::unique_ptr<Source> open_source(std::string_view uri, const SourceOptions& options) {
  const auto colon = uri.find(':');
  const std::string_view name = colon == uri.npos ? std::string_view{} : uri.substr(0, colon);
  for (const Scheme& one : schemes) {
    if (one.name != name) continue;
    if (one.open != nullptr) return one.open(uri, options);
    throw ImportError(ErrorCode::invalid_source, "this quire was built without " +
                                                     std::string(one.needs) + ", which \"" +
                                                     std::string(name) + ":\" needs");
  }
  // What stands there may hold a password: only the part that is no secret is shown.
  throw ImportError(
      ErrorCode::invalid_source,
      (name.empty() ? std::string("a source is given as KIND:PLACE")
                    : "there is no source of the kind \"" + std::string(name) + "\"") +
          "; this build has: " + known());
}

}  // namespace quire::importer
