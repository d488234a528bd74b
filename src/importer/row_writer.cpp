#include "importer/row_writer.hpp"

#include <array>
#include <charconv>

#include "importer/compiled_table.hpp"
#include "importer/value_text.hpp"
#include "quire/bson/json.hpp"

namespace quire::importer {
namespace {

/// A row as computed fields see it.
class SeenRow final : public RowView {
 public:
  SeenRow(const Program& program, std::span<const Cell> cells, ConvertScratch& scratch)
      : program_(program), cells_(cells), scratch_(scratch) {}

  [[nodiscard]] bson::Value operator[](std::string_view column) const override {
    const Program::Seen& seen = find(column);
    const Cell& cell = cells_[seen.cell];
    if (seen.conversion->is_null(cell)) return {};
    bson::Writer out;
    seen.conversion->append(out, "", cell, scratch_);
    return bson::Value(out.finish_view()[""]);
  }
  [[nodiscard]] std::string text(std::string_view column) const override {
    const Program::Seen& seen = find(column);
    std::string out;
    seen.conversion->append_text(out, cells_[seen.cell], scratch_);
    return out;
  }

 private:
  [[nodiscard]] const Program::Seen& find(std::string_view column) const {
    const auto at = program_.seen.find(std::string(column));
    if (at != program_.seen.end()) return at->second;
    throw ImportError(ErrorCode::table_not_found, "the table \"" + program_.table +
                                                      "\" has no column \"" + std::string(column) +
                                                      "\" for a computed field");
  }
  const Program& program_;
  std::span<const Cell> cells_;
  ConvertScratch& scratch_;
};

}  // namespace

void RowWriter::fail(const FieldStep& field, const std::string& why) const {
  throw ImportError(ErrorCode::unreadable_value, FieldPath(field.path), field.place + ": " + why);
}

void RowWriter::open_pending() {
  for (const std::string_view name : pending_) out_.begin_document(name);
  pending_.clear();
}

bson::View RowWriter::write(const Program& program, const Input& input) {
  out_.reset();
  pending_.clear();
  failed_child_.reset();
  run(program, input);
  return out_.finish_view();
}

void RowWriter::run(const Program& program, const Input& input) {
  using Kind = Step::Kind;
  for (const Step& step : program.steps) {
    switch (step.kind) {
      case Kind::plain: {
        const Cell& cell = input.cells[step.cell];
        if (step.conversion->is_null(cell)) [[unlikely]] {
          null_value(program.fields[step.index], step, cell.kind == Cell::Kind::absent);
        } else {
          flush();
          step.conversion->append(out_, step.name, cell, scratch_);
        }
        break;
      }
      case Kind::field:
        field(program, step, input);
        break;
      case Kind::hash:
        hash(program, input);
        break;
      case Kind::begin:
        pending_.push_back(step.name);
        break;
      case Kind::end:
        if (pending_.empty())
          out_.end();
        else
          pending_.pop_back();
        break;
      case Kind::child:
        child(program, step, input);
        break;
      case Kind::rest:
        rest(input);
        break;
    }
  }
}

void RowWriter::null_value(const FieldStep& field, const Step& step, bool absent) {
  switch (field.null) {
    case NullPolicy::keep:
      if (absent) return;
      flush();
      out_.append_null(step.name);
      return;
    case NullPolicy::omit:
      return;
    case NullPolicy::fallback:
      if (field.fallback == nullptr) return;
      flush();
      out_.append(step.name, *field.fallback);
      return;
    case NullPolicy::reject:
      fail(field, "is null, which the mapping rejects");
  }
}

bson::ValueView RowWriter::converted(const Conversion& conversion, const Cell& cell) {
  aside_.reset();
  conversion.append(aside_, "", cell, scratch_);
  return aside_.finish_view()[""];
}

void RowWriter::replaced(const FieldStep& field, const Step& step, bson::ValueView value) {
  if (field.values) {
    if (const bson::Value* found = field.values->find(value, same_)) {
      value = found->view();
    } else if (field.other == OtherValue::reject) {
      fail(field, "the mapping's `values` do not name " + shortened(bson::to_json(value), 80));
    } else if (field.other == OtherValue::null) {
      value = {};
    } else if (field.other == OtherValue::fallback && field.fallback != nullptr) {
      value = field.fallback->view();
    }
  }
  if (value.is_null()) {
    null_value(field, step, false);
    return;
  }
  flush();
  out_.append(step.name, value);
}

void RowWriter::field(const Program& program, const Step& step, const Input& input) {
  const FieldStep& field = program.fields[step.index];
  switch (field.from) {
    case FieldStep::From::column: {
      const Cell& cell = input.cells[field.cell];
      if (!field.conversion->is_null(cell))
        replaced(field, step, converted(*field.conversion, cell));
      else if (field.values && field.values->find({}, same_) != nullptr)
        replaced(field, step, {});
      else
        null_value(field, step, cell.kind == Cell::Kind::absent);
      return;
    }
    case FieldStep::From::constant:
      flush();
      out_.append(step.name, field.constant);
      return;
    case FieldStep::From::format: {
      text_.clear();
      for (const TemplateStep::Piece& piece : field.format.pieces) {
        text_ += piece.text;
        if (piece.cell) piece.conversion->append_text(text_, input.cells[*piece.cell], scratch_);
      }
      replaced(field, step, converted(*field.conversion, Cell::of_text(Cell::Kind::text, text_)));
      return;
    }
    case FieldStep::From::compute: {
      bson::Value value;
      try {
        value = (*field.compute)(SeenRow(program, input.cells, scratch_));
      } catch (const Error& error) {
        throw ImportError(error.code(), FieldPath(field.path),
                          field.place + " is computed: " + error.detail());
      } catch (const std::exception& error) {
        fail(field, std::string("is computed: ") + error.what());
      }
      replaced(field, step, value);
      return;
    }
    case FieldStep::From::hash: {
      for (const HashStep::Piece& piece : field.hash.pieces) {
        const Cell& cell = input.cells[piece.cell];
        if (cell.is_null()) return null_value(field, step, cell.kind == Cell::Kind::absent);
      }
      const ObjectId id = hash_of(program, field.hash, field.path, input);
      flush();
      out_.append(step.name, id);
      return;
    }
  }
}

void RowWriter::hash(const Program& program, const Input& input) {
  const ObjectId id = hash_of(program, program.id_hash, "_id", input);
  flush();
  out_.append("_id", id);
}

ObjectId RowWriter::hash_of(const Program& program, const HashStep& step, std::string_view path,
                            const Input& input) {
  KeyHash hash(step.table);
  for (const HashStep::Piece& piece : step.pieces) {
    const Cell& cell = input.cells[piece.cell];
    if (cell.kind == Cell::Kind::unreadable)
      throw UnreadableCell(ErrorCode::unreadable_value, FieldPath(std::string(path)),
                           program.table + ": " + display(cell));
    hash.add(cell, piece.as, text_);
  }
  if (step.of_part) hash.add_part(step.part.empty() ? input.part : step.part);
  return hash.finish();
}

void RowWriter::child(const Program& program, const Step& step, const Input& input) {
  ChildRows& rows = (*input.children)[step.index];
  const ChildRule& rule = *rows.program().rule;
  const bool of_made = !rows.program().made.empty();
  const auto mine = [&] {
    while (!rows.row().empty() && belongs(rows.row(), input.cells, program.owners, program.key)) {
      if (!of_made || rows.has_made(input.cells)) return true;
      rows.skip_row();
    }
    return false;
  };
  std::size_t index = 0;
  try {
    if (rule.many) {
      flush();
      out_.begin_array(step.name);
      std::array<char, 20> digits{};
      std::size_t written = 0;
      for (; mine(); ++index) {
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), written).ptr;
        const std::size_t before = out_.size();
        element(rows, {digits.data(), static_cast<std::size_t>(end - digits.data())}, input.part);
        if (out_.size() != before) ++written;
        rows.advance();
      }
      out_.end();
      return;
    }
    if (!mine()) {
      if (!rule.or_null) return;
      flush();
      out_.append_null(step.name);
      return;
    }
    flush();
    element(rows, step.name, input.part);
    rows.advance();
  } catch (const Error& error) {
    if (!failed_child_)
      failed_child_.emplace(rows.program().path, raw_row(rows.program().program, rows.row()));
    FieldPath path = error.path();
    if (rule.many) path.prepend_index(index);
    path.prepend(rule.to);
    if (dynamic_cast<const UnreadableCell*>(&error) != nullptr)
      throw UnreadableCell(error.code(), path, error.detail());
    throw ImportError(error.code(), path, error.detail());
  }
  if (mine())
    throw ImportError(ErrorCode::unreadable_value, FieldPath(rule.to),
                      program.table + ": there is more than one row of \"" + rule.table +
                          "\", where one is expected; `many` takes all");
}

void RowWriter::element(ChildRows& rows, std::string_view name, std::string_view part) {
  const ChildProgram& child = rows.program();
  const Input input{.cells = rows.row(), .children = &rows.children(), .part = part};
  if (child.value) {
    const FieldStep& only = child.program.fields[*child.value];
    Step step{.kind = Step::Kind::field,
              .name = std::string(name),
              .index = *child.value,
              .cell = only.cell,
              .conversion = only.conversion};
    field(child.program, step, input);
    return;
  }
  out_.begin_document(name);
  run(child.program, input);
  out_.end();
}

void RowWriter::rest(const Input& input) {
  for (const auto& [name, cell] : *input.rest) {
    flush();
    if (input.rest_conversion->is_null(cell))
      out_.append_null(name);
    else
      input.rest_conversion->append(out_, name, cell, scratch_);
  }
}

}  // namespace quire::importer
