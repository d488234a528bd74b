#include "store/embedded/pipeline/spool.hpp"

#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

Spool::Spool(std::string_view stage, std::size_t memory_limit, bool may_spill, std::size_t keep)
    : stage_(stage), memory_limit_(memory_limit), sorter_(stage_, memory_limit, keep, may_spill) {}

void Spool::add(std::string_view key, bson::View document) {
  sorter_.add(key, bytes_of(document), sorter_.added());
  check_memory();
}

void Spool::rewind() {
  sorter_.rewind();
  check_memory();
}

void Spool::check_memory() const {
  if (sorter_.is_over_limit()) fail_memory(stage_, memory_limit_);
}

std::optional<bson::View> Spool::next() {
  if (!sorter_.next()) return std::nullopt;
  const std::string_view body = sorter_.body();
  return bson::View(reinterpret_cast<const std::uint8_t*>(body.data()), body.size());
}

namespace {

class SpoolCursor final : public Cursor {
 public:
  explicit SpoolCursor(std::unique_ptr<Spool> documents) : documents_(std::move(documents)) {}
  std::optional<bson::View> next() override { return documents_->next(); }

 private:
  std::unique_ptr<Spool> documents_;
};

}  // namespace

void HeldResult::add(bson::View document) {
  constexpr std::size_t as_documents = 4U << 20U;
  if (spool_ != nullptr) return spool_->add({}, document);
  documents_.emplace_back(document);
  bytes_ += document.size();
  if (bytes_ <= as_documents) return;
  spool_ = std::make_unique<Spool>("a result in a transaction", in_memory_, true);
  for (const bson::Document& one : documents_) spool_->add({}, one);
  documents_ = {};
}

std::unique_ptr<Cursor> HeldResult::take() {
  if (spool_ == nullptr) return list_stage(std::move(documents_));
  spool_->rewind();
  return std::make_unique<SpoolCursor>(std::move(spool_));
}

}  // namespace quire::store::embedded
