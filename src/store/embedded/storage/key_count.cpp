#include "store/embedded/storage/key_count.hpp"

#include <algorithm>

#include "bson/nan.hpp"
#include "core/sqlite_page_map.hpp"

namespace quire::store::embedded {
namespace {

using Kind = FilterNode::Kind;

bool is_comparison(const FilterNode& node) {
  switch (node.kind) {
    case Kind::eq:
    case Kind::gt:
    case Kind::gte:
    case Kind::lt:
    case Kind::lte:
      return true;
    default:
      return false;
  }
}

/// Whether the keys between bounds by it are those of the values that compare so, and no others'.
bool is_exact(bson::ValueView operand) {
  switch (operand.type()) {
    case bson::Type::double_:
    case bson::Type::int32:
    case bson::Type::int64:
      return !bson::is_nan(operand);
    case bson::Type::string:
    case bson::Type::object_id:
    case bson::Type::date_time:
      return true;
    default:
      return false;
  }
}

bool keys_tell(const FilterNode& filter, std::string_view path) {
  if (filter.kind == Kind::conjunction) {
    return std::all_of(filter.children.begin(), filter.children.end(),
                       [&](const auto& child) { return keys_tell(*child, path); });
  }
  return filter.path == path && is_comparison(filter) && is_exact(filter.operand.view());
}

}  // namespace

std::optional<std::int64_t> count_keys(Connection& connection, const CollectionMeta& collection,
                                       const FilterNode& filter, const Plan& plan) {
  if (plan.kind == Plan::Kind::nothing) return 0;
  const bool by_index = plan.kind == Plan::Kind::index;
  if (!by_index && plan.kind != Plan::Kind::id_range) return std::nullopt;
  std::string_view path = "_id";
  if (by_index) {
    const auto& fields = plan.index->spec.fields;
    if (fields.size() != 1 || fields[0].kind != IndexField::Kind::plain || plan.index->multikey)
      return std::nullopt;
    path = fields[0].path;
  }
  if (!keys_tell(filter, path)) return std::nullopt;
  const page_map::Aside aside(connection.handle());
  std::int64_t sum = 0;
  for (const KeyRange& range : plan.ranges) {
    if (range.to_end) return std::nullopt;
    Statement& count =
        by_index ? connection.key_statement(collection.cid, plan.index->iid, KeySql::count)
                 : connection.row_statement(collection.cid, RowSql::count_ids);
    const Resetter resetter(count);
    count.bind(1, std::string_view(range.low));
    count.bind(2, std::string_view(range.high));
    (void)count.step();
    sum += count.integer(0);
  }
  return sum;
}

}  // namespace quire::store::embedded
