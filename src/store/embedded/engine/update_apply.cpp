#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/update_run.hpp"

namespace quire::store::embedded::update {

namespace {

constexpr int bad_value = 2;
constexpr int overflow = 15;
constexpr int cannot_backfill_array = 34;
constexpr int dollar_prefixed = 52;
constexpr int immutable_field = 66;
constexpr std::size_t max_padding = 1'500'000;

/// Children of a node that are still to be met, with as little work as possible for the one or two
/// of most updates.
class Pending {
 public:
  explicit Pending(const Node& node) : children_(node.children), left_(node.children.size()) {
    if (left_ > few) met_.resize(left_);
    std::size_t i = 0;
    if (left_ <= few) {
      for (const auto& child : children_) quick_[i++] = &child;
    }
  }
  [[nodiscard]] bool done() const noexcept { return left_ == 0; }
  const Node* take(std::string_view key) {
    if (children_.size() <= few) {
      for (auto*& child : std::span(quick_.data(), children_.size())) {
        if (child != nullptr && child->first == key) {
          const Node* node = child->second.get();
          child = nullptr;
          --left_;
          return node;
        }
      }
      return nullptr;
    }
    const auto it = children_.find(key);
    if (it == children_.end()) return nullptr;
    const auto index = static_cast<std::size_t>(std::distance(children_.begin(), it));
    if (met_[index]) return nullptr;
    met_[index] = true;
    --left_;
    return it->second.get();
  }
  template <class F>
  void for_rest(const F& f) const {
    if (left_ == 0) return;
    std::size_t i = 0;
    for (const auto& child : children_) {
      const bool open = children_.size() <= few ? quick_[i] != nullptr : !met_[i];
      if (open) f(child.first, *child.second);
      ++i;
    }
  }

