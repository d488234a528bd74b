#include <mutex>

#include "importer/open.hpp"
#include "importer/sqlite/schema.hpp"
#include "importer/sqlite/session.hpp"

namespace quire::importer {
namespace {

class SqliteSource final : public Source {
 public:
  SqliteSource(sqlite::Place place, const SourceOptions& options)
      : place_(std::move(place)), set_(place_, options.connect_timeout) {}

  std::string_view kind() const noexcept override { return "sqlite"; }
  std::string location() const override { return "sqlite:" + place_.path; }
  const Schema& schema() override {
    std::call_once(once_, [this] {
      schema_ = sqlite::read_schema(set_.lease()->connection());
      if (set_.immutable())
        schema_.left_out.push_back(
            place_.path +
            ": is read without locks, since its folder cannot be written, which readers of a file "
            "in WAL mode need: writes during the import are not seen and may break it");
    });
    return schema_;
  }
  std::unique_ptr<SourceSession> open() override {
    return std::make_unique<sqlite::Session>(set_, schema());
  }
  std::string_view snapshot() const noexcept override {
    return place_.single && !set_.immutable() ? "single" : "multi";
  }

 private:
  sqlite::Place place_;
  sqlite::SnapshotSet set_;
  std::once_flag once_;
  Schema schema_;
};

}  // namespace

std::unique_ptr<Source> open_sqlite(std::string_view uri, const SourceOptions& options) {
  return std::make_unique<SqliteSource>(sqlite::place_of(uri), options);
}

}  // namespace quire::importer
