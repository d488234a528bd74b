#include "store/embedded/storage/row_source.hpp"

#include "core/sqlite_page_map.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/storage/checksum.hpp"

namespace quire::store::embedded {

namespace {
/// A look-up, not a reading in passing.
constexpr std::int64_t few_rows = 64;
}  // namespace

void verify_row(Statement& row) {
  const auto body = row.blob(1);
  const auto sum = static_cast<std::uint32_t>(row.integer(2));
  if (body_sum(row.blob(3), body) != sum)
    throw StoreError(ErrorCode::corrupt, "the checksum of row " + std::to_string(row.integer(0)) +
                                             " is wrong; run check() and restore a backup");
}

RowSource::RowSource(Connection& connection, const CollectionMeta& collection, Plan plan,
                     bool verify)
    : connection_(connection), cid_(collection.cid), plan_(std::move(plan)), verify_(verify) {
  dedupe_ = plan_.kind == Plan::Kind::index &&
            (plan_.index->multikey || plan_.index->spec.wildcard() != nullptr);
}

void RowSource::stop() noexcept {
  if (active_) statement_->reset();
  active_ = false;
}

Statement& RowSource::row(RowSql what) {
  Statement& kept = connection_.row_statement(cid_, what);
  if (!kept.is_busy()) [[likely]]
    return kept;
  own_ = connection_.own_row_statement(cid_, what);
  return own_;
}

Statement& RowSource::key(KeySql what) {
  Statement& kept = connection_.key_statement(cid_, plan_.index->iid, what);
  if (!kept.is_busy()) [[likely]]
    return kept;
  own_ = connection_.own_key_statement(cid_, plan_.index->iid, what);
  return own_;
}

bool RowSource::start_range() {
  switch (plan_.kind) {
    case Plan::Kind::nothing:
      return false;
    case Plan::Kind::scan:
      if (range_ > 0) return false;
      statement_ = &row(plan_.backwards ? RowSql::scan_down : RowSql::scan);
      break;
    case Plan::Kind::id_point:
      if (range_ > 0) return false;
      statement_ = &row(RowSql::by_id);
      statement_->bind(1, std::string_view(plan_.ranges[0].low));
      break;
    default: {
      if (range_ >= plan_.ranges.size()) return false;
      const auto& range = plan_.ranges[plan_.backwards ? plan_.ranges.size() - 1 - range_ : range_];
      if (plan_.kind == Plan::Kind::id_range) {
        const RowSql what = range.to_end
                                ? (plan_.backwards ? RowSql::id_down_from : RowSql::id_up_from)
                                : (plan_.backwards ? RowSql::id_down : RowSql::id_up);
        statement_ = &row(what);
      } else {
        const KeySql what = range.to_end ? (plan_.backwards ? KeySql::down_from : KeySql::up_from)
                                         : (plan_.backwards ? KeySql::down : KeySql::up);
        statement_ = &key(what);
      }
      statement_->bind(1, std::string_view(range.low));
      if (!range.to_end) statement_->bind(2, std::string_view(range.high));
    }
  }
  ++range_;
  active_ = true;
  return true;
}

bool RowSource::next() {
  for (;;) {
    if (!active_ && !start_range()) return false;
    bool row = false;
    try {
      row = statement_->step();
    } catch (...) {
      active_ = false;
      throw;
    }
    if (!row) {
      active_ = false;
      continue;
    }
    if (plan_.kind != Plan::Kind::scan) ++keys_;
    if (dedupe_ && !seen_.insert(rid()).second) continue;
    if (++rows_ > few_rows) {
      page_map::went_over(connection_.handle(), plan_.kind == Plan::Kind::scan
                                                    ? statement_->blob(1).size()
                                                    : page_map::scattered_row);
    }
    if (verify_) verify_row(*statement_);
    return true;
  }
}

}  // namespace quire::store::embedded
