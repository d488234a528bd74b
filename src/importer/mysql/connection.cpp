#include "importer/mysql/connection.hpp"

#include <errmsg.h>
#include <mysqld_error.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>

namespace quire::importer::mysql {
namespace {

std::string_view advice(unsigned number) {
  switch (number) {
    case ER_ACCESS_DENIED_ERROR:
      return "; check user and password: of the URI, MYSQL_PWD or ~/.my.cnf";
    case ER_DBACCESS_DENIED_ERROR:
    case ER_BAD_DB_ERROR:
      return "; check the database's name and the user's rights";
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_COLUMNACCESS_DENIED_ERROR:
      return "; GRANT SELECT on it, or leave it out of the mapping";
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
      return "; let the server take more connections, or ask for fewer: ?connections=N";
    case ER_TABLE_DEF_CHANGED:
      return "; the table was altered after the source was opened: open it again";
    case ER_NET_PACKET_TOO_LARGE:
      return "; raise max_allowed_packet of the server";
    case CR_CONNECTION_ERROR:
    case CR_CONN_HOST_ERROR:
    case CR_UNKNOWN_HOST:
      return "; check that the server runs, and host, port or socket";
    default:
      return is_lost(number) ? "; open the source again once the server answers" : "";
  }
}

std::string option_file() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == 0) return {};
  std::string path = std::string(home) + "/.my.cnf";
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) ? path : std::string{};
}

void set_ssl(MYSQL* handle, const Options& options) {
  const bool wanted = options.ssl == Options::Ssl::on || options.ssl == Options::Ssl::verify;
  if (wanted || !options.ssl_ca.empty() || !options.ssl_cert.empty() || !options.ssl_key.empty()) {
    const auto given = [](const std::string& text) {
      return text.empty() ? nullptr : text.c_str();
    };
    mysql_ssl_set(handle, given(options.ssl_key), given(options.ssl_cert), given(options.ssl_ca),
                  nullptr, nullptr);
  }
  if (options.ssl == Options::Ssl::preset) return;
  const my_bool enforce = wanted ? 1 : 0;
  const my_bool verify = options.ssl == Options::Ssl::verify ? 1 : 0;
  mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, &enforce);
  mysql_optionsv(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

void set_options(MYSQL* handle, const Options& options) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
      options.connect_timeout + std::chrono::milliseconds(999));
  const unsigned timeout = seconds.count() < 1 ? 1U : static_cast<unsigned>(seconds.count());
  mysql_optionsv(handle, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
  // What the server lets through, the client takes.
  const std::size_t most = 1UL << 30U;
  mysql_optionsv(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, &most);
  const unsigned no_files = 0;
  mysql_optionsv(handle, MYSQL_OPT_LOCAL_INFILE, &no_files);
  if (const std::string file = option_file(); !file.empty()) {
    mysql_optionsv(handle, MYSQL_READ_DEFAULT_FILE, file.c_str());
  }
  mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (options.compress) mysql_optionsv(handle, MYSQL_OPT_COMPRESS, nullptr);
  if (!options.socket.empty()) {
    const unsigned protocol = MYSQL_PROTOCOL_SOCKET;
    mysql_optionsv(handle, MYSQL_OPT_PROTOCOL, &protocol);
  } else if (!options.host.empty()) {
    // "localhost" with a port is that port, and not the socket that the client would take.
    const unsigned protocol = MYSQL_PROTOCOL_TCP;
    if (options.port != 0 || options.host != "localhost") {
      mysql_optionsv(handle, MYSQL_OPT_PROTOCOL, &protocol);
    }
  }
  set_ssl(handle, options);
}

}  // namespace

bool is_lost(unsigned number) noexcept {
  switch (number) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_SERVER_LOST_EXTENDED:
    case CR_MALFORMED_PACKET:
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
      return true;
    default:
      return false;
  }
}

ImportError failure(unsigned number, std::string_view message, std::string_view doing,
                    std::string_view location) {
  std::string text(location);
  text += ": ";
  text += doing;
  text += ": ";
  text += message;
  text += advice(number);
  return ImportError(ErrorCode::source_failed, text, static_cast<int>(number));
}

