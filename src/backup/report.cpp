#include "bson/report_fields.hpp"
#include "quire/backup/restore.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::backup {
namespace {

int exit_code_of(Result result) noexcept {
  switch (result) {
    case Result::done:
      return 0;
    case Result::failed:
      return 30;
    case Result::partial:
      return 31;
    case Result::stopped:
      return 32;
  }
  return 30;
}

std::int64_t documents_of(const std::vector<SavedCollection>& collections) noexcept {
  std::int64_t sum = 0;
  for (const auto& one : collections) sum += one.documents;
  return sum;
}

/// What both reports end with.
template <class Report>
std::string finish(bson::Writer& w, const Report& report) {
  w.append("documents", report.documents()).append("seconds", report.seconds);
  w.begin_array("collections");
  for (const auto& one : report.collections) {
    w.push_document_begin()
        .append("name", one.name)
        .append("type", one.type)
        .append("documents", one.documents)
        .append("bytes", one.bytes)
        .append("indexes", one.indexes)
        .end();
  }
  w.end();
  bson::append_texts(w, "left_out", report.left_out);
  bson::append_error(w, report.error);
  return bson::to_json(w.finish());
}

}  // namespace

std::string_view to_string(Result result) noexcept {
  switch (result) {
    case Result::done:
      return "done";
    case Result::failed:
      return "failed";
    case Result::partial:
      return "partial";
    case Result::stopped:
      return "stopped";
  }
  return "failed";
}

std::int64_t BackupReport::documents() const noexcept { return documents_of(collections); }
int BackupReport::exit_code() const noexcept { return exit_code_of(result); }

std::string BackupReport::json() const {
  bson::Writer w;
  w.append("schema", "quire.backup/1")
      .append("result", to_string(result))
      .append("exit", std::int32_t{exit_code()})
      .append("source", source)
      .append("database", database)
      .append("folder", folder)
      .append("snapshot", snapshot)
      .append("consistency", consistency)
      .append("file_bytes", file_bytes);
  return finish(w, *this);
}

const BackupReport& BackupReport::or_throw() const {
  if (error) throw *error;
  return *this;
}

std::int64_t RestoreReport::documents() const noexcept { return documents_of(collections); }
int RestoreReport::exit_code() const noexcept { return exit_code_of(result); }

std::string RestoreReport::json() const {
  bson::Writer w;
  w.append("schema", "quire.restore/1")
      .append("result", to_string(result))
      .append("exit", std::int32_t{exit_code()})
      .append("folder", folder)
      .append("target", target)
      .append("database", database)
      .append("from_database", from_database)
      .append("verified_only", verified_only)
      .append("manifest", manifest);
  return finish(w, *this);
}

const RestoreReport& RestoreReport::or_throw() const {
  if (error) throw *error;
  return *this;
}

}  // namespace quire::backup
