#include "store/embedded/commands/retry.hpp"

#include <algorithm>
#include <array>

#include "quire/bson/writer.hpp"
#include "store/embedded/commands/arguments.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr Namespace records{"config", "transactions"};
// A record is a document: one that would be too large is kept without its reply.
constexpr std::size_t largest_reply = bson::max_document_bytes - 1024;

constexpr auto retryable = std::to_array<std::string_view>(
    {"bulkWrite", "delete", "findAndModify", "findandmodify", "insert", "update"});
static_assert(std::ranges::is_sorted(retryable));

bson::Value uuid_of(const std::string& key) {
  bson::Binary bytes;
  bytes.bytes.assign(key.begin(), key.end());
  bytes.subtype = bson::BinarySubtype::uuid;
  return bson::Value(std::move(bytes));
}

bson::Document id_filter(const std::string& key) {
  bson::Writer out;
  out.begin_document("_id").append("id", uuid_of(key)).end();
  return out.finish();
}

bool has_records(Store& store) {
  auto* own = dynamic_cast<EmbeddedStore*>(&store);
  if (own == nullptr) return false;
  const ReadScope scope(own->file(), nullptr);
  return scope.find(records) != nullptr;
}

void put_record(Store& store, Session& session, const std::string& key, bson::Writer& record) {
  const auto filter = id_filter(key);
  const auto replacement = record.finish();
  UpdateOptions options;
  options.session = &session;
  options.upsert = true;
  (void)store.update(records, filter, UpdateSpec{replacement, false}, options);
}

bson::Writer begin_record(const std::string& key, std::int64_t number) {
  bson::Writer record;
  record.append_all(id_filter(key));
  record.append("txnNum", number).append("lastWriteDate", now());
  return record;
}

bool is_flag(bson::View entry, std::string_view name) {
  const auto value = entry.find(name);
  return value && truthy(*value);
}

}  // namespace

bool is_retryable_command(std::string_view name) noexcept {
  return std::ranges::binary_search(retryable, name);
}

void check_retryable_statements(bson::View command) {
  for (const auto* list : {"updates", "deletes", "ops"}) {
    const auto entries = command.find(list);
    if (!entries || !entries->is_array()) continue;
    for (const auto& entry : entries->as_array()) {
      if (!entry.value.is_document()) continue;
      const auto one = entry.value.as_document();
      if (is_flag(one, "multi"))
        fail(code::invalid_options, "Cannot use (or request) retryable writes with multi=true");
      const auto limit = one.find("limit");
      if (std::string_view(list) == "deletes" && limit && limit->is_number() && !truthy(*limit))
        fail(code::invalid_options, "Cannot use (or request) retryable writes with limit=0");
    }
  }
}

void load_session(Store& store, NamedSession& named, const std::string& key) {
  if (named.loaded) return;
  if (has_records(store)) {
    (void)store.find_one(records, id_filter(key), {}, [&](bson::View record) {
      const auto number = record.find("txnNum");
      if (!number || number->type() != bson::Type::int64) return;
      named.transaction = number->as_int64();
      if (record.contains("state")) {
        named.state = NamedSession::State::committed;
        return;
      }
      named.state = NamedSession::State::written;
      const auto reply = record.find("reply");
      if (reply && reply->is_document()) named.reply = bson::Document(reply->as_document());
    });
  }
  named.loaded = true;
}

void record_write(Store& store, Session& session, const std::string& key, std::int64_t number,
                  bson::View reply) {
  auto record = begin_record(key, number);
  if (reply.size() <= largest_reply) record.append("reply", reply);
  put_record(store, session, key, record);
}

void record_commit(Store& store, Session& session, const std::string& key, std::int64_t number) {
  auto record = begin_record(key, number);
  record.append("state", "committed");
  put_record(store, session, key, record);
}

void forget_records(Store& store, const std::vector<std::string>& keys) {
  const auto* own = dynamic_cast<EmbeddedStore*>(&store);
  if (own == nullptr || own->file()->read_only() || keys.empty() || !has_records(store)) return;
  bson::Writer filter;
  filter.begin_document("_id").begin_array("$in");
  for (const auto& key : keys) filter.push_document_begin().append("id", uuid_of(key)).end();
  filter.end().end();
  RemoveOptions options;
  options.multi = true;
  (void)store.remove(records, filter.finish(), options);
}

void forget_records(Store& store, std::chrono::minutes age) {
  const auto* own = dynamic_cast<EmbeddedStore*>(&store);
  if (own == nullptr || own->file()->read_only() || !has_records(store)) return;
  bson::Writer filter;
  filter.begin_document("lastWriteDate").append("$lt", now() - age).end();
  RemoveOptions options;
  options.multi = true;
  const auto found = filter.finish();
  // Most often there is nothing to do, which needs no writer.
  if (!store.find_one(records, found, {}, [](bson::View) {})) return;
  (void)store.remove(records, found, options);
}

}  // namespace quire::store::embedded::commands
