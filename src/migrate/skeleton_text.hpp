#pragma once

#include <set>
#include <string>
#include <string_view>

#include "quire/bson/value.hpp"
#include "quire/bson/view.hpp"
#include "quire/migrate/skeleton.hpp"

/// Pieces of C++ text.
namespace quire::migrate {

/// Names that a migration's text uses, of its id.
struct SkeletonNames {
  std::string id;     ///< "2026_02_10_user_status"
  std::string type;   ///< "UserStatus"
  std::string title;  ///< "user status"
};
/// Throws MigrationError invalid_migration.
[[nodiscard]] SkeletonNames names_of(std::string_view name, const SkeletonOptions& options);

/// "users" → "Users", "old-users" → "OldUsers".
[[nodiscard]] std::string camel(std::string_view text);
/// `text` as the name of a member, or empty where it cannot be one.
[[nodiscard]] std::string_view as_member(std::string_view text);
/// `wanted`, or that with a number behind it where it is taken; takes it.
[[nodiscard]] std::string unique_name(std::set<std::string>& taken, std::string wanted);

/// "text" with quotes and escapes.
[[nodiscard]] std::string literal(std::string_view text);
/// The document as an expression: q::bson::from_json(R"json({…})json").
[[nodiscard]] std::string json_literal(bson::View document);
/// An empty value of a field (FieldDrift::empty_value) as an expression.
[[nodiscard]] std::string value_literal(bson::ValueView value);
/// q::bson::Type::string of "string".
[[nodiscard]] std::string type_literal(std::string_view alias);

/// Arguments of create_index and drop_index behind the collection; empty where their options cannot
/// say what the index is.
[[nodiscard]] std::string index_arguments(bson::View index);

}  // namespace quire::migrate
