#pragma once

#include <deque>
#include <memory>

#include "importer/changed_rows.hpp"
#include "importer/import_writer.hpp"
#include "importer/mapped_source.hpp"
#include "importer/row_source.hpp"
#include "migrate/data/data_run.hpp"
#include "quire/importer/importer.hpp"

namespace quire::importer {

/// One table's mapping on its way.
struct Part {
  std::string name;
  TableMapping mapping;
  std::vector<std::string> tables;  ///< all that it reads
  std::unique_ptr<CompiledTable> table;
  std::unique_ptr<CompiledTable> later;  ///< of the rows that a later pass reads, where not of all
  migrate::detail::DataOptions data;
  WriteRules rules;
  std::unique_ptr<migrate::detail::DataMonitor> monitor;
};

/// The import's own document in _quire_jobs:
///   {_id: "import:NAME", kind: "import", source, began: the moment at which it was begun first}
struct Importer::Impl {
  Impl(Source& from, Database target, Mapping what, ImportOptions how);

  ImportReport run(std::string_view only);
  ImportReport dry_run(std::string_view only);
  ImportReport verify(migrate::VerifyLevel level, std::string_view only);
  ImportReport status();
  ImportReport retry_rejects();
  ImportReport rollback(migrate::Edited edited);
  ImportReport finish();

  /// Runs `work` for each part that is asked for, until one does not end well; a verification goes
  /// on behind parts that differ. Throws nothing: a failure is in the report.
  ImportReport each_part(std::string_view operation, std::string_view only,
                         const std::function<void(Part&, ImportPart&, ImportReport&)>& work);
  /// Writes the import's document where it is not there. Sets `began`.
  void begin(bool write);
  void compile(Part& part);
  [[nodiscard]] MappedSource rows_of(Part& part);
  /// The check of a part's documents, unless it is not asked for.
  [[nodiscard]] std::function<void(bson::View)> check_of(const Part& part) const;
  void run_part(Part& part, ImportPart& out, ImportReport& report);
  [[nodiscard]] PassStart begin_pass(const Part& part, std::int64_t pass, bool is_begun);
  [[nodiscard]] std::int64_t rows_of_limits(MappedSource& rows, const std::string& into);
  [[nodiscard]] migrate::DataReport retry_part(Part& part, MappedSource& rows);
  void after_changed_rows(Part& part, MappedSource& all, ImportPart& out);
  void dry_part(Part& part, ImportPart& out, ImportReport& report);
  void verify_part(Part& part, migrate::VerifyLevel level, ImportPart& out, ImportReport& report);
  void look_for_edits(Part& part, const migrate::VerifyOptions& how, migrate::VerifyReport& found,
                      ImportPart& out, ImportReport& report);
  /// Of the part's documents; null: none is known.
  [[nodiscard]] const ModelInfo* model_of(const Part& part) const;
  void roll_back_part(Part& part, migrate::Edited edited, ImportPart& out, ImportReport& report);
  [[nodiscard]] std::vector<std::string> fingerprints(const Part& part);
  /// Of what the source's snapshot sees, where it has one.
  [[nodiscard]] std::vector<std::string> fingerprints_of_snapshot(const Part& part);
  /// Writers of one part; what it is given must outlive the run.
  [[nodiscard]] migrate::data::WriterMaker writers(const migrate::detail::DataOptions& data,
                                                   const WriteRules& rules);

  Source& source;
  Database to;
  Mapping mapping;
  ImportOptions options;
  bson::DateTime began{};
  std::deque<Part> parts;
};

/// "import:NAME".
[[nodiscard]] std::string import_id(std::string_view name);
/// Names in the order in which parts run: by foreign keys of what they read, and `after`. Throws
/// ImportError invalid_mapping for circles of `after`, and names that come twice.
[[nodiscard]] std::vector<std::size_t> order_of(const Mapping& mapping, const Schema& schema);

}  // namespace quire::importer
