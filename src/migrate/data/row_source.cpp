#include "migrate/data/row_source.hpp"

#include "core/sha256.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

/// What tells a collection from another one of its name that was made later.
std::string fingerprint(const Database& db, const std::string& collection) {
  bson::Writer command;
  command.append("listCollections", std::int32_t{1})
      .begin_document("filter")
      .append("name", collection)
      .end();
  const bson::Document reply = db.store().run_command(db.name(), command.finish(), nullptr);
  const auto cursor = reply.find("cursor");
  if (!cursor || !cursor->is_document()) return {};
  const auto batch = cursor->as_document().find("firstBatch");
  if (!batch || !batch->is_array()) return {};
  for (const auto& one : batch->as_array()) {
    if (!one.value.is_document()) continue;
    bson::Writer w;
    w.append("type", get_text(one.value.as_document(), "type"));
    if (const auto info = one.value.as_document().find("info"); info && info->is_document()) {
      if (const auto uuid = info->as_document().find("uuid")) w.append("uuid", *uuid);
    }
    const bson::Document all = w.finish();
    return sha256_hex({all.view().data(), all.view().size()}).substr(0, 32);
  }
  return {};
}

class CollectionSide final : public RowSide {
 public:
  CollectionSide(Database db, const std::string& collection, bson::View filter,
                 const detail::StagedMap& map)
      : db_(std::move(db)),
        collection_(collection),
        filter_(filter),
        map_(map),
        range_(db_, collection, filter) {}

  Batch read(const KeyBounds& bounds, std::int64_t /*inside*/, std::int64_t rows,
             std::size_t bytes) override {
    auto batch = range_.read(bounds, rows, bytes);
    return {map_rows(std::move(batch.documents), map_), batch.end};
  }
  bool each(const KeyBounds& bounds, FunctionRef<bool(const ExpectedRow&)> fn) override {
    return range_.each(bounds, [&](bson::View document) { return give(document, fn); });
  }
  bool scan(FunctionRef<bool(const ExpectedRow&)> fn) override {
    const auto cursor = db_.store().find(db_.ns(collection_), filter_, safe<store::FindOptions>());
    while (const auto document = cursor->next()) {
      if (!give(*document, fn)) return false;
    }
    return true;
  }
  std::optional<bson::Value> key_at(const KeyBounds& bounds, std::int64_t distance) override {
    return range_.key_at(bounds, distance);
  }
  std::int64_t count(const KeyBounds& bounds) override { return range_.count(bounds); }
  std::vector<Row> find(const std::vector<bson::Value>& keys) override {
    return map_rows(find_keys(db_, collection_, keys, nullptr, {}, filter_), map_);
  }

 private:
  bool give(bson::View document, FunctionRef<bool(const ExpectedRow&)> fn) const {
    if (!map_) return fn({document["_id"], document});
    Row row;
    row.source = bson::Document(document);
    map_row(row, map_);
    ExpectedRow expected{row.key(), std::nullopt};
    if (row.mapped && !row.failure) expected.document = row.mapped->view();
    return fn(expected);
  }

  Database db_;
  const std::string& collection_;
  bson::View filter_;
  const detail::StagedMap& map_;
  KeyRange range_;
};

}  // namespace

bson::Document CollectionSource::identity() {
  bson::Writer w;
  w.append("kind", db_.store().kind())
      .append("database", db_.name())
      .append("collection", collection_)
      .append("fingerprint", fingerprint(db_, collection_));
  return w.finish();
}

std::unique_ptr<RowSide> CollectionSource::open() {
  return std::make_unique<CollectionSide>(db_, collection_, filter_, map_);
}

RowSource::Size CollectionSource::size() {
  if (filter_.empty()) return {db_.store().estimated_count(db_.ns(collection_)), false};
  return {KeyRange(db_, collection_, filter_).count({}), true};
}

}  // namespace quire::migrate::data