Connection::Connection(const Options& options) : options_(options) {
  handle_ = mysql_init(nullptr);
  if (handle_ == nullptr) throw std::bad_alloc();
  set_options(handle_, options);
  const auto given = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  const char* user = options.user ? options.user->c_str() : nullptr;
  const char* password = options.password ? options.password->c_str() : nullptr;
  try {
    if (mysql_real_connect(handle_, given(options.host), user, password, options.database.c_str(),
                           options.port, given(options.socket), 0) == nullptr) {
      throw failure(mysql_errno(handle_), mysql_error(handle_), "connecting", options.location());
    }
    check_ssl();
    prepare_session();
  } catch (...) {
    close();
    throw;
  }
}

Connection::~Connection() { close(); }

/// libmariadb goes on without TLS where the server has none, also when it is told not to.
void Connection::check_ssl() {
  const bool wanted = options_.ssl == Options::Ssl::on || options_.ssl == Options::Ssl::verify;
  if (!wanted || mysql_get_ssl_cipher(handle_) != nullptr) return;
  fail(CR_SSL_CONNECTION_ERROR, "the server has no TLS; give it a certificate, or say ssl=off",
       "connecting");
}

void Connection::close() noexcept {
  if (handle_ == nullptr) return;
  lost_ = true;
  const my_socket socket = mysql_get_socket(handle_);
  if (socket >= 0) ::shutdown(socket, SHUT_RD);
  mysql_close(handle_);
  handle_ = nullptr;
}

void Connection::prepare_session() {
  const std::string_view doing = "setting up the session";
  execute(
      "SET SESSION time_zone='+00:00', sql_mode='ALLOW_INVALID_DATES', "
      "net_write_timeout=31536000, net_read_timeout=31536000, wait_timeout=31536000, "
      "sql_select_limit=18446744073709551615, sql_big_selects=1, sql_quote_show_create=1",
      doing);
  if (options_.charset != "utf8mb4") {
    execute("SET SESSION character_set_results=" + options_.charset, doing);
  }
  // Not all servers have these.
  for (const char* one :
       {"max_statement_time=0", "max_execution_time=0", "idle_transaction_timeout=0",
        "idle_readonly_transaction_timeout=0", "information_schema_stats_expiry=0"}) {
    attempt(std::string("SET SESSION ") + one);
  }
  execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", doing);
  execute("SET SESSION TRANSACTION READ ONLY", doing);
}

void Connection::fail(unsigned number, std::string_view message, std::string_view doing) {
  if (is_lost(number)) lost_ = true;
  throw failure(number, message, doing, options_.location());
}

void Connection::speak(const std::string& charset) {
  if (charset == spoken_) return;
  spoken_ = charset;  // the statement that sets it is ASCII
  execute("SET SESSION character_set_client=" + charset, "setting the character set");
}

std::vector<Connection::Row> Connection::rows(const std::string& sql, std::string_view doing) {
  if (handle_ == nullptr) fail(CR_SERVER_LOST, "the connection was closed", doing);
  if (mysql_real_query(handle_, sql.data(), sql.size()) != 0) {
    fail(mysql_errno(handle_), mysql_error(handle_), doing);
  }
  std::vector<Row> out;
  MYSQL_RES* result = mysql_store_result(handle_);
  if (result == nullptr) {
    if (mysql_errno(handle_) != 0) fail(mysql_errno(handle_), mysql_error(handle_), doing);
    return out;
  }
  const unsigned fields = mysql_num_fields(result);
  while (const MYSQL_ROW row = mysql_fetch_row(result)) {
    const unsigned long* lengths = mysql_fetch_lengths(result);
    Row& one = out.emplace_back(fields);
    for (unsigned i = 0; i < fields; ++i) {
      if (row[i] != nullptr) one[i].emplace(row[i], lengths[i]);
    }
  }
  mysql_free_result(result);
  return out;
}

std::optional<std::string> Connection::value(const std::string& sql, std::string_view doing) {
  const auto all = rows(sql, doing);
  if (all.empty() || all.front().empty()) return std::nullopt;
  return all.front().front();
}

unsigned Connection::attempt(const std::string& sql) {
  try {
    (void)rows(sql, "asking");
    return 0;
  } catch (const ImportError& error) {
    if (lost_) throw;
    return static_cast<unsigned>(error.backend_code());
  }
}

std::string Connection::literal(std::string_view text) {
  std::string out(text.size() * 2 + 1, '\0');
  out.resize(mysql_real_escape_string(handle_, out.data(), text.data(), text.size()));
  return "'" + out + "'";
}

}  // namespace quire::importer::mysql
