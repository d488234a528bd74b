#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quire/bson/view.hpp"
#include "quire/importer/cell.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer {

/// Takes documents apart into cells: one for each field that is asked for. One thread.
class DocumentCells {
 public:
  /// `fields`: the name of a top-level field and the cell that is given its value.
  explicit DocumentCells(std::vector<std::pair<std::string, std::size_t>> fields);
  /// Cells of fields that the document lacks are `absent`. They view the document and this object,
  /// until the next call.
  void fill(bson::View document, std::span<Cell> cells);
  /// Of any BSON type, as it stands, until the next fill().
  [[nodiscard]] Cell as_it_stands(bson::ValueView value);

 private:
  [[nodiscard]] Cell cell_of(bson::ValueView value);
  /// The cell of the field, which is the document's number `place`; -1 = nobody asked for it.
  [[nodiscard]] std::ptrdiff_t slot_of(std::string_view field, std::size_t place);

  struct Guess {
    std::string_view field;
    std::ptrdiff_t slot = -1;
  };
  std::vector<std::pair<std::string, std::size_t>> fields_;
  std::unordered_map<std::string_view, std::size_t> by_name_;  ///< views fields_
  std::vector<Guess> guesses_;  ///< documents mostly have their fields in one order
  std::deque<std::string> made_;
};

/// What is seen of a column over many documents.
struct SeenColumn {
  std::string name;
  std::uint32_t types = 0;     ///< a bit for each bit_of()
  std::uint32_t elements = 0;  ///< the same of an array's elements
  std::int64_t documents = 0;  ///< that have it, null or not
  std::int64_t last = 0;       ///< number of the document that had it last
};

/// Collects the columns of documents, in the order in which they come first.
class SeenColumns {
 public:
  void add(bson::View document);
  [[nodiscard]] std::int64_t documents() const noexcept { return documents_; }
  /// Types where all values have one; else `any`. Whole numbers of both widths are int64.
  [[nodiscard]] std::vector<Column> columns() const;

 private:
  std::deque<SeenColumn> seen_;
  std::unordered_map<std::string_view, SeenColumn*> by_name_;  ///< views seen_
  std::vector<SeenColumn*> order_;                             ///< of the document before
  std::int64_t documents_ = 0;
};

}  // namespace quire::importer
