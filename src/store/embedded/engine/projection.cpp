#include "store/embedded/engine/projection.hpp"

#include <algorithm>

#include "quire/core/error.hpp"
#include "store/embedded/engine/projection_tree.hpp"
#include "store/embedded/expression/let.hpp"

namespace quire::store::embedded {

using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

using Node = ProjectionNode;
using Mode = ProjectionTree::Mode;
constexpr int max_levels = max_projection_levels;
[[noreturn]] void fail(int code, const std::string& path, std::string_view detail) {
  fail_projection(code, path, detail);
}

std::pair<std::size_t, std::size_t> slice_range(const ProjectionSlice& slice, std::size_t size) {
  const auto total = static_cast<std::int64_t>(size);
  std::int64_t from = 0;
  std::int64_t to = total;
  if (slice.skip) {
    from = *slice.skip < 0 ? std::max<std::int64_t>(0, total + *slice.skip)
                           : std::min(*slice.skip, total);
    to = std::min(total, from + slice.count);
  } else if (slice.count >= 0) {
    to = std::min(total, slice.count);
  } else {
    from = std::max<std::int64_t>(0, total + slice.count);
  }
  return {static_cast<std::size_t>(from), static_cast<std::size_t>(to)};
}

/// Writes one document's projection.
class Run {
 public:
  Run(const ProjectionTree& tree, const MatchDetails& details, Evaluation* e)
      : mode_(tree.mode), excludes_id_(tree.excludes_id), details_(details), e_(e) {}

  void object(const Node& node, View document, Writer& out, int level) {
    if (level > max_levels)
      throw MappingError(ErrorCode::too_deep, FieldPath(node.path), "nested too deeply");
    for (const auto& [key, value] : document) {
      const Node* child = node.find(key);
      if (child == nullptr) {
        if (mode_ != Mode::include || (level == 1 && key == "_id" && !excludes_id_))
          out.append(key, value);
        continue;
      }
      field(*child, key, value, out, level);
    }
    if (mode_ != Mode::exclude && (node.computes || level == 1))
      append_computed(node, document, out, level);
  }

 private:
  void field(const Node& node, std::string_view key, ValueView value, Writer& out, int level) {
    switch (node.kind) {
      case Node::Kind::exclude:
        return;
      case Node::Kind::expression:
        // Of a projection that includes: appended behind.
        if (mode_ == Mode::add) append_value(key, node.expression->evaluate(*e_), out);
        return;
      case Node::Kind::elem_match:
        if (mode_ != Mode::include) elem_match(node, key, value, out);
        return;
      case Node::Kind::include:
        if (node.positional && value.is_array()) {
          out.begin_array(key).append("0", matched(node, value.as_array())).end();
        } else {
          out.append(key, value);
        }
        return;
      case Node::Kind::slice:
        slice(node, key, value, out);
        return;
      case Node::Kind::inner:
        break;
    }
    if (value.is_document()) {
      out.begin_document(key);
      object(node, value.as_document(), out, level + 1);
      out.end();
    } else if (value.is_array()) {
      array(node, key, value.as_array(), out, level + 1, node.positional);
    } else if (mode_ == Mode::add) {
      out.begin_document(key);
      object(node, View{}, out, level + 1);
      out.end();
    } else if (mode_ == Mode::exclude) {
      out.append(key, value);
    }
    // A value without fields is left out; computed fields below it are appended behind.
  }

  void array(const Node& node, std::string_view key, View values, Writer& out, int level,
             bool positional) {
    if (level > max_levels)
      throw MappingError(ErrorCode::too_deep, FieldPath(node.path), "nested too deeply");
    out.begin_array(key);
    if (positional) {
      array_element(node, matched(node, values), out, level);
    } else {
      for (const auto& [index, value] : values) array_element(node, value, out, level);
    }
    out.end();
  }

  void array_element(const Node& node, ValueView value, Writer& out, int level) {
    if (value.is_document()) {
      out.push_document_begin();
      object(node, value.as_document(), out, level + 1);
      out.end();
    } else if (value.is_array()) {
      if (level > max_levels)
        throw MappingError(ErrorCode::too_deep, FieldPath(node.path), "nested too deeply");
      out.push_array_begin();
      for (const auto& [index, inner] : value.as_array())
        array_element(node, inner, out, level + 1);
      out.end();
    } else if (mode_ == Mode::exclude) {
      out.push(value);
    } else if (node.computes) {
      out.push_document_begin();
      object(node, View{}, out, level + 1);
      out.end();
    }
  }

