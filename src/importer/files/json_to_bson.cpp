#include "importer/files/json_to_bson.hpp"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "importer/files/window.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::files {

namespace ondemand = simdjson::ondemand;
static_assert(Window::padding >= simdjson::SIMDJSON_PADDING);

struct JsonToBson::Impl {
  explicit Impl(Options given) : options(given) {}

  void take(ondemand::object object, int depth);
  void take(ondemand::array array, int depth);
  void take(std::string_view key, ondemand::value value, int depth);
  void take_number(std::string_view key, ondemand::value value);
  void take_exact(std::string_view key, std::string_view token, bool or_double);
  void new_key(std::string_view key, std::size_t first);
  [[nodiscard]] bson::View plain();
  [[nodiscard]] bson::View extended();

  template <class T>
  T want(simdjson::simdjson_result<T> result) {
    T value{};
    if (const auto error = std::move(result).get(value); error != simdjson::SUCCESS)
      fail(simdjson::error_message(error));
    return value;
  }
  /// Where: nobody knows yet. The text is looked at again for the place.
  [[noreturn]] void fail(std::string why) const { throw JsonFault{text.size(), std::move(why)}; }
  [[noreturn]] void fail_at(const char* at, std::string why) const {
    throw JsonFault{static_cast<std::size_t>(at - text.data()), std::move(why)};
  }

  Options options;
  std::string_view text;
  ondemand::parser parser;
  bson::Writer writer;
  bson::Document kept;                 ///< of extended()
  std::vector<std::string_view> keys;  ///< of the objects that are open
};

JsonToBson::JsonToBson(Options options) : impl_(std::make_unique<Impl>(options)) {}
JsonToBson::~JsonToBson() = default;

/// A field must not come twice: small objects are compared one by one, large ones at their end.
void JsonToBson::Impl::new_key(std::string_view key, std::size_t first) {
  constexpr std::size_t small = 24;
  if (keys.size() - first < small) {
    for (std::size_t i = first; i < keys.size(); ++i) {
      if (keys[i].size() == key.size() && std::memcmp(keys[i].data(), key.data(), key.size()) == 0)
        fail("the field \"" + std::string(key) + "\" comes twice");
    }
  }
  if (std::memchr(key.data(), 0, key.size()) != nullptr) fail("a zero byte in a field name");
  keys.push_back(key);
}

void JsonToBson::Impl::take(ondemand::object object, int depth) {
  if (depth > bson::max_depth)
    fail("more than " + std::to_string(bson::max_depth) + " levels of nesting");
  const std::size_t first = keys.size();
  for (auto one : object) {
    ondemand::field field = want(std::move(one));
    const std::string_view key = want(field.unescaped_key());
    new_key(key, first);
    take(key, field.value(), depth);
  }
  const auto begin = keys.begin() + static_cast<std::ptrdiff_t>(first);
  if (keys.end() - begin > 24) {
    std::sort(begin, keys.end());
    if (const auto twice = std::adjacent_find(begin, keys.end()); twice != keys.end())
      fail("the field \"" + std::string(*twice) + "\" comes twice");
  }
  keys.resize(first);
}

void JsonToBson::Impl::take(ondemand::array array, int depth) {
  if (depth > bson::max_depth)
    fail("more than " + std::to_string(bson::max_depth) + " levels of nesting");
  std::uint32_t number = 0;
  char digits[12];
  for (auto one : array) {
    const auto end = std::to_chars(digits, digits + sizeof digits, number++).ptr;
    take({digits, static_cast<std::size_t>(end - digits)}, want(std::move(one)), depth);
  }
}

