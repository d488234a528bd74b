#include <array>

#include "store/embedded/pipeline/set_window_fields.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {
namespace {

constexpr auto table = std::to_array<StageKind>({
    {.name = "$setWindowFields", .parse = parse_set_window_fields},
});

}  // namespace

std::span<const StageKind> window_stages() noexcept { return table; }

}  // namespace quire::store::embedded
