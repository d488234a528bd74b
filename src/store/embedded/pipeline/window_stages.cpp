#include <array>

#include "store/embedded/pipeline/set_window_fields.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {
namespace {

constexpr auto table = std::to_array<StageKind>({
    {.name = "$setWindowFields", .parse = parse_set_window_fields},
    {.name = "$fill", .parse = parse_fill},
    {.name = "$densify", .parse = parse_densify},
});

}  // namespace

std::span<const StageKind> window_stages() noexcept { return table; }

}  // namespace quire::store::embedded
