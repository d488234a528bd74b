#include "importer/postgresql/connection.hpp"

namespace quire::importer::postgresql {
namespace {

/// What the reading rests on. Settings that a server may lack are asked for by name.
constexpr const char* session_settings =
    "SELECT pg_catalog.set_config(s.name, n.setting, false) FROM (VALUES "
    "('default_transaction_read_only', 'on'), ('statement_timeout', '0'), "
    "('lock_timeout', '60s'), ('idle_in_transaction_session_timeout', '0'), "
    "('idle_session_timeout', '0'), ('transaction_timeout', '0'), ('TimeZone', 'UTC'), "
    "('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'iso_8601'), ('bytea_output', 'hex'), "
    "('standard_conforming_strings', 'on'), ('extra_float_digits', '1'), "
    "('row_security', 'off')) AS n(name, setting) "
    "JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) = pg_catalog.lower(n.name)";

std::string_view advice(std::string_view state) {
  if (state == "28P01" || state == "28000")
    return "; give a password in PGPASSWORD, ~/.pgpass or the URI";
  if (state == "42501") return "; grant SELECT to the user that imports";
  if (state == "53300") return "; let the server take more connections, or use fewer workers";
  if (state == "55P03") return "; somebody holds a lock on it: wait, or end their transaction";
  return {};
}

}  // namespace

int packed_state(std::string_view state) noexcept {
  int out = 0;
  for (std::size_t i = 0; i < state.size() && i < 5; ++i)
    out |= ((state[i] - '0') & 0x3F) << (6 * static_cast<int>(i));
  return out;
}

Connection::Connection(const Options& options) : options_(options), connection_(nullptr) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : options.parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection_ = PQconnectdbParams(keywords.data(), values.data(), 0);
  if (connection_ == nullptr || PQstatus(connection_) != CONNECTION_OK) {
    const std::string why = options.shown(connection_ == nullptr ? "there is no memory for it"
                                                                 : PQerrorMessage(connection_));
    const bool password = connection_ != nullptr && (PQconnectionNeedsPassword(connection_) != 0 ||
                                                     PQconnectionUsedPassword(connection_) != 0);
    PQfinish(connection_);
    throw ImportError(ErrorCode::source_failed,
                      options.location + " does not let us in: " + why +
                          std::string(password ? advice("28P01") : std::string_view{}));
  }
  // Such a database does not say what its text is in, and would refuse to send what is not UTF-8.
  const char* encoding = PQparameterStatus(connection_, "server_encoding");
  if (encoding != nullptr && std::string_view(encoding) == "SQL_ASCII")
    (void)PQsetClientEncoding(connection_, "SQL_ASCII");
  PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
  try {
    query(session_settings, "preparing the session");
  } catch (...) {
    PQfinish(connection_);
    throw;
  }
}

Connection::~Connection() { PQfinish(connection_); }

void Connection::fail(const PGresult* result, std::string_view doing) const {
  const auto field = [&](int code) {
    const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
    return std::string(text == nullptr ? "" : text);
  };
  const std::string state = field(PG_DIAG_SQLSTATE);
  std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = PQerrorMessage(connection_);
  if (const std::string detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty())
    message += " (" + detail + ")";
  std::string text =
      std::string(doing) + " at " + options_.location + ": " + options_.shown(message);
  if (!state.empty()) text += ", SQLSTATE " + state;
  text += advice(state);
  if (lost() || state.starts_with("57P"))
    text += "; the connection and the snapshot are gone: resume when the server is back";
  throw ImportError(ErrorCode::source_failed, text, packed_state(state));
}

Result Connection::query(const std::string& sql, std::string_view doing) {
  Result result(PQexec(connection_, sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) fail(result.get(), doing);
  return result;
}

std::string Connection::value(const std::string& sql, std::string_view doing) {
  const Result result = query(sql, doing);
  return PQntuples(result.get()) == 0 ? std::string() : PQgetvalue(result.get(), 0, 0);
}

void Connection::begin_copy(const std::string& sql, std::string_view doing) {
  const Result result(PQexec(connection_, sql.c_str()));
  if (PQresultStatus(result.get()) != PGRES_COPY_OUT) fail(result.get(), doing);
}

char* Connection::next_piece(int& size, std::string_view doing) {
  char* piece = nullptr;
  size = PQgetCopyData(connection_, &piece, 0);
  if (size > 0) return piece;
  if (size == -2) fail(nullptr, doing);
  const Result result(PQgetResult(connection_));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
    const Result end(PQgetResult(connection_));
    fail(result.get(), doing);
  }
  drain();
  return nullptr;
}

void Connection::drain() noexcept {
  while (const Result result{PQgetResult(connection_)}) {
    if (PQresultStatus(result.get()) != PGRES_COPY_OUT) continue;
    char* piece = nullptr;
    while (PQgetCopyData(connection_, &piece, 0) > 0) PQfreemem(piece);
    if (lost()) return;
  }
}

void Connection::cancel() noexcept {
  if (lost()) return;
  if (PGcancel* handle = PQgetCancel(connection_); handle != nullptr) {
    char message[256];
    (void)PQcancel(handle, message, sizeof message);
    PQfreeCancel(handle);
  }
  char* piece = nullptr;
  while (PQgetCopyData(connection_, &piece, 0) > 0) PQfreemem(piece);
  drain();
}

bool Connection::roll_back() noexcept {
  if (lost()) return false;
  const Result result(PQexec(connection_, "ROLLBACK"));
  return PQresultStatus(result.get()) == PGRES_COMMAND_OK;
}

}  // namespace quire::importer::postgresql
