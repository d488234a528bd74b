#include "store/embedded/commands/find_keys.hpp"

#include <algorithm>

#include "quire/bson/writer.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/storage/execution.hpp"

namespace quire::store::embedded::commands {
namespace {

const std::vector<IndexField>& id_fields() {
  static const std::vector<IndexField> fields{{"_id"}};
  return fields;
}

/// The fields of the index that the hint names. Throws 2.
const std::vector<IndexField>& hinted_fields(const CollectionMeta& meta,
                                             const FindOptions& options) {
  if (options.hint_name == "_id_" ||
      (options.hint.count() == 1 && options.hint.begin()->key == "_id"))
    return id_fields();
  for (const auto& index : meta.indexes) {
    const bool hit = options.hint.empty() ? index->spec.name == options.hint_name
                                          : same_key_pattern(index->spec.key, options.hint);
    if (hit) return index->spec.fields;
  }
  fail(code::bad_value, "hint provided does not correspond to an existing index");
}

/// The bytes of a bound. Throws 51174.
std::string bound_key(bson::View bound, const std::vector<IndexField>& fields) {
  std::string key;
  auto field = fields.begin();
  for (const auto& given : bound) {
    if (field == fields.end() || field->path != given.key || field->kind != IndexField::Kind::plain)
      fail(51174, "min and max must have the fields of the hinted index, in its order");
    append_key(key, given.value, field->descending);
    ++field;
  }
  if (field != fields.end()) fail(51174, "min and max must have all fields of the hinted index");
  return key;
}

void check_same_fields(bson::View a, bson::View b) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    if (left->key != right->key) break;
  }
  if (left != a.end() || right != b.end())
    fail(51176, "min and max must have the same field names");
}

class Documents final : public Cursor {
 public:
  explicit Documents(std::vector<bson::Document> all) : all_(std::move(all)) {}
  std::optional<bson::View> next() override {
    if (at_ == all_.size()) return std::nullopt;
    return all_[at_++].view();
  }

 private:
  std::vector<bson::Document> all_;
  std::size_t at_ = 0;
};

/// The values of the index's fields, as {path: value}; {} for a plan without an index.
void append_index_key(bson::Writer& out, const Plan& plan, bson::View body) {
  if (plan.kind == Plan::Kind::scan || plan.kind == Plan::Kind::nothing) return;
  const bool own = plan.kind == Plan::Kind::index;
  if (own && (plan.index->multikey || plan.index->spec.special()))
    refuse("returnKey of an index with several keys for a document");
  const auto& fields = own ? plan.index->spec.fields : id_fields();
  for (const auto& field : fields) {
    std::optional<bson::View> here = body;
    std::string_view rest = field.path;
    std::optional<bson::ValueView> value;
    for (;;) {
      const auto dot = rest.find('.');
      value = here ? here->find(rest.substr(0, dot)) : std::nullopt;
      if (!value || dot == rest.npos) break;
      rest.remove_prefix(dot + 1);
      here = value->is_document() ? std::optional<bson::View>(value->as_document()) : std::nullopt;
    }
    if (value) {
      out.append(field.path, *value);
    } else {
      out.append_null(field.path);
    }
  }
}

}  // namespace

std::unique_ptr<Cursor> find_by_keys(const std::shared_ptr<StorageFile>& file, Namespace ns,
                                     bson::View filter, const FindOptions& options,
                                     const KeyBounds& bounds) {
  const bool bounded = !bounds.min.empty() || !bounds.max.empty();
  if (bounded && options.hint.empty() && options.hint_name.empty())
    fail(51173, "min and max need a hint");
  if (!bounds.min.empty() && !bounds.max.empty()) check_same_fields(bounds.min, bounds.max);
  FindOptions unlimited = options;
  unlimited.skip = bounded ? 0 : options.skip;
  unlimited.limit = bounded ? 0 : options.limit;
  const auto query = std::make_shared<Query>(filter, unlimited);
  std::vector<bson::Document> out;
  ReadScope scope(file, options.session);
  const auto collection = scope.find(ns);
  if (collection == nullptr) return std::make_unique<Documents>(std::move(out));
  if (collection->traits.view) refuse("find on a view with min, max, returnKey or showRecordId");
  std::optional<KeyMaker> maker;
  std::string low, high;
  if (bounded) {
    const auto& fields = hinted_fields(*collection, options);
    if (!bounds.min.empty()) low = bound_key(bounds.min, fields);
    if (!bounds.max.empty()) high = bound_key(bounds.max, fields);
    if (!bounds.min.empty() && !bounds.max.empty() && low >= high)
      fail(51175, "min must come before max in the order of the hinted index");
    maker.emplace(fields, false);
  }
  Execution execution(scope.connection(), collection, query, file->options().verify_checksums);
  std::int64_t skip = bounded ? options.skip : 0;
  std::vector<std::string> keys;
  while (execution.next()) {
    if (bounded) {
      keys.clear();
      (void)maker->make(execution.body(), keys);
      const bool inside = std::ranges::any_of(keys, [&](const std::string& key) {
        return key >= low && (bounds.max.empty() || key < high);
      });
      if (!inside || skip-- > 0) continue;
      skip = 0;
    }
    bson::Writer document;
    if (bounds.return_key) {
      append_index_key(document, execution.source().plan(), execution.body());
    } else {
      document.append_all(execution.projected());
    }
    if (bounds.show_record) document.append("$recordId", execution.rid());
    out.push_back(document.finish());
    if (bounded && options.limit != 0 && static_cast<std::int64_t>(out.size()) >= options.limit)
      break;
  }
  return std::make_unique<Documents>(std::move(out));
}

}  // namespace quire::store::embedded::commands
