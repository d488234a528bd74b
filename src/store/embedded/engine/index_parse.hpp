#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/view.hpp"
#include "store/embedded/engine/index_spec.hpp"

/// The parts of IndexSpec::parse: keys, options, partial filters. All throw QueryError
/// invalid_index with the server's number.
namespace quire::store::embedded::index_parse {

inline constexpr int bad_value = 2;
inline constexpr int failed_to_parse = 9;
inline constexpr int type_mismatch = 14;
inline constexpr int cannot_create_index = 67;
inline constexpr int invalid_options = 72;
inline constexpr int invalid_specification_option = 197;
inline constexpr int query_feature_not_allowed = 224;

[[noreturn]] void fail(int code, std::string_view path, std::string detail);
/// Throws StoreError unsupported.
[[noreturn]] void refuse(std::string_view path, const std::string& what);

/// "expected a number, found string".
[[nodiscard]] std::string wrong_type(std::string_view wanted, bson::ValueView found);
double want_number(std::string_view option, bson::ValueView value);
bool want_flag(std::string_view option, bson::ValueView value);  ///< a bool or a number
bson::View want_document(std::string_view option, bson::ValueView value);
std::string_view want_text(std::string_view option, bson::ValueView value);

/// What kind of index the key asks for beside ascending and descending.
struct KeyKinds {
  std::string special;  // "text", "2d", "hashed", …; the first
  std::size_t wildcards = 0;
  bool wildcard_at_root = false;
  std::size_t texts = 0;
  std::size_t hashed = 0;
  bool text_run_ended = false;  // a plain field after text fields
};

/// The key's fields that have a direction or are hashed go to `fields`.
[[nodiscard]] KeyKinds read_key(bson::View key, std::vector<IndexField>& fields);

/// Options of index kinds, for the checks that look at several.
struct SpecialOptions {
  double min = -180;
  double max = 180;
  std::optional<bson::View> wildcard_projection;
  double version = 2;
};

/// Options of index kinds that are refused: malformed ones are the mistake that is told first.
/// False for a name that no option has.
[[nodiscard]] bool read_special_option(std::string_view name, bson::ValueView value,
                                       SpecialOptions& special);
/// expireAfterSeconds.
[[nodiscard]] std::int64_t read_ttl(bson::ValueView value);
/// v.
void check_version(bson::ValueView value);
/// What an index with a wildcard field may have besides.
void check_wildcard(const IndexSpec& spec, const KeyKinds& kinds, const SpecialOptions& special);

void check_partial_filter(bson::View filter);
/// Bytes that are the same for filters that say the same in another order.
[[nodiscard]] std::string filter_signature(bson::View filter);

}  // namespace quire::store::embedded::index_parse
