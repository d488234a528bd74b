#pragma once

#include <cstring>

#include "store/embedded/engine/update_tree.hpp"

/// One run of a compiled update over a document. Internal to update_apply.cpp and update_leaf.cpp.
namespace quire::store::embedded::update {

using bson::Buffer;
using bson::Type;
using bson::ValueView;
using bson::View;

enum class Result { unchanged, written, removed };

struct RenameSource {
  std::optional<ValueView> value;  // nothing: the rename does nothing
  int depth = 0;
};

/// One run of a tree over a document's bytes, front to back: what no operator touches is copied in
/// whole stretches.
class Run {
 public:
  Run(const Tree& tree, const Input& input, View document) : tree_(tree), input_(input) {
    if (!tree.renames.empty()) find_rename_sources(document);
  }

  void object(const Node& given, View document, Buffer& out, int level);
  [[nodiscard]] bool written() const noexcept { return written_; }

 private:
  void header(Type type, std::string_view key, Buffer& out) {
    auto* at = out.reserve(key.size() + 2);
    *at++ = static_cast<std::uint8_t>(type);
    if (!key.empty()) std::memcpy(at, key.data(), key.size());
    at[key.size()] = 0;
    out.set_end(at + key.size() + 1);
  }
  void element(std::string_view key, ValueView value, Buffer& out) {
    header(value.type(), key, out);
    out.append(value.data(), value.size());
  }
  static std::size_t open(Buffer& out) {
    const auto start = out.size();
    out.put(std::int32_t{0});
    return start;
  }
  static void close(Buffer& out, std::size_t start) {
    out.push_back(0);
    const auto size = static_cast<std::int32_t>(out.size() - start);
    std::memcpy(out.data() + start, &size, sizeof size);
  }

  void existing(const Node& node, const bson::Element& element, Buffer& out, int level);
  /// Writes what the node creates under `key`; false when it creates nothing.
  bool missing(const Node& node, std::string_view key, Buffer& out, int level);
  void array_by_index(const Node& given, View array, Buffer& out, int level);
  void array_by_filter(const Node& node, View array, Buffer& out, int level);
  Result leaf(const Leaf& leaf, std::optional<ValueView> value, std::string_view key, Buffer& out,
              int level);
  Result array_leaf(const Leaf& leaf, std::optional<ValueView> value, std::string_view key,
                    Buffer& out);
  Result write(const Leaf& leaf, std::string_view key, ValueView value, int depth, Buffer& out,
               int level);
  /// Rules of the document's own fields: _id stays, no name gets a $ in front.
  void check_top_level(const Node& node, const bson::Element& old, Buffer& out, std::size_t start);
  void fail_padding(const Node& child, const std::string& name, Buffer& out, int level);
  [[nodiscard]] bool filter_matches(const std::string& identifier, ValueView value) const;

  /// With $ replaced by the position of the match.
  const Node& resolved(const Node& node, NodePtr& holder) const;
  void find_rename_sources(View document);
  /// Throws when an operator below `node` would create something where nothing can be.
  void check_viable(const Node& node) const;
  [[nodiscard]] bool needs_viable_path(const Leaf& leaf) const;
  [[nodiscard]] bool creates(const Leaf& leaf) const;
  static const std::string& first_path(const Node& node);

  const Tree& tree_;
  const Input& input_;
  std::vector<RenameSource> sources_;
  int arrays_ = 0;         // arrays on the way to the present place
  bool in_array_ = false;  // the present place is an element of one
  bool written_ = false;   // as in Applied
};

}  // namespace quire::store::embedded::update
