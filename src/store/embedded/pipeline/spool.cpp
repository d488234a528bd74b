#include "store/embedded/pipeline/spool.hpp"

#include <limits>

#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

Spool::Spool(std::string_view stage, std::size_t memory_limit, bool may_spill, std::size_t keep)
    : stage_(stage),
      memory_limit_(memory_limit),
      may_spill_(may_spill),
      sorter_(stage_, may_spill ? memory_limit : std::numeric_limits<std::size_t>::max(), keep) {}

void Spool::add(std::string_view key, bson::View document) {
  sorter_.add(key, bytes_of(document), sorter_.added());
  if (!may_spill_ && sorter_.bytes() > memory_limit_) fail_memory(stage_, memory_limit_);
}

std::optional<bson::View> Spool::next() {
  if (!sorter_.next()) return std::nullopt;
  const std::string_view body = sorter_.body();
  return bson::View(reinterpret_cast<const std::uint8_t*>(body.data()), body.size());
}

}  // namespace quire::store::embedded
