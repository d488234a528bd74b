#include "store/embedded/storage/check.hpp"

#include <algorithm>

#include "quire/store/embedded/embedded.hpp"
#include "quire/store/hooked_store.hpp"
#include "store/embedded/storage/capped.hpp"
#include "store/embedded/storage/checksum.hpp"
#include "store/embedded/storage/scope.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {
namespace {

class Checker {
 public:
  Checker(Connection& connection, const CheckOptions& options)
      : connection_(connection), options_(options) {}

  CheckReport run() {
    part("file", [&] { integrity(); });
    for (const auto& [database, collections] : connection_.catalog->databases) {
      for (const auto& [name, meta] : collections)
        part(meta->full_name(), [&, &one = *meta] { collection(one); });
    }
    part("change log", [&] { changes(); });
    part("file", [&] { tables(); });
    return std::move(report_);
  }

  CheckReport run_one(const CollectionMeta& meta) {
    part(meta.full_name(), [&] { collection(meta); });
    return std::move(report_);
  }

 private:
  /// What cannot be read is a problem of that part; the others are looked at all the same.
  template <class F>
  void part(const std::string& where, F&& look) {
    try {
      look();
    } catch (const StoreError& error) {
      if (error.code() != ErrorCode::corrupt) throw;
      problem(where, error.what());
    }
  }

  void problem(std::string where, std::string what) {
    ++report_.problem_count;
    if (report_.problems.size() < options_.most_problems)
      report_.problems.push_back({std::move(where), std::move(what)});
  }

  /// Structure of SQLite's trees; also that the unique index of _id has just the table's rows.
  void integrity() {
    Statement pragma(connection_.handle(), "PRAGMA integrity_check(100)");
    while (pragma.step()) {
      if (pragma.text(0) != "ok") problem("file", std::string(pragma.text(0)));
    }
  }

  void collection(const CollectionMeta& meta) {
    ++report_.collections;
    if (meta.traits.view) return;
    std::int64_t documents = 0;
    std::int64_t bytes = 0;
    const std::string where = meta.full_name();
    std::vector<std::int64_t> expected(meta.indexes.size(), 0);
    std::vector<Statement> lookups;
    for (const auto& index : meta.indexes)
      lookups.emplace_back(connection_.handle(), "SELECT sum FROM i" + std::to_string(index->iid) +
                                                     " WHERE key=?1 AND rid=?2");
    Statement row(connection_.handle(), "SELECT rid,body,sum,id FROM c" + std::to_string(meta.cid));
    try {
      while (row.step()) {
        ++report_.documents;
        ++documents;
        bytes += static_cast<std::int64_t>(row.blob(1).size());
        document(meta, where, row, lookups, expected);
      }
    } catch (const StoreError& error) {
      problem(where, error.what());
      row.reset();
    }
    if (meta.traits.capped) totals_of(meta, documents, bytes);
    for (std::size_t i = 0; i < meta.indexes.size(); ++i)
      index(meta, *meta.indexes[i], expected[i]);
  }

  void document(const CollectionMeta& meta, const std::string& where, Statement& row,
                std::vector<Statement>& lookups, std::vector<std::int64_t>& expected) {
    const std::int64_t rid = row.integer(0);
    const std::string name = "row " + std::to_string(rid);
    const auto body = row.blob(1);
    if (body_sum(row.blob(3), body) != static_cast<std::uint32_t>(row.integer(2))) {
      problem(where, name + ": the checksum is wrong");
      return;
    }
    try {
      const bson::View view = row.document(1);
      bson::validate(view);
      const auto id = view.begin();
      if (id == view.end() || id->key != "_id") {
        problem(where, name + ": the document does not begin with _id");
        return;
      }
      std::string key;
      append_key(key, id->value);
      if (key != row.blob(3)) problem(where, name + ": stands under the key of another _id");
      std::vector<std::string> keys;
      for (std::size_t i = 0; i < meta.indexes.size(); ++i) {
        const IndexMeta& index = *meta.indexes[i];
        keys.clear();
        if (index.partial && !index.partial->matches(view)) continue;
        const bool several = index.maker.make(view, keys);
        if (several && !index.multikey)
          problem(where + " index " + index.spec.name,
                  name + ": has several keys, but the index is not marked so");
        expected[i] += static_cast<std::int64_t>(keys.size());
        for (const auto& one : keys) {
          lookups[i].bind(1, std::string_view(one)).bind(2, rid);
          if (!lookups[i].step()) {
            problem(where + " index " + index.spec.name, name + ": an entry is missing");
            continue;
          }
          lookups[i].reset();
        }
      }
    } catch (const Error& error) {
      problem(where, name + ": " + error.what());
    }
  }

