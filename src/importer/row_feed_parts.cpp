#include <unordered_map>
#include <unordered_set>

#include "importer/kept_rows.hpp"
#include "importer/row_feed.hpp"

namespace quire::importer {
namespace {

/// Of a table with unpivot: one row, several documents, told by {k, n}.
class PartFeed final : public RowFeed {
 public:
  PartFeed(const CompiledTable::Impl& table, SourceSession& session, FeedBounds bounds)
      : RowFeed(table, session) {
    const std::size_t columns = table.key.size();
    if (!bounds.keys.empty()) {
      read_keys(bounds.keys, columns);
      return;
    }
    if (bounds.until) until_ = part_key(*bounds.until, columns);
    if (bounds.after) after_ = part_key(*bounds.after, columns);
    if (after_ && after_->part) {
      // The row that the bound lies in first, then those behind it.
      first_row_.push_back(after_->row);
      open({.after = {}, .until = {}, .keys = first_row_});
      in_first_ = true;
    } else {
      read_rest();
    }
  }

  bool next(MappedRow& row) override {
    const UnpivotProgram& unpivot = *table_.unpivot;
    for (;;) {
      for (; !cells_.empty() && part_ < unpivot.parts.size(); ++part_) {
        if (!is_wanted(part_)) continue;
        const UnpivotProgram::Part& part = unpivot.parts[part_];
        const Cell& value = cells_[part.cell];
        if (value.is_null() && !unpivot.with_nulls) continue;
        make(row, part, value);
        ++part_;
        return true;
      }
      if (!read_row()) return false;
    }
  }

 private:
  void read_keys(std::span<const bson::Value> keys, std::size_t columns) {
    by_keys_ = true;
    for (const bson::Value& key : keys) {
      PartKey one = part_key(key, columns);
      std::string text;
      append_same(text, one.row);
      auto [at, added] = wanted_.try_emplace(std::move(text));
      if (added) first_row_.push_back(one.row);
      if (one.part)
        at->second.parts.insert(*one.part);
      else
        at->second.all = true;
    }
    open({.after = {}, .until = {}, .keys = first_row_});
  }

  void read_rest() {
    in_first_ = false;
    FeedBounds bounds;
    if (after_) bounds.after = after_->row;
    if (until_) bounds.until = until_->row;
    open(bounds);
  }

  void open(const FeedBounds& bounds) {
    RowQuery query = table_.query;
    query.after = bounds.after;
    query.until = bounds.until;
    query.keys = bounds.keys;
    reader_ = session_.read(query);
    kept_.clear();
    children_.clear();
    children_.reserve(table_.program.children.size());
    for (const ChildProgram& child : table_.program.children)
      kept_.emplace_back(
          children_.emplace_back(child, session_, bounds.after, bounds.until, bounds.keys));
  }

  bool read_row() {
    for (;;) {
      cells_ = reader_->next();
      part_ = 0;
      if (!cells_.empty()) break;
      for (const ChildRows& child : children_) child.expect_end(table_.program.key.size());
      children_.clear();
      if (!in_first_) return false;
      if (until_ && until_->row == after_->row) {  // both bounds lie in it
        in_first_ = false;
        reader_ = std::make_unique<NoRows>();
        return false;
      }
      read_rest();
    }
    const auto row = shifted();
    for (std::size_t i = 0; i < children_.size(); ++i) {
      children_[i].skip_orphans(row, table_.program.key);
      kept_[i].take(row, table_.program.key);
    }
    try {
      key_ = key_of_row(row, table_.program.key, table_.program.key_names);
      same_.clear();
      append_same(same_, key_);
    } catch (const ImportError&) {  // told by map()
      key_ = {};
    }
    return true;
  }

  class NoRows final : public RowReader {
   public:
    std::span<const Cell> next() override { return {}; }
  };

  [[nodiscard]] bool is_wanted(std::size_t part) const {
    const auto number = static_cast<std::int32_t>(part);
    if (by_keys_) {
      const auto at = wanted_.find(same_);
      return at != wanted_.end() && (at->second.all || at->second.parts.contains(number));
    }
    if (in_first_ && number <= *after_->part) return false;
    return !(until_ && until_->part && key_ == until_->row && number > *until_->part);
  }

  /// The row with room for the cells that are made in front.
  std::span<const Cell> shifted() {
    row_.resize(table_.program.before);
    row_.insert(row_.end(), cells_.begin(), cells_.end());
    return row_;
  }

  void make(MappedRow& row, const UnpivotProgram::Part& part, const Cell& value) {
    row_[0] = value;
    for (std::size_t i = 0; i < part.cells.size(); ++i) row_[i + 1] = part.cells[i];
    rows_.clear();
    for (const KeptRows& one : kept_) rows_.push_back(one.rows());
    RowWriter::Input input;
    input.cells = row_;
    input.children = &rows_;
    input.part = part.name;
    (void)map(row, input);
    bson::Writer key;
    key.append("k", key_);
    key.append("n", static_cast<std::int32_t>(part_));
    row.key = key.finish();
  }

  struct Wanted {
    bool all = false;
    std::unordered_set<std::int32_t> parts = {};
  };
  std::unique_ptr<RowReader> reader_;
  std::vector<ChildRows> children_;
  std::vector<KeptRows> kept_;   ///< of the row, for each of its parts
  std::vector<ChildRows> rows_;  ///< of the part
  std::span<const Cell> cells_;
  std::vector<Cell> row_;
  std::size_t part_ = 0;
  std::optional<PartKey> after_;
  std::optional<PartKey> until_;
  bool in_first_ = false;
  std::vector<bson::Value> first_row_;
  bool by_keys_ = false;
  std::unordered_map<std::string, Wanted> wanted_;
  bson::Value key_;
  std::string same_;
};

}  // namespace

std::unique_ptr<RowFeed> feed_parts(const CompiledTable::Impl& table, SourceSession& session,
                                    FeedBounds bounds) {
  return std::make_unique<PartFeed>(table, session, std::move(bounds));
}

}  // namespace quire::importer
