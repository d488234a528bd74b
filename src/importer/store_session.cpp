#include "importer/store_session.hpp"

#include <algorithm>
#include <unordered_set>

#include "importer/document_cells.hpp"
#include "migrate/key_bounds.hpp"
#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

[[noreturn]] void refuse(const RowQuery& query, const std::string& why) {
  throw ImportError(ErrorCode::invalid_mapping, "table \"" + query.table + "\": " + why);
}

[[noreturn]] void fail(const RowQuery& query, const Error& error) {
  throw ImportError(ErrorCode::source_failed, "table \"" + query.table + "\": " + error.what(),
                    error.backend_code());
}

void check(const RowQuery& query) {
  if (query.owner)
    refuse(query, "documents of a store do not come below those of \"" + query.owner->table +
                      "\"; import both, and refer from one to the other");
  if (!query.key.empty() && query.key != std::vector<std::string>{"_id"})
    refuse(query, "documents of a store are told by _id alone; leave `key` out");
  if (!query.order.empty())
    refuse(query, "documents of a store are read by _id, not by " + query.order[0].column);
}

bson::Document both(bson::View a, bson::View b) {
  if (a.empty()) return bson::Document(b);
  if (b.empty()) return bson::Document(a);
  bson::Writer w;
  w.begin_array("$and").push(a).push(b).end();
  return w.finish();
}

/// Filters that find the rows one after the other, in the order of _id.
std::vector<bson::Document> filters_of(const RowQuery& query) {
  check(query);
  bson::Document where;
  if (!query.where.empty()) {
    try {
      where = bson::from_json(query.where);
    } catch (const Error& error) {
      refuse(query, std::string("`where` is a filter as JSON: ") + error.what());
    }
  }
  if (!query.keys.empty()) {
    bson::Writer w;
    w.begin_document("_id").begin_array("$in");
    for (const bson::Value& key : query.keys) w.push(key);
    w.end().end();
    where = both(w.finish(), where);
  }
  std::vector<bson::Document> out;
  for (const bson::Document& bounds : migrate::key_filters({query.after, query.until}))
    out.push_back(both(bounds, where));
  return out;
}

class StoreReader final : public RowReader {
 public:
  StoreReader(StoreSource& source, const RowQuery& query)
      : source_(source),
        query_(query),
        filters_(filters_of(query)),
        cells_(query.columns.size()),
        values_({}) {
    const Table& table = source.schema().at(query.table);
    for (const Column& column : table.columns) known_.insert(column.name);
    std::vector<std::pair<std::string, std::size_t>> fields;
    for (std::size_t i = 0; i < query.columns.size(); ++i) {
      fields.emplace_back(table.at(query.columns[i]).name, i);
      if (query.columns[i] == "_id") id_ = i;
    }
    values_ = DocumentCells(std::move(fields));
    query_.keys = {};  // they may not outlive the call
  }

  std::span<const Cell> next() override {
    try {
      if (query_.limit > 0 && given_ == query_.limit) return {};
      const auto document = next_document();
      if (!document) return {};
      ++given_;
      fill(*document);
      return cells_;
    } catch (const StoreError& error) {
      fail(query_, error);
    }
  }

 private:
  std::optional<bson::View> next_document() {
    while (true) {
      if (cursor_) {
        if (const auto document = cursor_->next()) return document;
        cursor_.reset();
      }
      if (filter_ == filters_.size()) return std::nullopt;
      auto options = migrate::safe<store::FindOptions>();
      options.sort = order_;
      cursor_ =
          source_.store().find({source_.database(), query_.table}, filters_[filter_++], options);
    }
  }

  void fill(bson::View document) {
    values_.fill(document, cells_);
    std::string unknown;
    for (const auto& element : document) {
      if (!known_.contains(std::string(element.key))) unknown = element.key;
    }
    if (!unknown.empty()) {
      why_ = "the field \"" + unknown +
             "\" was in no document that was looked at; ?sample=0 looks at all of them";
      for (Cell& cell : cells_) cell = Cell::of_text(Cell::Kind::unreadable, why_);
    }
    // As a key it has to find its document again, of whatever type it is.
    if (id_) cells_[*id_] = id_cell(document);
  }

  Cell id_cell(bson::View document) {
    const auto id = document.find("_id");
    if (!id) return Cell::of_text(Cell::Kind::unreadable, "a document without _id");
    switch (id->type()) {
      case bson::Type::int32:
        return Cell::of_integer(Cell::Kind::int32, id->as_int32());
      case bson::Type::int64:
        return Cell::of_integer(Cell::Kind::int64, id->as_int64());
      case bson::Type::string:
        return Cell::of_text(Cell::Kind::text, id->text());
      case bson::Type::object_id:
        return Cell::of_text(Cell::Kind::object_id,
                             {reinterpret_cast<const char*>(id->data()), id->size()});
      default:
        return values_.as_it_stands(*id);
    }
  }

  StoreSource& source_;
  RowQuery query_;
  std::vector<bson::Document> filters_;
  std::size_t filter_ = 0;
  bson::Document order_ = bson::make_document("_id", std::int32_t{1});
  std::unique_ptr<store::Cursor> cursor_;
  std::vector<Cell> cells_;
  DocumentCells values_;
  std::unordered_set<std::string> known_;
  std::optional<std::size_t> id_;
  std::string why_;
  std::int64_t given_ = 0;
};

}  // namespace

std::unique_ptr<RowReader> StoreSession::read(const RowQuery& query) {
  return std::make_unique<StoreReader>(source_, query);
}

std::int64_t StoreSession::count(const RowQuery& query) {
  try {
    std::int64_t sum = 0;
    for (const bson::Document& filter : filters_of(query)) {
      sum += source_.store().count({source_.database(), query.table}, filter,
                                   migrate::safe<store::CountOptions>());
    }
    return query.limit > 0 ? std::min(sum, query.limit) : sum;
  } catch (const StoreError& error) {
    fail(query, error);
  }
}

std::optional<bson::Value> StoreSession::key_at(const RowQuery& query, std::int64_t distance) {
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  const store::Namespace ns{source_.database(), query.table};
  try {
    for (const bson::Document& filter : filters_of(query)) {
      auto options = migrate::safe<store::FindOptions>();
      options.sort = order;
      options.projection = order;  // _id only, from the index
      options.skip = distance - 1;
      options.limit = 1;
      std::optional<bson::Value> key;
      source_.store().find_one(ns, filter, options,
                               [&](bson::View document) { key.emplace(document["_id"]); });
      if (key) return key;
      distance -= source_.store().count(ns, filter, migrate::safe<store::CountOptions>());
      if (distance < 1) return std::nullopt;
    }
  } catch (const StoreError& error) {
    fail(query, error);
  }
  return std::nullopt;
}

}  // namespace quire::importer
