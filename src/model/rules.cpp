#include <cmath>
#include <compare>
#include <cstdlib>

#include "core/pattern.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/model/checks.hpp"

namespace quire::model_detail {

using bson::Document;
using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::Writer;

namespace {

/// The order of a value and a bound of a comparable type; unordered for types that do not compare.
std::partial_ordering compare(ValueView a, ValueView b) {
  const auto integer = [](ValueView v) {
    return v.type() == Type::int32 ? std::int64_t{v.as_int32()} : v.as_int64();
  };
  const auto real = [&](ValueView v) -> long double {
    if (v.type() == Type::double_) return v.as_double();
    if (v.type() == Type::decimal128) return std::strtold(v.as_decimal128().str().c_str(), nullptr);
    return static_cast<long double>(integer(v));
  };
  if (a.is_number() && b.is_number()) {
    const auto whole = [](ValueView v) {
      return v.type() == Type::int32 || v.type() == Type::int64;
    };
    if (whole(a) && whole(b)) return integer(a) <=> integer(b);
    return real(a) <=> real(b);
  }
  if (a.type() != b.type()) return std::partial_ordering::unordered;
  switch (a.type()) {
    case Type::string:
      return a.as_string() <=> b.as_string();
    case Type::date_time:
      return a.as_date_time() <=> b.as_date_time();
    case Type::boolean:
      return a.as_bool() <=> b.as_bool();
    case Type::object_id:
      return a.as_object_id() <=> b.as_object_id();
    case Type::timestamp:
      return a.as_timestamp() <=> b.as_timestamp();
    default: {
      const auto size = a.size() < b.size() ? a.size() : b.size();
      const int order = size == 0 ? 0 : std::memcmp(a.data(), b.data(), size);
      if (order != 0) return order <=> 0;
      return a.size() <=> b.size();
    }
  }
}

class Between final : public Rule {
 public:
  Between(Value low, Value high) : low_(std::move(low)), high_(std::move(high)) {}
  std::string_view kind() const noexcept override { return "between"; }
  std::string text() const override {
    return "between " + bson::to_json(low_.view()) + " and " + bson::to_json(high_.view());
  }
  Document arguments() const override {
    return bson::Writer().begin_array("between").push(low_).push(high_).end().finish();
  }
  bool accepts(ValueView value) const override {
    return compare(value, low_) >= 0 && compare(value, high_) <= 0;
  }

 private:
  Value low_, high_;
};

class OneOf final : public Rule {
 public:
  explicit OneOf(std::vector<Value> values) : values_(std::move(values)) {}
  std::string_view kind() const noexcept override { return "one_of"; }
  std::string text() const override {
    std::string text = "one of";
    for (const auto& value : values_)
      text += (text.size() == 6 ? " " : ", ") + bson::to_json(value);
    return text;
  }
  Document arguments() const override {
    Writer writer;
    writer.begin_array("one_of");
    for (const auto& value : values_) writer.push(value);
    return writer.end().finish();
  }
  bool accepts(ValueView value) const override {
    for (const auto& one : values_) {
      if (compare(value, one) == 0) return true;
    }
    return false;
  }

 private:
  std::vector<Value> values_;
};

/// Code points, elements or bytes; -1 for what has no length.
std::int64_t length_of(ValueView value) {
  switch (value.type()) {
    case Type::string:
    case Type::symbol: {
      std::int64_t n = 0;
      for (const char c : value.text()) n += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
      return n;
    }
    case Type::array:
    case Type::document:
      return static_cast<std::int64_t>(value.as_nested().count());
    case Type::binary:
      return static_cast<std::int64_t>(value.as_binary().size);
    default:
      return -1;
  }
}

class Length final : public Rule {
 public:
  Length(std::int64_t least, std::int64_t most, bool not_empty)
      : least_(least), most_(most), not_empty_(not_empty) {}
  std::string_view kind() const noexcept override { return not_empty_ ? "not_empty" : "length"; }
  std::string text() const override {
    if (not_empty_) return "not empty";
    if (most_ >= std::int64_t{1} << 62) return "length of " + std::to_string(least_) + " or more";
    return "length between " + std::to_string(least_) + " and " + std::to_string(most_);
  }
  Document arguments() const override {
    if (not_empty_) return bson::make_document("not_empty", true);
    Writer writer;
    writer.begin_array("length").push(least_);
    if (most_ < std::int64_t{1} << 62) writer.push(most_);
    return writer.end().finish();
  }
  bool accepts(ValueView value) const override {
    const auto n = length_of(value);
    return n >= least_ && n <= most_;
  }
  bool per_element() const noexcept override { return false; }

 private:
  std::int64_t least_, most_;
  bool not_empty_;
};

class Matches final : public Rule {
 public:
  Matches(std::string pattern, std::string options)
      : pattern_(std::move(pattern)),
        options_(std::move(options)),
        compiled_(compile(pattern_, options_)) {}

  std::string_view kind() const noexcept override { return "matches"; }
  std::string text() const override { return "text that matches /" + pattern_ + "/" + options_; }
  Document arguments() const override {
    return bson::Writer().begin_array("matches").push(pattern_).push(options_).end().finish();
  }
  bool accepts(ValueView value) const override {
    if (!value.is_string()) return false;
    return compiled_.search(value.as_string()) == Pattern::Found::one;
  }

 private:
  static Pattern compile(const std::string& pattern, const std::string& options) {
    try {
      return {pattern, options, {.machine_code = true}};
    } catch (const PatternError& error) {
      const auto option = error.option();
      throw ModelError(
          ErrorCode::invalid_model,
          "matches(\"" + pattern + "\"): " +
              (option ? "the option '" + std::string(1, *option) + "' is none of \"imsxu\""
                      : std::string(error.what())));
    }
  }
  std::string pattern_, options_;
  Pattern compiled_;
};

}  // namespace

RulePtr between_rule(Value low, Value high) {
  if (compare(low, high) > 0) {
    throw ModelError(ErrorCode::invalid_model, "between(" + bson::to_json(low.view()) + ", " +
                                                   bson::to_json(high.view()) +
                                                   ") takes no value; swap the two");
  }
  return std::make_shared<Between>(std::move(low), std::move(high));
}
RulePtr one_of_rule(std::vector<Value> values) {
  return std::make_shared<OneOf>(std::move(values));
}
RulePtr length_rule(std::int64_t least, std::int64_t most) {
  if (least > most || most < 0) {
    throw ModelError(ErrorCode::invalid_model, "length(" + std::to_string(least) + ", " +
                                                   std::to_string(most) + ") takes no value");
  }
  return std::make_shared<Length>(least, most, false);
}
RulePtr matches_rule(std::string pattern, std::string options) {
  return std::make_shared<Matches>(std::move(pattern), std::move(options));
}
RulePtr not_empty_rule() { return std::make_shared<Length>(1, std::int64_t{1} << 62, true); }

}  // namespace quire::model_detail
