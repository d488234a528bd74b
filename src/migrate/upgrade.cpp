#include "quire/migrate/upgrade.hpp"

#include <map>
#include <vector>

#include "migrate/compile.hpp"
#include "migrate/diff.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {
namespace {

class Upgrades final : public DatabaseHooks {
 public:
  explicit Upgrades(const Migrations& migrations) {
    for (const std::size_t position : migrations.order()) {
      const Compiled compiled = learn(migrations.items[position]);
      for (const Step& step : compiled.steps) {
        const auto* rows = detail::work_as<detail::RowWork>(step.data());
        if (rows != nullptr && rows->to_version > 0)
          chains_[step.data().collection].push_back(step);
      }
    }
  }

  std::optional<bson::Document> upgrade(store::Namespace ns, bson::View document) override {
    const auto chain = chains_.find(ns.collection);
    if (chain == chains_.end()) return std::nullopt;
    std::optional<bson::Document> now;
    for (const Step& step : chain->second) {
      const auto& rows = *detail::work_as<detail::RowWork>(step.data());
      const bson::View as_it_is = now ? now->view() : document;
      if (detail::has_version(as_it_is, rows.to_version)) continue;
      const RowImages images = rows.on_read(as_it_is);
      if (!images.after) return std::nullopt;
      const RowChange change = diff_row(as_it_is, images, rows.fill, step.data().collection);
      if (change.kind == RowChange::Kind::update) now = changed(as_it_is, change);
    }
    return now;
  }

 private:
  std::map<std::string, std::vector<Step>, std::less<>> chains_;
};

}  // namespace

std::shared_ptr<DatabaseHooks> upgrade_on_read(const Migrations& migrations) {
  migrations.validate();
  return std::make_shared<Upgrades>(migrations);
}

Completeness completeness(const Database& db, std::string_view collection, std::int32_t version) {
  const auto count = [&](bson::View filter) {
    return db.store().count(db.ns(collection), filter, safe<store::CountOptions>());
  };
  const auto versions = [&](auto&& fill) {
    bson::Writer filter;
    filter.begin_document("_v");
    fill(filter);
    filter.end();
    return filter.finish();
  };
  Completeness out;
  out.current = count(versions([&](bson::Writer& w) { w.append("$gte", version); }));
  out.without = count(versions([](bson::Writer& w) { w.append("$exists", false); }));
  out.older = count(versions([&](bson::Writer& w) {
    w.append("$exists", true).begin_document("$not").append("$gte", version).end();
  }));
  return out;
}

}  // namespace quire::migrate
