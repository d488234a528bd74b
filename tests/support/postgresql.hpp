#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>

#include "databases.hpp"

namespace quire::test {

/// A connection that tests write with.
class PgClient {
 public:
  explicit PgClient(const std::string& uri) : connection_(PQconnectdb(uri.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) {
      const std::string why = PQerrorMessage(connection_);
      PQfinish(connection_);
      throw std::runtime_error(why);
    }
    PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
  }
  ~PgClient() { PQfinish(connection_); }
  PgClient(const PgClient&) = delete;
  PgClient& operator=(const PgClient&) = delete;

  void run(const std::string& sql) { (void)value(sql); }
  /// The first value of the last statement; empty where it gives none.
  std::string value(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_, sql.c_str()),
                                                               PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
      throw std::runtime_error(sql.substr(0, 300) + ": " + PQerrorMessage(connection_));
    return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
  }
  [[nodiscard]] PGconn* handle() { return connection_; }

 private:
  PGconn* connection_;
};

/// An empty database of the test's own, which goes with it.
class PgDatabase {
 public:
  /// `server`: a URI with any database in it. `options`: of CREATE DATABASE.
  explicit PgDatabase(std::string server, const std::string& options = "")
      : server_(std::move(server)) {
    static std::atomic<int> number{0};
    name_ = "quire_" + std::to_string(::getpid()) + "_" + std::to_string(number++);
    PgClient(server_).run("CREATE DATABASE " + name_ + " " + options);
    client_ = std::make_unique<PgClient>(uri());
  }
  ~PgDatabase() {
    client_.reset();
    try {
      PgClient(server_).run("DROP DATABASE " + name_ + " WITH (FORCE)");
    } catch (const std::exception&) {
      // The server is gone, and its data with it.
    }
  }
  PgDatabase(const PgDatabase&) = delete;
  PgDatabase& operator=(const PgDatabase&) = delete;

  [[nodiscard]] std::string uri() const {
    return server_.substr(0, server_.rfind('/') + 1) + name_;
  }
  /// The same for another user.
  [[nodiscard]] std::string uri_of(const std::string& user, const std::string& password) const {
    const auto from = uri().find("://") + 3;
    return uri().substr(0, from) + user + ":" + password + uri().substr(uri().find('@'));
  }
  void run(const std::string& sql) { client_->run(sql); }
  std::string value(const std::string& sql) { return client_->value(sql); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string server_, name_;
  std::unique_ptr<PgClient> client_;
};

/// A schema of the test's own in the database of all: made in no time, where a database takes long.
class PgSchema {
 public:
  explicit PgSchema(std::string server) : server_(std::move(server)), client_(server_) {
    static std::atomic<int> number{0};
    name_ = "quire_" + std::to_string(::getpid()) + "_" + std::to_string(number++);
    client_.run("CREATE SCHEMA " + name_ + "; SET search_path = " + name_ + ", public");
  }
  ~PgSchema() {
    try {
      client_.run("DROP SCHEMA " + name_ + " CASCADE");
    } catch (const std::exception&) {
      // The server is gone, and its data with it.
    }
  }
  PgSchema(const PgSchema&) = delete;
  PgSchema& operator=(const PgSchema&) = delete;

  [[nodiscard]] std::string uri() const {
    return server_ + "?options=-csearch_path%3D" + name_ + ",public";
  }
  void run(const std::string& sql) { client_.run(sql); }

 private:
  std::string server_, name_;
  PgClient client_;
};

}  // namespace quire::test

/// First in a test: `variable` is an empty database.
#define QUIRE_NEEDS_POSTGRESQL(variable)                 \
  QUIRE_NEEDS_DATABASE(variable##_server, "postgresql"); \
  ::quire::test::PgDatabase variable(variable##_server)
