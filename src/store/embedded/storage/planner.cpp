#include "store/embedded/storage/planner.hpp"

#include <algorithm>
#include <optional>

#include "quire/core/error.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/storage/bounds.hpp"

namespace quire::store::embedded {
namespace {

constexpr std::size_t most_ranges = 1000;

/// What the planner sees of an index; that of _id is the collection's own.
struct Candidate {
  std::shared_ptr<const IndexMeta> index;  // null for _id
  const std::vector<IndexField>* fields;
  bool multikey;
};

bool has_number_step(const std::string& path) {
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('.', at), path.size());
    if (end > at && std::all_of(path.begin() + static_cast<std::ptrdiff_t>(at),
                                path.begin() + static_cast<std::ptrdiff_t>(end),
                                [](char c) { return c >= '0' && c <= '9'; }))
      return true;
    at = end + 1;
  }
  return false;
}

std::string_view first_step(std::string_view path) { return path.substr(0, path.find('.')); }

/// In a hashed field only single values can be looked up.
std::optional<std::vector<Interval>> hashed_bounds(const std::vector<Predicate>& predicates,
                                                   const IndexField& field) {
  for (const auto& predicate : predicates) {
    if (predicate.path != field.path || predicate.node->kind != FilterNode::Kind::eq ||
        !is_plain_value(predicate.node->operand.view()))
      continue;
    Interval one;
    append_hashed_key(one.low, predicate.node->operand.view(), field.descending);
    one.high = one.low;
    to_prefix_end(one.high);
    one.point = true;
    return std::vector<Interval>{std::move(one)};
  }
  return std::nullopt;
}

/// Whether the entries of a path say all about the condition: it holds for no missing field, and
/// its values are no documents or arrays.
bool fits_wildcard(const FilterNode& node) {
  using Kind = FilterNode::Kind;
  switch (node.kind) {
    case Kind::eq:
    case Kind::lt:
    case Kind::lte:
    case Kind::gt:
    case Kind::gte:
      return is_plain_value(node.operand.view());
    case Kind::in:
      return std::all_of(node.values.begin(), node.values.end(),
                         [](const bson::Value& value) { return is_plain_value(value.view()); });
    case Kind::exists:
      return node.flag;
    default:
      return false;
  }
}

/// Ranges for one condition on a path that the wildcard covers; in a compound index, behind fixed
/// values of the fields in front. Nothing when no condition fits.
std::optional<Plan> plan_for_wildcard(const std::shared_ptr<const IndexMeta>& index,
                                      const std::vector<Predicate>& predicates) {
  Plan plan;
  plan.kind = Plan::Kind::index;
  plan.index = index;
  std::string prefix;
  const IndexField* wildcard = nullptr;
  for (const auto& field : index->spec.fields) {
    if (field.kind == IndexField::Kind::wildcard) {
      wildcard = &field;
      break;
    }
    const auto fixed = std::find_if(predicates.begin(), predicates.end(), [&](const auto& one) {
      return one.path == field.path && one.node->kind == FilterNode::Kind::eq &&
             is_plain_value(one.node->operand.view());
    });
    if (fixed == predicates.end()) return std::nullopt;
    append_key(prefix, fixed->node->operand.view(), field.descending);
    ++plan.equal;
  }
  const Predicate* best = nullptr;
  for (const auto& predicate : predicates) {
    if (has_number_step(predicate.path) || !index->maker.wildcard().covers(predicate.path) ||
        !fits_wildcard(*predicate.node))
      continue;
    if (best == nullptr || predicate.node->kind == FilterNode::Kind::eq) best = &predicate;
  }
  if (best == nullptr) return std::nullopt;
  std::string path;
  append_key(path, bson::Value(best->path));
  if (best->node->kind == FilterNode::Kind::exists) {
    std::string end = path;
    to_prefix_end(end);
    plan.ranges.push_back({prefix + path, prefix + end, false});
    std::string low, high;  // "a.b": all strings from "a." to "a/"
    append_key(low, bson::Value(best->path + "."));
    append_key(high, bson::Value(best->path + "/"));
    plan.ranges.push_back({prefix + low, prefix + high, false});
    std::sort(plan.ranges.begin(), plan.ranges.end(),
              [](const KeyRange& a, const KeyRange& b) { return a.low < b.low; });
    plan.has_range = true;
    return plan;
  }
  const auto intervals = intervals_of(*best->node, wildcard->descending);
  if (!intervals) return std::nullopt;
  for (const auto& interval : *intervals)
    plan.ranges.push_back({prefix + path + interval.low, prefix + path + interval.high, false});
  if (best->node->kind == FilterNode::Kind::eq) {
    ++plan.equal;
  } else {
    plan.has_range = true;
  }
  return plan;
}

