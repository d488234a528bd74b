#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/embedded/expression/expression.hpp"

/// The accumulators of $group, $bucket and $bucketAuto: {$sum: …}, {$topN: {…}}. Those of windows
/// are in window/, those of one document's arrays are the expressions in accumulator.cpp.
namespace quire::store::embedded {

/// What one accumulator has taken in of one group. Not thread-safe.
class Accumulator {
 public:
  /// As the server: one that needs more fails with 146.
  static constexpr std::size_t memory_limit = 100U << 20;

  virtual ~Accumulator() = default;
  Accumulator(const Accumulator&) = delete;
  /// Takes in what AccumulatorSpec::argument gave for a document; missing is a value, too. Throws
  /// QueryError with the server's number.
  virtual void add(bson::ValueView value, Evaluation& e) = 0;
  /// Whether another value can still count: where it cannot, none need be computed.
  [[nodiscard]] virtual bool takes_more() const noexcept { return true; }
  /// Never missing. Holds until the next add(), the evaluation's reset or the end of either.
  [[nodiscard]] virtual bson::ValueView result(Evaluation& e) = 0;
  /// Bytes of the object and what it holds.
  [[nodiscard]] virtual std::size_t bytes() const noexcept = 0;

 protected:
  Accumulator() = default;
};
using AccumulatorPtr = std::unique_ptr<Accumulator>;

/// What makes an accumulator beside its argument.
struct AccumulatorOptions {
  std::string_view name;                  ///< with its $
  std::int64_t n = 1;                     ///< of $firstN, $topN …
  std::span<const double> percentiles{};  ///< of $percentile, $median
};

/// What an accumulator is of: a group's takes one expression that is no array of them.
enum class AccumulatorPlace : std::uint8_t { group, window };

/// One field of a group, parsed: {total: {$sum: "$price"}}. Immutable; thread-safe with an
/// Evaluation a thread.
class AccumulatorSpec {
 public:
  /// `field`: the field of $group. Throws QueryError with the server's number (40234 …); StoreError
  /// unsupported for $accumulator.
  [[nodiscard]] static AccumulatorSpec parse(const bson::Element& field, ParseScope& scope);
  /// {$sum: expression} alone.
  [[nodiscard]] static AccumulatorSpec parse_operator(
      const bson::Element& op, ParseScope& scope, AccumulatorPlace place = AccumulatorPlace::group);

  [[nodiscard]] const std::string& field() const noexcept { return field_; }
  /// "$sum"
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] const Expression& expression() const noexcept { return *argument_; }
  /// What a document adds: the value that add() takes. It can be kept for later and added then.
  [[nodiscard]] bson::ValueView argument(Evaluation& e) const { return argument_->evaluate(e); }
  /// One for a new group, not to outlive this. `key`: the group's _id, whose fields N may be
  /// computed of. Throws QueryError 7548606 for an N that is no positive whole number.
  [[nodiscard]] AccumulatorPtr make(bson::ValueView key, Evaluation& e) const {
    return maker_(options(key, e));
  }
  /// What make() hands on.
  [[nodiscard]] AccumulatorOptions options(bson::ValueView key, Evaluation& e) const;

 private:
  using Maker = AccumulatorPtr (*)(const AccumulatorOptions& options);
  AccumulatorSpec() = default;
  friend struct AccumulatorParser;
  std::string field_;
  std::string_view name_;
  ExpressionPtr argument_;
  ExpressionPtr n_;  // null = 1
  std::vector<double> percentiles_;
  Maker maker_ = nullptr;
  AccumulatorPlace place_ = AccumulatorPlace::group;
};

/// Throws QueryError 146 when `bytes` are beyond Accumulator::memory_limit.
void check_accumulator_memory(std::size_t bytes, std::string_view name);
/// The elements of an argument that is an array; of a missing one none. Throws QueryError 14 for
/// what is neither.
void for_each_element(bson::ValueView value, std::string_view name,
                      FunctionRef<void(bson::ValueView)> take);
/// The value of N. Throws QueryError unless it is a positive whole number below 2^63, with the code
/// for what is no number, not whole, or not positive.
struct NCodes {
  int type, whole, positive;
};
[[nodiscard]] std::int64_t check_n(bson::ValueView value, const NCodes& codes);
inline constexpr NCodes n_codes_of_groups{7548606, 7548606, 7548606};
inline constexpr NCodes n_codes_elsewhere{5787902, 5787903, 5787908};

/// {n, input} of $firstN and its kind.
struct InputAndN {
  ExpressionPtr n, input;
};
[[nodiscard]] InputAndN parse_input_and_n(bson::ValueView spec, ParseScope& scope,
                                          int code_not_object);
/// {input, p, method} of $percentile, {input, method} of $median.
struct PercentileArguments {
  ExpressionPtr input;
  std::vector<double> percentiles;
};
[[nodiscard]] PercentileArguments parse_percentile_arguments(std::string_view name,
                                                             bson::ValueView spec,
                                                             ParseScope& scope,
                                                             int code_not_object);
/// {n, sortBy, output} of $topN and its kind, {sortBy, output} of $top. `argument` gives an array
/// of the output (null for missing) and the sort key, whose bytes are ordered as the documents are.
struct TopArguments {
  ExpressionPtr n;  ///< null for $top and $bottom
  ExpressionPtr argument;
};
[[nodiscard]] TopArguments parse_top_arguments(std::string_view name, bson::ValueView spec,
                                               ParseScope& scope);

// By kind.
[[nodiscard]] AccumulatorPtr make_sum(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_avg(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_std_dev_pop(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_std_dev_samp(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_percentile(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_median(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_min(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_max(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_first(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_last(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_push(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_concat_arrays(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_add_to_set(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_set_union(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_merge_objects(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_first_n(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_last_n(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_min_n(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_max_n(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_top(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_bottom(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_top_n(const AccumulatorOptions& options);
[[nodiscard]] AccumulatorPtr make_bottom_n(const AccumulatorOptions& options);

}  // namespace quire::store::embedded
