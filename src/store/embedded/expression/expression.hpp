#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/core/function_ref.hpp"
#include "store/embedded/engine/cluster_clock.hpp"
#include "store/embedded/expression/arena.hpp"
#include "store/embedded/expression/value.hpp"

/// Aggregation expressions: parsed once into a tree, then evaluated on documents' bytes.
/// Source: MongoDB manual, "Aggregation Expressions", "Expression Operators"; numbers of errors are
/// those of the server, version 8.2.
namespace quire::store::embedded {

/// Throws QueryError invalid_query with the server's number.
[[noreturn]] void fail_expression(int code, std::string_view detail);
/// Throws StoreError unsupported, naming the feature.
[[noreturn]] void refuse_expression(std::string_view feature);

/// What an expression is evaluated on: variables and the memory of what it computes. Values hold
/// until reset() or the end, and only as long as the documents that variables look at. One thread.
class Evaluation {
 public:
  static constexpr std::size_t root_slot = 0;
  static constexpr std::size_t current_slot = 1;

  /// `slots`: of the scope that the expressions were parsed in.
  explicit Evaluation(std::size_t slots = 2) : slots_(slots < 2 ? 2 : slots, missing) {}

  /// Begins a document: $$ROOT and $$CURRENT; values of the one before are let go of.
  void begin(bson::View document) {
    arena_.reset();
    set_root(document);
  }
  void set_root(bson::View document) {
    slots_[root_slot] = {bson::Type::document, document.data(), document.size()};
    slots_[current_slot] = slots_[root_slot];
  }
  [[nodiscard]] bson::ValueView slot(std::size_t i) const { return slots_[i]; }
  void set_slot(std::size_t i, bson::ValueView value) {
    if (i >= slots_.size()) slots_.resize(i + 1, missing);
    slots_[i] = value;
  }
  /// $$NOW: one moment for all of a command.
  [[nodiscard]] std::int64_t now_ms() const noexcept { return now_ms_; }
  void set_now(std::int64_t ms) noexcept { now_ms_ = ms; }

  [[nodiscard]] Arena& arena() noexcept { return arena_; }
  void reset() noexcept { arena_.reset(); }

  // New values.
  [[nodiscard]] bson::ValueView int32(std::int32_t v) { return fixed(bson::Type::int32, v); }
  [[nodiscard]] bson::ValueView int64(std::int64_t v) { return fixed(bson::Type::int64, v); }
  [[nodiscard]] bson::ValueView number(double v) { return fixed(bson::Type::double_, v); }
  [[nodiscard]] bson::ValueView decimal(bson::Decimal128 v) {
    return fixed(bson::Type::decimal128, v);
  }
  /// int32 where it fits, else int64.
  [[nodiscard]] bson::ValueView narrow(std::int64_t v) {
    return v == static_cast<std::int32_t>(v) ? int32(static_cast<std::int32_t>(v)) : int64(v);
  }
  [[nodiscard]] bson::ValueView date(std::int64_t ms) { return fixed(bson::Type::date_time, ms); }
  [[nodiscard]] bson::ValueView timestamp(bson::Timestamp v) {
    return fixed(bson::Type::timestamp, v);
  }
  [[nodiscard]] bson::ValueView object_id(const bson::ObjectId& v) {
    return fixed(bson::Type::object_id, v.bytes);
  }
  [[nodiscard]] bson::ValueView string(std::string_view text);
  [[nodiscard]] bson::ValueView binary(bson::BinarySubtype subtype, std::string_view bytes);
  [[nodiscard]] bson::ValueView document(bson::View view) {
    return {bson::Type::document, arena_.copy(view.data(), view.size()), view.size()};
  }
  [[nodiscard]] bson::ValueView array(bson::View elements) {
    return {bson::Type::array, arena_.copy(elements.data(), elements.size()), elements.size()};
  }
  /// A value that lives elsewhere, as one of this evaluation's.
  [[nodiscard]] bson::ValueView keep(bson::ValueView value) {
    return {value.type(), arena_.copy(value.data(), value.size()), value.size()};
  }

  /// A writer to build a document or array in; it goes back at the handle's end.
  class Builder {
   public:
    explicit Builder(Evaluation& e);
    ~Builder();
    Builder(Builder&&) = delete;
    bson::Writer* operator->() const noexcept { return writer_.get(); }
    bson::Writer& operator*() const noexcept { return *writer_; }
    /// A field, unless it is missing.
    void append(std::string_view key, bson::ValueView value) {
      if (!is_missing(value)) writer_->append(key, value);
    }
    /// An element; null where it is missing.
    void push(bson::ValueView value) { writer_->push(is_missing(value) ? null_value : value); }
    [[nodiscard]] bson::ValueView document() { return e_.document(writer_->finish_view()); }
    [[nodiscard]] bson::ValueView array() { return e_.array(writer_->finish_view()); }

