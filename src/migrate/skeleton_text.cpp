#include "migrate/skeleton_text.hpp"

#include <algorithm>
#include <cmath>

#include "core/ascii.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using bson::Type;
using bson::ValueView;
using bson::View;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

constexpr std::size_t date_size = 11;  // "2026_02_10_"

bool has_date(std::string_view name) {
  if (name.size() < date_size) return false;
  for (std::size_t i = 0; i < date_size; ++i) {
    const bool line = i == 4 || i == 7 || i == 10;
    if (line ? name[i] != '_' : !is_digit(name[i])) return false;
  }
  return true;
}

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
  throw MigrationError(ErrorCode::invalid_migration,
                       "\"" + std::string(name) + "\" cannot name a migration: " + why +
                           "; a name is \"user_status\" or \"2026_02_10_user_status\"");
}

int digits(std::string_view text) {
  int n = 0;
  for (const char c : text) n = n * 10 + (c - '0');
  return n;
}

std::string padded(int n, std::size_t size) {
  std::string text = std::to_string(n);
  return text.size() < size ? std::string(size - text.size(), '0') + text : text;
}

std::string date_text(const SkeletonOptions& options) {
  const auto date =
      options.date ? *options.date
                   : std::chrono::year_month_day(
                         std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  return padded(static_cast<int>(date.year()), 4) + "_" +
         padded(static_cast<int>(static_cast<unsigned>(date.month())), 2) + "_" +
         padded(static_cast<int>(static_cast<unsigned>(date.day())), 2) + "_";
}

std::optional<std::int64_t> whole(ValueView value) {
  if (value.type() == Type::int32) return value.as_int32();
  if (value.type() == Type::int64) return value.as_int64();
  if (value.type() == Type::double_ && std::abs(value.as_double()) < 1e15 &&
      std::trunc(value.as_double()) == value.as_double())
    return static_cast<std::int64_t>(value.as_double());
  return std::nullopt;
}

bool is_keyword(std::string_view text) {
  static constexpr std::string_view words[] = {"alignas",       "alignof",     "and",
                                               "and_eq",        "asm",         "auto",
                                               "bitand",        "bitor",       "bool",
                                               "break",         "case",        "catch",
                                               "char",          "char16_t",    "char32_t",
                                               "char8_t",       "class",       "co_await",
                                               "co_return",     "co_yield",    "compl",
                                               "concept",       "const",       "const_cast",
                                               "consteval",     "constexpr",   "constinit",
                                               "continue",      "decltype",    "default",
                                               "delete",        "do",          "double",
                                               "dynamic_cast",  "else",        "enum",
                                               "explicit",      "export",      "extern",
                                               "false",         "float",       "for",
                                               "friend",        "goto",        "if",
                                               "inline",        "int",         "long",
                                               "mutable",       "namespace",   "new",
                                               "noexcept",      "not",         "not_eq",
                                               "nullptr",       "operator",    "or",
                                               "or_eq",         "private",     "protected",
                                               "public",        "register",    "reinterpret_cast",
                                               "requires",      "return",      "short",
                                               "signed",        "sizeof",      "static",
                                               "static_assert", "static_cast", "struct",
                                               "switch",        "template",    "this",
                                               "thread_local",  "throw",       "true",
                                               "try",           "typedef",     "typeid",
                                               "typename",      "union",       "unsigned",
                                               "using",         "virtual",     "void",
                                               "volatile",      "wchar_t",     "while",
                                               "xor",           "xor_eq"};
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

/// What index_name of the steps makes of the keys.
std::string default_name(View keys) {
  std::string name;
  for (const auto& [key, value] : keys) {
    name.append(name.empty() ? "" : "_").append(key).append("_");
    if (const auto n = whole(value))
      name += std::to_string(*n);
    else
      name += value.as_string();
  }
  return name;
}

}  // namespace

SkeletonNames names_of(std::string_view name, const SkeletonOptions& options) {
  const bool dated = has_date(name);
  const std::string_view rest = dated ? name.substr(date_size) : name;
  if (rest.empty()) refuse(name, dated ? "it is a date alone" : "it is empty");
  if (dated) {
    using namespace std::chrono;
    const year_month_day date(year(digits(name.substr(0, 4))),
                              month(static_cast<unsigned>(digits(name.substr(5, 2)))),
                              day(static_cast<unsigned>(digits(name.substr(8, 2)))));
    if (!date.ok()) refuse(name, "there is no such day as it begins with");
  }
  for (const char c : rest) {
    if (!is_letter(c) && !is_digit(c) && c != '_')
      refuse(name, "it has other characters than ASCII letters, digits and underscores");
  }
  if (!is_letter(rest.front())) refuse(name, "the part after the date must begin with a letter");
  if (rest.back() == '_' || rest.find("__") != std::string_view::npos)
    refuse(name, "underscores stand alone and between others");
  SkeletonNames out;
  if (!dated) out.id = date_text(options);
  out.id += name;
  if (out.id.size() > 128) refuse(name, "an id has at most 128 bytes, with its date");
  out.type = camel(rest);
  out.title = rest;
  std::replace(out.title.begin(), out.title.end(), '_', ' ');
  return out;
}

std::string camel(std::string_view text) {
  std::string out;
  bool first = true;
  for (const char c : text) {
    const bool good = is_letter(c) || is_digit(c);
    if (good) out += first ? upper(c) : c;
    first = !good;
  }
  if (out.empty() || is_digit(out.front())) out.insert(0, "C");
  return out;
}

std::string_view as_member(std::string_view text) {
  // `id` is the member of _id.
  if (text.empty() || is_digit(text.front()) || text == "id" || is_keyword(text) ||
      text.find("__") != std::string_view::npos)
    return {};
  if (text.front() == '_' && text.size() > 1 && upper(text[1]) == text[1]) return {};
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '_') return {};
  }
  return text;
}

