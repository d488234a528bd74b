#include "quire/core/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace quire {

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
#define QUIRE_NAME(name) \
  case ErrorCode::name:  \
    return #name;
    QUIRE_NAME(internal)
    QUIRE_NAME(invalid_argument)
    QUIRE_NAME(type_mismatch)
    QUIRE_NAME(missing_field)
    QUIRE_NAME(unknown_field)
    QUIRE_NAME(integer_overflow)
    QUIRE_NAME(lossy_conversion)
    QUIRE_NAME(unknown_enum_value)
    QUIRE_NAME(unknown_discriminator)
    QUIRE_NAME(duplicate_field)
    QUIRE_NAME(wrong_length)
    QUIRE_NAME(invalid_utf8)
    QUIRE_NAME(document_too_large)
    QUIRE_NAME(too_deep)
    QUIRE_NAME(null_value)
    QUIRE_NAME(check_failed)
    QUIRE_NAME(invalid_key)
    QUIRE_NAME(conversion_failed)
    QUIRE_NAME(malformed_bson)
    QUIRE_NAME(malformed_json)
    QUIRE_NAME(invalid_decimal)
    QUIRE_NAME(invalid_object_id)
    QUIRE_NAME(duplicate_key)
    QUIRE_NAME(not_found)
    QUIRE_NAME(write_conflict)
    QUIRE_NAME(unsupported)
    QUIRE_NAME(store_closed)
    QUIRE_NAME(busy)
    QUIRE_NAME(read_only)
    QUIRE_NAME(disk_full)
    QUIRE_NAME(io_error)
    QUIRE_NAME(not_a_database)
    QUIRE_NAME(newer_format)
    QUIRE_NAME(corrupt)
    QUIRE_NAME(timeout)
    QUIRE_NAME(transaction_state)
    QUIRE_NAME(immutable_field)
    QUIRE_NAME(namespace_not_found)
    QUIRE_NAME(namespace_exists)
    QUIRE_NAME(index_conflict)
    QUIRE_NAME(index_not_found)
    QUIRE_NAME(command_failed)
    QUIRE_NAME(invalid_uri)
    QUIRE_NAME(bulk_failed)
    QUIRE_NAME(cursor_not_found)
    QUIRE_NAME(unauthorized)
    QUIRE_NAME(authentication_failed)
    QUIRE_NAME(network_error)
    QUIRE_NAME(server_unreachable)
    QUIRE_NAME(pool_exhausted)
    QUIRE_NAME(not_primary)
    QUIRE_NAME(write_concern_failed)
    QUIRE_NAME(validation_failed)
    QUIRE_NAME(resume_failed)
    QUIRE_NAME(invalid_query)
    QUIRE_NAME(invalid_update)
    QUIRE_NAME(invalid_projection)
    QUIRE_NAME(invalid_sort)
    QUIRE_NAME(invalid_index)
    QUIRE_NAME(invalid_model)
    QUIRE_NAME(not_attached)
    QUIRE_NAME(index_drift)
    QUIRE_NAME(invalid_migration)
    QUIRE_NAME(dependency_cycle)
    QUIRE_NAME(checksum_mismatch)
    QUIRE_NAME(migration_failed)
    QUIRE_NAME(migration_partial)
    QUIRE_NAME(irreversible)
    QUIRE_NAME(lock_busy)
    QUIRE_NAME(lock_lost)
    QUIRE_NAME(needs_attention)
    QUIRE_NAME(database_too_new)
    QUIRE_NAME(out_of_order)
    QUIRE_NAME(unknown_migration)
    QUIRE_NAME(history_corrupt)
    QUIRE_NAME(baseline_refused)
    QUIRE_NAME(squash_incomplete)
    QUIRE_NAME(precondition_failed)
    QUIRE_NAME(invalid_source)
    QUIRE_NAME(source_failed)
    QUIRE_NAME(table_not_found)
    QUIRE_NAME(invalid_mapping)
    QUIRE_NAME(unreadable_value)
    QUIRE_NAME(no_key)
    QUIRE_NAME(source_changed)
#undef QUIRE_NAME
  }
  return "unknown";
}

std::string Error::compose(ErrorCode code, const FieldPath& path, std::string_view detail) {
  if (path.empty())
    return fmt::format("quire {} {}: {}", static_cast<int>(code), to_string(code), detail);
  return fmt::format("quire {} {} at {}: {}", static_cast<int>(code), to_string(code), path.str(),
                     detail);
}

Error::Error(ErrorCode code, FieldPath path, std::string_view detail, int backend_code,
             std::vector<std::string> labels)
    : std::runtime_error(compose(code, path, detail)),
      info_(std::make_shared<const Info>(
          Info{code, std::move(path), std::string(detail), backend_code, std::move(labels)})) {}

bool Error::has_label(std::string_view label) const noexcept {
  return std::find(info_->labels.begin(), info_->labels.end(), label) != info_->labels.end();
}

}  // namespace quire
