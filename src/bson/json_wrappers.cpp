#include "bson/json_wrappers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "bson/base64.hpp"
#include "quire/core/error.hpp"

namespace quire::bson::detail {

namespace {

using Read = std::string (*)(View object, Value& out);

std::optional<std::string_view> only_text(View object) {
  const auto first = object.begin();
  if (object.count() != 1 || first->value.type() != Type::string) return std::nullopt;
  return first->value.as_string();
}
bool has_zero(std::string_view text) { return text.find('\0') != std::string_view::npos; }

std::string read_oid(View object, Value& out) {
  const auto text = only_text(object);
  if (!text) return "$oid is alone and holds a string";
  try {
    out = ObjectId::from_string(*text);
  } catch (const FormatError& error) {
    return error.detail();
  }
  return {};
}

std::string read_symbol(View object, Value& out) {
  const auto text = only_text(object);
  if (!text) return "$symbol is alone and holds a string";
  out = Symbol{std::string(*text)};
  return {};
}

template <class T>
bool whole_number(std::string_view text, T& number) {
  if (text.starts_with('+')) return false;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

std::string read_int(View object, Value& out) {
  const auto text = only_text(object);
  std::int32_t number = 0;
  if (!text || !whole_number(*text, number))
    return "$numberInt is alone and holds an int32 as a string";
  out = number;
  return {};
}

std::string read_long(View object, Value& out) {
  const auto text = only_text(object);
  std::int64_t number = 0;
  if (!text || !whole_number(*text, number))
    return "$numberLong is alone and holds an int64 as a string";
  out = number;
  return {};
}

std::string read_double(View object, Value& out) {
  const auto text = only_text(object);
  const std::string wrong =
      "$numberDouble is alone and holds a number, Infinity, -Infinity or NaN as a string";
  if (!text || text->empty()) return wrong;
  if (*text == "NaN") {
    out = std::numeric_limits<double>::quiet_NaN();
  } else if (*text == "Infinity") {
    out = std::numeric_limits<double>::infinity();
  } else if (*text == "-Infinity") {
    out = -std::numeric_limits<double>::infinity();
  } else {
    double number = 0;
    const auto result = std::from_chars(text->data(), text->data() + text->size(), number);
    if (result.ptr != text->data() + text->size() || result.ec == std::errc::invalid_argument)
      return wrong;
    if (result.ec == std::errc::result_out_of_range)
      return "$numberDouble holds a number beyond the range of a double";
    if (!std::isfinite(number)) return wrong;  // "inf", which from_chars reads too
    out = number;
  }
  return {};
}

std::string read_decimal(View object, Value& out) {
  const auto text = only_text(object);
  if (!text) return "$numberDecimal is alone and holds a string";
  try {
    out = Decimal128::from_string(*text);
  } catch (const FormatError& error) {
    return error.detail();
  }
  return {};
}

std::optional<std::uint8_t> subtype_of(std::string_view text) {
  unsigned number = 0;
  if (text.empty() || text.size() > 2) return std::nullopt;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return static_cast<std::uint8_t>(number);
}

std::string make_binary(std::string_view base64, std::string_view subtype, Value& out) {
  auto bytes = from_base64(base64);
  if (!bytes) return "$binary holds text that is no base64";
  const auto number = subtype_of(subtype);
  if (!number) return "the subtype of $binary is one or two hexadecimal digits";
  out = Binary{std::move(*bytes), static_cast<BinarySubtype>(*number)};
  return {};
}

std::string read_binary(View object, Value& out) {
  const auto body = object.find("$binary");
  const std::string wrong =
      "$binary holds {\"base64\": string, \"subType\": string} and nothing else";
  if (body && body->is_string()) {  // version 1: {"$binary": base64, "$type": subtype}
    const auto type = object.find("$type");
    if (object.count() != 2 || !type || !type->is_string()) return wrong;
    return make_binary(body->as_string(), type->as_string(), out);
  }
  if (object.count() != 1 || !body || !body->is_document()) return wrong;
  const View parts = body->as_document();
  const auto base64 = parts.find("base64");
  const auto subtype = parts.find("subType");
  if (parts.count() != 2 || !base64 || !subtype || !base64->is_string() || !subtype->is_string())
    return wrong;
  return make_binary(base64->as_string(), subtype->as_string(), out);
}

std::string read_uuid(View object, Value& out) {
  const auto text = only_text(object);
  if (!text) return "$uuid is alone and holds a string";
  try {
    out = Uuid::from_string(*text);
  } catch (const FormatError& error) {
    return error.detail();
  }
  return {};
}

std::string read_code(View object, Value& out) {
  const auto source = object.find("$code");
  const auto scope = object.find("$scope");
  if (!source || !source->is_string() || object.count() != (scope ? 2U : 1U) ||
      (scope && !scope->is_document())) {
    return "$code holds a string, and beside it may stand $scope with a document";
  }
  if (!scope) {
    out = Code{std::string(source->as_string())};
    return {};
  }
  Buffer bytes;  // a document of one field, for its payload: code with scope has no other maker
  const auto text = source->as_string();
  const View inner = scope->as_document();
  const auto payload = 4 + 4 + text.size() + 1 + inner.size();
  bytes.put(static_cast<std::int32_t>(4 + 1 + 1 + payload + 1));
  bytes.push_back(static_cast<std::uint8_t>(Type::code_with_scope));
  bytes.push_back(0);
  bytes.put(static_cast<std::int32_t>(payload));
  bytes.put(static_cast<std::int32_t>(text.size() + 1));
  bytes.append(text.data(), text.size());
  bytes.push_back(0);
  bytes.append(inner.data(), inner.size());
  bytes.push_back(0);
  out = Value(View(bytes.data(), bytes.size()).begin()->value);
  return {};
}

std::optional<std::uint32_t> unsigned_32(std::optional<ValueView> value) {
  if (!value) return std::nullopt;
  std::int64_t number = -1;
  if (value->type() == Type::int32) number = value->as_int32();
  if (value->type() == Type::int64) number = value->as_int64();
  if (number < 0 || number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

std::string read_timestamp(View object, Value& out) {
  const auto body = object.begin()->value;
  const std::string wrong =
      "$timestamp is alone and holds {\"t\": seconds, \"i\": increment}, both from 0 to 4294967295";
  if (object.count() != 1 || !body.is_document()) return wrong;
  const View parts = body.as_document();
  const auto seconds = unsigned_32(parts.find("t"));
  const auto increment = unsigned_32(parts.find("i"));
  if (parts.count() != 2 || !seconds || !increment) return wrong;
  out = Timestamp{*increment, *seconds};
  return {};
}

std::string read_regex(View object, Value& out) {
  const auto body = object.begin()->value;
  const std::string wrong =
      "$regularExpression is alone and holds {\"pattern\": string, \"options\": string}";
  if (object.count() != 1 || !body.is_document()) return wrong;
  const View parts = body.as_document();
  const auto pattern = parts.find("pattern");
  const auto options = parts.find("options");
  if (parts.count() != 2 || !pattern || !options || !pattern->is_string() || !options->is_string())
    return wrong;
  if (has_zero(pattern->as_string()) || has_zero(options->as_string()))
    return "a regular expression holds a zero character";
  std::string sorted(options->as_string());
  std::sort(sorted.begin(), sorted.end());
  out = Regex{std::string(pattern->as_string()), std::move(sorted)};
  return {};
}

/// {"$regex": …, "$options": …} is a query's operator and stays a document, but no text with a zero
/// can be one.
std::string read_regex_operator(View object, Value& out) {
  for (const auto& element : object) {
    if (element.value.is_string() && has_zero(element.value.as_string())) {
      return "a regular expression holds a zero character";
    }
  }
  out = object;
  return {};
}

std::string read_db_pointer(View object, Value& out) {
  const auto body = object.begin()->value;
  const std::string wrong = "$dbPointer is alone and holds {\"$ref\": string, \"$id\": ObjectId}";
  if (object.count() != 1 || !body.is_document()) return wrong;
  const View parts = body.as_document();
  const auto reference = parts.find("$ref");
  const auto id = parts.find("$id");
  if (parts.count() != 2 || !reference || !id || !reference->is_string() ||
      id->type() != Type::object_id)
    return wrong;
  Buffer bytes;
  const auto text = reference->as_string();
  bytes.put(static_cast<std::int32_t>(4 + 2 + 4 + text.size() + 1 + 12 + 1));
  bytes.push_back(static_cast<std::uint8_t>(Type::db_pointer));
  bytes.push_back(0);
  bytes.put(static_cast<std::int32_t>(text.size() + 1));
  bytes.append(text.data(), text.size());
  bytes.push_back(0);
  bytes.append(id->data(), 12);
  bytes.push_back(0);
  out = Value(View(bytes.data(), bytes.size()).begin()->value);
  return {};
}

/// RFC 3339 with up to nine digits of a fraction (cut to milliseconds) and Z or an offset.
std::optional<std::int64_t> read_iso_date(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&](std::size_t n, int& number) {
    if (text.size() - at < n) return false;
    number = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const char c = text[at + i];
      if (c < '0' || c > '9') return false;
      number = number * 10 + (c - '0');
    }
    at += n;
    return true;
  };
  const auto mark = [&](char c) { return at < text.size() && text[at] == c && ++at != 0; };
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!digits(4, year) || !mark('-') || !digits(2, month) || !mark('-') || !digits(2, day) ||
      !mark('T') || !digits(2, hour) || !mark(':') || !digits(2, minute)) {
    return std::nullopt;
  }
  int ms = 0;
  if (mark(':')) {
    if (!digits(2, second)) return std::nullopt;
    if (mark('.')) {
      int scale = 100;
      std::size_t count = 0;
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++count, scale /= 10)
        ms += (text[at] - '0') * scale;
      if (count == 0 || count > 9) return std::nullopt;
    }
  }
  int offset = 0;
  if (!mark('Z')) {
    const int sign = mark('+') ? 1 : mark('-') ? -1 : 0;
    int offset_hours = 0, offset_minutes = 0;
    if (sign == 0 || !digits(2, offset_hours)) return std::nullopt;
    mark(':');
    if (!digits(2, offset_minutes) || offset_hours > 23 || offset_minutes > 59) return std::nullopt;
    offset = sign * (offset_hours * 60 + offset_minutes);
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (at != text.size() || !date.ok() || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  return ((std::int64_t{days} * 24 + hour) * 60 + minute - offset) * 60'000 + second * 1000 + ms;
}

std::string read_date(View object, Value& out) {
  const auto body = object.begin()->value;
  std::optional<std::int64_t> ms;
  if (object.count() == 1) {
    if (body.is_string()) ms = read_iso_date(body.as_string());
    if (body.type() == Type::int64) ms = body.as_int64();
  }
  if (!ms)
    return "$date is alone and holds \"YYYY-MM-DDThh:mm:ss.sssZ\" or {\"$numberLong\": "
           "milliseconds}";
  out = DateTime{std::chrono::milliseconds{*ms}};
  return {};
}

bool is_one(ValueView value) { return value.type() == Type::int32 && value.as_int32() == 1; }

std::string read_min_key(View object, Value& out) {
  if (object.count() != 1 || !is_one(object.begin()->value)) return "$minKey is alone and holds 1";
  out = MinKey{};
  return {};
}
std::string read_max_key(View object, Value& out) {
  if (object.count() != 1 || !is_one(object.begin()->value)) return "$maxKey is alone and holds 1";
  out = MaxKey{};
  return {};
}
std::string read_undefined(View object, Value& out) {
  const auto body = object.begin()->value;
  if (object.count() != 1 || body.type() != Type::boolean || !body.as_bool())
    return "$undefined is alone and holds true";
  out = Undefined{};
  return {};
}

struct Wrapper {
  std::string_view name;
  Read read;
};
constexpr Wrapper wrappers[] = {
    {"$oid", read_oid},
    {"$symbol", read_symbol},
    {"$numberInt", read_int},
    {"$numberLong", read_long},
    {"$numberDouble", read_double},
    {"$numberDecimal", read_decimal},
    {"$binary", read_binary},
    {"$uuid", read_uuid},
    {"$code", read_code},
    {"$scope", read_code},
    {"$timestamp", read_timestamp},
    {"$regularExpression", read_regex},
    {"$regex", read_regex_operator},
    {"$dbPointer", read_db_pointer},
    {"$date", read_date},
    {"$minKey", read_min_key},
    {"$maxKey", read_max_key},
    {"$undefined", read_undefined},
};

}  // namespace

bool is_wrapper(std::string_view name) {
  return std::any_of(std::begin(wrappers), std::end(wrappers),
                     [&](const Wrapper& w) { return w.name == name; });
}

std::string unwrap(View object, Value& out) {
  const auto name = object.begin()->key;
  for (const auto& wrapper : wrappers) {
    if (wrapper.name == name) return wrapper.read(object, out);
  }
  return "no type";
}

}  // namespace quire::bson::detail
