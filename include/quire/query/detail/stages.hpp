#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/model/model.hpp"
#include "quire/query/accumulator.hpp"

/// The stages of a pipeline as BSON, compiled once, and what a stage's result type must be.
namespace quire::query::detail {

/// The fields that a struct stores, by name; those of flattened members beside the others.
struct StoredNames {
  std::vector<std::string_view> fields;
  std::vector<std::string_view> aliases;  ///< older names that are read
};
void add_names(StoredNames& to, const std::vector<FieldInfo>& fields);

/// Stages in order.
class PipelineBuilder {
 public:
  /// {op: operand}
  void add(std::string_view op, bson::ValueView operand);
  /// {op: {name: operand …}} without those of the type undefined.
  void add(std::string_view op, std::span<const Named> operands);
  /// $set, $addFields. Documents made by expressions replace what was there.
  void add_set(std::string_view op, std::span<const Named> fields);
  void add_raw(const bson::Document& stage) { stages_.push_back(stage); }
  void append(const PipelineBuilder& more);
  /// {op: {_id: key, name: accumulator …}} and the like: `fixed` first. Throws QueryError
  /// invalid_query for a name with a dot.
  void add_group(std::string_view op, std::span<const Named> fixed, std::string_view output,
                 std::span<const Named> fields);
  /// $project of the fields of `out`, those in `given` computed, the others as they are. `row` may
  /// be null: anything. Throws ModelError invalid_model for a field that neither has.
  void add_project(const StoredNames& out, const StoredNames* row, std::span<const Named> given,
                   std::string_view type);

  [[nodiscard]] bool empty() const noexcept { return stages_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return stages_.size(); }
  /// As elements of an array.
  [[nodiscard]] bson::Document document() const;
  [[nodiscard]] bson::Value array() const;
  [[nodiscard]] std::string json() const;

 private:
  std::vector<bson::Document> stages_;
};

/// The list, with $literal around what would be read as an expression.
[[nodiscard]] bson::Value documents_value(bson::ValueView list);
[[nodiscard]] bson::Value keys_of(bson::View document);  ///< as an array of text
/// The name of a collection of a model; throws ModelError invalid_model when it has none.
[[nodiscard]] const std::string& collection_of(const ModelInfo& info);

template <class T>
inline constexpr bool untyped_row = std::is_same_v<T, bson::Document>;

template <class T>
consteval bool all_names_known() {
  for (const auto& one : reflect::policies<T>.field) {
    if (one.flattened || one.renamed) return false;
  }
  return true;
}
template <class T, class Out, std::size_t I, std::size_t... J>
consteval bool has_field_of(std::index_sequence<J...>) {
  constexpr const auto& policy = reflect::policies<T>.field;
  return ((!policy[J].skipped &&
           reflect::static_name<T, J>.view() == reflect::static_name<Out, I>.view()) ||
          ...);
}
template <class Out, class Row, std::size_t I, std::size_t... Given>
consteval bool is_covered() {
  return ((I == Given) || ...) || reflect::policies<Out>.field[I].skipped ||
         has_field_of<Row, Out, I>(std::make_index_sequence<reflect::field_count<Row>>{});
}
template <class Out, class Row, class Given, std::size_t... I>
struct Covered;
template <class Out, class Row, std::size_t... Given, std::size_t... I>
struct Covered<Out, Row, std::index_sequence<Given...>, I...> {
  static constexpr bool value = (is_covered<Out, Row, I, Given...>() && ...);
};
template <class Out, class Row, class Given, std::size_t... I>
consteval bool all_covered(std::index_sequence<I...>) {
  return Covered<Out, Row, Given, I...>::value;
}
/// Whether each member of Out is given or a field of Row; true where names are known at run time
/// only.
template <class Out, class Row, std::size_t... Given>
constexpr void check_covered() {
  if constexpr (!std::is_same_v<Out, Row> && !untyped_row<Out> && !untyped_row<Row>) {
    (void)sizeof(bson::detail::explain_document<Out>());
    if constexpr (bson::detail::MappedDocument<Out> && bson::detail::MappedDocument<Row>) {
      if constexpr (all_names_known<Out>() && all_names_known<Row>()) {
        constexpr bool covered = all_covered<Out, Row, std::index_sequence<Given...>>(
            std::make_index_sequence<reflect::field_count<Out>>{});
        static_assert(covered,
                      "quire: a member of the struct that this stage makes is neither given by "
                      "into<…>(…) nor a field of the documents before it.");
      }
    }
  }
}
/// The type of Out's member that is stored under the name of Row's member I; void where that is not
/// known when it compiles.
template <class Out, class Row, std::size_t I, std::size_t J = 0>
consteval auto find_namesake() {
  if constexpr (J >= reflect::field_count<Out>)
    return std::type_identity<void>{};
  else if constexpr (reflect::static_name<Out, J>.view() == reflect::static_name<Row, I>.view())
    return std::type_identity<std::remove_const_t<reflect::field_t<Out, J>>>{};
  else
    return find_namesake<Out, Row, I, J + 1>();
}
/// Whether Out's member of the same name holds the list's element.
template <class Out, class P>
consteval bool takes_element() {
  if constexpr (requires { P::first; }) {
    using Root = typename P::root;
    if constexpr (P::single && !untyped_row<Out>) {
      if constexpr (all_names_known<Out>() && all_names_known<Root>()) {
        using Member =
            typename decltype(find_namesake<Out, Root, reflect::index_of<P::first, Root>>())::type;
        if constexpr (!std::is_void_v<Member>)
          return holds_value<Member, item_t<typename P::value>>();
      }
    }
  }
  return true;
}
template <class T>
consteval bool names_are_plain() {
  for (const auto& one : reflect::policies<T>.field) {
    if (one.flattened || one.aliased) return false;
  }
  return true;
}
/// Without the list of fields, which costs more to compile, where names are all that there is.
template <class T>
StoredNames names_of() {
  StoredNames names;
  if constexpr (names_are_plain<T>()) {
    for (std::size_t i = 0; i < reflect::field_count<T>; ++i) {
      if (!reflect::policies<T>.field[i].skipped)
        names.fields.push_back(model_detail::stored_at<T>(i));
    }
  } else {
    add_names(names, model_detail::fields_of<T>());
  }
  return names;
}

}  // namespace quire::query::detail