void JsonToBson::Impl::take(std::string_view key, ondemand::value value, int depth) {
  if (writer.size() > bson::max_document_bytes) fail("a document over 16 MiB as BSON");
  switch (want(value.type())) {
    case ondemand::json_type::object:
      writer.begin_document(key);
      take(want(value.get_object()), depth + 1);
      writer.end();
      return;
    case ondemand::json_type::array:
      writer.begin_array(key);
      take(want(value.get_array()), depth + 1);
      writer.end();
      return;
    case ondemand::json_type::string:
      writer.append(key, want(value.get_string()));
      return;
    case ondemand::json_type::number:
      return take_number(key, value);
    case ondemand::json_type::boolean:
      writer.append(key, want(value.get_bool()));
      return;
    case ondemand::json_type::null: {
      std::string_view token = value.raw_json_token();
      while (!token.empty() && std::strchr(" \t\r\n", token.back()) != nullptr)
        token.remove_suffix(1);
      bool null = false;
      if (simdjson::simdjson_result<bool>(value.is_null()).get(null) != simdjson::SUCCESS || !null)
        fail_at(token.data(), "no JSON value");
      writer.append_null(key);
      return;
    }
    default:
      fail("no JSON value");
  }
}

void JsonToBson::Impl::take_number(std::string_view key, ondemand::value value) {
  std::string_view token = value.raw_json_token();
  const std::size_t end = token.find_first_of(" \t\r\n,]}");
  token = token.substr(0, end);
  const bool whole = token.find_first_of(".eE") == token.npos;
  if (whole) {
    std::int64_t integer = 0;
    if (token.size() < 21 && value.get_int64().get(integer) == simdjson::SUCCESS) {
      if (integer == static_cast<std::int32_t>(integer)) {
        writer.append(key, static_cast<std::int32_t>(integer));
      } else {
        writer.append(key, integer);
      }
      return;
    }
    return take_exact(key, token, true);
  }
  double real = 0;
  if (options.decimals) return take_exact(key, token, false);
  if (value.get_double().get(real) != simdjson::SUCCESS) return take_exact(key, token, false);
  writer.append(key, real);
}

void JsonToBson::Impl::take_exact(std::string_view key, std::string_view token, bool or_double) {
  if (!is_json_number(token)) fail_at(token.data(), "no JSON value");
  try {
    writer.append(key, bson::Value(bson::Decimal128::from_string(token)));
  } catch (const FormatError&) {
    double real = 0;
    const auto end = std::from_chars(token.data(), token.data() + token.size(), real);
    if (!or_double || end.ec != std::errc{})
      fail_at(token.data(), "a number that is not exact in decimal128");
    writer.append(key, real);
  }
}

bson::View JsonToBson::Impl::plain() {
  writer.reset();
  keys.clear();
  ondemand::document document;
  const simdjson::padded_string_view padded(text.data(), text.size(),
                                            text.size() + Window::padding);
  if (const auto error = parser.iterate(padded).get(document); error != simdjson::SUCCESS)
    fail(simdjson::error_message(error));
  if (want(document.type()) != ondemand::json_type::object) fail("no JSON object");
  take(want(document.get_object()), 1);
  const char* rest = nullptr;
  if (document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS)
    fail("text behind the value");
  const bson::View view = writer.finish_view();
  if (view.size() > bson::max_document_bytes) fail("a document over 16 MiB as BSON");
  return view;
}

bson::View JsonToBson::Impl::extended() {
  if (const auto fault = find_fault(text)) throw JsonFault(*fault);
  try {
    kept = bson::from_json(text);
    bson::ValidateOptions checks;
    checks.unique_keys = true;
    bson::validate(kept, checks);
  } catch (const Error& error) {
    fail(error.what());
  }
  return kept.view();
}

bson::View JsonToBson::convert(std::string_view text) {
  impl_->text = text;
  try {
    return impl_->options.extended ? impl_->extended() : impl_->plain();
  } catch (const JsonFault& fault) {
    // simdjson tells what, but seldom where; and the first fault is the one to be told.
    if (auto exact = find_fault(text)) throw JsonFault(std::move(*exact));
    if (fault.offset == text.size()) throw JsonFault{0, fault.why};
    throw;
  }
}

}  // namespace quire::importer::files
