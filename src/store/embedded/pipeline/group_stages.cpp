#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

std::span<const StageKind> group_stages() noexcept { return {}; }

}  // namespace quire::store::embedded