/// Whether the filter has a condition on a path of the wildcard, so that a hint may ask for it.
bool names_wildcard_path(const FilterNode& node, const WildcardPaths& paths) {
  if (!node.path.empty() && paths.covers(node.path)) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [&](const auto& child) { return names_wildcard_path(*child, paths); });
}

/// The bounds of one field by all predicates on it.
std::optional<std::vector<Interval>> field_bounds(const std::vector<Predicate>& predicates,
                                                  const IndexField& field, bool multikey,
                                                  int& group) {
  std::optional<std::vector<Interval>> best;
  int best_group = 0;
  bool best_points = false;
  for (const auto& predicate : predicates) {
    if (predicate.path != field.path) continue;
    auto intervals = intervals_of(*predicate.node, field.descending);
    if (!intervals) continue;
    const bool points = std::all_of(intervals->begin(), intervals->end(),
                                    [](const Interval& interval) { return interval.point; });
    if (!best) {
      best = std::move(intervals);
      best_group = predicate.group;
      best_points = points;
    } else if (!multikey || (predicate.group != 0 && predicate.group == best_group)) {
      best = intersect(*best, *intervals);
      best_points = best_points || points;
    } else if (points && !best_points) {
      // Two conditions may hold for two different elements: only one of them can bound.
      best = std::move(intervals);
      best_group = predicate.group;
      best_points = true;
    }
  }
  group = best_group;
  return best;
}

std::optional<Plan> plan_for(const Candidate& candidate, const std::vector<Predicate>& predicates,
                             const Sorter& sorter) {
  Plan plan;
  plan.index = candidate.index;
  plan.kind = candidate.index ? Plan::Kind::index : Plan::Kind::id_range;
  std::vector<std::string> prefixes{""};
  std::size_t fixed = 0;  // leading fields with one value only
  bool open = true;       // ranges are still to be made of the prefixes
  std::vector<std::pair<std::string_view, int>> used;  // first steps bounded so far, their groups
  for (const auto& field : *candidate.fields) {
    if (candidate.multikey && has_number_step(field.path)) break;
    int group = 0;
    auto bounds = field.kind == IndexField::Kind::hashed
                      ? hashed_bounds(predicates, field)
                      : field_bounds(predicates, field, candidate.multikey, group);
    if (!bounds) break;
    if (candidate.multikey) {
      // Two paths below one array bound together only within one $elemMatch.
      const auto step = first_step(field.path);
      const bool clash = std::any_of(used.begin(), used.end(), [&](const auto& other) {
        return other.first == step && (group == 0 || other.second != group);
      });
      if (clash) break;
      used.emplace_back(step, group);
    }
    if (bounds->empty()) {
      plan.kind = Plan::Kind::nothing;
      plan.sorted = true;
      return plan;
    }
    const bool points = std::all_of(bounds->begin(), bounds->end(),
                                    [](const Interval& interval) { return interval.point; });
    if (prefixes.size() * bounds->size() > most_ranges) break;
    if (points) {
      std::vector<std::string> longer;
      for (const auto& prefix : prefixes) {
        for (const auto& interval : *bounds) longer.push_back(prefix + interval.low);
      }
      if (bounds->size() == 1 && fixed == plan.equal) ++fixed;
      prefixes = std::move(longer);
      ++plan.equal;
      continue;
    }
    for (const auto& prefix : prefixes) {
      for (const auto& interval : *bounds)
        plan.ranges.push_back({prefix + interval.low, prefix + interval.high, false});
    }
    plan.has_range = true;
    open = false;
    break;
  }
  if (open) {
    for (const auto& prefix : prefixes) {
      KeyRange range{prefix, prefix, prefix.empty()};
      if (!range.to_end) to_prefix_end(range.high);
      plan.ranges.push_back(std::move(range));
    }
  }
  // An array sorts by one of its elements, which need not be the one that a scan meets first.
  if (!sorter.empty() && !candidate.multikey) {
    const auto& fields = *candidate.fields;
    std::vector<const IndexField*> wanted;
    for (const auto& field : sorter.fields()) {
      const bool constant =
          std::any_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(fixed),
                      [&](const IndexField& one) { return one.path == field.path; });
      if (!constant) wanted.push_back(&field);
    }
    for (std::size_t from = 0; from <= fixed && !plan.sorted; ++from) {
      if (from + wanted.size() > fields.size()) break;
      bool same = true, opposite = true;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (fields[from + i].path != wanted[i]->path ||
            fields[from + i].kind != IndexField::Kind::plain)
          same = opposite = false;
        if (fields[from + i].descending != wanted[i]->descending) {
          same = false;
        } else {
          opposite = false;
        }
      }
      if (wanted.empty()) same = true;
      plan.sorted = same || opposite;
      plan.backwards = !same && opposite;
    }
  }
  return plan;
}

