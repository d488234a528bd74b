#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/bson/writer.hpp"
#include "quire/store/store.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/expression/expression.hpp"
#include "store/embedded/storage/execution.hpp"

/// Aggregation pipelines: parsed once into stages, then opened as a chain that is pulled.
/// Source: MongoDB manual, "Aggregation Stages"; numbers of errors are those of the server.
namespace quire::store::embedded {

class Connection;
class Run;
class StageSpec;
using StageSpecs = std::vector<std::shared_ptr<const StageSpec>>;

/// A stage at work: a cursor on what it makes of its source's documents.
class Stage : public Cursor {
 public:
  Stage(const Stage&) = delete;

 protected:
  Stage() = default;
};
using StagePtr = std::unique_ptr<Stage>;

/// Reads collections for the stages that look into others. One snapshot for all of a pipeline.
class Sources {
 public:
  virtual ~Sources() = default;
  struct Read {
    bson::View sort = {};
    std::int64_t skip = 0;
    std::int64_t limit = 0;  ///< 0 = all
    bson::View hint = {};
    std::string_view hint_name = {};
    const std::vector<std::string>* fields = nullptr;  ///< the only ones that are wanted
  };
  /// The documents of a collection (not of a view: its pipeline is put in front when it is parsed)
  /// that match. `run`: knows the variables of the filter, and outlives what is given.
  [[nodiscard]] virtual StagePtr open(Namespace ns, std::optional<Matcher> match, const Read& read,
                                      const Run& run) = 0;
  /// Whether an index of that collection begins with `field`, so that reading by it is quick.
  [[nodiscard]] virtual bool has_index_on(Namespace ns, std::string_view field) = 0;
  /// The connection whose snapshot is read, for stages that tell of the catalog; null where there
  /// is none.
  [[nodiscard]] virtual Connection* connection() { return nullptr; }
};

/// What the stages of one running pipeline share.
class Run {
 public:
  static constexpr std::size_t default_memory_limit = 100U << 20;

  Run(Sources& sources, Deadline& deadline, std::int64_t now_ms)
      : sources_(&sources), deadline_(&deadline), now_ms_(now_ms) {}

  [[nodiscard]] Sources& sources() const noexcept { return *sources_; }
  /// Throws StoreError timeout; cheap. For loops that pull nothing.
  void check() { deadline_->check(); }
  [[nodiscard]] std::int64_t now_ms() const noexcept { return now_ms_; }

  /// Bytes that one stage may hold before it goes to disk (or fails).
  std::size_t memory_limit = default_memory_limit;
  bool allow_disk_use = true;

  /// An evaluation with $$NOW and the variables of the pipelines around this one.
  void prepare(Evaluation& e) const {
    e.set_now(now_ms_);
    for (const auto& [slot, value] : variables_) e.set_slot(slot, value);
  }
  /// For a pipeline inside of a stage: this run with further variables, which must outlive it.
  [[nodiscard]] Run with(std::vector<std::pair<std::size_t, bson::ValueView>> variables) const {
    Run inner = *this;
    inner.variables_.insert(inner.variables_.end(), variables.begin(), variables.end());
    return inner;
  }

 private:
  Sources* sources_;
  Deadline* deadline_;
  std::int64_t now_ms_;
  std::vector<std::pair<std::size_t, bson::ValueView>> variables_;
};

/// Throws when a stage holds more than it may: QueryExceededMemoryLimitNoDiskUseAllowed (292).
[[noreturn]] void fail_memory(std::string_view stage, std::size_t limit);

/// What the stages behind a place in a pipeline need of the documents there.
struct FieldNeeds {
  FieldUse use;
  bool complete = false;  ///< what comes out of the last stage looked at is made of these alone
  bool held = false;      ///< a stage keeps documents until it has seen all
};

/// A stage as parsed. Immutable; may be opened any number of times, from several threads.
class StageSpec {
 public:
  virtual ~StageSpec() = default;
  StageSpec(const StageSpec&) = delete;
  [[nodiscard]] virtual StagePtr open(StagePtr source, Run& run) const = 0;
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  /// {$name: …} as given, or as the optimizer made it; for explain and for joining texts.
  [[nodiscard]] virtual bson::View text() const { return text_; }

  /// Whether a $match that stands behind it and reads only `paths` may stand in front of it: it
  /// neither makes nor changes these fields, and drops or adds no document by itself that the
  /// match would have seen otherwise.
  [[nodiscard]] virtual bool lets_match_pass(std::span<const std::string> paths) const {
    (void)paths;
    return false;
  }
  /// Adds what it reads; sets `complete` when nothing else of a document gets past it.
  virtual void add_needs(FieldNeeds& needs) const { needs.use.whole = true; }

