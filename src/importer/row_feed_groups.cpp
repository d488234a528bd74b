#include <cstring>
#include <memory_resource>
#include <unordered_set>

#include "importer/names.hpp"
#include "importer/row_feed.hpp"
#include "importer/validate.hpp"
#include "importer/value_text.hpp"

namespace quire::importer {
namespace {

/// Of a table with pivot: all rows of a group, one document, told by the key of its last row.
class GroupFeed final : public RowFeed {
 public:
  GroupFeed(const CompiledTable::Impl& table, SourceSession& session, const FeedBounds& bounds)
      : RowFeed(table, session) {
    RowQuery query = table.query;
    query.after = bounds.after;
    query.until = bounds.until;
    if (!bounds.keys.empty() && table.pivot->group > 0) {
      // A key names one row; its group is what the table joined to itself has for it.
      const auto group = static_cast<std::ptrdiff_t>(table.pivot->group);
      Owner& owner = query.owner.emplace();
      owner.table = query.table;
      owner.key = query.key;
      owner.columns.assign(query.key.begin(), query.key.begin() + group);
      owner.referenced = owner.columns;
      before_ = owner.key.size();
      query.keys = bounds.keys;
    }
    reader_ = session.read(query);
    advance();
  }

  bool next(MappedRow& row) override {
    if (row_.empty()) return false;
    begin_group();
    do {
      take();
      advance();
    } while (!row_.empty() && same_group());
    end_group(row);
    return true;
  }

 private:
  void advance() {
    row_ = reader_->next();
    if (!row_.empty()) row_ = row_.subspan(before_);
  }

  [[nodiscard]] bool same_group() const {
    const Program& program = table_.program;
    for (std::size_t i = 0; i < table_.pivot->group; ++i) {
      if (!same_cell(row_[program.key[i] - program.before], cells_[program.key[i]])) return false;
    }
    return true;
  }

  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    auto* at = static_cast<char*>(kept_.allocate(text.size(), 1));
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  Cell keep(const Cell& cell) {
    Cell out = cell;
    out.text = keep(cell.text);
    return out;
  }

  void begin_group() {
    kept_.release();
    names_.clear();
    rest_.clear();
    wrong_.clear();
    cells_.assign(table_.program.before, Cell::of_text(Cell::Kind::absent, {}));
  }

  void take() {
    cells_.resize(table_.program.before);
    for (const Cell& cell : row_) cells_.push_back(keep(cell));
    const PivotProgram& pivot = *table_.pivot;
    const Cell& name_cell = row_[pivot.name];
    text_.clear();
    append_text(text_, name_cell);
    if (name_cell.is_null() || name_cell.kind == Cell::Kind::unreadable || !bson::is_utf8(text_)) {
      wrong("has a name that is no text: " + in_quotes(display(name_cell, 80)));
      return;
    }
    const std::string_view name = keep(text_);
    if (!names_.insert(name).second) {
      wrong("has the name " + in_quotes(name) + " twice");
      return;
    }
    const Cell value = cells_[table_.program.before + pivot.value];
    const auto at = pivot.taken.find(text_);
    if (at == pivot.taken.end()) {
      if (table_.mapping.others) add_rest(name, value);
    } else if (at->second) {
      cells_[*at->second] = value;
    }
  }

  void add_rest(std::string_view name, const Cell& value) {
    if (!is_field_name(name))
      wrong("has the name " + in_quotes(name) +
            ", which no field can have; `fields` give it another one, `skip` leaves it out");
    else if (table_.pivot->written.contains(text_))
      wrong("has the name " + in_quotes(name) +
            ", which is another field's; `fields` give it another one, `skip` leaves it out");
    else
      rest_.emplace_back(name, value);
  }

  void wrong(std::string why) {
    if (wrong_.empty()) wrong_ = std::move(why);
  }

  void end_group(MappedRow& row) {
    const Program& program = table_.program;
    if (wrong_.empty()) {
      RowWriter::Input input;
      input.cells = cells_;
      input.rest = &rest_;
      input.rest_conversion = table_.pivot->rest;
      if (map(row, input)) return;
    } else {
      row.key = key_of_row(cells_, program.key, program.key_names);
      put_aside(
          row,
          ImportError(ErrorCode::unreadable_value, program.table + ": a group of rows " + wrong_),
          cells_);
    }
    add_raw_names(row);
  }

  /// The last row tells the group; the names tell what it has.
  void add_raw_names(MappedRow& row) {
    bson::Writer out;
    out.append_all(row.raw.view());
    out.begin_document("names");
    for (const auto& [name, at] : table_.pivot->taken) {
      if (at && cells_[*at].kind != Cell::Kind::absent) append_raw(out, name, cells_[*at]);
    }
    for (const auto& [name, cell] : rest_) append_raw(out, name, cell);
    out.end();
    row.raw = out.finish();
  }

  std::unique_ptr<RowReader> reader_;
  std::size_t before_ = 0;  ///< cells of the owner's key
  std::span<const Cell> row_;
  std::pmr::monotonic_buffer_resource kept_{16 * 1024};
  std::vector<Cell> cells_;  ///< names, and the columns of the last row
  std::unordered_set<std::string_view> names_;
  std::vector<std::pair<std::string_view, Cell>> rest_;
  std::string text_;
  std::string wrong_;
};

}  // namespace

std::unique_ptr<RowFeed> feed_groups(const CompiledTable::Impl& table, SourceSession& session,
                                     FeedBounds bounds) {
  return std::make_unique<GroupFeed>(table, session, bounds);
}

}  // namespace quire::importer
