#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"
#include "quire/migrate/data_report.hpp"
#include "quire/reflect/type_name.hpp"

namespace quire::migrate {

namespace detail {
/// A map function that says how far it came, for the rejects.
using StagedMap =
    std::function<std::optional<bson::Document>(bson::View source, RejectStage& stage)>;

template <class T>
struct unwrap_mapped {
  using type = T;
};
template <class T>
struct unwrap_mapped<std::optional<T>> {
  using type = T;
};

/// All that a job was asked for.
struct DataOptions {
  std::string collection;
  std::string into;
  std::string name;
  std::string mapping = "copy";  ///< of the header: what the documents go through
  std::int32_t revision = 0;
  StagedMap map;  ///< empty: as they are
  bson::Document filter;
  bool move = false;
  bool remove_gone = false;
  Existing existing = Existing::fail;
  int workers = 2;
  std::chrono::milliseconds lease{15000};
  RejectPolicy policy = RejectPolicy::stop;
  RejectLimits limits;
  Throttle throttle;
  std::int64_t batch_documents = 1000;
  std::size_t batch_bytes = 8 * 1024 * 1024;
  std::chrono::milliseconds batch_time{200};
  std::int64_t partition_documents = 0;
  VerifyOptions verify{.level = VerifyLevel::none};
  bool inline_verify = false;
  bool restart = false;
  std::int64_t pass = 0;  ///< which one is begun or joined, and no other; 0 = the one there is
  bool accept = false;
  std::function<void(const DataProgress&)> progress;
  std::chrono::milliseconds stall{30000};
  std::stop_token stop;
  /// Of an import: the target's documents that are its, and when two documents are alike.
  bson::Document of_target;
  std::function<bool(bson::View expected, bson::View found)> alike;
  bool keep_rejects = false;        ///< restart leaves what was put aside before
  std::int64_t rows_of_limits = 0;  ///< `limits.percent` is of these; 0 = of those that are read
};
class DataMonitor;
}  // namespace detail

/// Copies or moves the documents of one collection to another, of the same or another database or
/// store, through a function or as they are.
///   DataMigrator(old_db, "people").to(new_db, "users").transform<PersonV1, User>(to_user).run();
/// The collection is cut into partitions by ranges of _id. Workers, in several threads and in as
/// many processes as call run() with the same job, take partitions by a lease, and write batches
/// together with how far they came. Any of them may be killed at any time: another one goes on
/// behind its last batch.
/// Kept in the target's database: _quire_jobs (the job, its control document, its processes),
/// _quire_chunks (partitions), _quire_rejects (documents put aside).
/// Guarantee: where the target has transactions each document is written once. Else documents
/// carry a stamp, `_q: {j: job, f: fence}`, so that a batch that is repeated, and the late write of
/// a process whose partition was taken over, change nothing.
/// Documents inserted into the source behind a worker's place are not seen; stop the writers, or
/// compare afterwards (verify) and run again with restart() and Existing::replace, or, where
/// documents also go from the source, with remove_gone().
/// Errors: in the report. Constructing and running one object is for one thread; health() and
/// control() may be called from any. Memory: two batches (8 MiB) a worker.
class DataMigrator {
 public:
  DataMigrator(Database from, std::string collection);

  /// Where to; `collection` empty = of the same name. Needed.
  DataMigrator& to(Database target, std::string collection = {});
  /// The job's name, 1 to 200 bytes; "FROM-INTO" where it is not given. All processes that share a
  /// job give the same.
  DataMigrator& name(std::string job);
  /// Only the source's documents that this filter finds.
  DataMigrator& filter(bson::View wanted);

  /// Each document through `fn(const A&)`, which returns B or std::optional<B>; nothing: the
  /// document is not copied, and counted. Fields that B lacks are not copied. Where B has no _id
  /// the source's is kept. Called by several threads at once; may be called again for a document.
  template <class A, class B, class F>
  DataMigrator& transform(F fn) {
    static_assert(std::is_invocable_v<F&, const A&>,
                  "quire: transform<A, B>(fn) takes a function of const A&.");
    using Result = std::remove_cvref_t<std::invoke_result_t<F&, const A&>>;
    static_assert(std::is_same_v<typename detail::unwrap_mapped<Result>::type, B>,
                  "quire: the function of transform<A, B> returns B or std::optional<B>.");
    return staged(
        "transform:" + std::string(reflect::type_name<A>()) + ":" +
            std::string(reflect::type_name<B>()),
        [fn = std::move(fn)](bson::View source,
                             RejectStage& stage) mutable -> std::optional<bson::Document> {
          stage = RejectStage::read;
          const A before = bson::decode<A>(source);
          stage = RejectStage::map;
          std::optional<B> after = fn(before);
          if (!after) return std::nullopt;
          stage = RejectStage::validate;
          return bson::encode(*after);
        });
  }
  /// Each document through a function on BSON; as transform() otherwise.
  DataMigrator& map(MapFunction fn);
  /// A number for what the functions do: raise it when they change, so that a job which is half
  /// done does not go on with other functions (exit code 42).
  DataMigrator& revision(std::int32_t number);

