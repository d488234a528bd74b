#include "store/embedded/storage/catalog.hpp"

#include "quire/core/error.hpp"
#include "store/embedded/storage/capped.hpp"
#include "store/embedded/storage/checksum.hpp"
#include "store/embedded/storage/connection.hpp"

namespace quire::store::embedded {
namespace {

bson::Document stored_document(Statement& statement, int column, std::int64_t sum,
                               const std::string& what) {
  const auto bytes = statement.blob(column);
  if (plain_sum(bytes) != static_cast<std::uint32_t>(sum))
    throw StoreError(ErrorCode::corrupt, "the checksum of the catalog's row of " + what +
                                             " is wrong; restore a backup");
  return bson::Document(statement.document(column));
}

std::int64_t whole(bson::View options, std::string_view name) {
  const auto value = options.find(name);
  if (!value) return 0;
  if (value->type() == bson::Type::int32) return value->as_int32();
  return value->type() == bson::Type::int64 ? value->as_int64() : 0;
}

bool is_on(bson::View options, std::string_view name) {
  const auto value = options.find(name);
  return value && value->type() == bson::Type::boolean && value->as_bool();
}

void create_index_table(Connection& connection, std::int64_t iid, bool unique) {
  connection.execute(("CREATE TABLE i" + std::to_string(iid) +
                      (unique ? "(key BLOB PRIMARY KEY NOT NULL, rid INTEGER NOT NULL, sum "
                                "INTEGER NOT NULL) WITHOUT ROWID"
                              : "(key BLOB NOT NULL, rid INTEGER NOT NULL, sum INTEGER NOT "
                                "NULL, PRIMARY KEY(key,rid)) WITHOUT ROWID"))
                         .c_str());
}

}  // namespace

CollectionTraits CollectionTraits::of(bson::View options) {
  CollectionTraits out;
  out.view = options.contains("viewOn");
  out.clustered = options.contains("clusteredIndex");
  out.capped = is_on(options, "capped");
  if (out.capped) {
    out.most_bytes = whole(options, "size");
    out.most_documents = whole(options, "max");
  }
  if (out.clustered && options.contains("expireAfterSeconds"))
    out.expire_after_seconds = whole(options, "expireAfterSeconds");
  return out;
}

std::string_view catalog_schema() noexcept {
  return "CREATE TABLE quire_collections(cid INTEGER PRIMARY KEY AUTOINCREMENT,"
         " database TEXT NOT NULL, name TEXT NOT NULL, sum INTEGER NOT NULL,"
         " options BLOB NOT NULL, UNIQUE(database,name));"
         "CREATE TABLE quire_indexes(iid INTEGER PRIMARY KEY AUTOINCREMENT,"
         " cid INTEGER NOT NULL, name TEXT NOT NULL, multikey INTEGER NOT NULL,"
         " sum INTEGER NOT NULL, definition BLOB NOT NULL, UNIQUE(cid,name));";
}

const std::shared_ptr<const CollectionMeta>& Catalog::find(Namespace ns) const noexcept {
  static const std::shared_ptr<const CollectionMeta> none;
  const auto database = databases.find(ns.database);
  if (database == databases.end()) return none;
  const auto collection = database->second.find(ns.collection);
  return collection == database->second.end() ? none : collection->second;
}

std::shared_ptr<const Catalog> load_catalog(Connection& connection, std::int64_t schema_version) {
  auto out = std::make_shared<Catalog>();
  out->schema_version = schema_version;
  out->logs_changes =
      connection.query_integer(
          "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='quire_change_log'") == 1 &&
      connection.query_integer("SELECT active FROM quire_change_log") == 1;
  std::unordered_map<std::int64_t, std::shared_ptr<CollectionMeta>> by_number;
  Statement collections(connection.handle(),
                        "SELECT cid,database,name,sum,options FROM quire_collections");
  while (collections.step()) {
    auto meta = std::make_shared<CollectionMeta>();
    meta->cid = collections.integer(0);
    meta->database = collections.text(1);
    meta->name = collections.text(2);
    meta->options = stored_document(collections, 4, collections.integer(3), meta->full_name());
    meta->validator = Validator::of(meta->options);
    meta->traits = CollectionTraits::of(meta->options);
    if (meta->traits.expire_after_seconds) out->has_ttl = true;
    by_number[meta->cid] = meta;
    out->databases[meta->database][meta->name] = meta;
  }
  Statement indexes(connection.handle(),
                    "SELECT iid,cid,name,multikey,sum,definition FROM quire_indexes ORDER BY iid");
  while (indexes.step()) {
    const auto owner = by_number.find(indexes.integer(1));
    if (owner == by_number.end())
      throw StoreError(ErrorCode::corrupt, "the catalog has an index of no collection");
    const auto definition =
        stored_document(indexes, 5, indexes.integer(4), "index " + std::string(indexes.text(2)));
    IndexSpec spec = IndexSpec::parse(definition);
    KeyMaker maker = spec.key_maker();
    std::optional<Matcher> partial;
    if (spec.partial_filter) partial.emplace(spec.partial_filter->view());
    if (spec.expire_after_seconds) out->has_ttl = true;
    owner->second->indexes.push_back(std::make_shared<const IndexMeta>(
        IndexMeta{indexes.integer(0), std::move(spec), std::move(maker), indexes.integer(3) != 0,
                  std::move(partial)}));
  }
  return out;
}

void check_namespace(Namespace ns) {
  const auto refuse = [&](const char* why) {
    throw StoreError(ErrorCode::invalid_argument,
                     "Invalid namespace specified '" + std::string(ns.database) + "." +
                         std::string(ns.collection) + "': " + why,
                     73);
  };
  if (ns.database.empty()) refuse("the database's name is empty");
  if (ns.database.size() > 63) refuse("a database's name has at most 63 bytes");
  if (ns.database.find_first_of(std::string_view("/\\. \"$\0", 7)) != std::string_view::npos)
    refuse("a database's name has none of / \\ . space \" $");
  if (ns.collection.empty()) refuse("the collection's name is empty");
  if (ns.collection.size() > 255) refuse("a collection's name has at most 255 bytes");
  if (ns.collection.find('$') != std::string_view::npos) refuse("a collection's name has no $");
  if (ns.collection.find('\0') != std::string_view::npos)
    refuse("a collection's name has no zero byte");
  if (ns.collection.front() == '.') refuse("a collection's name does not begin with a point");
  if (!bson::is_utf8(ns.collection) || !bson::is_utf8(ns.database)) refuse("names are UTF-8");
}

void mark_format(Connection& connection, std::int64_t version) {
  if (connection.query_integer("PRAGMA user_version") >= version) return;
  connection.execute(("PRAGMA user_version=" + std::to_string(version)).c_str());
}

void touch_schema(Connection& connection) {
  const auto next = connection.schema_version() + 1;
  connection.execute(("PRAGMA schema_version=" + std::to_string(next)).c_str());
}

std::int64_t add_collection(Connection& connection, Namespace ns, bson::View options) {
  check_namespace(ns);
  Statement insert(connection.handle(),
                   "INSERT INTO quire_collections(database,name,sum,options) VALUES(?1,?2,?3,?4)");
  insert.bind_text(1, ns.database)
      .bind_text(2, ns.collection)
      .bind(3, static_cast<std::int64_t>(plain_sum(bytes_of(options))))
      .bind(4, bytes_of(options))
      .run();
  const std::int64_t cid = sqlite3_last_insert_rowid(connection.handle());
  if (!options.empty()) mark_format(connection, 2);
  const auto traits = CollectionTraits::of(options);
  if (traits.view) {
    touch_schema(connection);
    return cid;
  }
  // A capped collection never uses a row number twice: cursors that wait for more go by them.
  connection.execute(("CREATE TABLE c" + std::to_string(cid) + "(rid INTEGER PRIMARY KEY" +
                      (traits.capped ? " AUTOINCREMENT" : "") +
                      ", id BLOB NOT NULL UNIQUE, sum INTEGER NOT NULL, body BLOB NOT NULL)")
                         .c_str());
  if (traits.capped) start_totals(connection, cid);
  return cid;
}

void set_options(Connection& connection, std::int64_t cid, bson::View options) {
  Statement(connection.handle(), "UPDATE quire_collections SET sum=?1,options=?2 WHERE cid=?3")
      .bind(1, static_cast<std::int64_t>(plain_sum(bytes_of(options))))
      .bind(2, bytes_of(options))
      .bind(3, cid)
      .run();
  if (!options.empty()) mark_format(connection, 2);
  touch_schema(connection);
}

void rename_collection(Connection& connection, std::int64_t cid, Namespace to) {
  check_namespace(to);
  Statement(connection.handle(), "UPDATE quire_collections SET database=?1,name=?2 WHERE cid=?3")
      .bind_text(1, to.database)
      .bind_text(2, to.collection)
      .bind(3, cid)
      .run();
  touch_schema(connection);
}

void set_definition(Connection& connection, std::int64_t iid, bson::View definition) {
  Statement(connection.handle(), "UPDATE quire_indexes SET sum=?1,definition=?2 WHERE iid=?3")
      .bind(1, static_cast<std::int64_t>(plain_sum(bytes_of(definition))))
      .bind(2, bytes_of(definition))
      .bind(3, iid)
      .run();
  if (definition.contains("prepareUnique")) mark_format(connection, 2);
  touch_schema(connection);
}

void delete_collection(Connection& connection, const CollectionMeta& collection) {
  const auto indexes = collection.indexes;  // the statements' last user may own `collection`
  const std::int64_t cid = collection.cid;
  const CollectionTraits traits = collection.traits;
  connection.forget_statements();
  for (const auto& index : indexes) delete_index(connection, *index);
  if (traits.view) {
    touch_schema(connection);
  } else {
    connection.execute(("DROP TABLE c" + std::to_string(cid)).c_str());
  }
  if (traits.capped) drop_totals(connection, cid);
  Statement(connection.handle(), "DELETE FROM quire_collections WHERE cid=?1").bind(1, cid).run();
}

std::int64_t add_index(Connection& connection, const CollectionMeta& collection,
                       const IndexSpec& spec) {
  Statement insert(
      connection.handle(),
      "INSERT INTO quire_indexes(cid,name,multikey,sum,definition) VALUES(?1,?2,0,?3,?4)");
  const auto definition = bytes_of(spec.definition.view());
  insert.bind(1, collection.cid)
      .bind_text(2, spec.name)
      .bind(3, static_cast<std::int64_t>(plain_sum(definition)))
      .bind(4, definition)
      .run();
  const std::int64_t iid = sqlite3_last_insert_rowid(connection.handle());
  if (spec.needs_format_2()) mark_format(connection, 2);
  create_index_table(connection, iid, spec.unique);
  return iid;
}

void recreate_index_table(Connection& connection, std::int64_t iid, bool unique) {
  connection.forget_statements();
  connection.execute(("DROP TABLE i" + std::to_string(iid)).c_str());
  create_index_table(connection, iid, unique);
}

void delete_index(Connection& connection, const IndexMeta& index) {
  const std::int64_t iid = index.iid;
  connection.forget_statements();
  connection.execute(("DROP TABLE i" + std::to_string(iid)).c_str());
  Statement(connection.handle(), "DELETE FROM quire_indexes WHERE iid=?1").bind(1, iid).run();
}

void mark_multikey(Connection& connection, std::int64_t iid) {
  Statement(connection.handle(), "UPDATE quire_indexes SET multikey=1 WHERE iid=?1")
      .bind(1, iid)
      .run();
  touch_schema(connection);  // the catalog's cache is keyed by it, also in other processes
}

}  // namespace quire::store::embedded
