#pragma once

#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quire/collection/detail/loop.hpp"
#include "quire/collection/detail/typed.hpp"
#include "quire/query/raw.hpp"

namespace quire {

namespace collection_detail {
/// An aggregation without its type.
struct AggregateData {
  Database db;
  std::string collection;   ///< empty = of the database
  bson::Document pipeline;  ///< elements of an array
  std::string hint;
  std::int32_t batch_size = 0;
  std::optional<bool> allow_disk_use;
  Session* session = nullptr;
  std::chrono::milliseconds max_time{0};
  bson::Value comment;
  bson::Document let, collation;
  std::optional<ReadConcern> read_concern;
  std::optional<ReadPreference> read_preference;
  std::optional<WriteConcern> write_concern;

  AggregateData(Database database, std::string name, const std::vector<query::Raw>& stages);
  [[nodiscard]] std::unique_ptr<store::Cursor> open() const;
};
}  // namespace collection_detail

/// An aggregation that has not run yet; a loop, to_vector(), first() or run() runs it. Stages are
/// passed to the store as they are. Row: what each document becomes; bson::Document as it is.
/// The element of a loop is reused by the next one. One thread at a time.
/// Throws, when it runs, StoreError unsupported where the store has no aggregation, QueryError for
/// stages that mean nothing, MappingError for rows that do not fit.
template <class Row>
class Aggregate {
 public:
  using value_type = Row;

  Aggregate(Database db, std::string collection, const std::vector<query::Raw>& stages)
      : data_(std::move(db), std::move(collection), stages) {}
  explicit Aggregate(collection_detail::AggregateData data) : data_(std::move(data)) {}

  /// Reads another struct; no model is needed.
  template <class Other>
  [[nodiscard]] Aggregate<Other> as() && {
    return Aggregate<Other>(std::move(data_));
  }
  [[nodiscard]] Aggregate batch_size(std::int32_t n) && {
    data_.batch_size = n;
    return std::move(*this);
  }
  /// Lets groups and sorts beyond memory go to disk; nothing = as the server is set up.
  [[nodiscard]] Aggregate allow_disk_use(bool allow = true) && {
    data_.allow_disk_use = allow;
    return std::move(*this);
  }
  [[nodiscard]] Aggregate hint(std::string_view index) && {
    data_.hint = index;
    return std::move(*this);
  }
  [[nodiscard]] Aggregate max_time(std::chrono::milliseconds time) && {
    data_.max_time = time;
    return std::move(*this);
  }
  [[nodiscard]] Aggregate comment(bson::Value text) && {
    data_.comment = std::move(text);
    return std::move(*this);
  }
  [[nodiscard]] Aggregate let(bson::Document variables) && {
    data_.let = std::move(variables);
    return std::move(*this);
  }
  [[nodiscard]] Aggregate collation(bson::Document collation) && {
    data_.collation = std::move(collation);
    return std::move(*this);
  }
  [[nodiscard]] Aggregate in(Session& session) && {
    data_.session = &session;
    return std::move(*this);
  }
  [[nodiscard]] Aggregate read_concern(ReadConcern concern) && {
    data_.read_concern = std::move(concern);
    return std::move(*this);
  }
  [[nodiscard]] Aggregate read_preference(ReadPreference preference) && {
    data_.read_preference = std::move(preference);
    return std::move(*this);
  }
  /// Of $out and $merge.
  [[nodiscard]] Aggregate write_concern(WriteConcern concern) && {
    data_.write_concern = std::move(concern);
    return std::move(*this);
  }

  /// For pipelines that end in $out or $merge.
  void run() const { (void)data_.open(); }
  [[nodiscard]] std::optional<Row> first() const {
    const auto cursor = data_.open();
    std::optional<Row> result;
    if (const auto document = cursor->next())
      result.emplace(collection_detail::decode_as<Row>(*document));
    return result;
  }
  [[nodiscard]] std::vector<Row> to_vector() const {
    std::vector<Row> result;
    const auto cursor = data_.open();
    while (const auto document = cursor->next())
      result.push_back(collection_detail::decode_as<Row>(*document));
    return result;
  }

  using Iterator = collection_detail::LoopIterator<Aggregate>;
  [[nodiscard]] Iterator begin() {
    cursor_ = data_.open();
    return Iterator(this);
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend Iterator;
  bool advance() {
    const auto document = cursor_->next();
    if (!document) {
      cursor_.reset();
      return false;
    }
    if constexpr (collection_detail::is_raw<Row>)
      current_ = bson::Document(*document);
    else
      bson::decode_into(*document, current_);
    return true;
  }

  collection_detail::AggregateData data_;
  std::unique_ptr<store::Cursor> cursor_;
  Row current_{};
};

}  // namespace quire