bool may_use(const IndexMeta& index, const FilterNode& filter,
             const std::vector<Predicate>& predicates) {
  if (index.spec.hidden) return false;
  if (index.partial && !implies(filter, index.partial->root())) return false;
  if (!index.spec.sparse) return true;
  return std::any_of(predicates.begin(), predicates.end(), [&](const Predicate& predicate) {
    return demands_field(*predicate.node) &&
           std::any_of(index.spec.fields.begin(), index.spec.fields.end(),
                       [&](const IndexField& field) { return field.path == predicate.path; });
  });
}

const std::vector<IndexField>& id_fields() {
  static const std::vector<IndexField> fields{{"_id", false}};
  return fields;
}

[[noreturn]] void refuse_hint() {
  throw QueryError(ErrorCode::invalid_query, FieldPath("hint"),
                   "error processing query: planner returned error :: caused by :: hint provided "
                   "does not correspond to an existing index",
                   2);
}

bool natural_sort(const Sorter& sorter, bool& backwards) {
  if (sorter.fields().size() != 1 || sorter.fields()[0].path != "$natural") return false;
  backwards = sorter.fields()[0].descending;
  return true;
}

/// A scan in natural order: of a clustered collection, that of _id.
Plan natural_scan(const CollectionMeta& collection, bool backwards) {
  Plan scan;
  scan.backwards = backwards;
  if (collection.traits.clustered) {
    scan.kind = Plan::Kind::id_range;
    scan.ranges.push_back({"", "", true});
  }
  return scan;
}

}  // namespace

