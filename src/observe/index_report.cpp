#include "quire/observe/index_report.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "observe/service.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/collection/detail/core.hpp"
#include "quire/core/error.hpp"

namespace quire::observe {

using bson::Document;
using bson::View;

namespace {

std::string name_of(View index) {
  const auto name = index.find("name");
  return name && name->is_string() ? std::string(name->as_string()) : std::string();
}
Document keys_of(View index) {
  const auto key = index.find("key");
  return key && key->is_document() ? Document(key->as_document()) : Document();
}
bool constrains(View index) {
  const auto unique = index.find("unique");
  return name_of(index) == "_id_" || index.contains("expireAfterSeconds") ||
         (unique && unique->type() == bson::Type::boolean && unique->as_bool());
}

/// Asks for $indexStats until a server says that it has none. The embedded store has the stage, but
/// counts no uses: its zeros say nothing of an index.
class Statistics {
 public:
  explicit Statistics(const Database& db) : db_(db), there_(db.store().kind() != "embedded") {}

  std::map<std::string, std::int64_t> of(const std::string& collection) {
    std::map<std::string, std::int64_t> out;
    if (!there_) return out;
    bson::Writer stage;
    stage.begin_document("$indexStats").end();
    const Document stats = stage.finish();
    bson::Writer stages;
    stages.push(stats.view());
    const Document pipeline = stages.finish();
    try {
      const auto cursor = db_.store().aggregate(db_.ns(collection), pipeline, {});
      while (const auto row = cursor->next()) {
        const auto accesses = row->find("accesses");
        if (!accesses || !accesses->is_document()) continue;
        const auto n = accesses->as_document().find("ops");
        if (!n) continue;
        if (n->type() == bson::Type::int64)
          out[name_of(*row)] = n->as_int64();
        else if (n->type() == bson::Type::int32)
          out[name_of(*row)] = n->as_int32();
      }
    } catch (const StoreError& error) {
      if (error.code() != ErrorCode::unsupported && error.code() != ErrorCode::command_failed &&
          error.code() != ErrorCode::unauthorized && error.code() != ErrorCode::invalid_query &&
          error.code() != ErrorCode::namespace_not_found)
        throw;
      there_ = error.code() == ErrorCode::namespace_not_found;
    }
    return out;
  }

