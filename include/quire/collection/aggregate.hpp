#pragma once

#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quire/collection/detail/loop.hpp"
#include "quire/collection/detail/typed.hpp"
#include "quire/query/pipeline.hpp"

namespace quire {

namespace collection_detail {
/// An aggregation without its type.
struct AggregateData {
  Database db;
  std::string collection;  ///< empty = of the database
  query::detail::PipelineBuilder stages;
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
  bool bypass_document_validation = false;

  AggregateData(Database database, std::string name, query::detail::PipelineBuilder pipeline);
  [[nodiscard]] std::unique_ptr<store::Cursor> open() const;
  [[nodiscard]] bson::Document explain(std::string_view verbosity) const;
  /// Runs with a last stage that writes into a collection of this database.
  void write(std::string_view op, bson::ValueView operand, std::string_view target);
};
}  // namespace collection_detail

/// An aggregation that has not run yet: stages (query/pipeline.hpp) and options refine it; a loop,
/// to_vector(), first(), run(), out() or merge() runs it.
///   users.aggregate().match(age > 0).group<ByCity>(city, into<&ByCity::n>(count())).to_vector()
/// Row: what each document becomes; bson::Document as it is. Documents are taken as they are
/// stored: those of older schema versions are not upgraded before the stages.
/// The element of a loop is reused by the next one. One thread at a time.
/// Throws, when it runs, StoreError unsupported where the store has no aggregation, QueryError for
/// stages that mean nothing, MappingError for rows that do not fit: an integer beyond the member's
/// range, a null for a member that takes none.
template <class Row>
class Aggregate : public query::Stages<Aggregate<Row>, Row> {
 public:
  using value_type = Row;

  explicit Aggregate(collection_detail::AggregateData data) : data_(std::move(data)) {}

  /// Reads another struct whatever the stages give; no model is needed.
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

  /// Validators of the collection that $out or $merge writes into are not asked.
  [[nodiscard]] Aggregate bypass_document_validation(bool bypass = true) && {
    data_.bypass_document_validation = bypass;
    return std::move(*this);
  }

  /// The stages as mongosh takes them.
  [[nodiscard]] std::string to_json() const { return data_.stages.json(); }
  /// How it would run, as the explain command answers: "queryPlanner", "executionStats",
  /// "allPlansExecution".
  [[nodiscard]] bson::Document explain(std::string_view verbosity = "executionStats") const {
    return data_.explain(verbosity);
  }
  /// For pipelines that end in $out or $merge.
  void run() const { (void)data_.open(); }
  /// Runs; the documents replace the collection of T's model.
  template <class T>
  void out() && {
    query::detail::check_covered<T, Row>();
    std::move(*this).out(query::detail::collection_of(model_of<T>()));
  }
  /// Runs; the documents replace a collection of this database.
  void out(std::string_view collection) && {
    data_.write("$out", bson::Value(collection), collection);
  }
  /// Runs; the documents go into the collection of T's model, as the options say.
  template <class T>
  void merge(const query::MergeOptions<T>& options = {}) && {
    query::detail::check_covered<T, Row>();
    const std::string& target = query::detail::collection_of(model_of<T>());
    data_.write("$merge", options.operand(target), target);
  }
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

  // For Stages.
  [[nodiscard]] query::detail::PipelineBuilder& stages() noexcept { return data_.stages; }
  template <class Out>
  [[nodiscard]] Aggregate<Out> with_row() && {
    return Aggregate<Out>(std::move(data_));
  }

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

/// Runs a pipeline of the database itself, one that begins with documents(…).
template <class Row>
[[nodiscard]] Aggregate<Row> aggregate(const Database& db,
                                       const query::Pipeline<void, Row>& pipeline) {
  return Aggregate<Row>(collection_detail::AggregateData(db, {}, pipeline.builder()));
}

}  // namespace quire
