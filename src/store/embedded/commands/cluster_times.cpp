#include "store/embedded/commands/cluster_times.hpp"

#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "store/embedded/commands/reply.hpp"
#include "store/embedded/commands/sessions.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr std::int64_t most_seconds_ahead = 31'536'000;  // maxAcceptableLogicalClockDriftSecs

std::string text_of(bson::Timestamp time) {
  return "{ ts: Timestamp(" + std::to_string(time.seconds) + ", " + std::to_string(time.increment) +
         ") }";
}

std::string text_of(std::int64_t time) { return text_of(to_timestamp(time)); }

/// The document with further fields at its end, without a copy of those that it has: a reply may
/// be 16 MiB.
bson::Document append_fields(bson::Document document, bson::View more) {
  if (document.empty()) return bson::Document(more);
  bson::Buffer bytes = document.release();
  bytes.resize_down(bytes.size() - 1);
  bytes.append(more.data() + sizeof(std::int32_t), more.size() - sizeof(std::int32_t));
  const auto size = static_cast<std::int32_t>(bytes.size());
  std::memcpy(bytes.data(), &size, sizeof size);
  return bson::Document(std::move(bytes));
}

}  // namespace

void receive_cluster_time(ClusterClock& clock, bson::View command) {
  constexpr auto rules = std::to_array<Rule>({
      {"clusterTime", Takes::timestamp, true, false},
      {"signature", Takes::document},
  });
  const auto given = command.find("$clusterTime");
  if (!given) return;
  if (!given->is_document())
    fail(code::type_mismatch,
         "$clusterTime must be a document, not " + std::string(bson::type_name(given->type())));
  const Arguments arguments(given->as_document(), rules, "$clusterTime");
  const auto time = arguments.get("clusterTime")->as_timestamp();
  const auto wall =
      std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
  if (static_cast<std::int64_t>(time.seconds) > wall + most_seconds_ahead)
    fail(code::cluster_time_fails_rate_limiter,
         "New cluster time, " + std::to_string(time.seconds) +
             ", is too far from this node's wall clock time, " + std::to_string(wall) + ".");
  clock.advance(to_log_time(time));
}

void check_after_cluster_time(ClusterClock& clock, const CommonArguments& common) {
  if (!common.after_cluster_time) return;
  const auto current = clock.now();
  if (to_log_time(*common.after_cluster_time) <= current) return;
  fail(code::invalid_options,
       "readConcern afterClusterTime value must not be greater than the current clusterTime. "
       "Requested clusterTime: " +
           text_of(*common.after_cluster_time) + "; current clusterTime: " + text_of(current));
}

bson::Document with_cluster_times(bson::Document reply, const CommandTime& time) {
  static constexpr std::size_t hash_bytes = 20;  // of SHA-1; zeros where nobody signs
  bson::Binary hash;
  hash.bytes.assign(hash_bytes, 0);
  bson::Writer out;
  out.begin_document("$clusterTime")
      .append("clusterTime", bson::Value(to_timestamp(time.clock().now())))
      .begin_document("signature")
      .append("hash", bson::Value(std::move(hash)))
      .append("keyId", std::int64_t{0})
      .end()
      .end();
  out.append("operationTime", bson::Value(to_timestamp(time.operation_time())));
  return append_fields(std::move(reply), out.finish_view());
}

bson::Document with_snapshot_time(bson::View reply, std::int64_t time) {
  const bson::Value at(to_timestamp(time));
  bson::Writer out;
  bool told = false;
  for (const auto& field : reply) {
    if (field.key == "cursor" && field.value.is_document()) {
      out.begin_document("cursor")
          .append_all(field.value.as_document())
          .append("atClusterTime", at);
      out.end();
      told = true;
    } else {
      if (field.key == "ok" && !told) out.append("atClusterTime", at);
      out.append_raw(field);
    }
  }
  return out.finish();
}

void append_concern_error(bson::Writer& reply, const CommonArguments& common) {
  const int number = common.unmet_concern;
  if (number == 0) return;
  const auto w = common.write_concern.find("w");
  std::string text = "Not enough data-bearing nodes";
  if (number == code::unknown_write_concern)
    text = "No write concern mode named '" +
           std::string(w && w->is_string() ? w->as_string() : std::string_view()) +
           "' found in replica set configuration";
  if (number == code::no_such_key)
    text = "no member of the replica set has the tags that writeConcern.w names";
  reply.begin_document("writeConcernError")
      .append("code", std::int32_t{number})
      .append("codeName", code_name(number))
      .append("errmsg", text)
      .begin_document("errInfo")
      .begin_document("writeConcern");
  if (w) reply.append("w", *w);
  const auto timeout = common.write_concern.find("wtimeout");
  reply
      .append("wtimeout", static_cast<std::int32_t>(
                              timeout && timeout->is_number() ? rough_integer(*timeout) : 0))
      .append("provenance", "clientSupplied")
      .end()
      .end()
      .end();
}

}  // namespace quire::store::embedded::commands
