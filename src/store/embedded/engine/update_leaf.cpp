#include <algorithm>
#include <chrono>

#include "quire/core/error.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/engine/update_run.hpp"

/// What the operators do at their fields, and where they can do it.
namespace quire::store::embedded::update {

namespace {

constexpr int bad_value = 2;
constexpr int type_mismatch = 14;
constexpr int overflow = 15;
constexpr int path_not_viable = 28;

}  // namespace

const std::string& Run::first_path(const Node& node) {
  if (node.kind == Node::Kind::leaf) return node.leaf.path;
  return first_path(node.positional != nullptr ? *node.positional : *node.children.begin()->second);
}

const Node& Run::resolved(const Node& node, NodePtr& holder) const {
  if (node.positional == nullptr) return node;
  if (input_.details == nullptr || !input_.details->array_position)
    fail(bad_value, first_path(*node.positional),
         "the positional $ needs the filter to match an array element");
  const auto index = std::to_string(*input_.details->array_position);
  Node wrapped;
  wrapped.children[index] = node.positional;
  Node rest(node);
  rest.positional = nullptr;
  holder = merge(std::make_shared<Node>(std::move(rest)),
                 std::make_shared<Node>(std::move(wrapped)), first_path(*node.positional));
  return *holder;
}

void Run::find_rename_sources(View document) {
  for (const auto& rename : tree_.renames) {
    RenameSource source;
    ValueView at(Type::document, document.data(), document.size());
    bool in_array = false;
    bool there = true;
    for (std::size_t i = 0; there && i < rename.steps.size(); ++i) {
      if (!at.is_document() && !at.is_array())
        fail(path_not_viable, rename.from,
             "$rename: the path leads through a value without fields");
      if (at.is_array() && !array_index(rename.steps[i]))
        fail(path_not_viable, rename.from, "$rename: the path leads through an array");
      in_array = in_array || at.is_array();
      const auto next = at.as_nested().find(rename.steps[i]);
      there = next.has_value();
      if (next) at = *next;
    }
    if (there) {
      if (in_array) fail(bad_value, rename.from, "$rename takes no fields within arrays");
      source.value = at;
      source.depth = value_depth(at, rename.from);
    }
    sources_.push_back(source);
  }
}

bool Run::needs_viable_path(const Leaf& leaf) const {
  switch (leaf.op) {
    case Op::unset:
    case Op::rename_source:
      return false;
    case Op::set_on_insert:
      return input_.inserting;
    case Op::rename_target:
      return sources_[leaf.rename].value.has_value();
    default:
      return true;
  }
}

bool Run::creates(const Leaf& leaf) const {
  return needs_viable_path(leaf) && leaf.op != Op::pop && leaf.op != Op::pull &&
         leaf.op != Op::pull_all;
}

void Run::check_viable(const Node& node) const {
  if (node.kind == Node::Kind::array)
    fail(bad_value, first_path(node), "$[] needs an array, and there is none");
  if (node.kind == Node::Kind::leaf) {
    if (node.leaf.op == Op::rename_target && arrays_ > 0 && needs_viable_path(node.leaf))
      fail(bad_value, node.leaf.path, "$rename takes no fields within arrays");
    if (needs_viable_path(node.leaf))
      fail(path_not_viable, node.leaf.path,
           "the field cannot be made: the path leads through a value without such fields");
    return;
  }
  if (node.positional != nullptr) {
    NodePtr holder;
    check_viable(resolved(node, holder));
    return;
  }
  for (const auto& [name, child] : node.children) check_viable(*child);
}

// ---- leaves

Result Run::write(const Leaf& leaf, std::string_view key, ValueView value, int depth, Buffer& out,
                  int level) {
  if (depth != 0 && level + depth > bson::max_depth)
    fail(overflow, leaf.path, "the document would be nested too deeply");
  element(key, value, out);
  return Result::written;
}

Result Run::array_leaf(const Leaf& leaf, std::optional<ValueView> value, std::string_view key,
                       Buffer& out) {
  if (value && !value->is_array()) {
    fail(leaf.op == Op::pop ? type_mismatch : bad_value, leaf.path,
         "the operator needs an array, found " + std::string(type_name(value->type())));
  }
  const auto before = out.size();
  header(Type::array, key, out);
  const auto start = open(out);
  if (!apply_to_array(leaf, value ? std::optional(value->as_array()) : std::nullopt, out)) {
    out.resize_down(before);
    return Result::unchanged;
  }
  close(out, start);
  if (leaf.op == Op::push && !leaf.operand.view().as_array().empty()) written_ = true;
  return Result::written;
}

Result Run::leaf(const Leaf& leaf, std::optional<ValueView> value, std::string_view key,
                 Buffer& out, int level) {
  if (!value && !creates(leaf)) return Result::unchanged;
  switch (leaf.op) {
    case Op::set_on_insert:
      if (!input_.inserting) return Result::unchanged;
      [[fallthrough]];
    case Op::set:
      return write(leaf, key, leaf.operand, leaf.depth, out, level);
    case Op::unset:
      if (in_array_) {
        header(Type::null, key, out);
        return Result::written;
      }
      return Result::removed;
    case Op::rename_source:
      return sources_[leaf.rename].value ? Result::removed : Result::unchanged;
    case Op::rename_target: {
      const auto& source = sources_[leaf.rename];
      if (!source.value) return Result::unchanged;
      if (arrays_ != 0) fail(bad_value, leaf.path, "$rename takes no fields within arrays");
      return write(leaf, key, *source.value, source.depth, out, level);
    }
    case Op::inc:
    case Op::mul: {
      if (value && !value->is_number())
        fail(type_mismatch, leaf.path,
             "$inc and $mul need a number, found " + std::string(type_name(value->type())));
      if (!value) {
        // A product with int32 0: of the operand's type; -0 of a negative double, NaN of infinity.
        element(key,
                leaf.op == Op::inc ? leaf.operand
                                   : multiply_numbers(leaf.operand, bson::Value(0), leaf.path),
                out);
        return Result::written;
      }
      const auto result = leaf.op == Op::inc ? add_numbers(*value, leaf.operand, leaf.path)
                                             : multiply_numbers(*value, leaf.operand, leaf.path);
      // Same type and equal, -0 and 0 or 1.0 and 1.00 too: as the server, left as it is. NaN is not
      // equal to itself here.
      if (result.type() == value->type() && !is_nan(result) && compare_numbers(result, *value) == 0)
        return Result::unchanged;
      written_ = true;
      element(key, result, out);
      return Result::written;
    }
    case Op::min:
    case Op::max: {
      if (value) {
        const int order = compare(leaf.operand, *value);
        if (leaf.op == Op::min ? order >= 0 : order <= 0) return Result::unchanged;
      }
      return write(leaf, key, leaf.operand, leaf.depth, out, level);
    }
    case Op::current_date:
      element(key, bson::Value(quire::now()), out);
      return Result::written;
    case Op::current_timestamp: {
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(quire::now().time_since_epoch());
      element(key, bson::Value(bson::Timestamp{1, static_cast<std::uint32_t>(seconds.count())}),
              out);
      return Result::written;
    }
    case Op::bit: {
      if (value && value->type() != Type::int32 && value->type() != Type::int64)
        fail(bad_value, leaf.path,
             "$bit needs an integer, found " + std::string(type_name(value->type())));
      auto result = value ? bson::Value(*value) : bson::Value(std::int32_t{0});
      for (const auto& [operation, mask] : leaf.bits) result = bit_numbers(operation, result, mask);
      element(key, result, out);
      return Result::written;
    }
    case Op::push:
    case Op::add_to_set:
      if (level + std::max(leaf.depth, 1) > bson::max_depth)
        fail(overflow, leaf.path, "the document would be nested too deeply");
      return array_leaf(leaf, value, key, out);
    case Op::pop:
    case Op::pull:
    case Op::pull_all:
      return array_leaf(leaf, value, key, out);
  }
  return Result::unchanged;
}

}  // namespace quire::store::embedded::update
