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

}  // namespace quire::store::embedded
