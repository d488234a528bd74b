#include "quire/collection/bulk_writer.hpp"

#include <utility>

#include "quire/core/error.hpp"

namespace quire::collection_detail {

namespace {
/// More would only fill the memory of a program whose every write fails.
constexpr std::size_t most_kept = 1000;

void refuse(std::string_view field, std::string_view text) {
  throw StoreError(ErrorCode::invalid_argument, FieldPath(std::string(field)), text);
}
}  // namespace

BatchSender::BatchSender(CorePtr core, const BulkWriterOptions& options)
    : core_(std::move(core)), options_(options) {
  if (options_.batch == 0) refuse("batch", "a bulk writer sends 1 operation or more at once");
  if (options_.bytes == 0) refuse("bytes", "a bulk writer's buffer holds 1 byte or more");
  if (options_.max_wait < std::chrono::milliseconds(0))
    refuse("max_wait", "a time to wait is not negative; 0 = without a limit");
  batch_options_.session = options_.session;
  batch_options_.ordered = options_.ordered;
  batch_options_.max_time = options_.max_time;
  batch_options_.comment = options_.comment;
  batch_options_.write_concern = options_.write_concern;
  batch_options_.bypass_document_validation = options_.bypass_document_validation;
  batch_options_.let = options_.let;
}

void BatchSender::check() const {
  if (closed_) {
    throw StoreError(ErrorCode::invalid_argument,
                     "the bulk writer of \"" + core_->name() + "\" was closed; make another one");
  }
  if (stopped_) {
    throw StoreError(ErrorCode::bulk_failed,
                     "the ordered bulk writer of \"" + core_->name() +
                         "\" ended at the first operation that failed; make another one to go on");
  }
}

std::int64_t BatchSender::added(BulkData& data) {
  const std::int64_t index = totals_.operations++;
  totals_.buffered = static_cast<std::int64_t>(data.size());
  bool due = data.size() >= options_.batch || data.bytes() >= options_.bytes;
  if (options_.max_wait > std::chrono::milliseconds(0)) {
    const auto now = std::chrono::steady_clock::now();
    if (data.size() == 1) first_ = now;
    due = due || now - first_ >= options_.max_wait;
  }
  if (due) send(data);
  return index;
}

void BatchSender::flush(BulkData& data) {
  check();
  send(data);
}

void BatchSender::close(BulkData& data) {
  if (closed_) return;
  send(data);  // when it throws, close() may be called again for the errors
  closed_ = true;
  if (!errors_.empty()) throw failure();
}

void BatchSender::finish(BulkData& data) noexcept {
  if (closed_) return;
  closed_ = true;
  try {
    send(data);
  } catch (...) {  // NOLINT: on_error was told; a destructor throws nothing
  }
}

void BatchSender::send(BulkData& data) {
  if (data.size() == 0) return;
  // Whatever happens: no operation is sent twice.
  const BulkData batch = std::exchange(data, BulkData());
  std::vector<BulkWriterError> failed;
  std::exception_ptr broken;
  bool sent = false;
  try {
    core_->before_write();  // refuses all, and nothing is written
    sent = true;
    count(batch.run(*core_, batch_options_), batch.size(), failed);
  } catch (const Error& error) {
    broken = std::current_exception();
    broke_off(batch, error, sent, failed);
  } catch (const std::exception& error) {
    broken = std::current_exception();
    broke_off(batch, Error(ErrorCode::bulk_failed, error.what()), sent, failed);
  }
  start_ += static_cast<std::int64_t>(batch.size());
  totals_.buffered = 0;
  ++totals_.batches;
  if (options_.ordered && !failed.empty()) stopped_ = true;
  tell(std::move(failed));
  if (broken) std::rethrow_exception(broken);
}

void BatchSender::count(const BulkResult& result, std::size_t size,
                        std::vector<BulkWriterError>& failed) {
  totals_.inserted += result.inserted;
  totals_.matched += result.matched;
  totals_.modified += result.modified;
  totals_.removed += result.removed;
  totals_.upserted += static_cast<std::int64_t>(result.upserted.size());
  totals_.failed += static_cast<std::int64_t>(result.errors.size());
  failed.reserve(result.errors.size());
  for (const auto& error : result.errors)
    failed.push_back(
        {start_ + static_cast<std::int64_t>(error.index), error.error, error.details, false});
  if (options_.ordered && !result.errors.empty())
    totals_.not_sent += static_cast<std::int64_t>(size - result.errors.front().index - 1);
}

void BatchSender::broke_off(const BulkData& data, const Error& error, bool sent,
                            std::vector<BulkWriterError>& failed) {
  failed.reserve(data.size());
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto index = start_ + static_cast<std::int64_t>(i);
    const MappingError* const refused = data.refused(i);
    if (refused != nullptr) {
      ++totals_.failed;
      failed.push_back({index, *refused, {}, false});
      if (!options_.ordered) continue;
      totals_.not_sent += static_cast<std::int64_t>(data.size() - i - 1);
      break;
    }
    ++(sent ? totals_.unknown : totals_.failed);
    failed.push_back({index, error, {}, sent});
  }
}

void BatchSender::tell(std::vector<BulkWriterError> failed) {
  std::size_t told = 0;
  try {
    if (options_.on_error) {
      while (told < failed.size()) options_.on_error(failed[told++]);
    }
  } catch (...) {
    for (; told < failed.size(); ++told) keep(std::move(failed[told]));
    throw;
  }
  for (; told < failed.size(); ++told) keep(std::move(failed[told]));
}

void BatchSender::keep(BulkWriterError error) {
  if (errors_.size() < most_kept) errors_.push_back(std::move(error));
}

BulkError BatchSender::failure() const {
  std::vector<store::WriteError> items;
  items.reserve(errors_.size());
  for (const auto& one : errors_)
    items.push_back({static_cast<std::size_t>(one.index), one.error, one.details});
  return BulkError(std::move(items), totals_.failed + totals_.unknown);
}

}  // namespace quire::collection_detail
