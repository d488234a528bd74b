#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/embedded/expression/value.hpp"
#include "store/embedded/pipeline/stage.hpp"

/// What stages that tell of the store, not of its documents, share.
namespace quire::store::embedded {

[[noreturn]] void fail_field(std::string_view stage, std::string_view field, bson::ValueView value,
                             std::string_view expected);
[[noreturn]] void fail_unknown(std::string_view stage, std::string_view field);

/// A stage whose documents come from the catalog, made when it is opened.
class CatalogSpec final : public StageSpec {
 public:
  using Make = std::function<std::vector<bson::Document>(Run& run)>;
  CatalogSpec(std::string_view name, bson::ValueView given, Make make)
      : StageSpec(name, given), make_(std::move(make)) {}
  StagePtr open(StagePtr, Run& run) const override { return list_stage(make_(run)); }

 private:
  Make make_;
};

[[nodiscard]] StageSpecPtr make_empty(std::string_view name, bson::ValueView given);

constexpr StageKind statistic(std::string_view name, StageKind::Parse parse,
                              bool of_database = false) {
  return {.name = name,
          .parse = parse,
          .first_only = true,
          .in_facet = false,
          .of_database = of_database,
          .of_data = false};
}

}  // namespace quire::store::embedded
