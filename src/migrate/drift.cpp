#include "quire/migrate/drift.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "collection/same_value.hpp"
#include "migrate/drift_shape.hpp"
#include "quire/bson/writer.hpp"
#include "quire/collection/detail/core.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using bson::Type;
using bson::ValueView;
using bson::View;
using collection_detail::Core;

/// Findings of different kinds that are kept for one collection.
constexpr std::size_t most_findings = 1000;

std::string_view name_of(View index) {
  const auto name = index.find("name");
  return name && name->is_string() ? name->as_string() : std::string_view{};
}

using Models = std::vector<const ModelInfo*>;

std::map<std::string, Models> by_collection(std::span<const ModelInfo* const> models) {
  std::map<std::string, Models> out;
  for (const ModelInfo* model : models) {
    if (model == nullptr) continue;
    if (model->collection.empty() || model->list_fields == nullptr) {
      throw ModelError(ErrorCode::invalid_model,
                       "find_drift: the model of \"" + model->type +
                           "\" names no collection, so there is nothing to compare it with; give "
                           "it one with quire::model<" +
                           model->type + ">(\"…\")");
    }
    auto& list = out[model->collection];
    if (std::find(list.begin(), list.end(), model) == list.end()) list.push_back(model);
  }
  return out;
}

/// Why a collection is none of find_drift's business; empty when it is.
std::string reason_to_leave(const std::string& name, const store::CollectionInfo* info,
                            const DriftOptions& options) {
  if (name.starts_with("_quire_")) return "quire's own";
  if (name.starts_with("system.")) return "the server's own";
  if (info != nullptr) {
    // Some servers tell it in the options alone.
    if (info->type == "view" || info->options.contains("viewOn")) return "a view";
    if (info->type == "timeseries" || info->options.contains("timeseries")) return "a time series";
  }
  if (std::find(options.ignore.begin(), options.ignore.end(), name) != options.ignore.end())
    return "ignored";
  return {};
}

// ---- indexes

void compare_indexes(const Database& db, const Models& models, CollectionDrift& out) {
  std::set<std::string> declared;  // by the name that the index has in the collection
  std::vector<IndexDrift> undeclared;
  for (const ModelInfo* model : models) {
    SyncOptions only_look;
    only_look.apply = false;
    const auto plan = Core(db, out.collection, *model).sync_indexes(only_look);
    for (const auto& item : plan.items) {
      IndexDrift drift{IndexDrift::Kind::missing, item.name, item.wanted, item.present,
                       item.reason};
      switch (item.action) {
        case IndexPlan::Action::keep:
          declared.insert(std::string(name_of(item.present)));
          continue;
        case IndexPlan::Action::replace:
          declared.insert(std::string(name_of(item.present)));
          drift.kind = IndexDrift::Kind::differs;
          break;
        case IndexPlan::Action::create:
          break;
        case IndexPlan::Action::drop:
        case IndexPlan::Action::leave:
          drift.kind = IndexDrift::Kind::undeclared;
          undeclared.push_back(std::move(drift));
          continue;
      }
      const bool twice =
          std::any_of(out.indexes.begin(), out.indexes.end(), [&](const IndexDrift& other) {
            return other.kind == drift.kind && other.name == drift.name;
          });
      if (!twice) out.indexes.push_back(std::move(drift));
    }
  }
  for (auto& drift : undeclared) {
    if (declared.insert(drift.name).second) out.indexes.push_back(std::move(drift));
  }
}

// ---- options

bool covers(ValueView wanted, ValueView present) {
  if (!wanted.is_document() || !present.is_document())
    return collection_detail::same_value(wanted, present);
  for (const auto& field : wanted.as_document()) {
    const auto other = present.as_document().find(field.key);
    if (!other || !covers(field.value, *other)) return false;
  }
  return true;
}

std::optional<double> number(ValueView value) {
  if (value.type() == Type::int32) return value.as_int32();
  if (value.type() == Type::int64) return static_cast<double>(value.as_int64());
  if (value.type() == Type::double_) return value.as_double();
  return std::nullopt;
}

/// A server rounds the size of a capped collection up to 256 bytes, and to 4096 at least.
bool same_size(ValueView wanted, ValueView present) {
  const auto a = number(wanted), b = number(present);
  return a && b && *b >= *a && (*b - *a < 256 || *b == 4096);
}

bool is_default(ValueView value) {
  if (value.type() == Type::boolean) return !value.as_bool();
  if (!value.is_document()) return false;
  const auto enabled = value.as_document().find("enabled");  // of pre- and post-images
  return enabled && enabled->type() == Type::boolean && !enabled->as_bool();
}

