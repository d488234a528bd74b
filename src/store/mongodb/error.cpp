#include "store/mongodb/error.hpp"

#include "store/validation.hpp"

namespace quire::store::mongodb {
namespace {

using bson::View;

std::string namespace_of(const Where& where) {
  if (where.ns.database.empty()) return {};
  std::string out(where.ns.database);
  if (!where.ns.collection.empty()) out += "." + std::string(where.ns.collection);
  return out;
}

bool contains(std::string_view text, std::string_view part) noexcept {
  return text.find(part) != std::string_view::npos;
}

/// Mistakes in the request itself: theirs is the family of the part that was wrong.
ErrorCode meaningless(Asked asked) noexcept {
  switch (asked) {
    case Asked::read:
    case Asked::remove:
      return ErrorCode::invalid_query;
    case Asked::update:
      return ErrorCode::invalid_update;
    case Asked::index:
      return ErrorCode::invalid_index;
    case Asked::insert:
      return ErrorCode::invalid_key;
    default:
      return ErrorCode::command_failed;
  }
}

std::vector<std::string> labels_of(View reply) {
  std::vector<std::string> out;
  if (const auto labels = reply.find("errorLabels"); labels && labels->is_array()) {
    for (const auto& label : labels->as_array()) {
      if (label.value.is_string()) out.emplace_back(label.value.as_string());
    }
  }
  return out;
}

template <class T>
std::exception_ptr of_type(ErrorCode code, FieldPath path, const std::string& text, int number,
                           std::vector<std::string> labels) {
  return std::make_exception_ptr(T(code, std::move(path), text, number, std::move(labels)));
}

/// An error of the class that its number belongs to.
std::exception_ptr typed(ErrorCode code, FieldPath path, const std::string& text, int number,
                         std::vector<std::string> labels, View details) {
  const int group = static_cast<int>(code) / 100;
  if (group == 4) return of_type<QueryError>(code, std::move(path), text, number, {});
  if (group == 1) return of_type<MappingError>(code, std::move(path), text, number, {});
  if (!details.empty()) {
    return std::make_exception_ptr(DetailedError(code, std::move(path), text, number,
                                                 bson::Document(details), std::move(labels)));
  }
  return of_type<StoreError>(code, std::move(path), text, number, std::move(labels));
}

bson::Document details_of(View element) {
  bson::Document out;
  if (const auto info = element.find("errInfo"); info && info->is_document())
    return bson::Document(info->as_document());
  const auto pattern = element.find("keyPattern");
  const auto value = element.find("keyValue");
  if (pattern && value && pattern->is_document() && value->is_document()) {
    Fields fields;
    fields.add("keyPattern", pattern->as_document()).add("keyValue", value->as_document());
    return bson::Document(fields.view());
  }
  return {};
}

FieldPath path_of(ErrorCode code, std::string_view message, View details) {
  if (code == ErrorCode::validation_failed) return failing_path(details);
  if (code == ErrorCode::immutable_field ||
      (code == ErrorCode::invalid_key && contains(message, "_id")))
    return FieldPath("_id");
  if (code == ErrorCode::duplicate_key) {
    if (const auto pattern = details.find("keyPattern"); pattern && pattern->is_document()) {
      if (const auto first = pattern->as_document().begin(); first != std::default_sentinel)
        return FieldPath(std::string(first->key));
    }
  }
  return {};
}

struct Classified {
  ErrorCode code;
  std::string text;
  bool server = false;
};

/// Errors that the driver itself reports, and in which words.
Classified classify(const bson_error_t& error, const Where& where) {
  const std::string_view message = error.message;
  const std::string ns = namespace_of(where);
  const std::string at = ns.empty() ? std::string() : " (at " + ns + ")";
  const auto text = [&](std::string_view cure) {
    return std::string(message) + at + (cure.empty() ? "" : "; ") + std::string(cure);
  };
  switch (error.domain) {
    case MONGOC_ERROR_STREAM:
      if (error.code == MONGOC_ERROR_STREAM_NAME_RESOLUTION)
        return {ErrorCode::server_unreachable,
                text("check the host names of the connection string")};
      return {ErrorCode::network_error,
              text(where.asked == Asked::read
                       ? "the connection broke"
                       : "the connection broke before the answer came: whether it was done is not "
                         "known, so look before it is done again")};
    case MONGOC_ERROR_SERVER_SELECTION:
      if (contains(message, "Authentication failed") || contains(message, "authentication"))
        return {ErrorCode::authentication_failed,
                text("check user, password and authSource of the connection string")};
      if (error.code == MONGOC_ERROR_SERVER_SELECTION_BAD_WIRE_VERSION)
        return {ErrorCode::unsupported, text("the server is too old or too new for this driver")};
      return {ErrorCode::server_unreachable,
              text("check host, port, replicaSet and TLS of the connection string, and that the "
                   "server runs")};
    case MONGOC_ERROR_SCRAM:
    case MONGOC_ERROR_SASL:
      return {ErrorCode::authentication_failed,
              text("check user, password and authSource of the connection string")};
    case MONGOC_ERROR_CLIENT:
      if (error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE)
        return {ErrorCode::authentication_failed,
                text("check user, password and authSource of the connection string")};
      if (error.code == MONGOC_ERROR_CLIENT_SESSION_FAILURE || contains(message, "session"))
        return {contains(message, "does not support") ? ErrorCode::unsupported
                                                      : ErrorCode::transaction_state,
                text("")};
      return {ErrorCode::invalid_argument, text("")};
    case MONGOC_ERROR_TRANSACTION:
      return {ErrorCode::transaction_state, text("")};
    case MONGOC_ERROR_PROTOCOL:
      return {ErrorCode::network_error, text("the server's answer cannot be read")};
    case MONGOC_ERROR_BSON:
    case MONGOC_ERROR_NAMESPACE:
      return {ErrorCode::invalid_argument, text("")};
    case MONGOC_ERROR_CURSOR:
      return {where.asked == Asked::read ? ErrorCode::invalid_query : ErrorCode::invalid_argument,
              text("")};
    case MONGOC_ERROR_COMMAND:
      if (error.code == MONGOC_ERROR_COMMAND_INVALID_ARG)
        return {meaningless(where.asked), text("")};
      break;
    case MONGOC_ERROR_WRITE_CONCERN:
      return {ErrorCode::write_concern_failed,
              text("the write was done, but not acknowledged as the write concern asks")};
    default:
      break;
  }
  return {code_of_server(static_cast<int>(error.code), message, where.asked), std::string(message),
          true};
}

}  // namespace

ErrorCode code_of_server(int code, std::string_view message, Asked asked) noexcept {
  switch (code) {
    case 11000:
    case 11001:
    case 12582:
      return ErrorCode::duplicate_key;
    case 112:  // WriteConflict
    case 24:   // LockTimeout
      return ErrorCode::write_conflict;
    case 50:   // MaxTimeMSExpired
    case 202:  // NetworkInterfaceExceededTimeLimit
    case 262:  // ExceededTimeLimit
      return ErrorCode::timeout;
    case 26:
      return ErrorCode::namespace_not_found;
    case 48:
      return ErrorCode::namespace_exists;
    case 27:
      return ErrorCode::index_not_found;
    case 85:
    case 86:
    case 68:
      return ErrorCode::index_conflict;
    case 43:
      return ErrorCode::cursor_not_found;
    case 66:
      return ErrorCode::immutable_field;
    case 13:
      return ErrorCode::unauthorized;
    case 18:
      return ErrorCode::authentication_failed;
    case 121:
      return ErrorCode::validation_failed;
    case 73:  // InvalidNamespace
      return ErrorCode::invalid_argument;
    case 10334:  // BSONObjectTooLarge
    case 17419:  // resulting document after update is too large
    case 17420:
      return ErrorCode::document_too_large;
    case 14031:
      return ErrorCode::disk_full;
    case 10107:  // NotWritablePrimary
    case 13435:  // NotPrimaryNoSecondaryOk
    case 13436:  // NotPrimaryOrSecondary
    case 189:    // PrimarySteppedDown
    case 11602:  // InterruptedDueToReplStateChange
    case 11600:  // InterruptedAtShutdown
    case 91:     // ShutdownInProgress
      return ErrorCode::not_primary;
    case 6:     // HostUnreachable
    case 7:     // HostNotFound
    case 89:    // NetworkTimeout
    case 9001:  // SocketException
      return ErrorCode::network_error;
    case 64:   // WriteConcernFailed
    case 79:   // UnknownReplWriteConcern
    case 100:  // UnsatisfiableWriteConcern
    case 75:
      return ErrorCode::write_concern_failed;
    case 280:  // ChangeStreamFatalError
    case 286:  // ChangeStreamHistoryLost
    case 260:  // InvalidResumeToken
      return ErrorCode::resume_failed;
    case 225:  // TransactionTooOld
    case 251:  // NoSuchTransaction
    case 256:  // TransactionCommitted
    case 206:  // NoSuchSession
      return ErrorCode::transaction_state;
    case 263:    // OperationNotSupportedInTransaction
    case 59:     // CommandNotFound
    case 115:    // CommandNotSupported
    case 235:    // NotImplemented in some compatible services
    case 238:    // NotImplemented
    case 40573:  // $changeStream is only supported on replica sets
    case 40324:  // Unrecognized pipeline stage name
      return ErrorCode::unsupported;
    case 20:  // IllegalOperation
      if (contains(message, "replica set") || contains(message, "Transaction"))
        return ErrorCode::unsupported;
      return ErrorCode::command_failed;
    case 1:  // InternalError; DocumentDB gives it for what has no number there
      if (contains(message, "exclusion constraint")) return ErrorCode::duplicate_key;
      return contains(message, "not supported") ? ErrorCode::unsupported
                                                : ErrorCode::command_failed;
    case 67:  // CannotCreateIndex
    case 197:
    case 72:  // InvalidOptions
      return asked == Asked::index ? ErrorCode::invalid_index
             : code == 72          ? meaningless(asked)
                                   : ErrorCode::command_failed;
    case 2:   // BadValue
    case 9:   // FailedToParse
    case 14:  // TypeMismatch
    case 4:   // NoSuchKey
    case 28:  // PathNotViable
    case 40:  // ConflictingUpdateOperators
    case 52:  // DollarPrefixedFieldName
    case 53:  // InvalidIdField
    case 54:  // NotSingleValueField
    case 55:  // InvalidDBRef
    case 56:  // EmptyFieldName
    case 57:  // DottedFieldName
    case 16840:
    case 40415:  // IDLUnknownField
      return meaningless(asked);
    case 51024:
    case 51091:
      return asked == Asked::read ? ErrorCode::invalid_query : ErrorCode::command_failed;
    default:
      return ErrorCode::command_failed;
  }
}

WriteError item_error(View element, const Where& where) {
  const auto number = element.find("code");
  const auto message = element.find("errmsg");
  const auto index = element.find("index");
  const int code = number && number->type() == bson::Type::int32 ? number->as_int32() : 0;
  std::string text(message && message->is_string() ? message->as_string() : std::string_view{});
  const ErrorCode kind = code_of_server(code, text, where.asked);
  bson::Document details = details_of(element);
  FieldPath path = path_of(kind, text, details);
  if (kind == ErrorCode::duplicate_key) path = {};
  if (kind == ErrorCode::validation_failed) text = with_rules(std::move(text), details);
  return {index && index->type() == bson::Type::int32 ? static_cast<std::size_t>(index->as_int32())
                                                      : std::size_t{0},
          Error(kind, std::move(path), text, code), std::move(details)};
}

std::exception_ptr make_failure(const bson_error_t& error, View reply, const Where& where,
                                const Secrets& secrets) {
  auto labels = labels_of(reply);
  // A connection that broke leaves open what became of the rest: that weighs more than what the
  // reply has of the items before.
  if (error.domain == MONGOC_ERROR_STREAM || error.domain == MONGOC_ERROR_SERVER_SELECTION)
    reply = {};
  const auto array_first = [&](std::string_view name) -> std::optional<View> {
    const auto list = reply.find(name);
    if (!list || !list->is_array() || list->as_array().empty()) return std::nullopt;
    const auto first = list->as_array().begin()->value;
    return first.is_document() ? std::optional<View>(first.as_document()) : std::nullopt;
  };
  if (const auto item = array_first("writeErrors")) {
    auto one = item_error(*item, where);
    return typed(one.error.code(), one.error.path(), secrets.scrub(one.error.detail()),
                 one.error.backend_code(), std::move(labels), one.details);
  }
  Classified what = classify(error, where);
  View element = reply;
  if (const auto concern = array_first("writeConcernErrors")) {
    element = *concern;
  } else if (const auto one = reply.find("writeConcernError"); one && one->is_document()) {
    element = one->as_document();  // of a command, such as a commit
  }
  int number = 0;
  if (what.server) {
    number = static_cast<int>(error.code);
  } else if (const auto code = element.find("code"); code && code->type() == bson::Type::int32) {
    number = code->as_int32();
    // The driver wraps what the server said.
    if (what.code != ErrorCode::write_concern_failed)
      what.code = code_of_server(number, what.text, where.asked);
  }
  const bson::Document details = details_of(element);
  FieldPath path = path_of(what.code, what.text, details);
  if (what.code == ErrorCode::duplicate_key) path = {};
  if (what.code == ErrorCode::validation_failed)
    what.text = with_rules(std::move(what.text), details);
  return typed(what.code, std::move(path), secrets.scrub(std::move(what.text)), number,
               std::move(labels), details);
}

void fail(const bson_error_t& error, View reply, const Where& where, const Secrets& secrets) {
  std::rethrow_exception(make_failure(error, reply, where, secrets));
}

}  // namespace quire::store::mongodb