std::string unique_name(std::set<std::string>& taken, std::string wanted) {
  std::string name = wanted;
  for (int i = 2; !taken.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
  return name;
}

std::string literal(std::string_view text) {
  static constexpr char hex[] = "01234567";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append("\\").append(1, c);
    } else if (byte < 0x20 || byte == 0x7F) {
      // Octal: ends after three digits, whatever follows.
      out.append("\\")
          .append(1, hex[byte >> 6])
          .append(1, hex[(byte >> 3) & 7])
          .append(1, hex[byte & 7]);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string json_literal(View document) {
  const std::string json = bson::to_json(document);
  if (json.find(")json\"") != std::string::npos) return "q::bson::from_json(" + literal(json) + ")";
  return "q::bson::from_json(R\"json(" + json + ")json\")";
}

std::string value_literal(ValueView value) {
  switch (value.type()) {
    case Type::string:
      return literal(value.as_string());
    case Type::int32:
      return std::to_string(value.as_int32());
    case Type::int64:
      return "std::int64_t{" + std::to_string(value.as_int64()) + "}";
    case Type::double_:
      return bson::to_json(value);
    case Type::boolean:
      return value.as_bool() ? "true" : "false";
    case Type::array:
      return "q::bson::Value::array({})";
    case Type::document:
      return "q::bson::Document()";
    default:
      throw Error(ErrorCode::internal, "an empty value of another type");
  }
}

std::string type_literal(std::string_view alias) {
  static constexpr std::pair<std::string_view, std::string_view> others[] = {
      {"double", "double_"},
      {"object", "document"},
      {"binData", "binary"},
      {"objectId", "object_id"},
      {"bool", "boolean"},
      {"date", "date_time"},
      {"dbPointer", "db_pointer"},
      {"javascript", "code"},
      {"javascriptWithScope", "code_with_scope"},
      {"int", "int32"},
      {"long", "int64"},
      {"decimal", "decimal128"},
      {"minKey", "min_key"},
      {"maxKey", "max_key"}};
  std::string_view name = alias;
  for (const auto& [from, to] : others) {
    if (from == alias) name = to;
  }
  return "q::bson::Type::" + std::string(name);
}

std::string index_arguments(View index) {
  const auto key_document = index.find("key");
  if (!key_document || !key_document->is_document()) return {};
  std::string keys;
  for (const auto& [key, value] : key_document->as_document()) {
    const auto n = whole(value);
    if (key == "_fts" || (!n && !value.is_string())) return {};  // of texts, as it is listed
    keys += (keys.empty() ? "" : ", ") + literal(key) + ", " +
            (n ? std::to_string(*n) : literal(value.as_string()));
  }
  std::string name, unique, sparse, partial, expire;
  for (const auto& [key, value] : index) {
    if (key == "key" || key == "v" || key == "ns") continue;
    if (key == "name" && value.is_string()) {
      if (value.as_string() != default_name(key_document->as_document()))
        name = literal(value.as_string());
    } else if ((key == "unique" || key == "sparse") && value.type() == Type::boolean) {
      if (value.as_bool()) (key == "unique" ? unique : sparse) = "true";
    } else if (key == "partialFilterExpression" && value.is_document()) {
      partial = json_literal(value.as_document());
    } else if (const auto seconds = whole(value); key == "expireAfterSeconds" && seconds) {
      expire = std::to_string(*seconds);
    } else {
      return {};
    }
  }
  std::string options;
  const auto add = [&](const char* member, const std::string& value) {
    if (!value.empty()) options += (options.empty() ? "." : ", .") + (member + (" = " + value));
  };
  add("name", name);
  add("unique", unique);
  add("sparse", sparse);
  add("partial_filter", partial);
  add("expire_after_seconds", expire);
  return "q::bson::make_document(" + keys + ")" + (options.empty() ? "" : ", {" + options + "}");
}

}  // namespace quire::migrate