 private:
  const Database& db_;
  bool there_;
};

/// The indexes of one collection, present and wished for.
struct Shelf {
  std::vector<Document> present;
  std::vector<Document> missing;
};

struct Best {
  Served served;
  std::string name;
};
Best best_of(const std::vector<Document>& indexes, const QueryNeeds& needs,
             const std::vector<SortField>& sort) {
  Best best;
  for (const auto& index : indexes) {
    const Served served = served_by(index, needs, sort);
    if (served > best.served) best = {served, name_of(index)};
  }
  return best;
}

void add_once(std::vector<std::string>& list, std::string name) {
  if (!name.empty() && std::find(list.begin(), list.end(), name) == list.end())
    list.push_back(std::move(name));
}

void propose(QueryUse& out, const QueryNeeds& needs, const Shelf& shelf) {
  const auto& sort = out.shape.sort;
  if (const Best wish = best_of(shelf.missing, needs, sort);
      wish.served.service == Service::fully) {
    return add_once(out.declared, wish.name);
  }
  Document keys = keys_for(needs, sort);
  if (!keys.empty()) out.proposals.push_back(std::move(keys));
}

QueryUse look_at(QueryShape shape, const Shelf& shelf) {
  QueryUse out;
  out.shape = std::move(shape);
  const auto& needs = out.shape.needs;
  const auto& sort = out.shape.sort;
  out.reads_all = needs.empty() && out.shape.any_of.empty() && sort.empty();
  if (out.reads_all) return out;
  const Best whole = best_of(shelf.present, needs, sort);
  out.service = whole.served.service;
  add_once(out.indexes, whole.name);
  if (out.service == Service::fully) return out;
  if (out.shape.any_of.empty()) {
    propose(out, needs, shelf);
    return out;
  }
  // Each clause by an index of its own.
  Service least = Service::fully;
  std::vector<std::string> names;
  for (const auto& clause : out.shape.any_of) {
    const Best best = best_of(shelf.present, clause, sort);
    least = std::min(least, best.served.service);
    add_once(names, best.name);
    if (best.served.service != Service::fully) propose(out, clause, shelf);
  }
  if (least > out.service) {
    out.service = least;
    out.indexes = std::move(names);
  }
  return out;
}

IndexUse describe(const std::string& collection, View index, IndexState state) {
  IndexUse out;
  out.collection = collection;
  out.name = name_of(index);
  out.keys = keys_of(index);
  out.state = state;
  out.constrains = constrains(index);
  return out;
}

/// All indexes of a collection, and what the models say of them.
std::vector<IndexUse> list(const Database& db, const std::string& collection,
                           std::span<const ModelInfo* const> models, Shelf& shelf) {
  shelf.present = db.store().list_indexes(db.ns(collection));
  std::vector<IndexUse> out;
  for (const auto& index : shelf.present)
    out.push_back(describe(collection, index, IndexState::undeclared));
  const auto present = [&](const std::string& name) {
    return std::find_if(out.begin(), out.end(), [&](const auto& one) { return one.name == name; });
  };
  for (const ModelInfo* model : models) {
    if (model == nullptr || model->collection != collection) continue;
    SyncOptions only_look;
    only_look.apply = false;
    const auto plan = collection_detail::Core(db, collection, *model).sync_indexes(only_look);
    for (const auto& item : plan.items) {
      if (item.action == IndexPlan::Action::create) {
        if (present(item.name) != out.end()) continue;
        out.push_back(describe(collection, item.wanted, IndexState::missing));
        shelf.missing.push_back(item.wanted);
      } else if (item.action == IndexPlan::Action::keep ||
                 item.action == IndexPlan::Action::replace) {
        const auto there = present(name_of(item.present));
        if (there == out.end()) continue;
        const bool same = item.action == IndexPlan::Action::keep;
        there->state = same ? IndexState::in_place : IndexState::differs;
        there->difference = item.reason;
      }
    }
  }
  return out;
}

bool begins(View shorter, View longer) {
  auto at = longer.begin();
  for (const auto& field : shorter) {
    if (at == longer.end() || at->key != field.key ||
        bson::to_json(at->value) != bson::to_json(field.value))
      return false;
    ++at;
  }
  return true;
}

}  // namespace

IndexReport analyze_indexes(const Database& db, std::span<const ModelInfo* const> models,
                            const QueryLog& log) {
  IndexReport out;
  out.database = db.name();
  auto shapes = log.shapes(db.name());  // before this very analysis adds to it
  out.queries_left_out = log.left_out();
  std::set<std::string> collections;
  for (const ModelInfo* model : models) {
    if (model != nullptr && !model->collection.empty()) collections.insert(model->collection);
  }
  for (const auto& shape : shapes) collections.insert(shape.collection);
  Statistics statistics(db);
  for (const auto& collection : collections) {
    Shelf shelf;
    auto indexes = list(db, collection, models, shelf);
    const auto accesses = statistics.of(collection);
    for (auto& index : indexes) {
      if (const auto found = accesses.find(index.name);
          found != accesses.end() && index.state != IndexState::missing)
        index.accesses = found->second;
    }
    for (auto& shape : shapes) {
      if (shape.collection != collection) continue;
      auto query = look_at(shape, shelf);
      for (auto& index : indexes) {
        if (index.state != IndexState::missing &&
            std::find(query.indexes.begin(), query.indexes.end(), index.name) !=
                query.indexes.end())
          index.used += query.shape.count;
      }
      out.queries.push_back(std::move(query));
    }
    std::move(indexes.begin(), indexes.end(), std::back_inserter(out.indexes));
  }
  return out;
}

std::vector<IndexUse> IndexReport::missing() const {
  std::vector<IndexUse> out;
  std::copy_if(indexes.begin(), indexes.end(), std::back_inserter(out),
               [](const auto& index) { return index.state == IndexState::missing; });
  return out;
}

std::vector<IndexUse> IndexReport::unused() const {
  std::vector<IndexUse> out;
  std::copy_if(indexes.begin(), indexes.end(), std::back_inserter(out),
               [](const auto& index) { return index.unused(); });
  return out;
}

std::vector<IndexProposal> IndexReport::proposals() const {
  std::vector<IndexProposal> out;
  for (const auto& query : queries) {
    for (const auto& keys : query.proposals) {
      bool in = false;
      for (auto& there : out) {
        if (there.collection != query.shape.collection) continue;
        const bool shorter = begins(keys, there.keys);
        if (!shorter && !begins(there.keys, keys)) continue;
        if (!shorter) there.keys = keys;
        there.queries += query.shape.count;
        there.total += query.shape.total;
        in = true;
        break;
      }
      if (!in) out.push_back({query.shape.collection, keys, query.shape.count, query.shape.total});
    }
  }
  return out;
}

}  // namespace quire::observe
