#pragma once

#include <string>
#include <string_view>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/server_codes.hpp"

/// What commands answer when something is wrong: MongoDB's numbers and their names
/// (src/mongo/base/error_codes.yml of the server).
namespace quire::store::embedded::commands {

namespace code {
inline constexpr int internal_error = 1;
inline constexpr int bad_value = 2;
inline constexpr int no_such_key = 4;
inline constexpr int failed_to_parse = 9;
inline constexpr int unauthorized = 13;
inline constexpr int type_mismatch = 14;
inline constexpr int invalid_length = 16;
inline constexpr int illegal_operation = 20;
inline constexpr int namespace_not_found = 26;
inline constexpr int index_not_found = 27;
inline constexpr int cursor_not_found = 43;
inline constexpr int namespace_exists = 48;
inline constexpr int command_not_found = 59;
inline constexpr int invalid_options = 72;
inline constexpr int invalid_namespace = 73;
inline constexpr int unknown_write_concern = 79;
inline constexpr int unsatisfiable_write_concern = 100;
inline constexpr int write_conflict = 112;
inline constexpr int not_a_replica_set = 123;
inline constexpr int ambiguous_index_key = 181;
inline constexpr int cluster_time_fails_rate_limiter = 210;
inline constexpr int transaction_too_old = 225;
inline constexpr int not_implemented = 238;
inline constexpr int snapshot_unavailable = 246;
inline constexpr int no_such_transaction = 251;
inline constexpr int transaction_committed = 256;
inline constexpr int not_in_transaction = 263;
inline constexpr int duplicate_field = 40413;
inline constexpr int missing_field = 40414;
inline constexpr int unknown_field = 40415;
}  // namespace code

using embedded::code_name;

/// The server's number for any error of quire's.
[[nodiscard]] int server_code(const Error& error) noexcept;

/// The error as run_command throws it: StoreError (or what it was) with the server's number in
/// backend_code().
[[noreturn]] void rethrow(const Error& error);

/// Throws StoreError with the server's number: command_failed, or the kind that the number means.
[[noreturn]] void fail(int code, std::string_view detail);
/// Throws StoreError unsupported, naming the feature.
[[noreturn]] void refuse(std::string_view feature);

/// {ok: 0.0, errmsg, code, codeName} and what the error has besides (keyPattern, keyValue).
[[nodiscard]] bson::Document error_reply(const Error& error);
/// As one entry of writeErrors, appended to an open array: {index, code, errmsg, …}.
void push_write_error(bson::Writer& writer, std::size_t index, const Error& error,
                      bson::View details);
/// The text that a reply has.
[[nodiscard]] std::string_view message_of(const Error& error);
/// What a reply has besides the number and the text: keyPattern and keyValue, or errInfo.
void append_details(bson::Writer& writer, const Error& error, bson::View details);
/// The details that a DetailedError has; else empty.
[[nodiscard]] bson::Document error_details(const Error& error);

}  // namespace quire::store::embedded::commands