void compare_options(View wanted, View present, CollectionDrift& out) {
  static constexpr std::string_view of_validators[] = {"validator", "validationLevel",
                                                       "validationAction"};
  // What else listCollections tells is the server's own: uuid, flags, idIndex.
  static constexpr std::string_view kept[] = {"capped",
                                              "size",
                                              "max",
                                              "collation",
                                              "clusteredIndex",
                                              "changeStreamPreAndPostImages",
                                              "expireAfterSeconds"};
  for (const auto& option : wanted) {
    if (std::find(std::begin(of_validators), std::end(of_validators), option.key) !=
        std::end(of_validators))
      continue;
    const auto other = present.find(option.key);
    if (other ? covers(option.value, *other) ||
                    (option.key == "size" && same_size(option.value, *other))
              : is_default(option.value))
      continue;
    OptionDrift drift{std::string(option.key), bson::Value(option.value), std::nullopt};
    if (other) drift.present = bson::Value(*other);
    out.options.push_back(std::move(drift));
  }
  for (const auto& option : present) {
    if (std::find(std::begin(kept), std::end(kept), option.key) == std::end(kept) ||
        wanted.contains(option.key) || is_default(option.value))
      continue;
    out.options.push_back({std::string(option.key), std::nullopt, bson::Value(option.value)});
  }
}

/// In sync where it is what one of the models says.
void compare_validator(const Database& db, const Models& models, const DriftOptions& options,
                       View present, CollectionDrift& out) {
  const auto there = present.find("validator");
  const bool has = there && there->is_document() && !there->as_document().empty();
  if (options.validators == CompareValidators::none ||
      (!has && options.validators == CompareValidators::present))
    return;
  SyncSchemaOptions only_look = options.schema;
  only_look.apply = false;
  only_look.check_existing = false;
  std::optional<SchemaPlan> first;
  for (const ModelInfo* model : models) {
    auto plan = collection_detail::sync_schema(Core(db, out.collection, *model), only_look);
    if (plan.in_sync()) return;
    if (!first) first = std::move(plan);
  }
  out.validator = std::move(first);
}

// ---- documents

/// What was found in documents, each kind once.
class Tally {
 public:
  explicit Tally(std::vector<Shape> shapes) : shapes_(std::move(shapes)) {}

  void look_at(View document) {
    ++read_;
    std::vector<ShapeFinding> best;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      std::vector<ShapeFinding> found;
      compare_document(shapes_[i], document, found);
      if (i == 0 || found.size() < best.size()) best = std::move(found);
      if (best.empty()) break;
    }
    for (auto& one : best) {
      // Of an unknown field the type says nothing that a count of its own would be worth.
      const bool typed = one.kind == ShapeFinding::Kind::type;
      Key key{one.kind, std::move(one.path), typed ? one.found : std::string()};
      if (auto* entry = entry_of(findings_, std::move(key), document)) {
        if (entry->text.empty())
          entry->text = one.kind == ShapeFinding::Kind::unknown ? one.found : one.wanted;
      }
    }
  }
  void look_at_version(View document, const std::set<std::int64_t>& wanted) {
    std::optional<std::int64_t> version;
    if (const auto found = document.find("_v")) {
      if (found->type() == Type::int32) version = found->as_int32();
      if (found->type() == Type::int64) version = found->as_int64();
      if (found->type() == Type::double_ && found->as_double() >= -1e15 &&
          found->as_double() <= 1e15)
        version = static_cast<std::int64_t>(found->as_double());
    }
    if (!version || !wanted.contains(*version)) (void)entry_of(versions_, version, document);
  }

  void put(const Models& models, CollectionDrift& out) const {
    out.read = read_;
    out.not_listed = not_listed_;
    for (const auto& [key, entry] : findings_) {
      const auto& [kind, path, found] = key;
      if (kind == ShapeFinding::Kind::type) {
        out.types.push_back({path, found, entry.text, entry.documents, entry.example});
        continue;
      }
      FieldDrift field{path, entry.text, entry.documents, entry.example};
      if (kind == ShapeFinding::Kind::unknown) {
        out.unknown.push_back(std::move(field));
        continue;
      }
      for (const ModelInfo* model : models) {
        if (!field.empty_value) field.empty_value = empty_value_of(*model, path);
      }
      out.absent.push_back(std::move(field));
    }
    for (const auto& [version, entry] : versions_)
      out.versions.push_back({version, entry.documents, entry.example});
  }

 private:
  struct Entry {
    std::int64_t documents = 0;
    std::int64_t last = 0;  ///< the document that was counted last
    bson::Value example = {};
    std::string text = {};
  };
  using Key = std::tuple<ShapeFinding::Kind, std::string, std::string>;

  /// Null when there are too many kinds already.
  template <class K>
  Entry* entry_of(std::map<K, Entry>& map, K key, View document) {
    auto at = map.find(key);
    if (at == map.end()) {
      if (map.size() >= most_findings) return ++not_listed_, nullptr;
      at = map.emplace(std::move(key), Entry{}).first;
      if (const auto id = document.find("_id")) at->second.example = bson::Value(*id);
    }
    Entry& entry = at->second;
    if (entry.last != read_) ++entry.documents;
    entry.last = read_;
    return &entry;
  }

  std::vector<Shape> shapes_;
  std::map<Key, Entry> findings_;
  std::map<std::optional<std::int64_t>, Entry> versions_;
  std::int64_t read_ = 0;
  std::int64_t not_listed_ = 0;
};

