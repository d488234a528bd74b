#include "importer/files/csv_records.hpp"

#include <algorithm>

namespace quire::importer::files {

std::size_t CsvSplitter::feed(std::string_view piece) {
  std::size_t at = 0;
  while (at < piece.size() && state_ != State::done) {
    if (state_ == State::quoted) {
      const std::size_t end = piece.find(quote_, at);
      if (end == piece.npos) {
        at = piece.size();
        break;
      }
      at = end + 1;
      state_ = State::behind;
      continue;
    }
    const char c = piece[at++];
    if (c == '\n') {
      state_ = State::done;
    } else if (c == delimiter_) {
      state_ = State::start;
    } else if (quote_ != '\0' && c == quote_ && state_ == State::start) {
      opened_ = fed_ + at - 1;
      state_ = State::quoted;
    } else if (quote_ != '\0' && c == quote_ && state_ == State::behind) {
      state_ = State::quoted;  // doubled
    } else {
      state_ = State::plain;
    }
  }
  fed_ += at;
  return at;
}

std::span<const Cell> CsvFields::parse(std::string_view record) {
  fields_.clear();
  unquoted_.clear();
  unquoted_.reserve(record.size());
  std::size_t at = 0;
  while (true) {
    const bool quote = place_.quote != '\0' && at < record.size() && record[at] == place_.quote;
    at = quote ? quoted(record, at) : plain(record, at);
    if (at == record.size()) break;
    ++at;  // the delimiter
  }
  return fields_;
}

std::size_t CsvFields::plain(std::string_view record, std::size_t at) {
  const std::size_t end = std::min(record.find(place_.delimiter, at), record.size());
  const std::string_view field = record.substr(at, end - at);
  if (place_.quote != '\0') {
    if (const auto stray = field.find(place_.quote); stray != field.npos)
      throw Fault{at + stray, "a quote within a field that has none around it"};
  }
  fields_.push_back(field == place_.null_text ? Cell{} : Cell::of_text(Cell::Kind::text, field));
  return end;
}

std::size_t CsvFields::quoted(std::string_view record, std::size_t at) {
  const std::size_t start = ++at;
  std::size_t end = record.find(place_.quote, at);
  if (end == record.npos) throw Fault{start - 1, "a quoted field that does not end"};
  std::string_view field = record.substr(start, end - start);
  if (end + 1 < record.size() && record[end + 1] == place_.quote) {
    const std::size_t made = unquoted_.size();
    while (true) {
      unquoted_.append(record, at, end - at);
      at = end + 1;
      if (at == record.size() || record[at] != place_.quote) break;
      unquoted_.push_back(place_.quote);
      end = record.find(place_.quote, ++at);
      if (end == record.npos) throw Fault{start - 1, "a quoted field that does not end"};
    }
    field = std::string_view(unquoted_).substr(made);
  }
  fields_.push_back(Cell::of_text(Cell::Kind::text, field));
  ++end;
  if (end < record.size() && record[end] != place_.delimiter)
    throw Fault{end, "text behind the closing quote of a field"};
  return end;
}

bool CsvRecords::seek(const RecordPlace& place) {
  try {
    if (!begun_) begin();
  } catch (...) {
    return false;  // told where the file is read from its start
  }
  return TextRecords::seek(place);
}

/// The record's text without its line break.
std::string_view CsvRecords::line() const {
  std::string_view out = text();
  if (out.ends_with('\n')) out.remove_suffix(1);
  if (out.ends_with('\r')) out.remove_suffix(1);
  return out;
}

void CsvRecords::begin() {
  set_place();
  window_.skip_mark();
  std::span<const Cell> fields;
  try {
    if (!find_line()) {
      begun_ = true;
      return;
    }
    fields = fields_.parse(line());
  } catch (const CsvFields::Fault& fault) {
    ended_ = true;
    throw Unreadable{fault.offset, std::string("in the header: ") + fault.why};
  } catch (const Unreadable&) {
    ended_ = true;  // without a header nothing behind it has a meaning
    throw;
  }
  for (const Cell& field : fields) {
    const std::string_view given = options_.header ? field.text : std::string_view{};
    std::string name = !given.empty() && bson::is_utf8(given) && given.find('\0') == given.npos
                           ? std::string(given)
                           : "column_" + std::to_string(header_.size() + 1);
    const std::string wanted = name;
    for (int n = 2; std::find(header_.begin(), header_.end(), name) != header_.end(); ++n)
      name = wanted + "_" + std::to_string(n);
    header_.push_back(std::move(name));
  }
  begun_ = true;
  if (options_.header) advance_behind();
}

bool CsvRecords::find() {
  if (!begun_) {
    begin();
    if (!options_.header) return length_ > 0;  // it found the first record too
  } else {
    advance_behind();
  }
  return find_line();
}

/// An empty line is a record only where records have one field.
bool CsvRecords::find_line() {
  while (true) {
    advance_behind();
    set_place();
    splitter_.reset();
    while (true) {
      length_ += splitter_.feed(window_.held().substr(length_));
      if (splitter_.done()) break;
      if (length_ > most_text && splitter_.quoted()) leave_open_quote();
      if (length_ > most_text) pass_long_line();
      if (window_.more()) continue;
      if (splitter_.quoted()) leave_open_quote();
      if (length_ == 0) return false;
      break;
    }
    if (!line().empty() || header_.size() == 1) return true;
  }
}

/// Its quote may be the wrong one: what follows is read again from the next line on.
void CsvRecords::leave_open_quote() {
  length_ = std::min(text().find('\n'), text().size() - 1) + 1;
  throw Unreadable{splitter_.opened(), "a quoted field that does not end"};
}

void CsvRecords::pass_long_line() {
  while (true) {
    advance_behind();
    length_ = splitter_.feed(window_.held());
    if (splitter_.done() || (length_ == window_.held().size() && !window_.more())) break;
  }
  advance_behind();
  throw Unreadable{0, "a record longer than " + std::to_string(most_text / 1024 / 1024) + " MiB"};
}

void CsvRecords::take(RecordVisitor& visitor) {
  std::span<const Cell> fields;
  try {
    fields = fields_.parse(line());
  } catch (const CsvFields::Fault& fault) {
    throw Unreadable{fault.offset, fault.why};
  }
  if (fields.size() != header_.size())
    throw Unreadable{0, std::to_string(fields.size()) + " fields where the " +
                            (options_.header ? "header" : "first line") + " has " +
                            std::to_string(header_.size())};
  visitor.line(fields, header_);
}

}  // namespace quire::importer::files
