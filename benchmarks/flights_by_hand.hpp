#pragma once

// What somebody writes with a database's client library who brings tables into documents and asks
// for no more than speed: rows as they come, BSON at once, batches of 1,000 by a thread of their
// own. The tables are those that tools/flights.py loads.

#include <libpq-fe.h>
#include <mysql.h>

#include <charconv>
#include <span>

#include "import_by_hand.hpp"

namespace flights {

using import_bench::Batch;
using import_bench::must;

enum class Kind { integer, real, text, time };
struct Column {
  const char* name;
  Kind kind;
};
constexpr Column of_flights[] = {{"year", Kind::integer},
                                 {"month", Kind::integer},
                                 {"day", Kind::integer},
                                 {"dep_time", Kind::integer},
                                 {"sched_dep_time", Kind::integer},
                                 {"dep_delay", Kind::integer},
                                 {"arr_time", Kind::integer},
                                 {"sched_arr_time", Kind::integer},
                                 {"arr_delay", Kind::integer},
                                 {"carrier", Kind::text},
                                 {"flight", Kind::integer},
                                 {"tailnum", Kind::text},
                                 {"origin", Kind::text},
                                 {"dest", Kind::text},
                                 {"air_time", Kind::integer},
                                 {"distance", Kind::integer},
                                 {"hour", Kind::integer},
                                 {"minute", Kind::integer},
                                 {"time_hour", Kind::time}};
constexpr Column of_planes[] = {
    {"tailnum", Kind::text},      {"year", Kind::integer},  {"type", Kind::text},
    {"manufacturer", Kind::text}, {"model", Kind::text},    {"engines", Kind::integer},
    {"seats", Kind::integer},     {"speed", Kind::integer}, {"engine", Kind::text}};
constexpr Column of_airports[] = {
    {"faa", Kind::text},    {"name", Kind::text},  {"lat", Kind::real}, {"lon", Kind::real},
    {"alt", Kind::integer}, {"tz", Kind::integer}, {"dst", Kind::text}, {"tzone", Kind::text}};
constexpr Column of_airlines[] = {{"carrier", Kind::text}, {"name", Kind::text}};
constexpr Column of_weather[] = {
    {"origin", Kind::text},     {"year", Kind::integer},   {"month", Kind::integer},
    {"day", Kind::integer},     {"hour", Kind::integer},   {"temp", Kind::real},
    {"dewp", Kind::real},       {"humid", Kind::real},     {"wind_dir", Kind::integer},
    {"wind_speed", Kind::real}, {"wind_gust", Kind::real}, {"precip", Kind::real},
    {"pressure", Kind::real},   {"visib", Kind::real},     {"time_hour", Kind::time}};
struct TableOf {
  const char* name;
  std::span<const Column> columns;
};
constexpr TableOf tables[] = {{"airlines", of_airlines},
                              {"airports", of_airports},
                              {"planes", of_planes},
                              {"weather", of_weather},
                              {"flights", of_flights}};

/// A value that came as text.
inline void append_text(quire::bson::Writer& w, const Column& column, std::string_view text) {
  const char* const end = text.data() + text.size();
  if (column.kind == Kind::text) {
    w.append(column.name, text);
  } else if (column.kind == Kind::time) {
    w.append(column.name,
             quire::DateTime{std::chrono::milliseconds(import_bench::milliseconds(text.data()))});
  } else if (column.kind == Kind::real) {
    double value = 0;
    std::from_chars(text.data(), end, value);
    w.append(column.name, value);
  } else {
    std::int64_t value = 0;
    std::from_chars(text.data(), end, value);
    w.append(column.name, value);
  }
}

/// One row of a client library that gives text: `at` is null where the value is.
template <class At>
quire::bson::Document document_of(const TableOf& table, const At& at) {
  quire::bson::Writer w;
  append_text(w, {"_id", Kind::integer}, at(0));
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string_view text = at(static_cast<int>(i) + 1);
    if (text.data() == nullptr) {
      w.append(table.columns[i].name, quire::bson::Null{});
    } else {
      append_text(w, table.columns[i], text);
    }
  }
  return w.finish();
}

inline std::string select_of(const TableOf& table) {
  return std::string("SELECT * FROM ") + table.name + " ORDER BY id";
}

class SqliteRows {
 public:
  explicit SqliteRows(const std::string& uri) : file_(uri.substr(uri.find(':') + 1)) {}
  template <class Row>
  void each(const TableOf& table, const Row& row) {
    const import_bench::Statement all(file_.db, select_of(table).c_str());
    while (sqlite3_step(all.handle) == SQLITE_ROW) row(document(table, all.handle));
  }

