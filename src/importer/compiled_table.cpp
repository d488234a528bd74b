#include "importer/compiled_table.hpp"

#include "importer/mapping_json.hpp"
#include "importer/names.hpp"
#include "importer/row_feed.hpp"
#include "importer/validate.hpp"
#include "importer/value_text.hpp"

namespace quire::importer {

namespace {

void only_since(Program& program, const RowQuery::Since& since) {
  for (ChildProgram& child : program.children) {
    child.query.since = since;
    only_since(child.program, since);
  }
}

}  // namespace

CompiledTable::CompiledTable(const Mapping& mapping, const TableMapping& table,
                             const Schema& schema, bson::DateTime time_of_import,
                             std::optional<RowQuery::Since> since)
    : impl_(std::make_unique<Impl>()) {
  const std::vector<std::string> problems = problems_of(mapping, table, schema);
  if (!problems.empty()) {
    std::string text = problems[0];
    if (problems.size() > 1)
      text += " (and " + std::to_string(problems.size() - 1) + " more: validate() tells all)";
    throw ImportError(ErrorCode::invalid_mapping, text);
  }
  impl_->types = mapping.types;
  impl_->mapping = table;
  impl_->begun = time_of_import;
  compile(*impl_, mapping, schema);
  if (!since) return;
  impl_->query.since = since;
  only_since(impl_->program, *since);
}

CompiledTable::~CompiledTable() = default;

const TableMapping& CompiledTable::mapping() const noexcept { return impl_->mapping; }
bool CompiledTable::is_of_some() const noexcept { return impl_->query.since.has_value(); }
const std::vector<std::string>& CompiledTable::key() const noexcept { return impl_->key; }
const std::vector<std::string>& CompiledTable::on_insert() const noexcept {
  return impl_->on_insert;
}
std::string CompiledTable::canonical() const {
  return canonical_json(impl_->types, impl_->mapping) + impl_->hashed_of_others;
}
bson::Document CompiledTable::schema_identity() const { return impl_->identity; }

RowQuery CompiledTable::Impl::bounded(const std::optional<bson::Value>& after,
                                      const std::optional<bson::Value>& until) const {
  RowQuery bounds = query;
  bounds.after = after;
  bounds.until = until;
  if (!unpivot) return bounds;
  if (after) bounds.after = part_key(*after, key.size()).row;
  if (until) bounds.until = part_key(*until, key.size()).row;
  return bounds;
}

std::int64_t CompiledTable::count(SourceSession& session, const std::optional<bson::Value>& after,
                                  const std::optional<bson::Value>& until) const {
  const std::int64_t rows = session.count(impl_->bounded(after, until));
  if (!impl_->unpivot) return rows;
  return rows * static_cast<std::int64_t>(impl_->unpivot->parts.size());
}

namespace {

/// The key of the last row of the group that the row with this key is in.
bson::Value end_of_group(const CompiledTable::Impl& table, SourceSession& session,
                         const bson::Value& key) {
  // Read from the row on, joined to the rows that have its group.
  RowQuery query = table.query;
  const auto group = static_cast<std::ptrdiff_t>(table.pivot->group);
  Owner& owner = query.owner.emplace();
  owner.table = query.table;
  owner.key = query.key;
  owner.columns.assign(query.key.begin(), query.key.begin() + group);
  owner.referenced = owner.columns;
  const std::vector<bson::Value> keys = {key};
  query.keys = keys;
  const auto reader = session.read(query);
  bson::Value last = key;
  std::vector<std::size_t> cells;
  for (const std::size_t at : table.program.key)
    cells.push_back(at - table.program.before + owner.key.size());
  for (auto row = reader->next(); !row.empty(); row = reader->next())
    last = key_of_row(row, cells, table.program.key_names);
  return last;
}

}  // namespace

std::optional<bson::Value> CompiledTable::key_at(SourceSession& session,
                                                 const std::optional<bson::Value>& after,
                                                 const std::optional<bson::Value>& until,
                                                 std::int64_t distance) const {
  const RowQuery query = impl_->bounded(after, until);
  if (impl_->unpivot) {
    const auto parts = static_cast<std::int64_t>(impl_->unpivot->parts.size());
    const auto row = session.key_at(query, std::max<std::int64_t>(1, distance / parts));
    if (!row) return std::nullopt;
    bson::Writer out;
    out.append("k", *row);
    out.append("n", static_cast<std::int32_t>(parts - 1));
    return bson::Value(out.finish());
  }
  auto found = session.key_at(query, distance);
  if (!found || !impl_->pivot) return found;
  if (impl_->pivot->group == 0) return std::nullopt;  // one document: nothing to part
  return end_of_group(*impl_, session, *found);
}

PartKey part_key(const bson::Value& key, std::size_t key_columns) {
  if (key.type() != bson::Type::document) return {key, {}};
  const bson::View view = key.view().as_document();
  const auto row = view.find("k");
  const auto part = view.find("n");
  if (!row || !part || view.count() != 2) return {key, {}};
  // Columns may be named so too: their values are no documents.
  if (key_columns > 1 && !row->is_document()) return {key, {}};
  const std::int64_t number =
      part->type() == bson::Type::int32 ? part->as_int32() : part->as_int64();
  return {bson::Value(*row), static_cast<std::int32_t>(number)};
}

bson::Value key_of_row(std::span<const Cell> cells, const std::vector<std::size_t>& key,
                       const std::vector<std::string>& names) {
  if (key.size() == 1) {
    const Cell& cell = cells[key[0]];
    return cell.is_null() ? bson::Value() : key_value(cell);
  }
  bson::Writer out;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const Cell& cell = cells[key[i]];
    if (cell.is_null())
      out.append_null(names[i]);
    else
      out.append(names[i], key_value(cell));
  }
  return out.finish();
}

