#include "importer/sqlite/connection.hpp"

#include <cstdio>
#include <filesystem>

#include "core/percent.hpp"

namespace quire::importer::sqlite {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw ImportError(ErrorCode::invalid_source, "sqlite: " + why);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      refuse("\"%\" in a path is followed by two hexadecimal digits; a percent sign is \"%25\"");
    out += static_cast<char>(high * 16 + low);
    if (out.back() == '\0') refuse("a path has no zero byte");
    i += 2;
  }
  return out;
}

std::string encoded(std::string_view path) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      out += '%';
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Place place_of(std::string_view uri) {
  Place out;
  std::string_view path = uri.substr(uri.find(':') + 1);
  const auto question = path.find('?');
  std::string_view options = question == path.npos ? std::string_view{} : path.substr(question + 1);
  path = path.substr(0, question);
  if (path.starts_with("//")) path.remove_prefix(2);
  while (!options.empty()) {
    const auto end = options.find('&');
    const std::string_view one = options.substr(0, end);
    options = end == options.npos ? std::string_view{} : options.substr(end + 1);
    if (one == "snapshot=multi")
      out.single = false;
    else if (one != "snapshot=single")
      refuse("there is no option \"" + std::string(one) +
             "\"; there are snapshot=single (the default) and snapshot=multi. A question mark in a "
             "path is \"%3F\"");
  }
  const std::string plain = decoded(path);
  if (plain.empty() || plain == ":memory:")
    refuse("a source is a file: sqlite:PATH, absolute or from the working folder");
  out.path = std::filesystem::absolute(plain).lexically_normal().string();
  return out;
}

Connection::Connection(const std::string& path, std::chrono::milliseconds busy, Threads threads,
                       bool immutable)
    : path_(path) {
  // As a URI always, since some builds of SQLite take "file:…" in a path for one.
  const std::string name = "file:" + encoded(path) + (immutable ? "?immutable=1" : "");
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
                    (threads == Threads::shared ? SQLITE_OPEN_FULLMUTEX : SQLITE_OPEN_NOMUTEX);
  const int result = sqlite3_open_v2(name.c_str(), &db, flags, nullptr);
  db_.reset(db);
  if (result != SQLITE_OK) fail("opening it");
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, static_cast<int>(busy.count()));
  // What others have written ahead is theirs to move into the file.
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

StatementPtr Connection::prepare(std::string_view sql, std::string_view what) const {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    fail(what);
  return StatementPtr(statement);
}

void Connection::run(const char* sql, std::string_view what) const {
  if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(what);
}

std::int64_t Connection::number(std::string_view sql, std::string_view what) const {
  const StatementPtr statement = prepare(sql, what);
  const int result = sqlite3_step(statement.get());
  if (result != SQLITE_ROW && result != SQLITE_DONE) fail(what);
  return result == SQLITE_ROW ? sqlite3_column_int64(statement.get(), 0) : 0;
}

ImportError Connection::failure(std::string_view what) const {
  const int code = handle() == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle());
  std::string text = "sqlite: " + std::string(what) + " in " + path_ + ": " +
                     (handle() == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle()));
  switch (code & 0xff) {
    case SQLITE_BUSY:
      text +=
          "; another process keeps it locked: wait for its transaction, or raise "
          "connect_timeout";
      break;
    case SQLITE_CANTOPEN:
      text +=
          "; is it there, and may this user read it? A file in WAL mode that is in use also "
          "needs its -wal and -shm files, and a folder that can be written where they are not "
          "there";
      break;
    case SQLITE_CORRUPT:
      text += "; \"PRAGMA integrity_check\" tells more";
      break;
    case SQLITE_NOTADB:
      text += "; it is not an SQLite file, or is encrypted";
      break;
    default:
      break;
  }
  return {ErrorCode::source_failed, text, code};
}

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

}  // namespace quire::importer::sqlite
