#pragma once

namespace quire {

/// Every failure that quire reports, by number. The numbers are public and logged: append, never
/// renumber. docs/errors.md gives cause and cure of each.
enum class ErrorCode : int {
  internal = 1,          ///< a defect of quire itself
  invalid_argument = 2,  ///< an argument of a call that can never be right

  // 1xx: mapping between C++ values and BSON
  type_mismatch = 101,          ///< the stored type cannot become the field's type
  missing_field = 102,          ///< the field is absent and the policy says error
  unknown_field = 103,          ///< the document has a field that the struct lacks; policy error
  integer_overflow = 104,       ///< the number does not fit the field's type
  lossy_conversion = 105,       ///< widening or narrowing that would change the value
  unknown_enum_value = 106,     ///< text or number that names no enumerator
  unknown_discriminator = 107,  ///< a variant's tag names no alternative
  duplicate_field = 108,        ///< one field appears twice in one document
  wrong_length = 109,           ///< an array or tuple of another length
  invalid_utf8 = 110,           ///< text that is not UTF-8
  document_too_large = 111,     ///< over 16 MiB
  too_deep = 112,               ///< nested over 100 levels
  null_value = 113,             ///< null where the policy wants a value
  check_failed = 114,           ///< a model's check refuses the value
  invalid_key = 115,            ///< a map key or field name that BSON or the store cannot hold
  conversion_failed = 116,      ///< a user's converter refused or threw

  // 2xx: bytes and text of documents
  malformed_bson = 201,     ///< bytes that are not one BSON document
  malformed_json = 202,     ///< text that is not Extended JSON
  invalid_decimal = 203,    ///< text that is no decimal128
  invalid_object_id = 204,  ///< text that is no 24-digit hexadecimal id

  // 3xx: stores
  duplicate_key = 301,          ///< a unique index refuses the value
  not_found = 302,              ///< get(id) of a document that is not there
  write_conflict = 303,         ///< another transaction came first; may be tried again
  unsupported = 304,            ///< this store lacks the feature; the detail names it
  store_closed = 305,           ///< used after close
  busy = 306,                   ///< a lock was not given within the time-out
  read_only = 307,              ///< a write to a store opened read-only
  disk_full = 308,              ///< no space left; nothing was written
  io_error = 309,               ///< the file system refused
  not_a_database = 310,         ///< the file is no database
  newer_format = 311,           ///< the file was written by a later format of quire
  corrupt = 312,                ///< a checksum or a structure of the file is wrong
  timeout = 313,                ///< max_time passed
  transaction_state = 314,      ///< a session used out of order, across stores, or twice at once
  immutable_field = 315,        ///< an update would change _id
  namespace_not_found = 316,    ///< no such collection
  namespace_exists = 317,       ///< the collection is there already
  index_conflict = 318,         ///< an index of that name or key exists with other options
  index_not_found = 319,        ///< no such index
  command_failed = 320,         ///< any other error of the server's; backend_code() has its number
  invalid_uri = 321,            ///< a connection string that cannot be read
  bulk_failed = 322,            ///< some operations of a bulk write failed; items() lists them
  cursor_not_found = 323,       ///< the cursor is closed or was never there
  unauthorized = 324,           ///< the user may not do this
  authentication_failed = 325,  ///< user, password or mechanism is not accepted
  network_error = 326,          ///< the connection broke; the outcome of a write is not known
  server_unreachable = 327,     ///< no server that fits answered within serverSelectionTimeoutMS
  pool_exhausted = 328,         ///< no connection became free within waitQueueTimeoutMS
  not_primary = 329,            ///< the server is no primary (any more); nothing was written
  write_concern_failed = 330,   ///< written, but not acknowledged as asked
  validation_failed = 331,      ///< the collection's validator refuses the document
  resume_failed = 332,          ///< a change stream cannot go on from its token

  // 4xx: queries and updates
  invalid_query = 401,       ///< a filter that means nothing
  invalid_update = 402,      ///< an update that means nothing or hits a wrong type
  invalid_projection = 403,  ///< a projection that means nothing
  invalid_sort = 404,        ///< a sort order that means nothing
  invalid_index = 405,       ///< an index definition that means nothing

  // 5xx: models
  invalid_model = 501,  ///< a model that contradicts itself
  not_attached = 502,   ///< an active record without a database
  index_drift = 503,    ///< declared and present indexes differ

  // 6xx: migrations
  invalid_migration = 601,   ///< empty, duplicate or too long id; a dependency that is not there
  dependency_cycle = 602,    ///< migrations that depend on each other in a circle
  checksum_mismatch = 603,   ///< an applied migration was changed afterwards
  migration_failed = 604,    ///< a step failed; nothing was left behind
  migration_partial = 605,   ///< a step failed; what was done stays and can be resumed
  irreversible = 606,        ///< there is no way back; the reason is in the detail
  lock_busy = 607,           ///< another process holds the migration lock
  lock_lost = 608,           ///< the lock was lost; the run stopped safely
  needs_attention = 609,     ///< a crash in a step of unknown outcome; mark it by hand
  database_too_new = 610,    ///< the database needs a newer program
  out_of_order = 611,        ///< a late migration that the policy refuses
  unknown_migration = 612,   ///< history names a migration that the program lacks
  history_corrupt = 613,     ///< a history document that cannot be read
  baseline_refused = 614,    ///< the database is not as the migrations before the baseline leave it
  squash_incomplete = 615,   ///< some of what it replaces are applied, and the rest is not there
  precondition_failed = 616,  ///< a require() of a migration does not hold

  // 7xx: importing
  invalid_source = 701,    ///< a source's URI or options that cannot be read
  source_failed = 702,     ///< a source refused or broke; backend_code() has its own number
  table_not_found = 703,   ///< the source has no such table or column
  invalid_mapping = 704,   ///< a mapping that means nothing, or does not fit the source
  unreadable_value = 705,  ///< a value of the source that cannot become what the mapping asks for
  no_key = 706,            ///< a table without a key to tell its rows by
  source_changed = 707     ///< the source's tables or rows are not those that the import began with
};

/// The enumerator's name, "type_mismatch"; "unknown" for a number that is none.
[[nodiscard]] const char* to_string(ErrorCode code) noexcept;

}  // namespace quire