  /// The source's documents are removed once they, and how far the copy came, are written. One
  /// that changed meanwhile is copied again first. Rejects and dropped documents stay.
  DataMigrator& move();
  DataMigrator& existing(Existing policy);
  /// The target follows the source: another pass, by restart(), brings what was inserted and
  /// changed, and removes what the job wrote and the source has no longer. By a stamp, `_q: {j:
  /// job, f: fence, h: hash, k: the source's _id where it is another}`, which documents carry on
  /// every store, it tells its own from others; one that somebody edited is not removed, but warned
  /// of. Implies Existing::replace: what is edited and still in the source is written over. To be
  /// said from the first pass on. Not with move().
  DataMigrator& remove_gone();
  DataMigrator& rejects(RejectPolicy policy, RejectLimits limits = {});
  /// Threads of this process; 1 to 64.
  DataMigrator& workers(int number);
  /// Another process takes a partition over when its worker's process gave no sign of life for
  /// 1.25 leases, or at once when it is known to be gone. At least 50 ms.
  DataMigrator& lease(std::chrono::milliseconds time);
  /// A batch ends at `documents` or behind the document that reaches `bytes`; its size is adapted
  /// so that one takes about `time`. At most 1000 documents, 8 MiB.
  DataMigrator& batch(std::int64_t documents, std::size_t bytes = 8 * 1024 * 1024,
                      std::chrono::milliseconds time = std::chrono::milliseconds(200));
  /// Documents of a partition; 0 = a 32nd of the collection, into a file an 8th; 10,000 to 50,000.
  DataMigrator& partition(std::int64_t documents);
  DataMigrator& throttle(Throttle how);
  /// Compare when all is copied; the job is complete only when both sides are alike. Not with
  /// move(). Existing::skip looks only for presence.
  DataMigrator& verify(VerifyOptions options = {});
  DataMigrator& verify(VerifyLevel level);
  /// Reads what each batch wrote again, behind its write, and compares it with what was mapped;
  /// with a move before the source's documents go. What differs is read again, on both sides,
  /// until it is alike or stays as it is. Then it is dealt with as rejects() says: with `stop` the
  /// job ends as `mismatch`, else it is put aside, stage `verify`, with the first path that
  /// differs. Each batch costs a read more. Batches behind which a process died are looked at by
  /// the one that goes on; retries are not.
  DataMigrator& inline_verify(bool on = true);
  /// Begin again from the start, whatever was done; documents that were copied stay.
  DataMigrator& restart();
  /// Go on although mapping, source or target are not those with which the job was begun.
  DataMigrator& accept_changes();
  /// Called at most ten times a second, by one thread at a time. What it throws ends the run.
  DataMigrator& on_progress(std::function<void(const DataProgress&)> callback);
  /// DataProgress::stalled after so long without a document, when nothing asked to wait.
  DataMigrator& stall_after(std::chrono::milliseconds time);
  /// Asked at the edge of each batch.
  DataMigrator& stop_token(std::stop_token token);

  /// Works on the job until it is complete, together with other processes that do.
  /// Throws MigrationError invalid_migration for options that mean nothing, before anything is
  /// done; all else is in the report.
  DataReport run();
  /// Tries the documents that were put aside again: those that work leave _quire_rejects.
  DataReport retry_rejects();
  /// Compares source and target as they are now, through the job's filter and functions, wherever
  /// the job stands and whoever works on it; not of a move. Writes nothing. Throws StoreError, and
  /// MigrationError invalid_migration for options that mean nothing.
  VerifyReport compare(const VerifyOptions& options = {});
  /// How far the job is, of all processes. Reads the target only.
  [[nodiscard]] DataReport status();
  /// For a liveness probe, from any thread: {"alive", "state", "reason", "done", "total", …};
  /// alive is false when a run is stalled. One line of JSON; no database is asked.
  [[nodiscard]] std::string health() const;
  /// Removes the stamps from the target's documents, which have some where it has no transactions,
  /// and those of remove_gone(): later passes then take them for others'. Only when no
  /// process that worked on the job can still be alive. The number of documents.
  std::int64_t clean_stamps();

  /// Writes the job's control document: all processes that work on it pause, go on or stop before
  /// their next batch. `rate`: documents a second of each process; 0 = what the process was given.
  /// A job that was stopped so does not go on before it is told to run.
  static void control(const Database& target, std::string_view job, Desired desired,
                      std::string_view reason = {}, std::int64_t rate = 0);

 private:
  DataMigrator& staged(std::string mapping, detail::StagedMap map);
  void check();

  Database from_;
  std::optional<Database> to_;
  detail::DataOptions options_;
  std::shared_ptr<detail::DataMonitor> monitor_;
};

}  // namespace quire::migrate