std::unique_ptr<store::Cursor> open_sample(const Database& db, const CollectionDrift& out,
                                           std::int64_t size) {
  if (out.all_read) return db.store().find(db.ns(out.collection), {}, {});
  bson::Writer stages;
  stages.push_document_begin().begin_document("$sample").append("size", size).end().end();
  const bson::Document pipeline = stages.finish();
  return db.store().aggregate(db.ns(out.collection), pipeline, {});
}

void compare_documents(const Database& db, const Models& models, const DriftOptions& options,
                       CollectionDrift& out) {
  out.documents = db.store().estimated_count(db.ns(out.collection));
  out.all_read = options.full || out.documents <= options.sample;
  if (!options.full && options.sample <= 0) {
    out.all_read = out.documents == 0;
    return;
  }
  std::vector<Shape> shapes;
  std::set<std::int64_t> versions;
  for (const ModelInfo* model : models) {
    shapes.push_back(shape_of(*model));
    versions.insert(model->version);
  }
  Tally tally(std::move(shapes));
  const auto cursor = open_sample(db, out, options.sample);
  while (const auto document = cursor->next()) {
    tally.look_at(*document);
    if (!versions.contains(0)) tally.look_at_version(*document, versions);
  }
  tally.put(models, out);
}

}  // namespace

std::size_t CollectionDrift::differences() const noexcept {
  return (exists ? 0U : 1U) + indexes.size() + options.size() + (validator ? 1U : 0U) +
         types.size() + unknown.size() + absent.size() + versions.size();
}

std::size_t ModelDrift::differences() const noexcept {
  std::size_t sum = without_model.size();
  for (const auto& one : collections) sum += one.differences();
  return sum;
}

ModelDrift find_drift(const Database& db, std::span<const ModelInfo* const> models,
                      const DriftOptions& options) {
  if (options.sample < 0) {
    throw StoreError(ErrorCode::invalid_argument, FieldPath("sample"),
                     "find_drift: the sample is a number of documents, 0 or more");
  }
  const auto wanted = by_collection(models);
  ModelDrift drift;
  drift.database = db.name();
  std::map<std::string, store::CollectionInfo> present;
  for (auto& info : db.store().list_collections(db.name())) {
    const std::string name = info.name;
    present.emplace(name, std::move(info));
  }
  DriftOptions asked = options;
  if (asked.validators != CompareValidators::none && !db.capabilities().json_schema) {
    asked.validators = CompareValidators::none;
    drift.notes.emplace_back("validators were not compared: this store has none");
  }
  for (const auto& [name, info] : present) {
    if (auto reason = reason_to_leave(name, &info, options); !reason.empty())
      drift.left_alone.emplace_back(name, std::move(reason));
    else if (!wanted.contains(name))
      drift.without_model.push_back(name);
  }
  for (const auto& [name, list] : wanted) {
    const auto there = present.find(name);
    const bool exists = there != present.end();
    if (!reason_to_leave(name, exists ? &there->second : nullptr, options).empty()) continue;
    CollectionDrift one;
    one.collection = name;
    one.exists = exists;
    for (const ModelInfo* model : list) {
      one.models.push_back(model->type);
      if (model->version > one.model_version) one.model_version = model->version;
    }
    View declared;  // of the first model that says any
    for (const ModelInfo* model : list) {
      if (declared.empty()) declared = model->collection_options;
    }
    const auto capped = (exists ? View(there->second.options) : declared).find("capped");
    one.capped = capped && !is_default(*capped);
    compare_indexes(db, list, one);
    if (exists) {
      compare_options(declared, there->second.options, one);
      compare_documents(db, list, options, one);
    } else {
      one.declared_options = bson::Document(declared);
    }
    compare_validator(db, list, asked, exists ? View(there->second.options) : View{}, one);
    drift.collections.push_back(std::move(one));
  }
  return drift;
}

}  // namespace quire::migrate
