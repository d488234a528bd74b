#include <algorithm>

#include "importer/cell_identity.hpp"
#include "importer/row_writer.hpp"

namespace quire::importer {
namespace {

using Kind = Cell::Kind;

bool is_integer(const Cell& cell) noexcept {
  return cell.kind == Kind::int32 || cell.kind == Kind::int64;
}

bool equal(const Cell& a, const Cell& b) {
  if (a.is_null() || b.is_null()) return false;
  if (same_cell(a, b)) return true;
  std::string left, right;
  append_identity(left, a);
  append_identity(right, b);
  return left == right;
}

}  // namespace

bool same_cell(const Cell& a, const Cell& b) noexcept {
  if (is_integer(a) && is_integer(b)) return a.integer == b.integer;
  if (a.kind != b.kind) return a.is_null() && b.is_null();
  switch (a.kind) {
    case Kind::null:
    case Kind::absent:
      return true;
    case Kind::boolean:
    case Kind::instant:
    case Kind::wall_time:
    case Kind::date:
    case Kind::time:
      return a.integer == b.integer;
    case Kind::uint64:
      return a.unsigned_integer == b.unsigned_integer;
    case Kind::real:
      return a.real == b.real;
    case Kind::uuid:
      return a.uuid == b.uuid;
    default:
      return a.text == b.text;
  }
}

bool belongs(std::span<const Cell> child, std::span<const Cell> parent, std::size_t before,
             const std::vector<std::size_t>& key) noexcept {
  for (std::size_t i = 0; i < before; ++i) {
    if (!same_cell(child[i], parent[i])) return false;
  }
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (!same_cell(child[before + i], parent[key[i]])) return false;
  }
  return true;
}

ChildRows::ChildRows(const ChildProgram& program, SourceSession& session,
                     const std::optional<bson::Value>& after,
                     const std::optional<bson::Value>& until, std::span<const bson::Value> keys)
    : program_(program) {
  RowQuery query = program.query;
  query.after = after;
  query.until = until;
  query.keys = keys;
  reader_ = session.read(query);
  children_.reserve(program.program.children.size());
  for (const ChildProgram& one : program.program.children)
    children_.emplace_back(one, session, after, until, keys);
  advance();
}

ChildRows::ChildRows(const ChildProgram& program, std::unique_ptr<RowReader> reader,
                     std::vector<ChildRows> children)
    : program_(program), reader_(std::move(reader)), children_(std::move(children)) {
  advance();
}

bool ChildRows::has_made(std::span<const Cell> parent) const {
  return std::all_of(program_.made.begin(), program_.made.end(), [&](const auto& both) {
    return equal(row_[both.first], parent[both.second]);
  });
}

void ChildRows::skip_row() {
  for (ChildRows& one : children_) one.skip_of(row_, program_.program);
  advance();
}

void ChildRows::skip_of(std::span<const Cell> parent, const Program& program) {
  while (!row_.empty() && belongs(row_, parent, program.owners, program.key)) skip_row();
}

void ChildRows::skip(std::span<const Cell> parent, const std::vector<std::size_t>& key) {
  while (!row_.empty() && belongs(row_, parent, 0, key)) advance();
  for (ChildRows& one : children_) one.skip(parent, key);
}

void ChildRows::skip_orphans(std::span<const Cell> parent, const std::vector<std::size_t>& key) {
  if (key.size() != 1 || !is_integer(parent[key[0]])) return;
  const std::int64_t number = parent[key[0]].integer;
  while (!row_.empty() && is_integer(row_[0]) && row_[0].integer < number) advance();
  for (ChildRows& one : children_) one.skip_orphans(parent, key);
}

void ChildRows::expect_end(std::size_t key_columns) const {
  for (const ChildRows& one : children_) one.expect_end(key_columns);
  if (row_.empty() || (key_columns == 1 && is_integer(row_[0]))) return;
  throw ImportError(ErrorCode::source_changed,
                    "rows of the table \"" + program_.program.table +
                        "\" belong to none that was read: the source was written meanwhile; read "
                        "this part again");
}

}  // namespace quire::importer
