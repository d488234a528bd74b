#pragma once

// What somebody writes who brings users with their orders from SQLite into documents and asks for
// no more than speed: both tables in the order of the users, merged as they come, documents written
// as BSON at once, batches of 1,000 by a thread of their own. No checkpoint, no stamp, no rejects,
// no comparison.

#include <mongoc/mongoc.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "import_data.hpp"
#include "processes.hpp"
#include "quire/bson/writer.hpp"
#include "quire/quire.hpp"

namespace import_bench {

using bench_processes::must;
constexpr std::size_t bulk = 1'000;
using Batch = std::vector<quire::bson::Document>;

/// "2024-05-01 12:34:56" in milliseconds since 1970.
inline std::int64_t milliseconds(const char* text) {
  const auto digits = [&](int at, int count) {
    int out = 0;
    for (int i = at; i < at + count; ++i) out = out * 10 + (text[i] - '0');
    return out;
  };
  const std::chrono::sys_days day{std::chrono::year(digits(0, 4)) /
                                  std::chrono::month(static_cast<unsigned>(digits(5, 2))) /
                                  std::chrono::day(static_cast<unsigned>(digits(8, 2)))};
  const std::int64_t seconds = digits(11, 2) * 3600 + digits(14, 2) * 60 + digits(17, 2);
  return (day.time_since_epoch().count() * 86'400LL + seconds) * 1000;
}

/// Calls `sink` with batches; gives the rows of both tables.
template <class Sink>
std::int64_t merge(const File& file, const Sink& sink) {
  const Statement users(file.db, "SELECT * FROM users ORDER BY id");
  const Statement orders(file.db,
                         "SELECT user_id, sku, qty, price, at FROM orders ORDER BY user_id, id");
  sqlite3_stmt* const u = users.handle;
  sqlite3_stmt* const o = orders.handle;
  const auto chars = [](sqlite3_stmt* s, int i) {
    return reinterpret_cast<const char*>(sqlite3_column_text(s, i));
  };
  const auto text = [&](sqlite3_stmt* s, int i) {
    const char* data = chars(s, i);
    return std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(s, i)));
  };
  const auto date = [&](sqlite3_stmt* s, int i) {
    return quire::DateTime{std::chrono::milliseconds(milliseconds(chars(s, i)))};
  };
  std::int64_t rows = 0;
  Batch batch;
  bool more = sqlite3_step(o) == SQLITE_ROW;
  while (sqlite3_step(u) == SQLITE_ROW) {
    const std::int64_t id = sqlite3_column_int64(u, 0);
    quire::bson::Writer w;
    w.append("_id", id).append("username", text(u, 1)).append("email", text(u, 2));
    w.append("full_name", text(u, 3));
    if (sqlite3_column_type(u, 4) != SQLITE_NULL)
      w.append("age", static_cast<std::int64_t>(sqlite3_column_int64(u, 4)));
    w.append("active", sqlite3_column_int(u, 5) != 0).append("score", sqlite3_column_double(u, 6));
    w.append("city", text(u, 7)).append("country", text(u, 8)).append("created_at", date(u, 9));
    w.begin_array("orders");
    ++rows;
    for (; more && sqlite3_column_int64(o, 0) == id; more = sqlite3_step(o) == SQLITE_ROW, ++rows) {
      w.push_document_begin().append("sku", text(o, 1));
      w.append("qty", static_cast<std::int64_t>(sqlite3_column_int64(o, 2)));
      w.append("price", sqlite3_column_double(o, 3)).append("at", date(o, 4)).end();
    }
    w.end();
    batch.push_back(w.finish());
    if (batch.size() < bulk) continue;
    sink(std::move(batch));
    batch.clear();
  }
  if (!batch.empty()) sink(std::move(batch));
  return rows;
}

/// Hands batches to a thread that writes them; at most four wait.
template <class Write>
class WriterThread {
 public:
  explicit WriterThread(Write write) : write_(std::move(write)), thread_([this] { work(); }) {}
  ~WriterThread() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;
  void operator()(Batch&& batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < 4; });
    waiting_.push_back(std::move(batch));
    changed_.notify_all();
  }

 private:
  void work() {
    while (true) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return end_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const Batch batch = std::move(waiting_.front());
      waiting_.pop_front();
      changed_.notify_all();
      lock.unlock();
      write_(batch);
    }
  }
  Write write_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool end_ = false;
  std::thread thread_;
};

inline std::int64_t merge_into_store(const File& file, const quire::Database& to) {
  WriterThread writer([&](const Batch& batch) {
    const std::vector<quire::bson::View> views(batch.begin(), batch.end());
    const auto result = to.store().insert(to.ns("users"), views, {});
    must(result.errors.empty(), "an insert of the merge by hand failed");
  });
  return merge(file, [&](Batch&& batch) { writer(std::move(batch)); });
}

inline std::int64_t merge_into_server(const File& file, const std::string& uri) {
  mongoc_init();
  bson_error_t error;
  mongoc_client_t* client = mongoc_client_new(uri.c_str());
  must(client != nullptr, "not a connection string");
  mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
  mongoc_collection_t* users = mongoc_client_get_collection(client, "quire_bench", "users");
  std::int64_t rows = 0;
  {
    WriterThread writer([&](const Batch& batch) {
      bson_t documents[bulk];
      const bson_t* views[bulk];
      for (std::size_t i = 0; i < batch.size(); ++i) {
        must(bson_init_static(&documents[i], batch[i].view().data(), batch[i].size()), "not BSON");
        views[i] = &documents[i];
      }
      must(mongoc_collection_insert_many(users, views, batch.size(), nullptr, nullptr, &error),
           error.message);
    });
    rows = merge(file, [&](Batch&& batch) { writer(std::move(batch)); });
  }
  mongoc_collection_destroy(users);
  mongoc_client_destroy(client);
  return rows;
}

}  // namespace import_bench
