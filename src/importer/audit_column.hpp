#pragma once

#include <array>
#include <string>
#include <vector>

#include "quire/core/function_ref.hpp"
#include "quire/importer/audit.hpp"

namespace quire::importer {

/// Counts what one column's cells are. One thread.
class ColumnTally {
 public:
  /// `in_key`: of the table's key. `refers`: of a foreign key.
  ColumnTally(const Column& column, bool in_key, bool refers, std::size_t examples)
      : column_(column), in_key_(in_key), refers_(refers), most_(examples) {}

  /// `key`: names the row; called for examples alone.
  void add(const Cell& cell, FunctionRef<std::string()> key);
  void finish(AuditColumn& out, std::vector<AuditFinding>& findings) const;

 private:
  enum Kind : std::size_t {
    bad_utf8,
    zero_byte,
    zero_date,
    infinite_date,
    not_finite,
    beyond_double,
    beyond_int64,
    beyond_decimal128,
    empty_key,
    null_key,
    untrimmed_key,
    unreadable,
    kinds
  };
  struct Seen {
    std::int64_t rows = 0;
    std::vector<std::string> examples;
  };
  static constexpr std::size_t classes = 10;

  void look_at_text(const Cell& cell, FunctionRef<std::string()> key);
  void look_at_number(const Cell& cell, FunctionRef<std::string()> key);
  void found(Kind kind, const Cell& cell, FunctionRef<std::string()> key) {
    note(findings_[kind], cell, key);
  }
  void note(Seen& seen, const Cell& cell, FunctionRef<std::string()> key) const;
  void finish_types(std::vector<AuditFinding>& findings) const;

  const Column& column_;
  bool in_key_, refers_;
  std::size_t most_;
  std::int64_t nulls_ = 0, absent_ = 0, longest_ = 0;
  std::array<std::int64_t, 32> by_kind_{};
  std::array<Seen, kinds> findings_{};
  std::array<Seen, classes> by_class_{};  ///< with examples of each
};

}  // namespace quire::importer
