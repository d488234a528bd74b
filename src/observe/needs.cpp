#include <algorithm>

#include "core/listed.hpp"
#include "quire/observe/query_log.hpp"

namespace quire::observe {

using bson::ValueView;
using bson::View;

namespace {

constexpr std::size_t max_paths = 32;    // as many as an index has keys
constexpr std::size_t max_clauses = 16;  // of one $or; further ones are looked at no more
constexpr int max_needs_depth = 20;

enum class Kind { equality, range, geo, group, none };

Kind kind_of(std::string_view op) noexcept {
  if (op == "$eq" || op == "$in" || op == "$all") return Kind::equality;
  if (op == "$gt" || op == "$gte" || op == "$lt" || op == "$lte" || op == "$ne" || op == "$nin" ||
      op == "$not" || op == "$exists" || op == "$regex" || op == "$type" || op == "$mod")
    return Kind::range;
  if (op == "$geoWithin" || op == "$geoIntersects" || op == "$near" || op == "$nearSphere" ||
      op == "$within")
    return Kind::geo;
  return op == "$elemMatch" ? Kind::group : Kind::none;
}

void add(std::vector<std::string>& list, std::string_view path) {
  if (list.size() < max_paths && !is_listed(list, path)) list.emplace_back(path);
}

/// "orders.0.sku" is indexed as "orders.sku".
std::string without_positions(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto step = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(step.size() + 1, path.size()));
    if (!out.empty() && !step.empty() &&
        step.find_first_not_of("0123456789") == std::string_view::npos)
      continue;
    if (!out.empty()) out += '.';
    out += step;
  }
  return out;
}

bool is_operators(View document) {
  const auto first = document.begin();
  return first != document.end() && first->key.starts_with('$');
}

class Reader {
 public:
  void filter(View filter, const std::string& prefix, int depth) {
    if (depth > max_needs_depth) return;
    for (const auto& field : filter) {
      if (field.key == "$and" && field.value.is_array()) {
        for (const auto& clause : field.value.as_array()) {
          if (clause.value.is_document())
            this->filter(clause.value.as_document(), prefix, depth + 1);
        }
      } else if (field.key == "$or" && field.value.is_array()) {
        either(field.value.as_array(), prefix, depth);
      } else if (field.key == "$text") {
        out.needs.text = true;
      } else if (!field.key.starts_with('$')) {
        condition(prefix + without_positions(field.key), field.value, depth);
      }
    }
  }

  FilterNeeds out;

 private:
  void either(View clauses, const std::string& prefix, int depth) {
    if (!out.any_of.empty()) return;  // one is enough to be served
    std::size_t n = 0;
    for (const auto& clause : clauses) {
      if (++n > max_clauses) break;
      Reader one;
      if (clause.value.is_document()) one.filter(clause.value.as_document(), prefix, depth + 1);
      if (std::find(out.any_of.begin(), out.any_of.end(), one.out.needs) == out.any_of.end())
        out.any_of.push_back(std::move(one.out.needs));
    }
    if (out.any_of.size() == 1) {
      merge(out.any_of.front());
      out.any_of.clear();
    }
  }

  void merge(const QueryNeeds& more) {
    for (const auto& path : more.equality) add(out.needs.equality, path);
    for (const auto& path : more.range) add(out.needs.range, path);
    for (const auto& path : more.geo) add(out.needs.geo, path);
    out.needs.text |= more.text;
  }

  void condition(const std::string& path, ValueView value, int depth) {
    if (!value.is_document() || !is_operators(value.as_document())) {
      return add(value.type() == bson::Type::regex ? out.needs.range : out.needs.equality, path);
    }
    for (const auto& one : value.as_document()) {
      switch (kind_of(one.key)) {
        case Kind::equality:
          add(out.needs.equality, path);
          break;
        case Kind::range:
          add(out.needs.range, path);
          break;
        case Kind::geo:
          add(out.needs.geo, path);
          break;
        case Kind::group:
          if (!one.value.is_document()) break;
          if (is_operators(one.value.as_document()))
            condition(path, one.value, depth + 1);
          else
            filter(one.value.as_document(), path + ".", depth + 1);
          break;
        case Kind::none:
          break;
      }
    }
  }
};

}  // namespace

FilterNeeds needs_of(View filter) {
  Reader reader;
  reader.filter(filter, "", 0);
  FilterNeeds out = std::move(reader.out);
  const auto settle = [](QueryNeeds& needs) {
    // A field that is equal to one value needs no range.
    std::erase_if(needs.range, [&](const auto& path) { return is_listed(needs.equality, path); });
    std::sort(needs.equality.begin(), needs.equality.end());
    std::sort(needs.range.begin(), needs.range.end());
  };
  for (auto& clause : out.any_of) {
    for (const auto& path : out.needs.equality) add(clause.equality, path);
    for (const auto& path : out.needs.range) add(clause.range, path);
    settle(clause);
  }
  settle(out.needs);
  return out;
}

}  // namespace quire::observe
