#include "importer/changed_rows.hpp"

#include <limits>

#include "importer/time_text.hpp"
#include "migrate/documents.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::importer {
namespace {

using Kind = Cell::Kind;
using migrate::safe;

constexpr std::int64_t micros = 1'000'000;
constexpr std::int64_t day_seconds = 86'400;
constexpr std::int64_t longest = 100 * 366 * day_seconds;

std::int64_t less(std::int64_t value, std::int64_t margin) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  return value < least + margin ? least : value - margin;
}

/// As `like` is written, without what comes behind the second: a shorter text is a lower one.
std::string written_as(std::string_view like, std::int64_t moment) {
  constexpr std::size_t date = 10, second = 19;
  std::string out;
  append_moment(out, moment - (moment % micros + micros) % micros,
                like.size() > date ? like[date] : ' ');
  return out.substr(0, like.size() > date ? second : date);
}

PassStart read(bson::View found) {
  PassStart out;
  const auto list = found.find("fingerprints");
  if (list && list->is_array()) {
    for (const auto& one : list->as_array())
      out.fingerprints.emplace_back(one.value.is_string() ? one.value.as_string() : "");
  }
  out.column = migrate::get_text(found, "column");
  if (const auto bound = found.find("bound")) out.bound.emplace(*bound);
  if (const auto since = found.find("since")) out.since.emplace(*since);
  return out;
}

bson::Document written(const std::string& job, std::int64_t epoch, const PassStart& start) {
  bson::Writer w;
  w.append("kind", "import-part").append("job", job).append("epoch", epoch);
  w.begin_array("fingerprints");
  for (const std::string& one : start.fingerprints) w.push(one);
  w.end();
  if (!start.column.empty()) w.append("column", start.column);
  if (start.bound) w.append("bound", *start.bound);
  if (start.since) w.append("since", *start.since);
  return w.finish();
}

/// A pass that others began.
PassStart join(Database& to, bson::View key, bson::View found, const PassStart& now) {
  if (now.bound && found.contains("bound")) {
    bson::Writer update;
    update.begin_document("$min").append("bound", *now.bound).end();
    const bson::Document body = update.finish();
    (void)to.store().update(to.ns(migrate::jobs_collection), key, {body.view()},
                            safe<store::UpdateOptions>());
  }
  PassStart out = read(found);
  if (out.fingerprints.size() != now.fingerprints.size()) out.fingerprints = now.fingerprints;
  return out;
}

/// Who began the pass died before any row was read, and now all rows are asked for.
void take_all_rows(Database& to, bson::View key) {
  bson::Writer update;
  update.begin_document("$unset").append("since", "").end();
  const bson::Document body = update.finish();
  (void)to.store().update(to.ns(migrate::jobs_collection), key, {body.view()},
                          safe<store::UpdateOptions>());
}

}  // namespace

bool rises(const Column& column) noexcept {
  switch (column.type) {
    case ColumnType::int32:
    case ColumnType::int64:
    case ColumnType::uint64:
    case ColumnType::instant:
    case ColumnType::wall_time:
    case ColumnType::date:
    case ColumnType::text:
    case ColumnType::any:
      return true;
    default:
      return false;
  }
}

std::optional<bson::Value> lowered(const Cell& cell, std::int64_t margin) {
  const std::int64_t seconds = std::min(margin, longest);
  Cell lower = cell;
  switch (cell.kind) {
    case Kind::int32:
    case Kind::int64:
      return bson::Value(less(cell.integer, margin));
    case Kind::uint64: {
      const auto by = static_cast<std::uint64_t>(margin);
      lower.unsigned_integer = cell.unsigned_integer < by ? 0 : cell.unsigned_integer - by;
      return key_value(lower);
    }
    case Kind::instant:
    case Kind::wall_time:
      if (!cell.text.empty()) break;  // it is compared as text
      lower.integer = less(cell.integer, seconds * micros);
      return key_value(lower);
    case Kind::date:
      if (!cell.text.empty()) break;
      lower.integer = cell.integer - (seconds + day_seconds - 1) / day_seconds;
      return key_value(lower);
    case Kind::text:
      break;
    default:
      return std::nullopt;
  }
  const auto time = parse_time(cell.text);
  if (!time) return std::nullopt;
  return bson::Value(written_as(cell.text, less(time->micros, seconds * micros)));
}

std::optional<bson::Value> lowered_highest(SourceSession& session, const std::string& table,
                                           const ChangeColumn& rule) {
  RowQuery query;
  query.table = table;
  query.columns = {rule.column};
  query.highest_of = rule.column;
  query.limit = 1;
  const auto reader = session.read(query);
  const auto row = reader->next();
  if (row.empty()) return std::nullopt;
  return lowered(row[0], rule.margin);
}

PassStart begin_pass(Database& to, const std::string& job, std::int64_t epoch, bool is_begun,
                     const PassStart& now, bool by_change) {
  const std::string id = "import-part:" + job;
  const bson::Document key = bson::make_document("_id", id);
  for (int round = 0;; ++round) {
    const auto found = migrate::find_document(to, migrate::jobs_collection, key);
    if (found && migrate::get_int(*found, "epoch") == epoch) {
      if (is_begun || by_change || !found->contains("since")) return join(to, key, *found, now);
      take_all_rows(to, key);
      continue;
    }
    PassStart start = now;
    if (found && by_change && migrate::get_int(*found, "epoch") == epoch - 1 &&
        migrate::get_text(*found, "column") == now.column)
      start.since = read(*found).bound;
    bson::Writer filter;
    filter.append("_id", id).begin_document("epoch").append("$ne", epoch).end();
    const bson::Document where = filter.finish();
    const bson::Document body = written(job, epoch, start);
    store::BulkOperation one;
    one.kind = store::BulkOperation::Kind::replace_one;
    one.filter = where;
    one.document = body;
    one.upsert = true;
    const auto result = to.store().bulk_write(to.ns(migrate::jobs_collection), {&one, 1},
                                              safe<store::BulkOptions>());
    if (result.errors.empty()) return start;
    // Another process began it in this moment.
    const Error& error = result.errors.front().error;
    if (error.code() != ErrorCode::duplicate_key || round > 3) throw error;
  }
}

}  // namespace quire::importer