 private:
  static constexpr std::size_t few = 4;
  using Children = std::map<std::string, std::shared_ptr<Node>, FieldNameLess>;
  const Children& children_;
  std::array<const Children::value_type*, few> quick_{};
  std::vector<bool> met_;
  std::size_t left_;
};

}  // namespace

void Run::existing(const Node& node, const bson::Element& old, Buffer& out, int level) {
  switch (node.kind) {
    case Node::Kind::leaf:
      if (leaf(node.leaf, old.value, old.key, out, level) == Result::unchanged)
        element(old.key, old.value, out);
      return;
    case Node::Kind::array:
      if (!old.value.is_array())
        fail(bad_value, first_path(node),
             "$[] needs an array, found " + std::string(type_name(old.value.type())));
      header(Type::array, old.key, out);
      array_by_filter(node, old.value.as_array(), out, level + 1);
      return;
    case Node::Kind::object:
      break;
  }
  if (old.value.is_document()) {
    header(Type::document, old.key, out);
    const bool outer = std::exchange(in_array_, false);
    object(node, old.value.as_document(), out, level + 1);
    in_array_ = outer;
  } else if (old.value.is_array()) {
    header(Type::array, old.key, out);
    array_by_index(node, old.value.as_array(), out, level + 1);
  } else {
    check_viable(node);
    element(old.key, old.value, out);
  }
}

bool Run::missing(const Node& given, std::string_view key, Buffer& out, int level) {
  if (given.kind == Node::Kind::leaf)
    return leaf(given.leaf, std::nullopt, key, out, level) == Result::written;
  if (given.kind == Node::Kind::array)
    fail(bad_value, first_path(given), "$[] needs an array, and there is none");
  NodePtr holder;
  const Node& node = resolved(given, holder);
  if (level >= bson::max_depth)
    fail(overflow, first_path(node), "the document would be nested too deeply");
  const auto before = out.size();
  header(Type::document, key, out);
  const auto start = open(out);
  bool any = false;
  for (const auto& [name, child] : node.children) any |= missing(*child, name, out, level + 1);
  if (!any) {
    out.resize_down(before);
    return false;
  }
  close(out, start);
  return true;
}

void Run::object(const Node& given, View document, Buffer& out, int level) {
  NodePtr holder;
  const Node& node = resolved(given, holder);
  Pending pending(node);
  const auto start = open(out);
  const auto* copied = document.data() + 4;
  const auto* end = document.data() + document.size() - 1;
  for (auto it = document.begin(); it != document.end() && !pending.done(); ++it) {
    const Node* child = pending.take(it->key);
    if (child == nullptr) continue;
    const auto* at = reinterpret_cast<const std::uint8_t*>(it->key.data()) - 1;
    out.append(copied, static_cast<std::size_t>(at - copied));
    copied = it->value.data() + it->value.size();
    const auto before = out.size();
    existing(*child, *it, out, level);
    if (level == 1) check_top_level(*child, *it, out, before);
  }
  out.append(copied, static_cast<std::size_t>(end - copied));
  pending.for_rest([&](const std::string& name, const Node& child) {
    if (missing(child, name, out, level) && level == 1 && name.front() == '$')
      fail(dollar_prefixed, name, "a top-level field does not begin with $");
  });
  close(out, start);
}

void Run::check_top_level(const Node& node, const bson::Element& old, Buffer& out,
                          std::size_t start) {
  if (old.key == "_id") {
    // Written or removed: it must still be equal; then the given bytes stay.
    const bool kept = out.size() > start;
    if (kept) {
      const auto* value = out.data() + start + 1 + old.key.size() + 1;
      const ValueView now(static_cast<Type>(out.data()[start]), value,
                          static_cast<std::size_t>(out.data() + out.size() - value));
      if (compare(now, old.value) == 0) {
        out.resize_down(start);
        element(old.key, old.value, out);
        return;
      }
    }
    throw StoreError(ErrorCode::immutable_field, FieldPath(first_path(node)),
                     "the _id of a document does not change", immutable_field);
  }
  if (!old.key.starts_with('$') || out.size() == start) return;
  const auto* at = reinterpret_cast<const std::uint8_t*>(old.key.data()) - 1;
  const auto size = static_cast<std::size_t>(old.value.data() + old.value.size() - at);
  if (out.size() - start != size || std::memcmp(out.data() + start, at, size) != 0)
    fail(dollar_prefixed, first_path(node), "a top-level field does not begin with $");
}

void Run::array_by_index(const Node& given, View array, Buffer& out, int level) {
  NodePtr holder;
  const Node& node = resolved(given, holder);
  ++arrays_;
  for (const auto& [name, child] : node.children) {
    if (!array_index(name)) check_viable(*child);
  }
  Pending pending(node);
  const auto start = open(out);
  const bool outer = std::exchange(in_array_, true);
  char digits[12];
  const auto text = [&digits](std::size_t index) {
    const auto* last = std::to_chars(digits, digits + sizeof digits, index).ptr;
    return std::string_view(digits, static_cast<std::size_t>(last - digits));
  };
  std::size_t size = 0;
  for (const auto& old : array) {
    if (const Node* child = pending.done() ? nullptr : pending.take(text(size))) {
      existing(*child, {old.key, old.value}, out, level);
    } else {
      element(old.key, old.value, out);
    }
    ++size;
  }
  // In ascending order, so that each pads up to itself.
  pending.for_rest([&](const std::string& name, const Node& child) {
    const auto index = array_index(name);
    if (!index) return;
    const auto before = out.size();
    if (*index > size && *index - size > max_padding) fail_padding(child, name, out, level);
    for (auto i = size; i < *index; ++i) header(Type::null, text(i), out);
    if (missing(child, name, out, level)) {
      size = *index + 1;
    } else {
      out.resize_down(before);
    }
  });
  in_array_ = outer;
  --arrays_;
  close(out, start);
}

void Run::fail_padding(const Node& child, const std::string& name, Buffer& out, int level) {
  // What creates nothing needs no padding either.
  if (missing(child, name, out, level))
    fail(cannot_backfill_array, first_path(child), "the array would be padded with too many nulls");
}

void Run::array_by_filter(const Node& node, View array, Buffer& out, int level) {
  ++arrays_;
  const auto start = open(out);
  const bool outer = std::exchange(in_array_, true);
  for (const auto& old : array) {
    const std::shared_ptr<Node>* first = nullptr;
    NodePtr merged;
    for (const auto& [identifier, child] : node.children) {
      if (!identifier.empty() && !filter_matches(identifier, old.value)) continue;
      if (first == nullptr) {
        first = &child;
      } else {
        merged = merge(merged != nullptr ? merged : NodePtr(*first), child, first_path(*child));
      }
    }
    if (first == nullptr) {
      element(old.key, old.value, out);
    } else {
      existing(merged != nullptr ? *merged : **first, old, out, level);
    }
  }
  in_array_ = outer;
  --arrays_;
  close(out, start);
}

bool Run::filter_matches(const std::string& identifier, ValueView value) const {
  for (const auto& filter : tree_.filters) {
    if (filter.identifier != identifier) continue;
    bson::Writer writer;
    writer.append(identifier, value);
    return filter.matcher.matches(writer.finish_view());
  }
  return false;
}

Applied apply(const Tree& tree, View document, const Input& input) {
  Buffer out;
  out.reserve(document.size() + 64);
  Run run(tree, input, document);
  run.object(*tree.root, document, out, 1);
  if (out.size() > bson::max_document_bytes)
    fail(17419, "", "the document would be larger than 16 MiB");
  return {bson::Document(std::move(out)), run.written()};
}

}  // namespace quire::store::embedded::update
