#include "store/embedded/storage/views.hpp"

#include "quire/core/error.hpp"
#include "store/embedded/engine/view_pipeline.hpp"

namespace quire::store::embedded {
namespace {

class Walk {
 public:
  Walk(const Catalog& catalog, std::string_view database, std::string_view name)
      : catalog_(catalog), database_(database), name_(name) {}

  void visit(const ViewSources& sources, int depth) {
    if (depth > most_view_depth)
      throw StoreError(ErrorCode::command_failed,
                       "View depth too deep: " + std::string(database_) + "." + std::string(name_) +
                           " stands on more than 20 views",
                       165);
    follow(sources.view_on, depth);
    for (const auto& other : sources.others) follow(other, depth);
  }

 private:
  void follow(const std::string& source, int depth) {
    if (source == name_)
      throw StoreError(ErrorCode::command_failed,
                       "View cycle detected: " + std::string(database_) + "." + std::string(name_) +
                           " reads itself",
                       5);
    const auto& meta = catalog_.find({database_, source});
    if (meta == nullptr || !meta->traits.view) return;
    const bson::View options = meta->options;
    visit({std::string(options["viewOn"].as_string()),
           collections_of(options["pipeline"].as_array())},
          depth + 1);
  }

  const Catalog& catalog_;
  std::string_view database_;
  std::string_view name_;
};

}  // namespace

void check_view_graph(const Catalog& catalog, std::string_view database, std::string_view name,
                      const ViewSources& sources) {
  Walk(catalog, database, name).visit(sources, 1);
}

}  // namespace quire::store::embedded
