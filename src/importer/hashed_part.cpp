#include "importer/hashed_part.hpp"

#include <algorithm>

#include "importer/validate.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

class References {
 public:
  References(const Mapping& mapping, std::vector<ReferenceRule>& out)
      : mapping_(mapping), out_(out) {}

  void add(const std::vector<FieldRule>& fields, const std::string& prefix) {
    for (const FieldRule& rule : fields) add(rule, prefix + rule.to);
  }
  void add(const std::vector<ChildRule>& children, const std::string& prefix) {
    for (const ChildRule& child : children) {
      const std::string path = prefix + child.to;
      if (child.value.empty()) {
        add(child.fields, path + ".");
        add(child.children, path + ".");
        continue;
      }
      for (const FieldRule& rule : child.fields)
        if (rule.to == child.value) add(rule, path);
    }
  }

 private:
  void add(const FieldRule& rule, const std::string& path) {
    if (!rule.hash_of) return;
    const TableMapping* part = find_part(mapping_, rule.hash_of->part);
    if (part == nullptr) return;
    const bool named = std::any_of(out_.begin(), out_.end(), [&](const ReferenceRule& one) {
      return one.field == path && one.collection == part->into;
    });
    if (!named) out_.push_back({path, part->into});
  }

  const Mapping& mapping_;
  std::vector<ReferenceRule>& out_;
};

}  // namespace

Names HashedPart::parts() const {
  Names out;
  if (!part.unpivot) return out;
  for (const UnpivotRule::Part& one : part.unpivot->parts) out.push_back(one.column);
  return out;
}

const Column* HashedPart::column(const std::string& name) const {
  static const Column any;
  if (part.unpivot) {
    const UnpivotRule& rule = *part.unpivot;
    if (name == rule.value) return rule.parts.empty() ? &any : table.find(rule.parts[0].column);
    for (const UnpivotRule::Part& one : rule.parts)
      for (const auto& constant : one.constants)
        if (constant.first == name) return &any;
  }
  if (const Column* own = table.find(name)) return own;
  return contains(table.key, name) ? nullptr : &any;
}

Names hashed_columns(const TableMapping& part, const Table& table) {
  if (!part.id.columns.empty()) return part.id.columns;
  if (part.pivot) return part.pivot->group;
  return part.key.empty() ? table.key : part.key;
}

const TableMapping* find_part(const Mapping& mapping, std::string_view name) noexcept {
  for (const TableMapping& part : mapping.tables)
    if (part_name(part) == name) return &part;
  return nullptr;
}

HashedPart hashed_part(const Mapping& mapping, const Schema& schema, const HashOf& rule) {
  const TableMapping* part = find_part(mapping, rule.part);
  if (part == nullptr)
    throw ImportError(ErrorCode::invalid_mapping,
                      "the mapping has no part \"" + rule.part + "\" for `hash_of`");
  const Table& table = schema.at(part->table);
  return {*part, table, hashed_columns(*part, table)};
}

std::vector<ReferenceRule> references_of(const Mapping& mapping, const TableMapping& part) {
  std::vector<ReferenceRule> out = part.references;
  References references(mapping, out);
  references.add(part.fields, "");
  references.add(part.children, "");
  return out;
}

}  // namespace quire::importer