   private:
    Evaluation& e_;
    std::unique_ptr<bson::Writer> writer_;
  };

 private:
  template <class T>
  [[nodiscard]] bson::ValueView fixed(bson::Type type, const T& v) {
    return {type, arena_.copy(&v, sizeof v), sizeof v};
  }
  Arena arena_;
  std::vector<bson::ValueView> slots_;
  std::int64_t now_ms_ = 0;
  std::vector<std::unique_ptr<bson::Writer>> writers_;
};

/// The fields of $$CURRENT that something needs; `whole` when that cannot be told.
struct FieldUse {
  std::vector<std::string> paths;  ///< dotted
  bool whole = false;
};

/// One node of the tree. Immutable; evaluate() is thread-safe with an Evaluation a thread.
class Expression {
 public:
  virtual ~Expression() = default;
  Expression(const Expression&) = delete;
  /// The value, or missing. Throws QueryError with the server's number.
  [[nodiscard]] virtual bson::ValueView evaluate(Evaluation& e) const = 0;
  /// The value of a literal; null for all other nodes.
  [[nodiscard]] virtual const bson::ValueView* constant() const noexcept { return nullptr; }
  /// Whether it gives the same value for the same children, so that constants can be folded.
  [[nodiscard]] virtual bool is_pure() const noexcept { return true; }
  /// Appends what it reads of the document.
  virtual void add_fields(FieldUse& use) const;
  [[nodiscard]] const std::vector<std::unique_ptr<const Expression>>& children() const noexcept {
    return children_;
  }

 protected:
  Expression() = default;
  /// Null where an optional argument was not given.
  std::vector<std::unique_ptr<const Expression>> children_;
  [[nodiscard]] bson::ValueView child(std::size_t i, Evaluation& e) const {
    return children_[i]->evaluate(e);
  }
};
using ExpressionPtr = std::unique_ptr<const Expression>;

/// The names that an expression may use. Variables of $let, $map … get a slot each while they are
/// parsed; those whose value is known (of `let` in a command) are put in as constants.
class ParseScope {
 public:
  ParseScope() = default;
  /// Variables of a command: values, not expressions. Throws QueryError for names that cannot be.
  void define_constant(std::string_view name, bson::ValueView value);
  /// A variable for what is parsed until pop(); gives its slot. Throws QueryError for names that
  /// cannot be.
  std::size_t push(std::string_view name);
  void pop() { names_.pop_back(); }
  [[nodiscard]] std::optional<std::size_t> find_slot(std::string_view name) const;
  /// Null for none; its value is missing where that is what it was defined as.
  [[nodiscard]] const Expression* find_constant(std::string_view name) const;
  /// For Evaluation's constructor.
  [[nodiscard]] std::size_t slots() const noexcept { return most_; }

  bool has_now = true;  ///< $$NOW is there
  /// $$CLUSTER_TIME. Zero: read at each evaluation. Nothing: this is no replica set.
  std::optional<bson::Timestamp> cluster_time = CommandTime::current();
  bool in_redact = false;     ///< $$DESCEND, $$PRUNE, $$KEEP are there
  bool system_names = false;  ///< upper-case names may be defined (by the engine itself)