Plan choose_plan(const CollectionMeta& collection, const FilterNode& filter, const Sorter& sorter,
                 const Hint& hint) {
  bool down = false;
  if (natural_sort(sorter, down)) {
    Plan scan = natural_scan(collection, down);
    scan.sorted = true;
    return scan;
  }
  Plan scan = natural_scan(collection, false);
  scan.sorted = sorter.empty();
  const auto predicates = conjuncts(filter);
  if (!hint.empty()) {
    if (hint.name == "$natural") return scan;
    if (const auto natural = hint.key.find("$natural")) {
      const double direction = natural->type() == bson::Type::int32 ? natural->as_int32()
                               : natural->type() == bson::Type::int64
                                   ? static_cast<double>(natural->as_int64())
                               : natural->type() == bson::Type::double_ ? natural->as_double()
                                                                        : 1;
      scan.backwards = direction < 0;
      return scan;
    }
    const bool is_id =
        hint.name == "_id_" || (hint.name.empty() && hint.key.count() == 1 &&
                                hint.key.begin()->key == "_id" && collection.cid != 0);
    if (is_id) {
      auto plan = plan_for({nullptr, &id_fields(), false}, predicates, sorter);
      plan->sorted = plan->sorted || sorter.empty();
      return *plan;
    }
    for (const auto& index : collection.indexes) {
      const bool same = hint.name.empty() ? compare_documents(index->spec.key, hint.key) == 0
                                          : index->spec.name == hint.name;
      if (!same || index->spec.hidden) continue;
      if (index->spec.wildcard() != nullptr) {
        if (!names_wildcard_path(filter, index->maker.wildcard()))
          throw QueryError(ErrorCode::invalid_query, FieldPath("hint"),
                           "error processing query: planner returned error :: caused by :: No "
                           "query solutions: the filter names no path of the wildcard index",
                           291);
        auto plan = plan_for_wildcard(index, predicates);
        if (!plan) return scan;
        plan->sorted = sorter.empty();
        return *plan;
      }
      // A sparse or partial index gives what it has: that is what a hint asks for.
      auto plan = plan_for({index, &index->spec.fields, index->multikey}, predicates, sorter);
      plan->sorted = plan->sorted || sorter.empty();
      return *plan;
    }
    refuse_hint();
  }
  if (predicates.empty() && sorter.empty()) return scan;

  std::optional<Plan> best;
  std::size_t best_score = 0;
  const auto consider = [&](const Candidate& candidate) {
    const bool wildcard = candidate.index != nullptr && candidate.index->spec.wildcard() != nullptr;
    auto plan = wildcard ? plan_for_wildcard(candidate.index, predicates)
                         : plan_for(candidate, predicates, sorter);
    if (!plan) return;
    plan->sorted = plan->sorted || sorter.empty();
    if (plan->kind == Plan::Kind::nothing) {
      best = std::move(plan);
      best_score = static_cast<std::size_t>(-1);
      return;
    }
    const bool bounded = plan->equal > 0 || plan->has_range;
    const bool unique = candidate.index == nullptr || candidate.index->spec.unique;
    std::size_t score =
        plan->equal * 8 + (plan->has_range ? 4U : 0U) + (plan->sorted && !sorter.empty() ? 2U : 0U);
    if (unique && plan->equal == candidate.fields->size() && plan->ranges.size() == 1)
      score += 10'000;
    if (!bounded && (sorter.empty() || !plan->sorted)) return;
    if (!best || score > best_score) {
      best = std::move(plan);
      best_score = score;
    }
  };
  consider({nullptr, &id_fields(), false});
  for (const auto& index : collection.indexes) {
    if (may_use(*index, filter, predicates))
      consider({index, &index->spec.fields, index->multikey});
  }
  return best ? std::move(*best) : scan;
}

bool is_plain_value(bson::ValueView value) noexcept {
  switch (value.type()) {
    case bson::Type::double_:
    case bson::Type::string:
    case bson::Type::binary:
    case bson::Type::object_id:
    case bson::Type::boolean:
    case bson::Type::date_time:
    case bson::Type::int32:
    case bson::Type::int64:
    case bson::Type::decimal128:
    case bson::Type::timestamp:
      return true;
    default:
      return false;
  }
}

bool is_id_equality(bson::View filter, bson::ValueView& id) noexcept {
  // Byte for byte: type, "_id", the value, the end. Anything else goes the long way.
  if (filter.size() < 10 || std::memcmp(filter.data() + 5, "_id", 4) != 0) return false;
  try {
    auto field = filter.begin();
    id = field->value;
    if (id.type() == bson::Type::document) {
      for (const auto& inner : id.as_document()) {
        if (inner.key.starts_with('$')) return false;
      }
    } else if (!is_plain_value(id)) {
      return false;
    }
    return ++field == filter.end();
  } catch (...) {
    return false;  // the long way says what is wrong
  }
}

}  // namespace quire::store::embedded
