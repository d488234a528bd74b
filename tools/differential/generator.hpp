#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "node.hpp"

namespace quire::differential {

/// What an expression should come out as; now and then another comes, so that errors are compared.
enum class Wanted { number, text, array, boolean, date, object, any };

/// Random documents and the commands about them, the same on each machine for a seed.
/// Documents have the fields a, b, c, d of any type, and n (numbers), s (strings), t (arrays of
/// numbers), w (dates) which may be absent, so that most expressions have operands that fit.
/// Of the types undefined, symbol, DBPointer and code with scope there are no values: SecantusDB
/// stores the first two as null and string, and the other two are read by nothing.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  /// Documents with _id 0, 1, …; later operands are taken from their values too.
  [[nodiscard]] std::vector<Node> documents(int count);
  [[nodiscard]] Node index_keys();

  [[nodiscard]] Node read_command(std::string_view collection);
  /// One statement of an update command: {q, u, multi, arrayFilters}.
  [[nodiscard]] Node update_statement();
  /// One statement of a delete command: {q, limit: 0}.
  [[nodiscard]] Node delete_statement();

  /// findAndModify, an upsert, or a pipeline that ends in $merge into the collection or $out to
  /// "o": one document after the other in an order that is settled.
  [[nodiscard]] Node change_command(std::string_view collection);

  [[nodiscard]] Node filter(int depth);
  [[nodiscard]] Node projection();
  [[nodiscard]] Node sort();
  [[nodiscard]] Node pipeline(std::string_view collection, int depth);
  [[nodiscard]] Node expression(Wanted wanted, int depth);

  [[nodiscard]] std::size_t below(std::size_t limit) {
    return static_cast<std::size_t>(random_() % limit);
  }
  [[nodiscard]] bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }

 private:
  // The order of a pipeline's documents so far, and whether their _id are unique.
  struct Flow {
    bool ordered = false;
    bool unique = true;
  };

  template <class T, std::size_t N>
  const T& pick(const T (&from)[N]) {
    return from[below(N)];
  }
  std::string path();
  std::string update_path(Node& array_filters, bool& positional);
  Node number();
  Node text();
  Node date();
  Node value(int depth);
  Node array(int depth);
  Node operand();
  Node predicate(int depth);
  Node operator_value(int depth);
  Node update_operators(Node& statement);
  Node update_operand(std::string_view name);
  Node update_pipeline();
  Node expression_number(int depth);
  Node expression_text(int depth);
  Node expression_array(int depth);
  Node expression_boolean(int depth);
  Node expression_date(int depth);
  Node expression_any(int depth);
  Node literal_object(int depth);
  Node stage(std::string_view collection, int depth, Flow& flow);
  Node group(Flow& flow);
  Node accumulator(bool ordered);
  Node window_fields();
  Node lookup(std::string_view collection);
  Node lookup_with_fields(std::string_view collection);
  Node graph_lookup(std::string_view collection);
  Node fill();
  Node densify();
  Node bucket_auto();
  Node range_window();
  Node rarer_number(int depth);
  Node rarer(int depth);
  void add_upsert(Node& statement);
  Node upsert_command(std::string_view collection);
  Node find_and_modify(std::string_view collection);
  Node writing_pipeline(std::string_view collection);

  std::mt19937_64 random_;
  std::vector<Node> seen_;
};

}  // namespace quire::differential