  static void append_value(std::string_view key, ValueView value, Writer& out) {
    if (!is_missing(value)) out.append(key, value);
  }

  ValueView matched(const Node& node, View values) const {
    if (!details_.array_position)
      fail(51246, node.path, "the positional $ needs the filter to match an array element");
    std::size_t index = 0;
    for (const auto& [key, value] : values) {
      if (index++ == *details_.array_position) return value;
    }
    fail(51247, node.path, "the array is shorter than the position that the filter matched");
  }

  static void slice(const Node& node, std::string_view key, ValueView value, Writer& out) {
    if (!value.is_array()) {
      out.append(key, value);
      return;
    }
    const View values = value.as_array();
    const auto [from, to] = slice_range(node.slice, values.count());
    out.begin_array(key);
    std::size_t index = 0;
    for (const auto& [position, element] : values) {
      if (index >= from && index < to) out.push(element);
      ++index;
    }
    out.end();
  }

  static void elem_match(const Node& node, std::string_view key, ValueView value, Writer& out) {
    if (!value.is_array()) return;
    Writer wrapped;
    wrapped.append(key, value);
    MatchDetails found;
    if (!node.elem_match.matches(wrapped.finish_view(), &found) || !found.array_position) return;
    std::size_t index = 0;
    for (const auto& [position, element] : value.as_array()) {
      if (index++ != *found.array_position) continue;
      out.begin_array(key).append("0", element).end();
      return;
    }
  }

  /// Made fields that did not replace one come last, in the order given.
  void append_computed(const Node& node, View document, Writer& out, int level) {
    for (const auto& child : node.children) {
      if (!child.computes) continue;
      if (child.kind == Node::Kind::expression) {
        if (mode_ == Mode::include || !document.contains(child.name))
          append_value(child.name, child.expression->evaluate(*e_), out);
      } else if (child.kind == Node::Kind::elem_match) {
        if (const auto value = document.find(child.name))
          elem_match(child, child.name, *value, out);
      } else if (child.kind == Node::Kind::inner) {
        const auto value = document.find(child.name);
        if (value && (mode_ == Mode::add || value->is_document() || value->is_array()))
          continue;  // done in its place
        out.begin_document(child.name);
        object(child, View{}, out, level + 1);
        out.end();
      }
    }
  }

  Mode mode_;
  bool excludes_id_;
  const MatchDetails& details_;
  Evaluation* e_;
};

}  // namespace

struct Projector::Impl {
  ProjectionTree tree;
};

Projector::Projector() = default;

Projector::Projector(View projection, Kind kind, const ParseScope& scope) {
  if (projection.empty() && kind == Kind::find) return;
  auto impl = std::make_shared<Impl>();
  impl->tree = parse_projection(projection, kind, scope);
  impl_ = std::move(impl);
}

Projector::Projector(View projection) : Projector(projection, Kind::find, ParseScope()) {}

bool Projector::keeps_everything() const noexcept { return impl_ == nullptr; }

bool Projector::needs_details() const noexcept {
  return impl_ != nullptr && impl_->tree.has_positional;
}

bool Projector::includes_plain_fields() const noexcept {
  if (impl_ == nullptr || impl_->tree.mode != ProjectionTree::Mode::include) return false;
  const auto& fields = impl_->tree.root.children;
  return std::all_of(fields.begin(), fields.end(), [](const ProjectionNode& field) {
    const bool drops_id = field.kind == ProjectionNode::Kind::exclude && field.name == "_id";
    return drops_id || (field.kind == ProjectionNode::Kind::include && !field.positional);
  });
}

bool Projector::computes() const noexcept { return impl_ != nullptr && impl_->tree.computes; }

const ProjectionTree& Projector::tree() const { return impl_->tree; }

bson::Document Projector::apply(View document, const MatchDetails& details) const {
  if (impl_ == nullptr) return bson::Document(document);
  Writer out;
  if (!impl_->tree.computes) {
    Run(impl_->tree, details, nullptr).object(impl_->tree.root, document, out, 1);
    return out.finish();
  }
  Evaluation e;
  e.set_now(current_ms());
  e.begin(document);
  Run(impl_->tree, details, &e).object(impl_->tree.root, document, out, 1);
  return out.finish();
}

void Projector::apply(View document, Evaluation& e, Writer& out) const {
  static const MatchDetails none;
  e.begin(document);
  Run(impl_->tree, none, &e).object(impl_->tree.root, document, out, 1);
}

}  // namespace quire::store::embedded
