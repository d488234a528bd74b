#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"
#include "quire/importer/source.hpp"
#include "quire/importer/types.hpp"

namespace quire {
struct ModelInfo;
}

namespace quire::importer {

/// What becomes of a null of the source.
enum class NullPolicy : std::uint8_t {
  keep,      ///< null
  omit,      ///< the field is left out
  fallback,  ///< FieldRule::fallback
  reject     ///< the row is put aside
};
/// What becomes of a value that FieldRule::values does not name.
enum class OtherValue : std::uint8_t { keep, reject, null, fallback };
/// What is done about documents that the target has already.
enum class ExistingDocument : std::uint8_t {
  fail,     ///< the row is put aside
  skip,     ///< the document stays as it is
  replace,  ///< the row's document takes its place
  update    ///< the mapped fields are set; on_insert fields and all others stay
};

/// A row as computed fields see it: values after the policy, by name of the column.
class RowView {
 public:
  virtual ~RowView() = default;
  /// Null where the column is null. Throws ImportError table_not_found for no such column.
  [[nodiscard]] virtual bson::Value operator[](std::string_view column) const = 0;
  /// The value as text; empty for null.
  [[nodiscard]] virtual std::string text(std::string_view column) const = 0;
};

struct ValuePair {
  bson::Value from;  ///< compared with the value after `as`; numbers by their value
  bson::Value to;
};

/// A reference to a document whose _id is a hash (IdKind::hash): the same hash, of columns of this
/// row that hold the other one's key. Numbers are hashed by their value, whatever their types; text
/// byte by byte, whatever its collation. Null where one of the columns is null.
struct HashOf {
  std::string part;                  ///< of the mapping, by its name
  std::vector<std::string> columns;  ///< one for each that the part's _id is a hash of, in order
  /// Of a part with `unpivot`: the column that the document was made of. Empty: the one that this
  /// row was made of itself.
  std::string unpivoted = {};
};

/// One field of a document. Exactly one of from, constant, format, hash_of, compute, time_of_import
/// is where it comes from.
struct FieldRule {
  /// A path: dots part the names of nested documents, "name.first". A name that has a dot itself
  /// is not written by a rule.
  std::string to;
  std::string from = {};  ///< a column
  std::optional<bson::Value> constant = {};
  std::string format = {};  ///< text with columns in braces: "Rank {rank}"; {{ and }} are braces
  std::optional<HashOf> hash_of = {};
  std::function<bson::Value(const RowView&)> compute = {};  ///< not in a JSON file
  /// The moment at which the import was begun first, the same for all its runs.
  bool time_of_import = false;
  Convert as = Convert::as_is;
  bool lower = false, upper = false, trim = false;  ///< of text; ASCII
  std::vector<ValuePair> values = {};
  OtherValue other = OtherValue::reject;  ///< counts where `values` are given
  NullPolicy null = NullPolicy::keep;
  std::optional<bson::Value> fallback = {};
  bool on_insert = false;  ///< ExistingDocument::update leaves it as it is
  std::optional<TypePolicy> types = {};
};

/// Rows of another table inside the document.
struct ChildRule {
  std::string to;
  std::string table;
  std::vector<std::string> columns;  ///< of the child (or the link), that refer to the parent
  /// Of the parent; empty: its primary key. Of one with `unpivot` also columns that it adds, beside
  /// others: each of its documents then has the rows that hold its own value there.
  std::vector<std::string> referenced;
  bool many = true;        ///< an array; else one document, and a second row is refused
  bool or_null = false;    ///< not many: null where there is no row; else left out
  std::string value = {};  ///< the elements are this field's values alone, not documents
  std::vector<OrderBy> order = {};
  std::string where = {};
  std::vector<FieldRule> fields = {};
  std::vector<std::string> skip = {};
  bool others = true;  ///< columns that no rule names come under their own name
  /// Many-to-many: the rows of `table` that a link table names.
  std::string link = {};
  std::vector<std::string> link_columns = {};     ///< of the link, that refer to `table`
  std::vector<std::string> link_referenced = {};  ///< of `table`; empty: its primary key
  std::vector<std::string> link_taken = {};       ///< of the link, as if they were the child's
  std::vector<ChildRule> children = {};           ///< of the child's rows: by its primary key
};

/// One row to several: a row for each of these columns that is not null. Children of the table's
/// row are in each of its documents.
struct UnpivotRule {
  struct Part {
    std::string column;
    std::vector<std::pair<std::string, bson::Value>>
        constants;  ///< columns that the row has besides
  };
  std::vector<Part> parts;
  std::string value;  ///< the name of the column that has the value
  bool with_nulls = false;
};

/// Several rows to one: rows of names and values to one row with a column for each name.
struct PivotRule {
  std::vector<std::string> group;  ///< a document for each; empty: one document in all
  std::string name;
  std::string value;
  std::string to = {};  ///< the field under which names come; empty: at the top
};

enum class IdKind : std::uint8_t {
  key,      ///< the key's column; of several columns a document of them
  columns,  ///< IdRule::columns: one column, or a document of several
  hash,     ///< 24 hexadecimal digits of the key's hash: an ObjectId, the same in each run; other
            ///< parts refer to it by FieldRule::hash_of
  format    ///< IdRule::format
};
struct IdRule {
  IdKind kind = IdKind::key;
  std::vector<std::string> columns = {};
  std::string format = {};
  Convert as = Convert::as_is;
  std::vector<std::string> names = {};  ///< of the document's fields; empty: the columns' names
  // Of one column or a format, as of a field. A null puts the row aside.
  bool lower = false, upper = false, trim = false;
  std::vector<ValuePair> values = {};
  OtherValue other = OtherValue::reject;
  std::optional<TypePolicy> types = {};
};

/// Values of a field have to be _ids of a collection of the target. `field` may be a path; elements
/// of lists are looked at one by one; null and absent values refer to nothing.
struct ReferenceRule {
  std::string field;
  std::string collection;
};

/// A column that gets a higher value whenever its row is inserted or changed: a time of the last
/// change, a version number. A later pass then reads only the rows that are behind the highest
/// value that the pass before saw, less `margin`, and those with a null in it.
struct ChangeColumn {
  std::string column;
  /// For rows that were committed late, with a lower value: seconds, or of numbers that much.
  std::int64_t margin = 60;
};

/// One table into one collection.
struct TableMapping {
  std::string name = {};  ///< of this part of the import; empty: `into`
  std::string table;
  std::string into;
  /// Columns that tell rows apart; empty: Table::key. Of a unique key or a view they may be null,
  /// where the _id is the key: such rows are put aside.
  std::vector<std::string> key = {};
  IdRule id = {};
  std::vector<FieldRule> fields = {};
  std::vector<std::string> skip = {};
  bool others = true;
  std::vector<ChildRule> children = {};
  std::optional<UnpivotRule> unpivot = {};
  std::optional<PivotRule> pivot = {};
  std::string where = {};
  std::vector<OrderBy> order = {};  ///< in which documents are written
  ExistingDocument existing = ExistingDocument::fail;
  std::optional<TypePolicy> types = {};
  std::vector<std::string> after = {};  ///< parts that have to be through before
  /// What verify() looks for in the target; nothing of it changes what is imported. What fields
  /// with `hash_of` refer to is looked for without being named here.
  std::vector<ReferenceRule> references = {};
  std::vector<std::vector<std::string>> unique = {};  ///< fields that together come once
  /// Of a table of a database or a view, not with `pivot`. Rows of children have to change it in
  /// their parent's row.
  std::optional<ChangeColumn> changed = {};
  /// Throws what it has against a document; a model's decode. Not in a JSON file.
  std::function<void(bson::View)> check = {};
  /// Its unique indexes are looked for by verify(). Set by into<Model>(); not in a JSON file.
  const ModelInfo* model = nullptr;
};

/// What an import does. Parts run in the order of dependencies (foreign keys and `after`).
struct Mapping {
  TypePolicy types = {};
  std::vector<TableMapping> tables = {};

  /// The JSON form, canonical Extended JSON for values: what the tool reads and writes. Throws
  /// ImportError invalid_mapping that names the place, for what is unknown or means nothing.
  [[nodiscard]] static Mapping from_json(std::string_view text);
  /// Throws ImportError invalid_mapping for a computed field or a check, which has no JSON form.
  [[nodiscard]] std::string json() const;
};

/// What is wrong with a mapping: all of it, with table and field in front. Empty: it fits.
[[nodiscard]] std::vector<std::string> validate(const Mapping& mapping, const Schema& schema);

}  // namespace quire::importer
