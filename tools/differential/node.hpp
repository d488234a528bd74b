#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"

namespace quire::differential {

/// A BSON value as a tree that can be changed: what the generator makes and the shrinker cuts.
struct Node {
  enum class Kind { leaf, document, array };
  using Field = std::pair<std::string, Node>;

  Node() = default;
  template <class T>
    requires std::constructible_from<bson::Value, const T&>
  Node(const T& value) : leaf(value) {}  // NOLINT: values convert

  Kind kind = Kind::leaf;
  bson::Value leaf;
  std::vector<Field> fields;  ///< of an array: the names do not count

  [[nodiscard]] Node* find(std::string_view name);
  [[nodiscard]] const Node* find(std::string_view name) const;
  void add(std::string name, Node value) { fields.emplace_back(std::move(name), std::move(value)); }
  void push(Node value) { fields.emplace_back(std::string(), std::move(value)); }
  [[nodiscard]] bson::Document document() const;  ///< of a document, or an array's elements
  [[nodiscard]] static Node of(bson::ValueView value);
};

[[nodiscard]] Node object(std::vector<Node::Field> fields = {});
[[nodiscard]] Node list(std::vector<Node> elements = {});
/// {name: value}
[[nodiscard]] Node one(std::string name, Node value);

/// Text that two values share when their types, bits and order of fields are the same; all NaN are
/// one, and doubles agree in 13 digits. An array under a name of `sets` is a multiset.
[[nodiscard]] std::string canonical(bson::ValueView value,
                                    std::initializer_list<std::string_view> sets = {"set"});

}  // namespace quire::differential
