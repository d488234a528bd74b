#include "importer/row_feed.hpp"

#include <utility>

#include "importer/names.hpp"

namespace quire::importer {
namespace {

void keep(MappedRow& row, bson::View document) {
  // The bytes of the row before serve again, where its reader left them.
  bson::Buffer bytes = row.document ? row.document->release() : bson::Buffer{};
  bytes.clear();
  bytes.append(document.data(), document.size());
  row.document.emplace(std::move(bytes));
}

/// Of a table without unpivot or pivot: one row, one document, children inside.
class PlainFeed final : public RowFeed {
 public:
  PlainFeed(const CompiledTable::Impl& table, SourceSession& session, const FeedBounds& bounds)
      : RowFeed(table, session) {
    RowQuery query = table.query;
    query.after = bounds.after;
    query.until = bounds.until;
    query.keys = bounds.keys;
    reader_ = session.read(query);
    children_.reserve(table.program.children.size());
    for (const ChildProgram& child : table.program.children)
      children_.emplace_back(child, session, bounds.after, bounds.until, bounds.keys);
  }

  bool next(MappedRow& row) override {
    if (ended_) return false;
    const auto cells = reader_->next();
    const Program& program = table_.program;
    if (cells.empty()) {
      ended_ = true;
      for (const ChildRows& child : children_) child.expect_end(program.key.size());
      return false;
    }
    for (ChildRows& child : children_) child.skip_orphans(cells, program.key);
    RowWriter::Input input;
    input.cells = cells;
    input.children = &children_;
    if (!map(row, input)) {
      for (ChildRows& child : children_) child.skip(cells, program.key);
    }
    return true;
  }

 private:
  std::unique_ptr<RowReader> reader_;
  std::vector<ChildRows> children_;
  bool ended_ = false;
};

}  // namespace

bool RowFeed::map(MappedRow& row, const RowWriter::Input& input) {
  const Program& program = table_.program;
  row.failure.reset();
  row.stage.clear();
  row.raw = {};
  row.key = {};  // of the row before
  try {
    row.key = key_of_row(input.cells, program.key, program.key_names);
    const bson::View document = writer_.write(program, input);
    if (document.size() > bson::max_document_bytes)
      throw ImportError(ErrorCode::document_too_large, program.table + ": the document has " +
                                                           std::to_string(document.size()) +
                                                           " bytes; at most 16 MiB can be stored");
    if (table_.mapping.check) table_.mapping.check(document);
    keep(row, document);
    return true;
  } catch (const Error& error) {
    put_aside(row, error, input.cells);
  } catch (const std::exception& error) {  // of a check that is the application's own
    put_aside(row, ImportError(ErrorCode::unreadable_value, program.table + ": " + error.what()),
              input.cells);
  }
  return false;
}

void RowFeed::put_aside(MappedRow& row, const Error& error, std::span<const Cell> cells) {
  row.document.reset();
  row.stage = dynamic_cast<const UnreadableCell*>(&error) != nullptr ? "read" : "map";
  row.failure.emplace(error.code(), error.path(), error.detail(), error.backend_code());
  row.raw = raw_row(table_.program, cells);
  if (const auto& child = writer_.failed_child()) {
    bson::Writer out;
    out.append_all(row.raw.view());
    out.append(child->first, child->second);
    row.raw = out.finish();
  }
}

std::unique_ptr<RowFeed> feed_rows(const CompiledTable::Impl& table, SourceSession& session,
                                   FeedBounds bounds) {
  return std::make_unique<PlainFeed>(table, session, bounds);
}

}  // namespace quire::importer
