#include "importer/orphans.hpp"

#include "importer/cell_identity.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

constexpr std::size_t page = 500;
constexpr std::size_t most_remembered = 100'000;
/// So many values are asked for alone before "not found" is believed without it.
constexpr std::int64_t most_asked_alone = 1000;

std::string identity_of(std::span<const Cell> row, const std::vector<std::size_t>& cells) {
  std::string out;
  for (const std::size_t at : cells) append_identity(out, row[at]);
  return out;
}

}  // namespace

OrphanSearch::OrphanSearch(SourceSession& session, const ForeignKey& key,
                           std::vector<std::size_t> cells, std::size_t examples)
    : session_(session), cells_(std::move(cells)), most_(examples) {
  out_.key = key;
}

bson::Value OrphanSearch::value_of(std::span<const Cell> row) const {
  if (cells_.size() == 1) return key_value(row[cells_[0]]);
  bson::Writer out;
  for (std::size_t i = 0; i < cells_.size(); ++i)
    out.append(out_.key.referenced[i], key_value(row[cells_[i]]));
  return out.finish();
}

void OrphanSearch::add(std::span<const Cell> row) {
  if (!out_.unknown.empty()) return;
  for (const std::size_t at : cells_) {
    if (row[at].is_null()) return;  // it refers to nothing
  }
  std::string identity = identity_of(row, cells_);
  if (there_.contains(identity)) return;
  if (missing_.contains(identity)) {
    ++out_.orphans;
    return;
  }
  try {
    if (++waiting_[identity] > 1) return;
    std::string text;
    for (const std::size_t at : cells_) text += (text.empty() ? "" : ", ") + display(row[at], 60);
    wanted_.push_back({std::move(identity), value_of(row), std::move(text)});
    if (wanted_.size() >= page) look_up();
  } catch (const Error& error) {
    out_.unknown = error.detail();
  }
}

RowQuery OrphanSearch::query() const {
  RowQuery out;
  out.table = out_.key.table;
  out.columns = out_.key.referenced;
  out.key = out_.key.referenced;
  return out;
}

bool OrphanSearch::is_there(const bson::Value& value) {
  if (!found_alone_ && asked_alone_ >= most_asked_alone) return false;
  ++asked_alone_;
  RowQuery one = query();
  one.keys = {&value, 1};
  const bool found = session_.count(one) > 0;
  found_alone_ = found_alone_ || found;
  return found;
}

void OrphanSearch::look_up() {
  if (wanted_.empty()) return;
  std::vector<bson::Value> values;
  for (const Wanted& one : wanted_) values.push_back(one.value);
  RowQuery all = query();
  all.keys = values;
  std::unordered_set<std::string> found;
  std::vector<std::size_t> cells;
  for (std::size_t i = 0; i < out_.key.referenced.size(); ++i) cells.push_back(i);
  {
    const auto rows = session_.read(all);
    for (auto row = rows->next(); !row.empty(); row = rows->next())
      found.insert(identity_of(row, cells));
  }
  if (there_.size() + missing_.size() > most_remembered) {
    there_.clear();
    missing_.clear();
  }
  for (Wanted& one : wanted_) {
    if (found.contains(one.identity) || is_there(one.value)) {
      there_.insert(std::move(one.identity));
      continue;
    }
    out_.orphans += waiting_[one.identity];
    if (out_.examples.size() < most_) out_.examples.push_back(one.text);
    missing_.insert(std::move(one.identity));
  }
  wanted_.clear();
  waiting_.clear();
}

AuditRelation OrphanSearch::finish() {
  try {
    if (out_.unknown.empty()) look_up();
  } catch (const Error& error) {
    out_.unknown = error.detail();
  }
  return std::move(out_);
}

}  // namespace quire::importer
