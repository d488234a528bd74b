#include "importer/mapped_source.hpp"

#include <algorithm>
#include <unordered_map>

#include "core/sha256.hpp"
#include "importer/column_kinds.hpp"
#include "importer/compiled_table.hpp"
#include "quire/bson/writer.hpp"

namespace quire::importer {

using migrate::KeyBounds;
using migrate::RejectStage;
using migrate::data::ExpectedRow;
using migrate::data::Failure;
using migrate::data::Row;

namespace {

/// A mapped row as a job has it: `source` holds the key as _id, and the raw row of one that failed.
Row row_of(MappedRow& mapped, const std::function<void(bson::View)>& check) {
  Row row;
  bson::Writer source;
  source.append("_id", mapped.key);
  if (mapped.failure) {
    if (!mapped.raw.empty()) source.append_all(mapped.raw);
    row.failure =
        Failure{mapped.stage == "read" ? RejectStage::read : RejectStage::map,
                mapped.failure->code(), mapped.failure->detail(), mapped.failure->path().str()};
  } else if (mapped.document) {
    row.mapped = std::move(mapped.document);
    try {
      if (row.mapped->size() > bson::max_document_bytes) {
        throw MappingError(ErrorCode::document_too_large,
                           "a document of " + std::to_string(row.mapped->size()) +
                               " bytes; a document has at most 16 MiB");
      }
      if (check) check(*row.mapped);
    } catch (const Error& error) {
      row.failure =
          Failure{RejectStage::validate, error.code(), error.detail(), error.path().str()};
    }
  }
  row.source = source.finish();
  return row;
}

/// It tells a row from no other one.
bool has_null(bson::ValueView key) {
  if (!key.is_document()) return key.is_null();
  for (const auto& part : key.as_document()) {
    if (has_null(part.value)) return true;
  }
  return false;
}

/// Counts rows that are alike in all that is known of them.
class AlikeRows {
 public:
  void count(Row& row) { row.alike = ++seen_[migrate::data::row_hash(row)]; }
  void clear() { seen_.clear(); }

 private:
  std::unordered_map<std::int64_t, std::int64_t> seen_;
};

}  // namespace

/// Keeps one reader open from one read to the next while they follow each other.
class MappedSide final : public migrate::data::RowSide {
 public:
  explicit MappedSide(const MappedSource& source)
      : source_(source), session_(source.source_.open()) {}

  Batch read(const KeyBounds& bounds, std::int64_t inside, std::int64_t rows,
             std::size_t bytes) override {
    if (!reader_ || !follows(bounds)) {
      begin(bounds);
      again_ = inside;
    }
    Batch batch;
    std::size_t size = 0;
    while (static_cast<std::int64_t>(batch.rows.size()) < rows && size < bytes) {
      if (!next()) {
        batch.end = true;
        reader_.reset();
        return batch;
      }
      size += mapped_.document ? mapped_.document->size() : mapped_.raw.size();
      batch.rows.push_back(row_of(mapped_, source_.check_));
      place(batch.rows.back());
    }
    return batch;
  }
  bool each(const KeyBounds& bounds, FunctionRef<bool(const ExpectedRow&)> fn) override {
    begin(bounds);
    while (next()) {
      ExpectedRow row{mapped_.key, std::nullopt};
      if (mapped_.document && !mapped_.failure) row.document = mapped_.document->view();
      if (!fn(row)) {
        reader_.reset();
        return false;
      }
    }
    reader_.reset();
    return true;
  }
  std::optional<bson::Value> key_at(const KeyBounds& bounds, std::int64_t distance) override {
    // Databases have nulls last, the target has them first: none is a bound between the two.
    for (std::int64_t further = 0;; further = 2 * further + 1) {
      auto key = source_.table_.key_at(*session_, bounds.after, until(bounds), distance + further);
      if (!key || !has_null(*key)) return key;
    }
  }
  std::int64_t count(const KeyBounds& bounds) override {
    return source_.table_.count(*session_, bounds.after, until(bounds));
  }
  std::optional<std::int64_t> count_of(const std::vector<bson::Value>& keys,
                                       const KeyBounds& bounds) override {
    RowQuery query = source_.table_.impl().bounded(bounds.after, until(bounds));
    query.keys = keys;
    return session_->count(query);
  }
  std::vector<Row> find(const std::vector<bson::Value>& keys) override {
    std::vector<Row> rows;
    if (keys.empty()) return rows;
    MappedReader reader(source_.table_, *session_, std::nullopt, std::nullopt, keys);
    MappedRow mapped;
    AlikeRows alike;
    while (reader.next(mapped)) {
      rows.push_back(row_of(mapped, source_.check_));
      if (has_null(rows.back().key())) alike.count(rows.back());
    }
    return rows;
  }

