#include "importer/store_source.hpp"

#include <algorithm>
#include <charconv>

#include "backup/folder.hpp"
#include "importer/document_cells.hpp"
#include "importer/open.hpp"
#include "importer/store_session.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

/// The URI without the options that are the importer's own.
struct StorePlace {
  std::string uri;
  std::string database;  ///< of ?db=
  std::int64_t sample = 100'000;
};

std::int64_t sample_of(std::string_view value) {
  std::int64_t number = -1;
  const auto end = std::from_chars(value.data(), value.data() + value.size(), number);
  if (end.ec != std::errc{} || end.ptr != value.data() + value.size() || number < 0)
    throw ImportError(ErrorCode::invalid_source,
                      "the option sample is a number of documents, or 0 for all");
  return number;
}

StorePlace parse(std::string_view uri) {
  StorePlace place;
  const bool file = uri.starts_with("quire:");
  const auto question = uri.find('?');
  place.uri = uri.substr(0, question);
  std::string_view rest = question == uri.npos ? std::string_view{} : uri.substr(question + 1);
  std::string kept = file ? "read_only=true" : "";
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
    if (pair.starts_with("sample=")) {
      place.sample = sample_of(pair.substr(7));
    } else if (file && pair.starts_with("db=")) {
      kept += "&database=" + std::string(pair.substr(3));
    } else if (!pair.empty() && !(file && pair.starts_with("read_only="))) {
      if (!kept.empty()) kept += '&';
      kept += pair;
    }
  }
  if (!kept.empty()) place.uri += "?" + kept;
  return place;
}

std::string location_of(const std::string& uri, const std::string& database) {
  if (uri.starts_with("quire:")) return uri.substr(0, uri.find('?'));
  std::string out = "mongodb://";
  for (const std::string& host : store::check_uri(uri).hosts)
    out += (out.ends_with('/') ? "" : ",") + host;
  return out + "/" + database;
}

}  // namespace

StoreSource::StoreSource(std::string_view uri, const SourceOptions&) {
  const StorePlace place = parse(uri);
  sample_ = place.sample;
  try {
    store_ = store::open(place.uri);
    database_ = store_->default_database();
    location_ = location_of(place.uri, database_);
  } catch (const Error& error) {
    throw ImportError(error.code() == ErrorCode::invalid_uri ? ErrorCode::invalid_source
                                                             : ErrorCode::source_failed,
                      error.what(), error.backend_code());
  }
  if (database_.empty())
    throw ImportError(ErrorCode::invalid_source,
                      "the URI names no database: mongodb://HOST/DATABASE");
}

const Schema& StoreSource::schema() {
  std::call_once(once_, [&] { look_through(); });
  return schema_;
}

void StoreSource::look_through() {
  Schema schema;
  for (const store::CollectionInfo& info : store_->list_collections(database_)) {
    if (backup::is_never_saved(info.name) || info.name.starts_with("system.")) {
      schema.left_out.push_back(info.name + ": belongs to the server or to a run");
    } else if (info.type == "timeseries") {
      schema.left_out.push_back(info.name + ": measurements have no key to tell them by");
    } else {
      schema.tables.push_back(table_of(info));
    }
  }
  std::sort(schema.tables.begin(), schema.tables.end(),
            [](const Table& a, const Table& b) { return a.name < b.name; });
  schema_ = std::move(schema);
}

/// Columns of the first documents and, of a larger collection, of as many at its end.
Table StoreSource::table_of(const store::CollectionInfo& info) {
  const store::Namespace ns{database_, info.name};
  Table table;
  table.name = info.name;
  table.kind = info.type == "view" ? TableKind::view : TableKind::collection;
  table.rows = info.type == "view" ? store_->count(ns, {}, {}) : store_->estimated_count(ns);
  table.primary_key = table.key = {"_id"};
  SeenColumns seen;
  const auto look = [&](std::int32_t order, std::int64_t limit) {
    const bson::Document sort = bson::make_document("_id", order);
    store::FindOptions options;
    options.sort = sort;
    options.limit = limit;
    const auto cursor = store_->find(ns, {}, options);
    while (const auto document = cursor->next()) seen.add(*document);
  };
  const bool all = sample_ == 0 || table.rows <= sample_;
  look(1, all ? 0 : std::max<std::int64_t>(1, sample_ / 2));
  if (!all) look(-1, std::max<std::int64_t>(1, sample_ / 2));
  table.columns = seen.columns();
  for (Column& column : table.columns) {
    column.type = ColumnType::any;  // a sample promises nothing
    column.nullable = column.name != "_id";
  }
  if (table.find("_id") == nullptr) {
    Column id;
    id.name = "_id";
    id.declared = "any";
    id.nullable = false;
    table.columns.insert(table.columns.begin(), std::move(id));
  }
  return table;
}

std::unique_ptr<SourceSession> StoreSource::open() { return std::make_unique<StoreSession>(*this); }

std::unique_ptr<Source> open_store(std::string_view uri, const SourceOptions& options) {
  return std::make_unique<StoreSource>(uri, options);
}

}  // namespace quire::importer
