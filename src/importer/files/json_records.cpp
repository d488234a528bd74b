#include "importer/files/json_records.hpp"

namespace quire::importer::files {
namespace {

const std::string too_long = "longer than " + std::to_string(most_text / 1024 / 1024) + " MiB";

}  // namespace

void JsonText::take(RecordVisitor& visitor) {
  try {
    visitor.document(convert_.convert(text()));
  } catch (const JsonFault& fault) {
    throw Unreadable{fault.offset, fault.why};
  }
}

bool LineRecords::seek(const RecordPlace& place) {
  if (!TextRecords::seek(place)) return false;
  begun_ = true;
  return true;
}

bool LineRecords::find() {
  advance_behind();
  set_place();
  if (!begun_) window_.skip_mark();
  begun_ = true;
  if (!skip_space()) return false;
  set_place();
  std::size_t looked = 0;
  while (true) {
    const std::size_t end = window_.held().find('\n', looked);
    if (end != std::string_view::npos) {
      length_ = end;
      return true;
    }
    looked = length_ = window_.held().size();
    if (looked > most_text) return pass_long_line();
    if (!window_.more()) return true;
  }
}

bool LineRecords::pass_long_line() {
  length_ = 0;
  do {
    const std::size_t end = window_.held().find('\n');
    advance(std::min(end, window_.held().size()));
    if (end != std::string_view::npos) break;
  } while (window_.more());
  throw Unreadable{0, "a line " + too_long};
}

bool JsonRecords::seek(const RecordPlace& place) {
  if (!TextRecords::seek(place)) return false;
  state_ = place.number == 1 ? State::start : State::element;
  if (place.number == 1) return TextRecords::seek({1, 1, 0, 0});
  return true;
}

void JsonRecords::stop(const char* why) {
  ended_ = true;
  throw Unreadable{0, why};
}

bool JsonRecords::find() {
  advance_behind();
  set_place();
  switch (state_) {
    case State::start:
      return find_start();
    case State::first:
      if (skip_space() && window_.held()[0] == ']') return find_behind();
      return find_value();
    case State::element:
      return find_value();
    case State::behind:
      return find_behind();
    case State::closed:
      return find_end("text behind the array");
    case State::lone:
      return find_end("text behind the document; files of many lines are ndjson:PATH");
  }
  return false;
}

bool JsonRecords::find_start() {
  window_.skip_mark();
  if (single_) return find_whole();
  const bool any = skip_space();
  set_place();
  if (!any) stop("the file is empty: a JSON array or object is expected");
  if (window_.held()[0] == '{') {
    state_ = State::lone;
    return find_value();
  }
  if (window_.held()[0] != '[') stop("neither a JSON array nor a JSON object");
  advance(1);
  state_ = State::first;
  return find();
}

bool JsonRecords::find_behind() {
  const bool any = skip_space();
  set_place();
  if (!any) stop("the file ends, and the array is not closed");
  const char c = window_.held()[0];
  if (c == ']') {
    advance(1);
    return find_end("text behind the array");
  }
  if (c != ',') stop("a comma or ] is expected; what follows is not read");
  advance(1);
  return find_value();
}

bool JsonRecords::find_end(const char* what) {
  state_ = State::closed;
  if (!skip_space()) return false;
  set_place();
  stop(what);
}

bool JsonRecords::find_value() {
  const bool any = skip_space();
  set_place();
  if (state_ != State::lone) state_ = State::behind;
  if (!any) stop("the file ends, and the array is not closed");
  if (window_.held()[0] == ']') throw Unreadable{0, "a value is expected"};
  splitter_.reset();
  bool long_one = false;
  while (true) {
    length_ += splitter_.feed(window_.held().substr(length_));
    if (splitter_.done()) break;
    if (length_ > most_text) {
      long_one = true;
      advance_behind();
    }
    if (window_.more()) continue;
    ended_ = true;
    throw Unreadable{length_, "the file ends within a value"};
  }
  if (!long_one) return true;
  advance_behind();
  throw Unreadable{0, "a value " + too_long};
}

bool JsonRecords::find_whole() {
  set_place();
  state_ = State::closed;
  while (window_.more()) {
    length_ = window_.held().size();
    if (length_ > most_text) stop(("a document " + too_long).c_str());
  }
  length_ = window_.held().size();
  ended_ = true;
  return true;
}

}  // namespace quire::importer::files
