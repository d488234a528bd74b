#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "importer/convert.hpp"
#include "importer/key_hash.hpp"
#include "importer/value_table.hpp"
#include "quire/importer/mapping.hpp"

/// What a mapping is compiled to: steps that write a row's document in order, with cells by their
/// place in the row. Immutable.
namespace quire::importer {

struct TemplateStep {
  struct Piece {
    std::string text;
    std::optional<std::size_t> cell;
    const Conversion* conversion = nullptr;
  };
  std::vector<Piece> pieces;
};

/// An _id that is a hash, or a reference to one.
struct HashStep {
  struct Piece {
    std::size_t cell;
    HashAs as;
  };
  std::string table;  ///< whose key it is
  std::vector<Piece> pieces = {};
  bool of_part = false;   ///< of an unpivoted row: of one of its parts
  std::string part = {};  ///< empty: that which the row at hand was made of
};

/// Where one value comes from.
struct FieldStep {
  enum class From : std::uint8_t { column, constant, format, compute, hash };
  From from = From::column;
  std::size_t cell = 0;
  const Conversion* conversion = nullptr;  ///< null: constants and computed values stay as they are
  bson::Value constant = {};
  TemplateStep format = {};
  const std::function<bson::Value(const RowView&)>* compute = nullptr;
  HashStep hash = {};
  std::optional<ValueTable> values = {};
  OtherValue other = OtherValue::reject;
  NullPolicy null = NullPolicy::keep;
  const bson::Value* fallback = nullptr;
  std::string path = {};
  std::string place = {};  ///< "customers.born", for errors
};

struct Step {
  enum class Kind : std::uint8_t {
    plain,  ///< a column without a table of values: `cell`, `conversion`; its null is
            ///< fields[index]'s
    field,  ///< fields[index]
    hash,   ///< the _id as a hash
    begin,  ///< a nested document, left out where nothing is in it
    end,
    child,  ///< children[index]
    rest    ///< names of a pivot that no rule takes
  };
  Kind kind = Kind::plain;
  std::string name = {};
  std::size_t index = 0;
  std::size_t cell = 0;
  const Conversion* conversion = nullptr;
};

struct ChildProgram;

/// How a row of one table is written.
struct Program {
  std::string table;
  /// Cells that stand before those of `columns`: keys of owners, or cells that are not the
  /// source's.
  std::size_t before = 0;
  std::size_t owners = 0;            ///< of `before`: keys of owners
  std::vector<std::string> columns;  ///< that are read
  std::vector<std::size_t> key;      ///< cells that tell the row from others
  std::vector<std::string> key_names;
  std::vector<Step> steps;
  std::vector<FieldStep> fields;
  std::vector<ChildProgram> children;
  std::vector<std::unique_ptr<Conversion>> conversions;
  /// What computed fields see: cells by name, with their conversions.
  struct Seen {
    std::size_t cell;
    const Conversion* conversion;
  };
  std::unordered_map<std::string, Seen> seen;
  std::vector<std::pair<std::string, std::size_t>> raw;  ///< names and cells, for rejects
  HashStep id_hash = {};                                 ///< of Step::Kind::hash
};

struct ChildProgram {
  const ChildRule* rule = nullptr;
  RowQuery query;  ///< without bounds
  Program program;
  std::optional<std::size_t> value = {};  ///< a field of program, whose value is the element
  std::string path;
  /// Cells that have to equal what an unpivot added to the parent: of the child, of the parent.
  std::vector<std::pair<std::size_t, std::size_t>> made = {};
};

struct UnpivotProgram {
  struct Part {
    std::size_t cell;  ///< of the source's row
    std::string name;
    std::deque<std::string> bytes;  ///< what cells view; a deque leaves it where it is
    std::vector<Cell> cells;        ///< for each cell before the columns but the first
  };
  std::vector<Part> parts;
  bool with_nulls = false;
};

struct PivotProgram {
  std::size_t group = 0;  ///< leading columns of the key that are the same in one document
  std::size_t name = 0;   ///< cells of the source's row
  std::size_t value = 0;
  /// Names with the cell of each; nothing: it is left out.
  std::unordered_map<std::string, std::optional<std::size_t>> taken;
  const Conversion* rest = nullptr;
  /// Fields that rules and the _id write where names come: no name can be one of them.
  std::unordered_set<std::string> written = {};
};

}  // namespace quire::importer
