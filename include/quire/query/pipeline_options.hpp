#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quire/query/accumulator.hpp"
#include "quire/query/expr_time.hpp"

/// What stages of a pipeline take besides fields and expressions.
namespace quire::query {

template <class Root, class Row>
class Pipeline;

/// What sort_by_count makes.
template <class Key>
struct Counted {
  Key id{};
  std::int64_t count = 0;
};

struct UnwindOptions {
  bool keep_empty = false;         ///< documents whose list is empty, null or missing stay
  std::string include_index = {};  ///< stored name of a field that takes the position; null if none
};

template <class Foreign>
struct GraphOptions {
  std::optional<std::int64_t> max_depth = std::nullopt;  ///< 0: no further than the first
  std::string depth_field = {};  ///< stored name of a field that takes the depth
  Filter<Foreign> only = {};     ///< documents that may be visited
};

/// Lower boundaries of buckets, ascending, and the end of the last. Made by boundaries(0, 18, 65).
template <class V>
class Boundaries {
 public:
  explicit Boundaries(bson::Value list) : list_(std::move(list)), rest_(detail::absent()) {}
  /// The id of a bucket for all that lies outside; without one such documents are an error.
  template <class D>
  [[nodiscard]] Boundaries otherwise(const D& id) const {
    Boundaries result = *this;
    result.rest_ = detail::literal_value(detail::plain_value(id));
    return result;
  }
  [[nodiscard]] const bson::Value& list() const noexcept { return list_; }
  [[nodiscard]] const bson::Value& rest() const noexcept { return rest_; }

 private:
  bson::Value list_, rest_;
};
template <class V, class... More>
[[nodiscard]] auto boundaries(const V& first, const More&... more) {
  using Value = detail::expr_value_t<V>;
  constexpr bool same = (detail::comparable_values<Value, detail::expr_value_t<More>>() && ...);
  static_assert(same, "quire: boundaries(…) are of one type.");
  const bson::Value values[] = {detail::arg_in<void>(first), detail::arg_in<void>(more)...};
  return Boundaries<Value>(detail::array_of(values));
}

/// Values of a document that a lookup's pipeline can use as var<V>("name").
template <class Root>
class Variables {
 public:
  explicit Variables(bson::Document document) : document_(std::move(document)) {}
  [[nodiscard]] bool empty() const noexcept { return document_.empty(); }
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }

 private:
  bson::Document document_;
};
template <class Root>
struct Variable {
  using root = Root;
  std::string name;
  bson::Value value;
};
template <class E>
[[nodiscard]] auto variable(std::string_view name, const E& e) {
  (void)detail::variable_value(name);  // throws
  using Root = detail::expr_root_t<E>;
  return Variable<Root>{std::string(name), detail::arg_in<Root>(e)};
}
template <class... R>
[[nodiscard]] auto variables(const Variable<R>&... each) {
  using Root = typename detail::join_expr_roots<R...>::type;
  const detail::Named values[] = {{each.name, each.value}..., {}};
  const bson::Value all = detail::object_value({values, sizeof...(R)});
  return Variables<Root>(bson::Document(all.view().as_document()));
}

template <class Row>
struct FillOptions {
  Sort<Row> sort = {};                ///< of fill_linear and fill_last
  Projection<Row> partition_by = {};  ///< include(a, b)
};
/// What fill puts into one field.
template <class Root>
struct Fill {
  using root = Root;
  std::string name;
  bson::Value how;
};
template <class P, class E>
[[nodiscard]] auto fill_with(const P& path, const E& e) {
  using Root = typename P::root;
  constexpr bool fits = detail::comparable_operands<P, E>();
  static_assert(fits, "quire: fill_with: the value is of another type than the field.");
  return Fill<Root>{
      path.str(),
      bson::Value(detail::single("value", detail::arg_beside<Root, detail::expr_value_t<P>>(e)))};
}
/// On the line between the values around.
template <class P>
[[nodiscard]] auto fill_linear(const P& path) {
  detail::check_number_operand<P>();
  return Fill<typename P::root>{path.str(),
                                bson::Value(detail::single("method", bson::Value("linear")))};
}
/// The last value before.
template <class P>
[[nodiscard]] auto fill_last(const P& path) {
  return Fill<typename P::root>{path.str(),
                                bson::Value(detail::single("method", bson::Value("locf")))};
}

/// Steps of densify: by a number, or by units of time; between the least and greatest value of all
/// documents, of each partition, or between two values. A value.
class DensifyRange {
 public:
  explicit DensifyRange(bson::Document document) : document_(std::move(document)) {}
  [[nodiscard]] const bson::Document& document() const noexcept { return document_; }

 private:
  bson::Document document_;
};
enum class DensifyBounds { full, partition };
[[nodiscard]] DensifyRange every(double step, DensifyBounds bounds = DensifyBounds::full);
[[nodiscard]] DensifyRange every(std::int64_t step, TimeUnit unit,
                                 DensifyBounds bounds = DensifyBounds::full);
[[nodiscard]] DensifyRange every(double step, double from, double to);
[[nodiscard]] DensifyRange every(std::int64_t step, TimeUnit unit, DateTime from, DateTime to);

enum class WhenMatched { merge, replace, keep_existing, fail };
enum class WhenNotMatched { insert, discard, fail };
/// How merge writes into the collection of T.
template <class T>
struct MergeOptions {
  Projection<T> on = {};  ///< include(a, b): fields with a unique index; _id when empty
  WhenMatched when_matched = WhenMatched::merge;
  WhenNotMatched when_not_matched = WhenNotMatched::insert;

  [[nodiscard]] bson::Value operand(std::string_view collection) const;
};
namespace detail {
[[nodiscard]] bson::Value merge_operand(std::string_view collection, bson::View on,
                                        WhenMatched matched, WhenNotMatched not_matched);
}
template <class T>
bson::Value MergeOptions<T>::operand(std::string_view collection) const {
  return detail::merge_operand(collection, on.view(), when_matched, when_not_matched);
}

}  // namespace quire::query
