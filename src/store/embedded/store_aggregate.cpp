#include "quire/bson/writer.hpp"
#include "store/embedded/expression/let.hpp"
#include "store/embedded/pipeline/reader.hpp"
#include "store/embedded/pipeline/spool.hpp"
#include "store/embedded/pipeline/write.hpp"
#include "store/embedded/read_support.hpp"
#include "store/embedded/storage/execution.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {
namespace {

/// A pipeline at work on a connection of its own.
class PipelineCursor final : public Cursor {
 public:
  PipelineCursor(std::shared_ptr<StorageFile> file, std::unique_ptr<ReadScope> scope,
                 PreparedPipeline prepared, const AggregateOptions& options)
      : file_(std::move(file)),
        scope_(std::move(scope)),
        prepared_(std::move(prepared)),
        sources_(scope_->connection(), file_->options().verify_checksums),
        deadline_(options.max_time),
        run_(sources_, deadline_, current_ms()) {
    run_.memory_limit = static_cast<std::size_t>(file_->options().aggregate_bytes);
    run_.allow_disk_use = options.allow_disk_use.value_or(true);
    stages_ = open_pipeline(prepared_, sources_, run_, options.hint, options.hint_name);
  }

  std::optional<bson::View> next() override {
    if (stages_ == nullptr) return std::nullopt;
    file_->check_usable();
    run_.check();
    if (const auto document = stages_->next()) {
      if (document->size() > bson::max_document_bytes + 16384)
        throw StoreError(ErrorCode::document_too_large,
                         "a document of the pipeline's result is over 16 MiB", 10334);
      return document;
    }
    stages_.reset();
    scope_.reset();
    return std::nullopt;
  }

 private:
  std::shared_ptr<StorageFile> file_;
  std::unique_ptr<ReadScope> scope_;
  PreparedPipeline prepared_;
  ConnectionSources sources_;
  Deadline deadline_;
  Run run_;
  StagePtr stages_;
};

}  // namespace

std::unique_ptr<Cursor> EmbeddedStore::do_aggregate(Namespace ns, bson::View pipeline,
                                                    const AggregateOptions& options) {
  refuse_collation(options.collation);
  const ParseScope variables = scope_of_let(options.let);
  auto scope = std::make_unique<ReadScope>(file_, options.session);
  PreparedPipeline prepared = prepare_pipeline(scope->connection(), ns, pipeline, variables);
  StageSpecPtr last = prepared.stages.rest.empty() ? nullptr : prepared.stages.rest.back();
  const auto* target = dynamic_cast<const WriteSpec*>(last.get());
  if (target != nullptr) {
    if (options.read_concern != nullptr && options.read_concern->level == "linearizable")
      throw StoreError(
          ErrorCode::command_failed,
          std::string(target->name()) + " cannot be used with a linearizable read concern", 72);
    if (options.session != nullptr && options.session->in_transaction())
      throw StoreError(ErrorCode::transaction_state,
                       std::string(target->name()) + " cannot be used in a transaction", 263);
    prepared.stages.rest.pop_back();
  }
  const bool streams = scope->is_private() && target == nullptr;
  if (streams)
    return std::make_unique<PipelineCursor>(file_, std::move(scope), std::move(prepared), options);
  // In a session, or a store in memory, later writes must not be seen; and what is written must not
  // be read again.
  PipelineCursor cursor(file_, std::move(scope), std::move(prepared), options);
  if (target == nullptr) {
    HeldResult held(bytes_of_results(file_->options()));
    while (const auto document = cursor.next()) held.add(*document);
    return held.take();
  }
  Spool documents(target->name(), Run::default_memory_limit, true);
  while (const auto document = cursor.next()) documents.add({}, *document);
  documents.rewind();
  target->write(*this, documents, options);
  return list_stage({});
}

}  // namespace quire::store::embedded
