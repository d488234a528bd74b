#include "quire/cli/copy.hpp"

#include <chrono>
#include <set>

#include "cli/copy_plan.hpp"
#include "cli/copy_state.hpp"
#include "cli/copy_verify.hpp"
#include "cli/copy_write.hpp"
#include "migrate/pages.hpp"

namespace quire::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Phase = CollectionState::Phase;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Stopped {};

class Copier {
 public:
  Copier(const Database& from, const Database& to, const CopyOptions& options, CopyReport& report)
      : from_(from), to_(to), options_(options), report_(report), state_(to) {}

  void run() {
    begin();
    for (auto& planned : plan_.collections) prepare(planned);
    for (std::size_t i = 0; i < plan_.collections.size(); ++i) {
      auto& planned = plan_.collections[i];
      if (planned.state.phase != Phase::copied) copy(planned, report_.collections[i]);
    }
    for (std::size_t i = 0; i < plan_.collections.size(); ++i)
      build_indexes(plan_.collections[i], report_.collections[i]);
    for (const auto& view : plan_.views) create_view(view);
    if (options_.verify) verify();
    state_.remove();
    if (report_.verified) {
      for (const auto& collection : report_.collections) {
        if (!collection.matches) report_.result = CopyResult::mismatch;
      }
    }
  }

  /// After a failure: takes away what was made as long as no document was written. True when
  /// nothing is left.
  bool clean_up() noexcept {
    if (!began_) return true;
    if (wrote_ || options_.resume) return false;
    try {
      for (const auto& planned : plan_.collections) {
        if (planned.state.created) (void)to_.store().drop_collection(to_.ns(planned.name), {});
      }
      state_.remove();
      return true;
    } catch (const Error&) {
      return false;  // the failure that led here is the one to tell
    }
  }

  [[nodiscard]] bool began() const noexcept { return began_; }

 private:
  void check_stop() const {
    if (options_.stop.stop_requested()) throw Stopped{};
  }

  void begin() {
    const bool unfinished = state_.load();
    if (options_.resume) {
      if (!unfinished)
        throw StoreError(ErrorCode::not_found,
                         "the target has no unfinished copy to resume (no collection _quire_copy)");
      if (state_.source() != report_.source || state_.source_database() != report_.source_database)
        throw StoreError(ErrorCode::invalid_argument, "the unfinished copy in the target is of " +
                                                          state_.source() + ", database \"" +
                                                          state_.source_database() +
                                                          "\"; resume it from there");
    } else if (unfinished && options_.existing == Existing::fail) {
      throw StoreError(ErrorCode::namespace_exists,
                       "the target holds a copy of " + state_.source() + ", database \"" +
                           state_.source_database() +
                           "\", that was not finished; go on with --resume, or empty the target");
    }
    plan_ = plan_copy(from_, to_, options_, options_.resume ? &state_ : nullptr);
    report_.left_out = plan_.left_out;
    for (const auto& planned : plan_.collections) {
      CopiedCollection entry;
      entry.name = planned.name;
      entry.type = planned.type;
      report_.collections.push_back(std::move(entry));
    }
    check_stop();
    if (!options_.resume) state_.begin(report_.source, report_.source_database);
    began_ = true;
    if (state_.lies_in(from_))
      throw StoreError(ErrorCode::invalid_argument, "source and target are the same database");
  }

  void prepare(PlannedCollection& planned) {
    check_stop();
    const auto ns = to_.ns(planned.name);
    if (planned.natural && planned.present && planned.state.phase == Phase::copying) {
      // Its order is that of insertion: what an earlier run wrote cannot be gone on with.
      (void)to_.store().drop_collection(ns, {});
      planned.present = false;
    }
    if (!planned.present) {
      planned.state = {};
      planned.state.created = true;
      state_.save(planned.name, planned.state);
      try {
        to_.store().create_collection(ns, planned.options, {});
      } catch (const Error& error) {
        rethrow_about(error, "collection \"" + planned.name + "\"");
      }
    } else if (planned.state.phase == Phase::fresh) {
      state_.save(planned.name, planned.state);
    }
    if (planned.state.created && planned.state.phase == Phase::fresh) try_indexes(planned);
  }

  /// Makes each index of a collection that is still empty, and takes it away again: what the
  /// target refuses is known before hours of copying.
  void try_indexes(const PlannedCollection& planned) {
    for (const auto& index : planned.indexes) {
      if (create_index(planned.name, index) && planned.type != "timeseries")
        to_.store().drop_index(to_.ns(planned.name), index["name"].as_string(), {});
    }
  }

  /// False when the target refuses it and it may be left out.
  bool create_index(const std::string& collection, const bson::Document& index) {
    const std::string what =
        "index \"" + std::string(index["name"].as_string()) + "\" of \"" + collection + "\"";
    const bson::View spec = index;
    try {
      to_.store().create_indexes(to_.ns(collection), {&spec, 1}, {});
      return true;
    } catch (const Error& error) {
      switch (error.code()) {
        case ErrorCode::unsupported:
        case ErrorCode::invalid_index:
        case ErrorCode::index_conflict:
        case ErrorCode::duplicate_key:
        case ErrorCode::command_failed:
          break;
        default:
          rethrow_about(error, what);  // not about the index: a broken connection, no right …
      }
      if (!options_.skip_indexes) {
        const bool duplicates = error.code() == ErrorCode::duplicate_key;
        rethrow_about(error, what, duplicates ? "" : "; leave it out with --skip-indexes");
      }
      if (refused_.insert(what).second) report_.left_out.push_back(what + ": " + error.detail());
      return false;
    }
  }