  void totals_of(const CollectionMeta& meta, std::int64_t documents, std::int64_t bytes) {
    try {
      const auto totals = read_totals(connection_, meta.cid);
      if (totals.documents != documents || totals.bytes != bytes)
        problem(meta.full_name(), "the totals of the capped collection are wrong");
    } catch (const StoreError& error) {
      problem(meta.full_name(), error.what());
    }
  }

  /// All of a document's entries were found; so as many entries as expected are exactly those.
  void index(const CollectionMeta& meta, const IndexMeta& index, std::int64_t expected) {
    ++report_.indexes;
    const std::string where = meta.full_name() + " index " + index.spec.name;
    std::int64_t entries = 0;
    Statement row(connection_.handle(), "SELECT key,rid,sum FROM i" + std::to_string(index.iid));
    try {
      while (row.step()) {
        ++entries;
        if (entry_sum(row.blob(0), row.integer(1)) != static_cast<std::uint32_t>(row.integer(2)))
          problem(where, "the checksum of an entry of row " + std::to_string(row.integer(1)) +
                             " is wrong");
      }
    } catch (const StoreError& error) {
      problem(where, error.what());
      row.reset();
    }
    report_.entries += entries;
    if (entries != expected)
      problem(where, std::to_string(entries) + " entries, but the documents have " +
                         std::to_string(expected));
  }

  /// Entries of the change log: checksums, and times that do not go back.
  void changes() {
    if (!read_log_state(connection_)) return;
    Statement row(connection_.handle(),
                  "SELECT seq,time,wall,sum,body FROM quire_changes ORDER BY seq");
    std::int64_t last_time = 0;
    try {
      while (row.step()) {
        const std::string name = "entry " + std::to_string(row.integer(0));
        const auto time = row.integer(1);
        if (change_sum(row.integer(0), time, row.integer(2), row.blob(4)) !=
            static_cast<std::uint32_t>(row.integer(3)))
          problem("change log", name + ": the checksum is wrong");
        if (time < last_time) problem("change log", name + ": is older than the one before");
        last_time = time;
      }
    } catch (const StoreError& error) {
      problem("change log", error.what());
      row.reset();
    }
  }

  /// Tables that the catalog does not know.
  void tables() {
    Statement row(connection_.handle(),
                  "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%' "
                  "AND name NOT IN ('quire_collections','quire_indexes','quire_changes',"
                  "'quire_change_log','quire_capped') AND name NOT IN (SELECT 'c'||cid "
                  "FROM quire_collections UNION ALL SELECT 'i'||iid FROM quire_indexes)");
    while (row.step())
      problem("file", "the catalog does not know table " + std::string(row.text(0)));
    // SQLite takes a table's name from its definition and looks at nothing else in the row.
    Statement odd(connection_.handle(),
                  "SELECT coalesce(name,'') FROM sqlite_schema WHERE (type='table' AND "
                  "tbl_name=name AND substr(sql,1,length(name)+14)='CREATE TABLE '||name||'(' OR "
                  "type='index' AND sql IS NULL AND name LIKE 'sqlite_autoindex_'||tbl_name||'_%') "
                  "IS NOT TRUE");
    while (odd.step())
      problem("file",
              "the definition of " + std::string(odd.text(0)) + " is not as it was written");
  }

  Connection& connection_;
  CheckOptions options_;
  CheckReport report_;
};

}  // namespace

EmbeddedStore& embedded_store(Store& store) {
  auto* own = dynamic_cast<EmbeddedStore*>(&HookedStore::behind(store));
  if (own == nullptr)
    throw StoreError(ErrorCode::unsupported, "only an embedded store can do this, this one is " +
                                                 std::string(store.kind()));
  own->file()->check_usable();
  return *own;
}

std::string CheckReport::str() const {
  if (ok()) return "ok";
  std::string out = std::to_string(problem_count) + " problems";
  for (const auto& problem : problems) out += "\n" + problem.where + ": " + problem.what;
  return out;
}

CheckReport check_collection(Connection& connection, const CollectionMeta& collection) {
  return Checker(connection, {}).run_one(collection);
}

CheckReport check(Store& store, const CheckOptions& options) {
  ReadScope scope(embedded_store(store).file(), nullptr);
  return Checker(scope.connection(), options).run();
}

}  // namespace quire::store::embedded
