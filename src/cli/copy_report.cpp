#include "bson/report_fields.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/cli/copy.hpp"

namespace quire::cli {
namespace {

std::string_view to_text(CopyDifference::Kind kind) {
  switch (kind) {
    case CopyDifference::Kind::missing:
      return "missing";
    case CopyDifference::Kind::extra:
      return "extra";
    case CopyDifference::Kind::changed:
      return "changed";
  }
  return "changed";
}

void append_side(bson::Writer& w, std::string_view key, const std::optional<CopySide>& side) {
  if (!side) {
    w.append_null(key);
    return;
  }
  w.begin_document(key).append("documents", side->documents).append("digest", side->digest).end();
}

void append_collection(bson::Writer& w, const CopiedCollection& one) {
  w.push_document_begin()
      .append("name", one.name)
      .append("type", one.type)
      .append("copied", one.copied)
      .append("skipped", one.skipped)
      .append("replaced", one.replaced)
      .append("bytes", one.bytes)
      .append("indexes", one.indexes)
      .append("seconds", one.seconds);
  append_side(w, "source", one.source);
  append_side(w, "target", one.target);
  w.append("matches", one.matches).begin_array("differences");
  for (const auto& difference : one.differences) {
    w.push_document_begin()
        .append("kind", to_text(difference.kind))
        .append("_id", difference.id)
        .end();
  }
  w.end().end();
}

}  // namespace

std::string_view to_string(CopyResult result) noexcept {
  switch (result) {
    case CopyResult::done:
      return "done";
    case CopyResult::failed:
      return "failed";
    case CopyResult::partial:
      return "partial";
    case CopyResult::stopped:
      return "stopped";
    case CopyResult::mismatch:
      return "mismatch";
  }
  return "failed";
}

std::int64_t CopyReport::documents() const noexcept {
  std::int64_t sum = 0;
  for (const auto& one : collections) sum += one.copied + one.replaced;
  return sum;
}

std::int64_t CopyReport::bytes() const noexcept {
  std::int64_t sum = 0;
  for (const auto& one : collections) sum += one.bytes;
  return sum;
}

int CopyReport::exit_code() const noexcept {
  switch (result) {
    case CopyResult::done:
      return 0;
    case CopyResult::failed:
      return 30;
    case CopyResult::partial:
      return 31;
    case CopyResult::stopped:
      return 32;
    case CopyResult::mismatch:
      return 41;
  }
  return 30;
}

std::string CopyReport::json() const {
  bson::Writer w;
  w.append("schema", "quire.copy/1")
      .append("result", to_string(result))
      .append("exit", std::int32_t{exit_code()});
  w.begin_document("source").append("uri", source).append("database", source_database).end();
  w.begin_document("target").append("uri", target).append("database", target_database).end();
  w.append("documents", documents())
      .append("bytes", bytes())
      .append("seconds", seconds)
      .append("verified", verified);
  w.begin_array("collections");
  for (const auto& one : collections) append_collection(w, one);
  w.end();
  bson::append_texts(w, "views", views);
  bson::append_texts(w, "left_out", left_out);
  bson::append_error(w, error);
  return bson::to_json(w.finish());
}

const CopyReport& CopyReport::or_throw() const {
  if (ok()) return *this;
  if (error) throw *error;
  std::string names;
  for (const auto& one : collections) {
    if (!one.matches) names += (names.empty() ? "\"" : ", \"") + one.name + "\"";
  }
  throw StoreError(ErrorCode::command_failed, "source and target differ in " + names);
}

}  // namespace quire::cli
