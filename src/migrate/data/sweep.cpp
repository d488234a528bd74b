// A later pass: documents of the target whose rows are gone from the source.
#include <algorithm>

#include "migrate/data/data_run.hpp"
#include "migrate/data/stamp.hpp"
#include "migrate/documents.hpp"
#include "migrate/pages.hpp"
#include "quire/bson/json.hpp"

namespace quire::migrate::data {
namespace {

constexpr std::size_t most_named = 20;

}  // namespace

std::int64_t DataRun::sweep(Edited edited, RowSource& whole) {
  const bson::Document mine = of_job(options_.name);
  const auto side = whole.open();
  WalkOptions walk;
  walk.wanted = mine;
  walk.batch_documents = 1000;
  walk.from_primary = walk.one_reply = true;
  Pages pages(to_, options_.into, walk);
  std::int64_t removed = 0, kept = 0;
  std::string named;
  for (bool end = false; !end && !options_.stop.stop_requested();) {
    const WalkBatch page = pages.next();
    end = page.end;
    std::vector<bson::Value> keys;
    for (const auto& document : page.documents) {
      const auto stamp = Stamp::of(document);
      keys.push_back(stamp ? stamp->key_of(document) : bson::Value(document["_id"]));
    }
    std::vector<std::string> there;
    for (const auto& row : side->find(keys)) there.push_back(key_text(row.key()));
    std::sort(there.begin(), there.end());
    for (std::size_t i = 0; i < page.documents.size(); ++i) {
      const bson::Document& document = page.documents[i];
      if (std::binary_search(there.begin(), there.end(), key_text(keys[i]))) continue;
      const auto stamp = Stamp::of(document);
      if (edited != Edited::overwrite && (!stamp || !is_as_written(document, *stamp))) {
        if (static_cast<std::size_t>(++kept) <= most_named)
          named += (named.empty() ? "" : ", ") + bson::to_json(document["_id"]);
        continue;
      }
      removed += to_.store().remove(to_.ns(options_.into), exactly(document),
                                    safe<store::RemoveOptions>());
    }
  }
  if (kept > 0)
    report_.warnings.push_back(
        std::to_string(kept) + (kept == 1 ? " document that was" : " documents that were") +
        " edited since stay though the source has them no longer: _id " + named);
  return removed;
}

}  // namespace quire::migrate::data