 private:
  static quire::bson::Document document(const TableOf& table, sqlite3_stmt* s) {
    quire::bson::Writer w;
    w.append("_id", static_cast<std::int64_t>(sqlite3_column_int64(s, 0)));
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const int at = static_cast<int>(i) + 1;
      const Column& column = table.columns[i];
      if (sqlite3_column_type(s, at) == SQLITE_NULL) {
        w.append(column.name, quire::bson::Null{});
      } else if (column.kind == Kind::integer) {
        w.append(column.name, static_cast<std::int64_t>(sqlite3_column_int64(s, at)));
      } else if (column.kind == Kind::real) {
        w.append(column.name, sqlite3_column_double(s, at));
      } else {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(s, at));
        append_text(w, column, {text, static_cast<std::size_t>(sqlite3_column_bytes(s, at))});
      }
    }
    return w.finish();
  }
  import_bench::File file_;
};

class PostgresqlRows {
 public:
  explicit PostgresqlRows(const std::string& uri) : connection_(PQconnectdb(uri.c_str())) {
    must(PQstatus(connection_) == CONNECTION_OK, PQerrorMessage(connection_));
  }
  ~PostgresqlRows() { PQfinish(connection_); }
  PostgresqlRows(const PostgresqlRows&) = delete;
  PostgresqlRows& operator=(const PostgresqlRows&) = delete;
  template <class Row>
  void each(const TableOf& table, const Row& row) {
    must(PQsendQuery(connection_, select_of(table).c_str()) == 1, PQerrorMessage(connection_));
    must(PQsetSingleRowMode(connection_) == 1, "no rows one by one");
    while (PGresult* result = PQgetResult(connection_)) {
      const auto status = PQresultStatus(result);
      must(status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK, PQerrorMessage(connection_));
      for (int i = 0; i < PQntuples(result); ++i) {
        row(document_of(table, [&](int at) {
          if (PQgetisnull(result, i, at) != 0) return std::string_view();
          return std::string_view(PQgetvalue(result, i, at),
                                  static_cast<std::size_t>(PQgetlength(result, i, at)));
        }));
      }
      PQclear(result);
    }
  }

 private:
  PGconn* connection_;
};

class MysqlRows {
 public:
  explicit MysqlRows(const std::string& uri) : connection_(mysql_init(nullptr)) {
    // mysql://USER:PASSWORD@HOST:PORT/DATABASE
    const auto at = uri.rfind('@');
    const auto who = uri.substr(uri.find("//") + 2, at - uri.find("//") - 2);
    const auto colon = uri.find(':', at), slash = uri.find('/', at);
    const std::string host = uri.substr(at + 1, colon - at - 1);
    const std::string password = plain(who.substr(who.find(':') + 1));
    const std::string user = plain(who.substr(0, who.find(':')));
    const auto port = static_cast<unsigned>(std::stoul(uri.substr(colon + 1)));
    must(mysql_real_connect(connection_, host.c_str(), user.c_str(), password.c_str(),
                            uri.substr(slash + 1).c_str(), port, nullptr, 0) != nullptr,
         mysql_error(connection_));
  }
  ~MysqlRows() { mysql_close(connection_); }
  MysqlRows(const MysqlRows&) = delete;
  MysqlRows& operator=(const MysqlRows&) = delete;
  template <class Row>
  void each(const TableOf& table, const Row& row) {
    must(mysql_query(connection_, select_of(table).c_str()) == 0, mysql_error(connection_));
    MYSQL_RES* const result = mysql_use_result(connection_);
    must(result != nullptr, mysql_error(connection_));
    while (MYSQL_ROW values = mysql_fetch_row(result)) {
      const unsigned long* const sizes = mysql_fetch_lengths(result);
      row(document_of(table, [&](int at) {
        return values[at] == nullptr ? std::string_view() : std::string_view(values[at], sizes[at]);
      }));
    }
    must(mysql_errno(connection_) == 0, mysql_error(connection_));
    mysql_free_result(result);
  }

 private:
  /// Without percent signs.
  static std::string plain(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out += text[i];
        continue;
      }
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    }
    return out;
  }
  MYSQL* connection_;
};

/// All tables into collections of their names; gives the rows.
template <class Rows>
std::int64_t all_into(Rows&& rows, const quire::Database& to) {
  std::int64_t count = 0;
  for (const TableOf& table : tables) {
    import_bench::WriterThread writer([&](const Batch& batch) {
      const std::vector<quire::bson::View> views(batch.begin(), batch.end());
      const auto result = to.store().insert(to.ns(table.name), views, {});
      must(result.errors.empty(), "an insert by hand failed");
    });
    Batch batch;
    rows.each(table, [&](quire::bson::Document&& document) {
      ++count;
      batch.push_back(std::move(document));
      if (batch.size() < import_bench::bulk) return;
      writer(std::move(batch));
      batch.clear();
    });
    if (!batch.empty()) writer(std::move(batch));
  }
  return count;
}

}  // namespace flights