 protected:
  StageSpec(std::string_view name, bson::ValueView given) : name_(name) {
    text_ = bson::make_document(name, given);
  }
  std::string name_;
  bson::Document text_;
};
using StageSpecPtr = std::shared_ptr<const StageSpec>;

/// A stage that evaluates expressions on its documents.
class EvaluatingStage : public Stage {
 protected:
  EvaluatingStage(StagePtr source, const Run& run) : source_(std::move(source)), run_(run) {
    run_.prepare(e_);
  }
  StagePtr source_;
  Run run_;
  Evaluation e_;
};

/// Documents that are there already.
[[nodiscard]] StagePtr list_stage(std::vector<bson::Document> documents);
/// Opens a whole chain on `source`.
[[nodiscard]] StagePtr open_stages(const StageSpecs& specs, StagePtr source, Run& run);

/// Of the stages in their order, up to the first that makes its documents anew. `whole` where there
/// is none, as what comes out of the last stage is given to somebody.
[[nodiscard]] FieldNeeds needs_of(const StageSpecs& stages);

/// What stages that look into no collection (those of updates and change streams) make of one
/// document; nothing when they drop it.
[[nodiscard]] std::optional<bson::Document> run_on_one(const StageSpecs& specs,
                                                       bson::View document);

/// Where a pipeline stands: says what may be in it.
enum class PipelinePlace { top, facet, lookup, union_with, view, update, change_stream };

/// What a collection is, for stages that name one: a view's stages stand in front of theirs.
struct ResolvedNamespace {
  std::string database;
  std::string collection;
  StageSpecs view;  ///< empty for a collection
};

/// What parsing needs to know.
struct PipelineContext {
  ParseScope& scope;
  std::string database;
  std::string collection;  ///< empty for a pipeline on a database
  PipelinePlace place = PipelinePlace::top;
  int depth = 0;          ///< of pipelines in pipelines
  bool in_facet = false;  ///< at any level
  /// Throws for a chain of views that is too long or goes in a circle. Null: every name is a
  /// collection.
  std::function<ResolvedNamespace(std::string_view database, std::string_view collection)> resolve;
  /// Unique indexes of a collection by the fields of their keys, for $merge's `on`.
  std::function<bool(Namespace ns, const std::vector<std::string>& fields)> has_unique_index;

  [[nodiscard]] PipelineContext inner(PipelinePlace where, ParseScope& inner_scope,
                                      std::string_view on) const {
    return {inner_scope, database,        std::string(on),
            where,       depth + 1,       in_facet || where == PipelinePlace::facet,
            resolve,     has_unique_index};
  }
};

/// A kind of stage: its name and how it is parsed.
struct StageKind {
  using Parse = StageSpecPtr (*)(bson::ValueView given, PipelineContext& context);
  std::string_view name;
  Parse parse = nullptr;     ///< null: refused by name
  bool first_only = false;   ///< not_first_code elsewhere
  bool last_only = false;    ///< 40601 elsewhere
  bool in_facet = true;      ///< else 40600
  bool in_lookup = true;     ///< else 51047
  bool in_update = false;    ///< else 72 invalid options
  bool of_database = false;  ///< makes documents of its own: for {aggregate: 1} only, else 73
  bool of_data = true;       ///< else it is none of a transaction's, and reads "local" only
  int not_first_code = 40602;
};

/// Throws QueryError with the server's number; StoreError unsupported, by name.
[[nodiscard]] StageSpecs parse_pipeline(bson::View stages, PipelineContext& context);
/// Null for a name that no stage has.
[[nodiscard]] const StageKind* find_stage(std::string_view name) noexcept;

// The families, a table each.
[[nodiscard]] std::span<const StageKind> basic_stages() noexcept;       // $match $limit $skip …
[[nodiscard]] std::span<const StageKind> projection_stages() noexcept;  // $project $set $unset …
[[nodiscard]] std::span<const StageKind> group_stages() noexcept;       // $group $bucket $count …
[[nodiscard]] std::span<const StageKind> sort_stages() noexcept;        // $sort $sample
[[nodiscard]] std::span<const StageKind> join_stages() noexcept;        // $lookup $unionWith $facet
[[nodiscard]] std::span<const StageKind> window_stages() noexcept;      // $setWindowFields $fill …
[[nodiscard]] std::span<const StageKind> statistics_stages() noexcept;  // $collStats …
[[nodiscard]] std::span<const StageKind> server_stages() noexcept;      // $currentOp …
[[nodiscard]] std::span<const StageKind> write_stages() noexcept;       // $out $merge

}  // namespace quire::store::embedded
