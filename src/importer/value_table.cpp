#include "importer/value_table.hpp"

#include <array>
#include <charconv>

namespace quire::importer {
namespace {

/// Of "12.50", "1.25E+1" and "12.5" the same: digits without zeros around, and the exponent.
void append_decimal(std::string& out, std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.find_first_of("NI") != text.npos) {  // NaN, Infinity
    (out += negative ? '-' : '+') += text;
    return;
  }
  std::string digits;
  int exponent = 0;
  bool point = false;
  while (!text.empty() && text.front() != 'e' && text.front() != 'E') {
    if (text.front() == '.') {
      point = true;
    } else {
      if (point) --exponent;
      if (!digits.empty() || text.front() != '0') digits += text.front();
    }
    text.remove_prefix(1);
  }
  if (!text.empty()) {
    text.remove_prefix(text.size() > 1 && text[1] == '+' ? 2 : 1);
    int more = 0;
    std::from_chars(text.data(), text.data() + text.size(), more);
    exponent += more;
  }
  while (!digits.empty() && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  if (digits.empty()) {
    out += '0';
    return;
  }
  if (negative) out += '-';
  out += digits + 'e' + std::to_string(exponent);
}

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  append_decimal(out, {text.data(), static_cast<std::size_t>(end - text.data())});
}

void append_double(std::string& out, double value) {
  if (value != value)
    out += "+NaN";
  else if (value - value != 0)
    out += value < 0 ? "-Infinity" : "+Infinity";
  else
    append_number(out, value);
}

}  // namespace

void append_same(std::string& out, bson::ValueView value) {
  switch (value.type()) {
    case bson::Type::int32:
      out += 'n';
      append_number(out, value.as_int32());
      return;
    case bson::Type::int64:
      out += 'n';
      append_number(out, value.as_int64());
      return;
    case bson::Type::double_:
      out += 'n';
      append_double(out, value.as_double());
      return;
    case bson::Type::decimal128:
      out += 'n';
      append_decimal(out, value.as_decimal128().str());
      return;
    default:
      out += static_cast<char>(value.type());
      out.append(reinterpret_cast<const char*>(value.data()), value.size());
  }
}

ValueTable::ValueTable(const std::vector<ValuePair>& pairs) {
  for (const ValuePair& pair : pairs) {
    std::string key;
    append_same(key, pair.from);
    values_.emplace(std::move(key), &pair.to);
  }
}

const bson::Value* ValueTable::find(bson::ValueView value, std::string& scratch) const {
  scratch.clear();
  append_same(scratch, value);
  const auto at = values_.find(scratch);
  return at == values_.end() ? nullptr : at->second;
}

std::optional<Template> parse_template(std::string_view format, std::string& why) {
  Template out;
  Template::Piece piece;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if ((c == '{' || c == '}') && i + 1 < format.size() && format[i + 1] == c) {
      piece.text += c;
      ++i;
    } else if (c == '}') {
      why = "a } without a {; }} is the sign itself";
      return std::nullopt;
    } else if (c == '{') {
      const std::size_t end = format.find('}', i);
      if (end == format.npos || end == i + 1) {
        why = end == format.npos ? "a { without a }; {{ is the sign itself" : "no column in {}";
        return std::nullopt;
      }
      piece.column = format.substr(i + 1, end - i - 1);
      out.pieces.push_back(std::move(piece));
      piece = {};
      i = end;
    } else {
      piece.text += c;
    }
  }
  if (!piece.text.empty() || out.pieces.empty()) out.pieces.push_back(std::move(piece));
  return out;
}

}  // namespace quire::importer
