#include "quire/migrate/verify.hpp"

#include <exception>
#include <mutex>

#include "bson/report_fields.hpp"
#include "migrate/data/compare.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {

std::string_view to_string(VerifyDifference::Kind kind) noexcept {
  switch (kind) {
    case VerifyDifference::Kind::missing:
      return "missing";
    case VerifyDifference::Kind::extra:
      return "extra";
    case VerifyDifference::Kind::different:
      return "different";
    case VerifyDifference::Kind::orphan:
      return "orphan";
    case VerifyDifference::Kind::check:
      return "check";
    case VerifyDifference::Kind::index:
      return "index";
    case VerifyDifference::Kind::validator:
      return "validator";
  }
  return "unknown";
}

std::string VerifyReport::json() const {
  bson::Writer w;
  w.append("schema", "quire.migrate/1")
      .append("op", "verify")
      .append("result", stopped ? "stopped"
                        : ok()  ? "alike"
                                : "mismatch")
      .append("exit", std::int32_t{exit_code()})
      .append("level", to_string(level))
      .append("source", source)
      .append("target", target)
      .append("source_digest", source_digest)
      .append("target_digest", target_digest)
      .append("missing", missing)
      .append("extra", extra)
      .append("different", different)
      .append("findings", findings)
      .append("settled", settled);
  w.begin_array("differences");
  for (const auto& one : differences) {
    w.push_document_begin().append("kind", to_string(one.kind));
    if (one.key) {
      w.append("key", *one.key);
    } else {
      w.append_null("key");
    }
    w.append("path", one.path).append("text", one.text).end();
  }
  w.end();
  return bson::to_json(w.finish());
}

VerifyReport verify(const VerifyJob& job) {
  if (job.collection.empty()) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath("collection"),
                         "a comparison needs the name of the source's collection");
  }
  if (job.options.sample < 1) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath("sample"),
                         "a sample has at least one document of each side");
  }
  // What the function throws ends the comparison, and is thrown here.
  std::stop_source ends;
  const std::stop_callback asked(job.stop, [&] { ends.request_stop(); });
  std::mutex mutex;
  std::exception_ptr thrown;
  detail::StagedMap map;
  if (job.map) {
    map = [&](bson::View source, RejectStage&) -> std::optional<bson::Document> {
      try {
        return job.map(source);
      } catch (...) {
        const std::lock_guard guard(mutex);
        if (!thrown) thrown = std::current_exception();
        ends.request_stop();
        throw;
      }
    };
  }
  const auto look = [&] {
    const std::lock_guard guard(mutex);
    if (thrown) std::rethrow_exception(thrown);
  };
  data::CollectionSource rows(job.from, job.collection, job.filter, map);
  data::CompareJob compare{
      rows, job.to, job.into.empty() ? job.collection : job.into, job.options, ends.get_token(),
      {},   {}};
  compare.from = &job.from;
  compare.collection = job.collection;
  return data::compare_all(compare, look);
}

}  // namespace quire::migrate