  void copy(PlannedCollection& planned, CopiedCollection& entry) {
    const auto start = Clock::now();
    CopyWriter writer(to_, planned, options_, entry);
    const std::int64_t total = from_.store().estimated_count(from_.ns(planned.name));
    const auto tell = [&] {
      progress(planned.name, "copy", entry.copied + entry.skipped + entry.replaced, total,
               entry.bytes, start);
      entry.seconds = seconds_since(start);
    };
    planned.state.phase = Phase::copying;
    state_.save(planned.name, planned.state);
    tell();
    if (planned.natural) {
      copy_natural(planned, writer, tell);
    } else {
      copy_by_id(planned, writer, tell);
    }
    planned.state.phase = Phase::copied;
    state_.save(planned.name, planned.state);
  }

  template <class Tell>
  void copy_by_id(PlannedCollection& planned, CopyWriter& writer, const Tell& tell) {
    migrate::WalkOptions walk_options;
    walk_options.batch_documents = options_.batch_documents;
    walk_options.batch_bytes = options_.batch_bytes;
    walk_options.one_reply = true;
    migrate::Pages pages(from_, planned.name, walk_options, planned.state.last);
    auto saved = Clock::now();
    while (true) {
      if (options_.stop.stop_requested()) {
        state_.save(planned.name, planned.state);
        throw Stopped{};
      }
      const auto batch = pages.next();
      if (!batch.documents.empty()) {
        wrote_ = true;
        writer.write(batch.documents);
        planned.state.last.emplace(batch.documents.back()["_id"]);
        if (Clock::now() - saved > std::chrono::seconds(1)) {
          state_.save(planned.name, planned.state);
          saved = Clock::now();
        }
        tell();
      }
      if (batch.end) return;
    }
  }

  template <class Tell>
  void copy_natural(PlannedCollection& planned, CopyWriter& writer, const Tell& tell) {
    const auto cursor = from_.store().find(from_.ns(planned.name), {}, {});
    std::vector<bson::Document> batch;
    std::size_t bytes = 0;
    const auto flush = [&] {
      check_stop();
      if (batch.empty()) return;
      wrote_ = true;
      writer.write(batch);
      batch.clear();
      bytes = 0;
      tell();
    };
    while (const auto document = cursor->next()) {
      batch.emplace_back(*document);
      bytes += document->size();
      if (static_cast<std::int64_t>(batch.size()) >= options_.batch_documents ||
          bytes >= options_.batch_bytes)
        flush();
    }
    flush();
  }

  void build_indexes(const PlannedCollection& planned, CopiedCollection& entry) {
    const auto start = Clock::now();
    const auto total = static_cast<std::int64_t>(planned.indexes.size());
    for (const auto& index : planned.indexes) {
      check_stop();
      progress(planned.name, "index", entry.indexes, total, 0, start);
      if (create_index(planned.name, index)) ++entry.indexes;
    }
  }

  void create_view(const PlannedView& view) {
    check_stop();
    try {
      if (view.present && options_.existing == Existing::skip) return;
      if (view.present) (void)to_.store().drop_collection(to_.ns(view.name), {});
      to_.store().create_collection(to_.ns(view.name), view.options, {});
      report_.views.push_back(view.name);
    } catch (const Error& error) {
      rethrow_about(error, "view \"" + view.name + "\"");
    }
  }

  void verify() {
    for (std::size_t i = 0; i < plan_.collections.size(); ++i) {
      const auto& planned = plan_.collections[i];
      const auto start = Clock::now();
      const std::int64_t total = 2 * from_.store().estimated_count(from_.ns(planned.name));
      const auto tell = [&](std::int64_t documents, std::int64_t bytes) {
        progress(planned.name, "verify", documents, total, bytes, start);
      };
      tell(0, 0);
      const VerifyJob job{from_, to_, options_, planned.type == "timeseries", planned.state.merged,
                          tell};
      if (!verify_collection(job, report_.collections[i])) throw Stopped{};
    }
    report_.verified = true;
  }

  void progress(std::string_view collection, std::string_view phase, std::int64_t done,
                std::int64_t total, std::int64_t bytes, Clock::time_point start) const {
    if (!options_.progress) return;
    CopyProgress out{collection, phase, done, total, bytes, seconds_since(start), 0};
    if (out.seconds > 0) out.rate = static_cast<double>(done) / out.seconds;
    options_.progress(out);
  }

  const Database& from_;
  const Database& to_;
  const CopyOptions& options_;
  CopyReport& report_;
  CopyState state_;
  CopyPlan plan_;
  std::set<std::string> refused_;
  bool began_ = false;  ///< something was made in the target
  bool wrote_ = false;  ///< documents
};

}  // namespace

CopyReport copy_database(const Database& from, const Database& to, const CopyOptions& options) {
  CopyReport report = report_about(from, to);
  const auto start = Clock::now();
  Copier copier(from, to, options, report);
  try {
    copier.run();
  } catch (const Stopped&) {
    report.result = copier.began() ? CopyResult::stopped : CopyResult::failed;
    report.error.emplace(ErrorCode::timeout, "the copy was asked to stop");
  } catch (const Error& error) {
    report.error.emplace(error);
    report.result = copier.clean_up() ? CopyResult::failed : CopyResult::partial;
  }
  report.seconds = seconds_since(start);
  return report;
}

}  // namespace quire::cli
