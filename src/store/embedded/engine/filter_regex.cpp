#include "store/embedded/engine/filter_data.hpp"

namespace quire::store::embedded {

CompiledRegex::CompiledRegex(const std::string& pattern, const std::string& options,
                             const std::string& path)
    : regex_(pattern, options, {51091, 51108, 51156}, path) {}

}  // namespace quire::store::embedded