void append_raw(bson::Writer& out, std::string_view name, const Cell& cell) {
  using Kind = Cell::Kind;
  const bson::View bytes =
      cell.kind == Kind::document || cell.kind == Kind::array
          ? bson::View(reinterpret_cast<const std::uint8_t*>(cell.text.data()), cell.text.size())
          : bson::View{};
  switch (cell.kind) {
    case Kind::null:
    case Kind::absent:
      out.append_null(name);
      return;
    case Kind::document:
      out.append(name, bytes);
      return;
    case Kind::array:
      out.append_array(name, bytes);
      return;
    case Kind::unreadable:
      out.append(name, "unreadable: " + display(cell));
      return;
    default:
      out.append(name, key_value(cell));
  }
}

bson::Document raw_row(const Program& program, std::span<const Cell> cells) {
  constexpr std::size_t most = 4 * 1024 * 1024;  // beside what else a reject holds
  std::size_t size = 0;
  for (const Cell& cell : cells) size += cell.text.size();
  bson::Writer out;
  for (const auto& [name, at] : program.raw) {
    const Cell& cell = cells[at];
    if (size > most && cell.text.size() > 1000)
      out.append(name, display(cell, 1000));
    else
      append_raw(out, name, cell);
  }
  return out.finish();
}

struct MappedReader::Impl {
  std::unique_ptr<RowFeed> feed;
};

MappedReader::MappedReader(const CompiledTable& table, SourceSession& session,
                           std::optional<bson::Value> after, std::optional<bson::Value> until,
                           std::span<const bson::Value> keys)
    : impl_(std::make_unique<Impl>()) {
  FeedBounds bounds{std::move(after), std::move(until), keys};
  const CompiledTable::Impl& compiled = table.impl();
  impl_->feed = compiled.unpivot ? feed_parts(compiled, session, std::move(bounds))
                : compiled.pivot ? feed_groups(compiled, session, std::move(bounds))
                                 : feed_rows(compiled, session, std::move(bounds));
}

MappedReader::~MappedReader() = default;

bool MappedReader::next(MappedRow& row) { return impl_->feed->next(row); }

}  // namespace quire::importer
