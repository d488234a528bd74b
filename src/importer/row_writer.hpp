#pragma once

#include <memory>
#include <span>

#include "importer/program.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {

/// Rows of a child table as they come, with those of its own children.
class ChildRows {
 public:
  ChildRows(const ChildProgram& program, SourceSession& session,
            const std::optional<bson::Value>& after, const std::optional<bson::Value>& until,
            std::span<const bson::Value> keys);
  /// Of rows that are there, with those of children.
  ChildRows(const ChildProgram& program, std::unique_ptr<RowReader> reader,
            std::vector<ChildRows> children);

  /// Empty: there are no more.
  [[nodiscard]] std::span<const Cell> row() const noexcept { return row_; }
  void advance() { row_ = reader_->next(); }
  [[nodiscard]] const ChildProgram& program() const noexcept { return program_; }
  [[nodiscard]] std::vector<ChildRows>& children() noexcept { return children_; }
  /// Leaves out rows that belong to the row told by these cells, those of children too.
  void skip(std::span<const Cell> parent, const std::vector<std::size_t>& key);
  /// Whether the row has what an unpivot added to the parent.
  [[nodiscard]] bool has_made(std::span<const Cell> parent) const;
  /// Leaves out this row, with those of children that belong to it.
  void skip_row();
  /// Leaves out rows whose owner is not there, as far as numbers tell.
  void skip_orphans(std::span<const Cell> parent, const std::vector<std::size_t>& key);
  /// After the last parent: throws ImportError source_changed where rows are left that are not
  /// orphans.
  void expect_end(std::size_t key_columns) const;

 private:
  void skip_of(std::span<const Cell> parent, const Program& program);
  const ChildProgram& program_;
  std::unique_ptr<RowReader> reader_;
  std::span<const Cell> row_;
  std::vector<ChildRows> children_;
};

[[nodiscard]] bool same_cell(const Cell& a, const Cell& b) noexcept;

/// Runs the steps of programs. One thread.
class RowWriter {
 public:
  struct Input {
    std::span<const Cell> cells;
    std::vector<ChildRows>* children = nullptr;
    std::string_view part = {};  ///< of an unpivoted row, for hashes
    /// Of a pivot: names that no rule takes.
    const std::vector<std::pair<std::string_view, Cell>>* rest = nullptr;
    const Conversion* rest_conversion = nullptr;
  };
  /// The document's bytes, valid until the next call. Throws Error for what does not become one;
  /// the reader of children may then stand anywhere among the row's own.
  [[nodiscard]] bson::View write(const Program& program, const Input& input);
  /// What the child's row was that failed last, with the path of the child.
  [[nodiscard]] const std::optional<std::pair<std::string, bson::Document>>& failed_child() const {
    return failed_child_;
  }

 private:
  void run(const Program& program, const Input& input);
  void plain(const Program& program, const Step& step, const Input& input);
  void field(const Program& program, const Step& step, const Input& input);
  void null_value(const FieldStep& field, const Step& step, bool absent);
  void replaced(const FieldStep& field, const Step& step, bson::ValueView value);
  [[nodiscard]] bson::ValueView converted(const Conversion& conversion, const Cell& cell);
  void hash(const Program& program, const Input& input);
  [[nodiscard]] ObjectId hash_of(const Program& program, const HashStep& step,
                                 std::string_view path, const Input& input);
  void child(const Program& program, const Step& step, const Input& input);
  void element(ChildRows& rows, std::string_view name, std::string_view part);
  void rest(const Input& input);
  [[noreturn]] void fail(const FieldStep& field, const std::string& why) const;
  void flush() {
    if (!pending_.empty()) open_pending();
  }
  void open_pending();

  bson::Writer out_;
  bson::Writer aside_;
  ConvertScratch scratch_;
  std::string text_;
  std::string same_;
  std::vector<std::string_view> pending_;  ///< nested documents that have nothing in them yet
  std::optional<std::pair<std::string, bson::Document>> failed_child_;
};

/// Whether the child's row belongs to the parent.
[[nodiscard]] bool belongs(std::span<const Cell> child, std::span<const Cell> parent,
                           std::size_t before, const std::vector<std::size_t>& key) noexcept;

}  // namespace quire::importer
