#include "store/embedded/engine/change_description.hpp"

#include <algorithm>

#include "store/embedded/engine/description_writer.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;
using bson::View;
using description::Collector;
using description::same;
using update::Node;
using update::Op;

/// The nodes of the tree that concern one place: several where array filters overlap.
using Nodes = std::vector<const Node*>;

/// The nodes for a field of a document, or for an element of an array by its position.
Nodes children_of(const Nodes& nodes, std::string_view name, bool in_array) {
  Nodes out;
  for (const Node* node : nodes) {
    if (node->kind == Node::Kind::array) {
      // Which elements an identifier stands for shows in what changed.
      for (const auto& [identifier, child] : node->children) out.push_back(child.get());
      continue;
    }
    if (const auto found = node->children.find(name); found != node->children.end())
      out.push_back(found->second.get());
    if (node->positional != nullptr && (in_array || update::array_index(name)))
      out.push_back(node->positional.get());
  }
  return out;
}

const update::Leaf* leaf_of(const Nodes& nodes) {
  for (const Node* node : nodes) {
    if (node->kind == Node::Kind::leaf) return &node->leaf;
  }
  return nullptr;
}

/// The number of elements before, where $push did nothing but append to them.
std::optional<std::size_t> appended_to(const update::Leaf& leaf, ValueView before,
                                       ValueView after) {
  if (leaf.op != Op::push || leaf.push.sorts || !before.is_array() || !after.is_array())
    return std::nullopt;
  const View old = before.as_array();
  const View now = after.as_array();
  const std::size_t size = old.count();
  const std::size_t pushed = leaf.operand.view().as_array().count();
  if (now.count() != size + pushed || pushed == 0) return std::nullopt;
  if (leaf.push.position && size > 0 &&
      (*leaf.push.position < 0 || static_cast<std::size_t>(*leaf.push.position) < size))
    return std::nullopt;
  // The elements before are the first bytes of those after.
  if (std::memcmp(old.data() + 4, now.data() + 4, old.size() - 5) != 0) return std::nullopt;
  return size;
}

class Guided {
 public:
  explicit Guided(Collector& out) : out_(out) {}

  void document(const Nodes& nodes, View before, View after) {
    std::vector<Nested> nested;
    std::vector<bson::Element> added;
    for (const auto& field : after) {
      const auto old = before.find(field.key);
      if (!old) {
        added.push_back(field);
      } else {
        changed(nodes, field.key, *old, field.value, false, nested);
      }
    }
    for (const auto& field : added) {
      const Collector::Step step(out_, field.key, false);
      out_.updated(field.value);
    }
    for (const auto& field : before) {
      if (after.contains(field.key)) continue;
      const Collector::Step step(out_, field.key, false);
      out_.removed();
    }
    for (const auto& one : nested) descend(one, false);
  }

 private:
  struct Nested {
    std::string_view name;
    Nodes nodes;
    ValueView before, after;
  };

  /// Tells a value that is another now, or leaves it to `nested` when only parts of it are.
  void changed(const Nodes& parents, std::string_view name, ValueView before, ValueView after,
               bool in_array, std::vector<Nested>& nested) {
    if (same(before, after)) return;
    Nodes nodes = children_of(parents, name, in_array);
    const update::Leaf* leaf = leaf_of(nodes);
    const bool appended = leaf != nullptr && appended_to(*leaf, before, after).has_value();
    const bool inner = leaf == nullptr && !nodes.empty() &&
                       ((before.is_document() && after.is_document()) ||
                        (before.is_array() && after.is_array() &&
                         after.as_array().count() >= before.as_array().count()));
    if (appended || inner) {
      nested.push_back({name, std::move(nodes), before, after});
      return;
    }
    const Collector::Step step(out_, name, in_array);
    out_.updated(after);
  }

  void descend(const Nested& one, bool in_array) {
    const Collector::Step step(out_, one.name, in_array);
    if (one.after.is_array()) {
      array(one.nodes, one.before.as_array(), one.after.as_array());
    } else {
      document(one.nodes, one.before.as_document(), one.after.as_document());
    }
  }

  void array(const Nodes& nodes, View before, View after) {
    const bool appends = leaf_of(nodes) != nullptr;
    auto old = before.begin();
    for (const auto& field : after) {
      if (old != before.end()) {
        std::vector<Nested> nested;
        changed(nodes, field.key, old->value, field.value, true, nested);
        for (const auto& one : nested) descend(one, true);
        ++old;
      } else if (appends || !children_of(nodes, field.key, true).empty()) {
        // Nulls in front of it come of themselves.
        const Collector::Step step(out_, field.key, true);
        out_.updated(field.value);
      }
    }
  }

  Collector& out_;
};

}  // namespace

bson::Document describe_update(const update::Tree& tree, View before, View after) {
  Collector out;
  Guided(out).document({tree.root.get()}, before, after);
  return out.finish();
}

}  // namespace quire::store::embedded
