#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/importer/mapping.hpp"
#include "quire/migrate/data_report.hpp"
#include "quire/migrate/preimages.hpp"

namespace quire::importer {

struct ImportOptions {
  /// Of the import: all processes that share it give the same. 1 to 100 bytes.
  std::string name = "import";
  int workers = 2;                   ///< threads of this process, 1 to 64
  std::int64_t batch_documents = 0;  ///< at most, 1 to 1000; 0 = 1000, into a file 2000
  std::chrono::milliseconds batch_time{200};
  std::int64_t partition_rows = 0;  ///< 0 = a 32nd of the table, 10,000 to 50,000; a file: an 8th
  std::chrono::milliseconds lease{15000};
  migrate::RejectPolicy rejects = migrate::RejectPolicy::reject;
  migrate::RejectLimits reject_limits = {};
  migrate::Throttle throttle = {};
  /// Compared when a part is through; a part is complete only when both sides are alike.
  migrate::VerifyLevel verify = migrate::VerifyLevel::counts;
  /// What each batch wrote is read again and compared: DataMigrator::inline_verify.
  bool inline_verify = false;
  std::optional<ExistingDocument> existing = {};  ///< in place of what the mapping says
  /// What a later pass does with documents whose row changed and that somebody edited since.
  migrate::Edited edited = migrate::Edited::reject;
  /// A later pass removes documents whose rows are gone from the source.
  bool remove_gone = false;
  /// A later pass reads all rows also where the mapping names a change column.
  bool all_rows = false;
  /// verify(): documents that were edited since they were imported may differ.
  bool ignore_edited = false;
  /// verify() looks for their unique indexes, by the name of the collection; those of into<Model>()
  /// need not be named.
  std::vector<const ModelInfo*> models = {};
  bool skip_checks = false;  ///< documents are not decoded into the models before they are written
  std::int64_t limit = 0;    ///< rows of each table, for a trial; 0 = all
  bool restart = false;      ///< begin again: what is there is looked at row by row
  bool accept_changes = false;  ///< go on although the mapping or the source's tables changed
  std::function<void(const std::string& part, const migrate::DataProgress&)> progress = {};
  std::stop_token stop = {};
};

/// What verify() looked for in the target besides the rows.
struct TargetCheck {
  std::string kind;          ///< "reference" or "unique"
  std::string of;            ///< "user_id -> people", "index mail_1", "guild_id, type"
  std::int64_t checked = 0;  ///< values, documents; 0 where the store itself keeps it
  std::int64_t wrong = 0;    ///< values whose document is not there; documents too many
  std::string problem = {};  ///< empty: it holds
  std::vector<std::string> examples = {};

  [[nodiscard]] bool ok() const noexcept { return problem.empty(); }
};

/// What became of one table's mapping.
struct ImportPart {
  std::string name;
  std::string table;
  std::string into;
  migrate::DataReport data;
  std::int64_t removed = 0;        ///< documents whose rows were gone
  bool changed_meanwhile = false;  ///< the table's rows changed while they were read
  bool by_change = false;          ///< only the rows that the change column told were read
  /// verify(): documents that differ and were edited since they were imported. One without a stamp
  /// counts as one: it was saved as a whole, or the import was finished.
  std::int64_t edited = 0;
  std::vector<TargetCheck> checks = {};  ///< of verify()
};

/// What a call did. A failure is in here, not thrown: look at ok(), or use or_throw().
struct [[nodiscard]] ImportReport {
  std::string operation;  ///< "import", "dry-run", "verify", "status", "rollback", "retry-rejects"
  std::string name;
  std::string source;  ///< location, without secrets
  std::vector<ImportPart> parts;
  migrate::DataResult result = migrate::DataResult::nothing;
  std::vector<std::string> warnings;
  std::vector<std::string> next;
  std::optional<Error> error;
  double seconds = 0;
  double estimated_seconds = -1;  ///< of a dry run: how long the import would take; -1 = not known

  [[nodiscard]] bool ok() const noexcept {
    return result == migrate::DataResult::nothing || result == migrate::DataResult::complete;
  }
  /// As DataReport::exit_code.
  [[nodiscard]] int exit_code() const noexcept;
  /// One line: {"schema": "quire.import/1", "op", "result", "exit", "name", "parts": […], …}.
  [[nodiscard]] std::string json() const;
  /// A page for people, to attach to a change request.
  [[nodiscard]] std::string markdown() const;
  const ImportReport& or_throw() const;
};

/// Brings tables of a source into collections by a mapping.
///   auto source = open_source("sqlite:bot.db");
///   ImportReport done = Importer(*source, db, mapping).run();
/// Tables come in the order of their foreign keys. Each is a job like DataMigrator's: cut into
/// partitions by its key, worked on by threads and processes that share it, batch by batch, each
/// together with how far it came; after a kill at any point run() goes on behind the last batch.
/// Documents carry a stamp, `_q: {j: job, f: fence, h: hash, k: key where it is not _id}`: by it a
/// later pass tells what changed, and rollback() what somebody edited. finish() takes it away.
/// run() on an import that is complete is a later pass: rows that are new are inserted, those that
/// changed are written again, the rest is left as it is.
/// Kept in the target: _quire_jobs, _quire_chunks, _quire_rejects, _quire_replaced (documents that
/// were there before, as they were).
/// Constructing throws ImportError invalid_mapping. One object is for one thread.
class Importer {
 public:
  Importer(Source& source, Database to, Mapping mapping, ImportOptions options = {});
  ~Importer();
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  ImportReport run();
  /// One part only, by its name; what it depends on is not looked at.
  ImportReport run(std::string_view part);
  /// Reads and maps all rows and looks up what the target has of them; writes nothing.
  /// `counts.written` is what would be inserted or replaced.
  ImportReport dry_run(std::string_view part = {});
  ImportReport verify(migrate::VerifyLevel level, std::string_view part = {});
  /// How far the import is, of all processes. Reads the target only.
  ImportReport status();
  ImportReport retry_rejects();
  /// Removes the documents that the import inserted, and gives those that it replaced back.
  /// `edited`: those that somebody changed since. May be repeated after a kill.
  ImportReport rollback(migrate::Edited edited = migrate::Edited::reject);
  /// Ends the window for later passes and rollback(): takes the stamps and the old documents away.
  ImportReport finish();

  /// Names of the parts in the order in which they run.
  [[nodiscard]] std::vector<std::string> parts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quire::importer
