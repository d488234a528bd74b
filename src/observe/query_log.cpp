#include "quire/observe/query_log.hpp"

#include <algorithm>
#include <mutex>
#include <tuple>
#include <unordered_map>

#include "quire/core/error.hpp"
#include "quire/observe/shape.hpp"

namespace quire::observe {

using bson::View;

struct QueryLog::Records {
  mutable std::mutex mutex;
  std::unordered_map<std::string, QueryShape> shapes;
  std::size_t most = 0;
  std::uint64_t left_out = 0;
};

namespace {

/// Whether the command finds documents by a filter that the event shows.
bool is_query(const store::CommandEvent& event) noexcept {
  const auto command = event.command;
  if (command == "find" || command == "update" || command == "delete" ||
      command == "findAndModify" || command == "distinct")
    return true;
  return !event.filter.empty() &&
         (command == "count" || command == "aggregate" || command == "bulkWrite");
}

std::vector<SortField> sort_of(View sort) {
  std::vector<SortField> out;
  for (const auto& field : sort) {
    const auto v = field.value;
    const double direction = v.type() == bson::Type::int32     ? v.as_int32()
                             : v.type() == bson::Type::int64   ? static_cast<double>(v.as_int64())
                             : v.type() == bson::Type::double_ ? v.as_double()
                                                               : 0;
    if (direction == 0 || field.key.starts_with('$') || out.size() == 32) return {};
    out.push_back({std::string(field.key), direction < 0 ? -1 : 1});
  }
  return out;
}

}  // namespace

QueryLog::QueryLog(QueryLogOptions options) : records_(std::make_unique<Records>()) {
  if (options.max_shapes < 1 || options.max_shapes > 100'000) {
    throw StoreError(
        ErrorCode::invalid_argument, FieldPath("max_shapes"),
        "the number of shapes is " + std::to_string(options.max_shapes) + "; give 1 to 100000");
  }
  records_->most = options.max_shapes;
}

QueryLog::~QueryLog() = default;

void QueryLog::on_command(const store::CommandEvent& event) noexcept {
  if (!is_query(event) || event.collection.empty()) return;
  if (!event.ok && event.code != ErrorCode::timeout) return;
  try {
    const std::string filter = filter_shape(event.filter);
    const std::string sort = sort_shape(event.sort);
    std::string key;
    for (const std::string_view part :
         {event.database, event.collection, std::string_view(filter), std::string_view(sort)}) {
      key += part;
      key += '\0';
    }
    const std::lock_guard lock(records_->mutex);
    auto found = records_->shapes.find(key);
    if (found == records_->shapes.end()) {
      if (records_->shapes.size() >= records_->most) {
        ++records_->left_out;
        return;
      }
      QueryShape made;
      made.database = event.database;
      made.collection = event.collection;
      made.filter = filter;
      made.sort_shape = sort;
      auto needs = needs_of(event.filter);
      made.needs = std::move(needs.needs);
      made.any_of = std::move(needs.any_of);
      made.sort = sort_of(event.sort);
      found = records_->shapes.emplace(std::move(key), std::move(made)).first;
    }
    QueryShape& shape = found->second;
    ++shape.count;
    shape.total += event.duration;
    shape.longest = std::max(shape.longest, event.duration);
  } catch (...) {  // no memory, or bytes that are no BSON: one query less is known
  }
}

std::vector<QueryShape> QueryLog::shapes(std::string_view database) const {
  std::vector<QueryShape> out;
  {
    const std::lock_guard lock(records_->mutex);
    for (const auto& [key, shape] : records_->shapes) {
      if (database.empty() || shape.database == database) out.push_back(shape);
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::tie(b.total, a.database, a.collection, a.filter, a.sort_shape) <
           std::tie(a.total, b.database, b.collection, b.filter, b.sort_shape);
  });
  return out;
}

std::uint64_t QueryLog::left_out() const noexcept {
  const std::lock_guard lock(records_->mutex);
  return records_->left_out;
}

void QueryLog::clear() {
  const std::lock_guard lock(records_->mutex);
  records_->shapes.clear();
  records_->left_out = 0;
}

}  // namespace quire::observe
