#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/view.hpp"
#include "quire/store/store.hpp"

/// The arguments of commands: which fields a command has and what each takes is a table; reading
/// checks names and types as a server does and refuses by the same numbers.
namespace quire::store::embedded::commands {

enum class Takes {
  any,
  string,
  document,
  array,
  boolean,           // bool only
  flag,              // bool or number
  number,            // a number of any type
  long_only,         // int64
  timestamp,         // a timestamp
  collection,        // a collection's name: 73 for what is none
  hint,              // string or document
  update,            // document, or array of stages
  documents,         // array of documents
  uuid,              // a binary of subtype 4 and 16 bytes (207)
  flag_or_uuid,      // a bool or a uuid
  ignored,           // read and left alone
  unsupported,       // refused by name, unless null, false or {}
  unsupported_flag,  // a flag that is refused when true
};

/// One field of a command or of a part of it.
struct Rule {
  std::string_view name;
  Takes takes = Takes::any;
  bool required = false;
  bool null_is_absent = true;
};

/// A command's fields, checked by a table. Views into the command; lives no longer.
class Arguments {
 public:
  /// `what`: for messages, "find" or "update.updates". Throws StoreError: 14 for another type,
  /// 40415 for a field that the table lacks, 40414 for one that must be there, 40413 for one that
  /// is there twice; unsupported for what this store has not.
  Arguments(bson::View document, std::span<const Rule> rules, std::string_view what);

  [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }
  /// Nothing when absent (or null, where that is the same).
  [[nodiscard]] std::optional<bson::ValueView> get(std::string_view name) const;
  [[nodiscard]] std::string_view string(std::string_view name, std::string_view absent = {}) const;
  /// The empty document when absent.
  [[nodiscard]] bson::View document(std::string_view name) const;
  /// Empty when absent.
  [[nodiscard]] bson::View array(std::string_view name) const;
  [[nodiscard]] std::optional<bson::View> optional_array(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name, bool absent = false) const;
  /// Whole number; fractions are cut, what does not fit becomes the nearest that does.
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t absent = 0) const;
  /// As integer; code 2 for a negative one.
  [[nodiscard]] std::int64_t natural(std::string_view name, std::int64_t absent = 0) const;

 private:
  std::span<const Rule> rules_;
  std::string_view what_;
  std::vector<std::optional<bson::ValueView>> values_;
};

/// 'what.name', as a server's errors show a field.
[[nodiscard]] std::string quoted(std::string_view what, std::string_view name);
/// Throws 14: the field is of type `found`, not of that which is `wanted`.
[[noreturn]] void wrong_type(std::string_view what, std::string_view name, bson::Type found,
                             std::string_view wanted);
/// As a server reads numbers where any will do: doubles are cut, decimals rounded half to even, NaN
/// is 0, the rest saturates.
[[nodiscard]] std::int64_t rough_integer(bson::ValueView number);
/// Nothing for fractions, NaN, infinities and what does not fit int64.
[[nodiscard]] std::optional<std::int64_t> exact_integer(bson::ValueView number);
/// False for 0, false, null and absent.
[[nodiscard]] bool truthy(bson::ValueView value);

/// Throws 73 for what cannot be a collection's name (or, with the database, is too long).
void check_collection_name(std::string_view database, std::string_view name);
void check_database_name(std::string_view name);

/// maxTimeMS, comment, readConcern and writeConcern of a command.
struct CommonArguments {
  OperationOptions options;
  bool acknowledged = true;  ///< false for {w: 0}
  // In a replica set only.
  bool snapshot = false;  ///< readConcern "snapshot" outside of a transaction
  bool linearizable = false;
  std::optional<bson::Timestamp> after_cluster_time;
  std::optional<bson::Timestamp> at_cluster_time;
  /// Number of what one member cannot do of the writeConcern; the write is done all the same.
  int unmet_concern = 0;
  bson::View write_concern;
};
enum class Concern { none, read, write, both };
/// Checks the fields that every command takes (readConcern where `concern` has it, else 72), as a
/// replica set of one member does or as a single server.
[[nodiscard]] CommonArguments read_common(bson::View command, Concern concern,
                                          std::string_view what, bool replica_set);
/// Whether every command takes a field of that name.
[[nodiscard]] bool is_common(std::string_view name) noexcept;

struct Hint {
  bson::View key = {};
  std::string_view name = {};
};
/// Throws 9 for what is neither string nor document.
[[nodiscard]] Hint read_hint(std::optional<bson::ValueView> value);
/// Throws 14 for what is no document, unsupported for other than the simple collation.
void check_collation(std::optional<bson::ValueView> value);

}  // namespace quire::store::embedded::commands