 private:
  std::vector<std::pair<std::string, std::size_t>> names_;
  std::map<std::string, std::shared_ptr<const Expression>, std::less<>> constants_;
  std::size_t next_ = 2;
  std::size_t most_ = 2;
};

/// Throws QueryError 16866 … for a name that a user's variable cannot have. CURRENT is allowed.
void check_variable_name(std::string_view name);
/// The steps of a dotted field path. Throws QueryError (15998, 16410, 16411, 40352, 40353 …).
[[nodiscard]] std::vector<std::string> parse_field_path(std::string_view path);
/// Throws QueryError for a name that a field of an object expression cannot have.
void check_field_name(std::string_view name);

/// Throws QueryError; StoreError unsupported, by name, for $function, $accumulator.
[[nodiscard]] ExpressionPtr parse_expression(bson::ValueView value, ParseScope& scope);
/// For a part that is never evaluated: parses it, and lets it be when its constants fail.
void check_unused(bson::ValueView value, const ParseScope& scope);
/// An object whose keys are no operators: {a: expression, …}.
[[nodiscard]] ExpressionPtr parse_object(bson::View object, ParseScope& scope);
[[nodiscard]] ExpressionPtr make_constant(bson::ValueView value);
[[nodiscard]] ExpressionPtr make_field_path(std::string_view dotted);
/// The value of a constant part of an expression cannot be computed.
class ConstantError final : public QueryError {
 public:
  explicit ConstantError(const QueryError& error) : QueryError(error) {}
};
/// The node, or its value where its children are constants and it is pure. Throws ConstantError.
[[nodiscard]] ExpressionPtr fold(ExpressionPtr node);
/// The dotted path when the expression is a plain field of $$CURRENT ("$a.b").
[[nodiscard]] const std::string* field_path_of(const Expression& expression) noexcept;
/// The value at a dotted path as "$a.b" reads it: arrays on the way give arrays. `steps` not empty.
[[nodiscard]] bson::ValueView value_at(bson::ValueView from, std::span<const std::string> steps,
                                       Evaluation& e);

struct Operator;
/// The arguments of an operator that is a plain function, evaluated.
struct Call {
  const Operator& op;
  std::span<const bson::ValueView> arguments;
  Evaluation& e;
  [[nodiscard]] bson::ValueView operator[](std::size_t i) const { return arguments[i]; }
  [[nodiscard]] std::size_t size() const noexcept { return arguments.size(); }
};

/// An operator: its name and either a function of its evaluated arguments, or a parser of its own.
struct Operator {
  using Function = bson::ValueView (*)(const Call& call);
  using Parser = ExpressionPtr (*)(const Operator& op, bson::ValueView argument, ParseScope& scope);
  std::string_view name;  ///< with its $
  Function call = nullptr;
  int least = 0;
  int most = 0;  ///< -1 = any number
  Parser parse = nullptr;
  bool pure = true;
};
/// For tables: {"$abs", abs, 1, 1}.
[[nodiscard]] constexpr Operator function_operator(std::string_view name, Operator::Function call,
                                                   int least, int most, bool pure = true) {
  return {name, call, least, most, nullptr, pure};
}
[[nodiscard]] constexpr Operator parsed_operator(std::string_view name, Operator::Parser parse) {
  return {name, nullptr, 0, 0, parse, true};
}
/// Null for a name that no expression has.
[[nodiscard]] const Operator* find_operator(std::string_view name) noexcept;

/// The arguments of an operator: the elements of an array, or the one value. Throws 16020 / 28667
/// when their number is not within least … most.
[[nodiscard]] std::vector<ExpressionPtr> parse_arguments(const Operator& op,
                                                         bson::ValueView argument,
                                                         ParseScope& scope);
/// The node that calls `op` on its arguments, for parsers of their own. `op` must outlive it.
[[nodiscard]] ExpressionPtr make_function(const Operator& op, std::vector<ExpressionPtr> arguments);
/// An operator with named arguments: {$op: {input: …, as: …}}.
class NamedArguments {
 public:
  /// `code_not_object` when it is no object; `code_unknown` for a name not in `known`.
  NamedArguments(const Operator& op, bson::ValueView argument,
                 std::span<const std::string_view> known, int code_not_object, int code_unknown);
  [[nodiscard]] std::optional<bson::ValueView> get(std::string_view name) const;
  /// Throws `code` when it is not there.
  [[nodiscard]] bson::ValueView required(std::string_view name, int code) const;
  /// Null when it is not there.
  [[nodiscard]] ExpressionPtr parse(std::string_view name, ParseScope& scope) const;

 private:
  const Operator& op_;
  bson::View object_;
};

// The families, a table each.
[[nodiscard]] std::span<const Operator> arithmetic_operators() noexcept;
[[nodiscard]] std::span<const Operator> trigonometry_operators() noexcept;
[[nodiscard]] std::span<const Operator> bitwise_operators() noexcept;
[[nodiscard]] std::span<const Operator> comparison_operators() noexcept;
[[nodiscard]] std::span<const Operator> boolean_operators() noexcept;
[[nodiscard]] std::span<const Operator> conditional_operators() noexcept;
[[nodiscard]] std::span<const Operator> variable_operators() noexcept;
[[nodiscard]] std::span<const Operator> misc_operators() noexcept;
[[nodiscard]] std::span<const Operator> type_operators() noexcept;
[[nodiscard]] std::span<const Operator> string_operators() noexcept;
[[nodiscard]] std::span<const Operator> regex_operators() noexcept;
[[nodiscard]] std::span<const Operator> array_operators() noexcept;
[[nodiscard]] std::span<const Operator> set_operators() noexcept;
[[nodiscard]] std::span<const Operator> object_operators() noexcept;
[[nodiscard]] std::span<const Operator> date_operators() noexcept;
[[nodiscard]] std::span<const Operator> accumulator_operators() noexcept;

}  // namespace quire::store::embedded