 private:
  [[nodiscard]] std::optional<bson::Value> until(const KeyBounds& bounds) const {
    return bounds.until ? bounds.until : source_.last_;
  }
  [[nodiscard]] bool follows(const KeyBounds& bounds) const {
    return bounds.after == at_ && until_ == until(bounds);
  }
  void begin(const KeyBounds& bounds) {
    until_ = until(bounds);
    at_ = bounds.after;
    reader_.reset();
    reader_.emplace(source_.table_, *session_, bounds.after, until_);
    again_ = 0;
    alike_.clear();
  }
  /// Rows with a null in their key come one behind the other, and the work goes on in front of
  /// them.
  void place(Row& row) {
    if (has_null(row.key())) {
      alike_.count(row);
      row.again = again_ > 0;
      if (again_ > 0) --again_;
      return;
    }
    at_ = mapped_.key;
    again_ = 0;
    alike_.clear();
  }
  bool next() {
    mapped_ = {};
    return reader_->next(mapped_);
  }

  const MappedSource& source_;
  std::unique_ptr<SourceSession> session_;
  std::optional<MappedReader> reader_;
  std::optional<bson::Value> at_;  ///< the last key that tells its row
  std::int64_t again_ = 0;         ///< rows that come which were done before
  AlikeRows alike_;
  std::optional<bson::Value> until_;
  MappedRow mapped_;
};

MappedSource::MappedSource(Source& source, const CompiledTable& table, std::int64_t limit,
                           std::function<void(bson::View)> check)
    : source_(source), table_(table), limit_(limit), check_(std::move(check)) {
  if (limit_ <= 0) return;
  const auto session = source_.open();
  last_ = table_.key_at(*session, std::nullopt, std::nullopt, limit_);
}

bson::Document MappedSource::identity() {
  const std::string mapping = table_.canonical();
  bson::Writer w;
  w.append("kind", source_.kind())
      .append("location", source_.location())
      .append("table", table_.mapping().table)
      .append("schema", table_.schema_identity())
      .append("mapping",
              "q1:sha256:" + sha256_hex({reinterpret_cast<const std::uint8_t*>(mapping.data()),
                                         mapping.size()}))
      .append("limit", limit_);
  return w.finish();
}

std::unique_ptr<migrate::data::RowSide> MappedSource::open() {
  return std::make_unique<MappedSide>(*this);
}

migrate::data::RowSource::Size MappedSource::size() {
  const std::int64_t estimate = source_.schema().at(table_.mapping().table).rows;
  if (limit_ > 0 && estimate > limit_) return {limit_, false};
  if (estimate >= 0 && table_.mapping().where.empty() && !table_.is_of_some())
    return {estimate, false};
  const auto session = source_.open();
  return {table_.count(*session, std::nullopt, last_), true};
}

bool MappedSource::is_database() const {
  const std::string_view kind = source_.kind();
  return kind == "sqlite" || kind == "postgresql" || kind == "mysql";
}

/// A database counts rows without sending them, and an integer that is a row's key is its _id.
bool MappedSource::one_each() const {
  const TableMapping& mapping = table_.mapping();
  if (!is_database() || mapping.unpivot || mapping.pivot || !mapping.order.empty()) return false;
  if (mapping.id.kind != IdKind::key || mapping.id.as != Convert::as_is) return false;
  if (table_.key().size() != 1) return false;
  const Column* column = source_.schema().at(mapping.table).find(table_.key().front());
  return column != nullptr && !column->nullable &&
         (column->type == ColumnType::int32 || column->type == ColumnType::int64);
}

/// Databases have orders of their own for text (collations), enums, bytes and uuids; files and
/// stores have that of BSON.
bool MappedSource::in_order() const {
  if (!is_database()) return true;
  const Table& table = source_.schema().at(table_.mapping().table);
  return std::all_of(table_.key().begin(), table_.key().end(), [&](const std::string& name) {
    const Column* column = table.find(name);
    if (column == nullptr) return true;  // the number that the source gives its rows
    return is_number(column->type) || column->type == ColumnType::instant ||
           column->type == ColumnType::wall_time || column->type == ColumnType::date;
  });
}

std::string MappedSource::consistency() const {
  return source_.snapshot() == "single" ? "single_snapshot" : "multi_snapshot";
}

}  // namespace quire::importer
