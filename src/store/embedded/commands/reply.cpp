#include "store/embedded/commands/reply.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "quire/store/store.hpp"

namespace quire::store::embedded::commands {
namespace {

ErrorCode kind_of(int code) noexcept {
  switch (code) {
    case 11000:
      return ErrorCode::duplicate_key;
    case 26:
      return ErrorCode::namespace_not_found;
    case 27:
      return ErrorCode::index_not_found;
    case 43:
      return ErrorCode::cursor_not_found;
    case 48:
      return ErrorCode::namespace_exists;
    case 50:
      return ErrorCode::timeout;
    case 66:
      return ErrorCode::immutable_field;
    case 85:
    case 86:
      return ErrorCode::index_conflict;
    case 121:
      return ErrorCode::validation_failed;
    case 112:
      return ErrorCode::write_conflict;
    case 225:
    case 251:
    case 256:
      return ErrorCode::transaction_state;
    case 238:
      return ErrorCode::unsupported;
    default:
      return ErrorCode::command_failed;
  }
}

// Numbers of kinds whose backend_code() is SQLite's, or that have none.
int code_of(ErrorCode kind) noexcept {
  switch (kind) {
    case ErrorCode::duplicate_key:
      return 11000;
    case ErrorCode::write_conflict:
      return 112;
    case ErrorCode::unsupported:
      return code::not_implemented;
    case ErrorCode::store_closed:
      return 91;
    case ErrorCode::busy:
      return 24;
    case ErrorCode::read_only:
      return code::illegal_operation;
    case ErrorCode::disk_full:
      return 14031;
    case ErrorCode::timeout:
      return 50;
    case ErrorCode::transaction_state:
      return code::no_such_transaction;
    case ErrorCode::immutable_field:
      return 66;
    case ErrorCode::namespace_not_found:
      return code::namespace_not_found;
    case ErrorCode::namespace_exists:
      return code::namespace_exists;
    case ErrorCode::index_conflict:
      return 86;
    case ErrorCode::index_not_found:
      return code::index_not_found;
    case ErrorCode::cursor_not_found:
      return code::cursor_not_found;
    case ErrorCode::document_too_large:
      return 10334;
    case ErrorCode::validation_failed:
      return 121;
    case ErrorCode::too_deep:
      return 15;
    case ErrorCode::malformed_bson:
      return 22;
    case ErrorCode::type_mismatch:
      return code::type_mismatch;
    case ErrorCode::invalid_argument:
    case ErrorCode::invalid_query:
    case ErrorCode::invalid_projection:
    case ErrorCode::invalid_sort:
    case ErrorCode::invalid_utf8:
      return code::bad_value;
    case ErrorCode::invalid_update:
      return code::failed_to_parse;
    case ErrorCode::invalid_index:
      return 67;
    default:
      return code::internal_error;
  }
}

bool number_is_of_sqlite(ErrorCode kind) noexcept {
  switch (kind) {
    case ErrorCode::busy:
    case ErrorCode::read_only:
    case ErrorCode::disk_full:
    case ErrorCode::io_error:
    case ErrorCode::not_a_database:
    case ErrorCode::newer_format:
    case ErrorCode::corrupt:
    case ErrorCode::internal:
    case ErrorCode::unsupported:
      return true;
    default:
      return false;
  }
}

}  // namespace

int server_code(const Error& error) noexcept {
  if (error.backend_code() != 0 && !number_is_of_sqlite(error.code())) return error.backend_code();
  return code_of(error.code());
}

void fail(int code, std::string_view detail) { throw StoreError(kind_of(code), detail, code); }

void refuse(std::string_view feature) {
  throw StoreError(ErrorCode::unsupported,
                   std::string(feature) + " is not supported by the embedded store",
                   code::not_implemented);
}

void rethrow(const Error& error) {
  const int code = server_code(error);
  if (error.backend_code() == code) throw;
  if (number_is_of_sqlite(error.code()) && error.code() != ErrorCode::unsupported) throw;
  if (dynamic_cast<const QueryError*>(&error) != nullptr)
    throw QueryError(error.code(), error.path(), error.detail(), code);
  if (dynamic_cast<const StoreError*>(&error) != nullptr)
    throw StoreError(error.code(), error.path(), error.detail(), code);
  // A mistake in the bytes of a document: what() keeps quire's own kind and path.
  throw StoreError(kind_of(code), error.path(),
                   std::string(to_string(error.code())) + ": " + error.detail(), code);
}

bson::Document error_details(const Error& error) {
  const auto* detailed = dynamic_cast<const DetailedError*>(&error);
  return detailed == nullptr ? bson::Document{} : detailed->details();
}

/// What a server says. Of a document that fails validation errInfo has the rest.
std::string_view message_of(const Error& error) {
  return error.code() == ErrorCode::validation_failed ? "Document failed validation"
                                                      : std::string_view(error.detail());
}

void append_details(bson::Writer& writer, const Error& error, bson::View details) {
  if (error.code() == ErrorCode::validation_failed)
    writer.append("errInfo", details);
  else
    writer.append_all(details);
}

bson::Document error_reply(const Error& error) {
  const int code = server_code(error);
  bson::Writer writer;
  writer.append("ok", 0.0)
      .append("errmsg", message_of(error))
      .append("code", std::int32_t{code})
      .append("codeName", code_name(code));
  append_details(writer, error, error_details(error));
  return writer.finish();
}

void push_write_error(bson::Writer& writer, std::size_t index, const Error& error,
                      bson::View details) {
  writer.push_document_begin()
      .append("index", static_cast<std::int32_t>(index))
      .append("code", std::int32_t{server_code(error)});
  append_details(writer, error, details);
  writer.append("errmsg", message_of(error)).end();
}

}  // namespace quire::store::embedded::commands
