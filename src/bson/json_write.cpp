#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "bson/base64.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::bson {

namespace {

/// Days since 1970 to a civil date (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"), by
/// std::chrono.
std::string iso_date(std::int64_t ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{ms}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  char text[64];
  auto n = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d",
                         static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                         static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                         static_cast<int>(clock.minutes().count()),
                         static_cast<int>(clock.seconds().count()));
  const auto rest = static_cast<int>(clock.subseconds().count());
  if (rest != 0)
    n += std::snprintf(text + n, sizeof text - static_cast<std::size_t>(n), ".%03d", rest);
  return std::string(text, static_cast<std::size_t>(n)) + "Z";
}

constexpr std::int64_t last_ms_of_9999 = 253402300799999;

class JsonWriter {
 public:
  JsonWriter(JsonMode mode, int indent) : mode_(mode), indent_(indent) {}

  void document(View view, int depth) {
    nested(view, depth, '{', '}', [&](const Element& element) {
      text(element.key);
      out_ += ": ";
    });
  }
  void array(View view, int depth) {
    nested(view, depth, '[', ']', [](const Element&) {});
  }

  void value(ValueView v, int depth) {
    switch (v.type()) {
      case Type::double_:
        return number(v.as_double());
      case Type::string:
        return text(v.text());
      case Type::document:
        return document(v.as_document(), depth + 1);
      case Type::array:
        return array(v.as_array(), depth + 1);
      case Type::binary:
        return binary(v);
      case Type::undefined:
        out_ += shell() ? "undefined" : R"({"$undefined": true})";
        return;
      case Type::object_id:
        out_ += (shell() ? "ObjectId(\"" : R"({"$oid": ")") + v.as_object_id().str() +
                (shell() ? "\")" : "\"}");
        return;
      case Type::boolean:
        out_ += v.as_bool() ? "true" : "false";
        return;
      case Type::date_time:
        return date(load<std::int64_t>(v.data()));
      case Type::null:
        out_ += "null";
        return;
      case Type::regex:
        return regex(v.as_regex());
      case Type::db_pointer:
        return db_pointer(v);
      case Type::code:
        wrap("$code", v.text());
        return;
      case Type::symbol:
        wrap("$symbol", v.text());
        return;
      case Type::code_with_scope:
        return code_with_scope(v, depth);
      case Type::int32:
        return integer("$numberInt", "", v.as_int32(), false);
      case Type::int64:
        return integer("$numberLong", "Long", v.as_int64(), true);
      case Type::timestamp: {
        const auto t = v.as_timestamp();
        if (shell()) {
          out_ += "Timestamp({ t: " + std::to_string(t.seconds) +
                  ", i: " + std::to_string(t.increment) + " })";
        } else {
          out_ += R"({"$timestamp": {"t": )" + std::to_string(t.seconds) + R"(, "i": )" +
                  std::to_string(t.increment) + "}}";
        }
        return;
      }
      case Type::decimal128:
        out_ += (shell() ? "Decimal128(\"" : R"({"$numberDecimal": ")") + v.as_decimal128().str() +
                (shell() ? "\")" : "\"}");
        return;
      case Type::min_key:
        out_ += shell() ? "MinKey()" : R"({"$minKey": 1})";
        return;
      case Type::max_key:
        out_ += shell() ? "MaxKey()" : R"({"$maxKey": 1})";
        return;
    }
  }

  std::string take() { return std::move(out_); }

 private:
  [[nodiscard]] bool shell() const { return mode_ == JsonMode::shell; }

  template <class Head>
  void nested(View view, int depth, char open, char close, Head head) {
    if (depth > max_depth) throw MappingError(ErrorCode::too_deep, "nested over 100 levels");
    out_ += open;
    bool first = true;
    for (const Element& element : view) {
      if (!first) out_ += indent_ > 0 ? "," : ", ";
      first = false;
      line(depth);
      head(element);
      value(element.value, depth);
    }
    if (!first) line(depth - 1);
    out_ += close;
  }
  void line(int depth) {
    if (indent_ <= 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth * indent_), ' ');
  }

  void text(std::string_view s) {
    out_ += '"';
    for (const char c : s) {
      switch (c) {
        case '"':
          out_ += "\\\"";
          break;
        case '\\':
          out_ += "\\\\";
          break;
        case '\n':
          out_ += "\\n";
          break;
        case '\r':
          out_ += "\\r";
          break;
        case '\t':
          out_ += "\\t";
          break;
        case '\b':
          out_ += "\\b";
          break;
        case '\f':
          out_ += "\\f";
          break;
        default:
          if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            out_ += escape;
          } else {
            out_ += c;
          }
      }
    }
    out_ += '"';
  }
  void wrap(const char* name, std::string_view s) {
    out_ += "{\"";
    out_ += name;
    out_ += "\": ";
    text(s);
    out_ += '}';
  }

  void number(double v) {
    if (!std::isfinite(v)) {
      const char* name = std::isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity";
      if (shell()) {
        out_ += name;
      } else {
        wrap("$numberDouble", name);
      }
      return;
    }
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
    std::string shortest(digits, end);
    // A double that looks like an integer would be read back as one.
    if (shortest.find_first_of(".e") == std::string::npos) shortest += ".0";
    if (mode_ == JsonMode::canonical) {
      wrap("$numberDouble", shortest);
    } else {
      out_ += shortest;
    }
  }
  void integer(const char* wrapper, const char* call, std::int64_t v, bool wide) {
    const std::string digits = std::to_string(v);
    if (mode_ == JsonMode::canonical) {
      wrap(wrapper, digits);
    } else if (shell() && wide) {
      out_ += call + ("(\"" + digits + "\")");
    } else {
      out_ += digits;
    }
  }
  void date(std::int64_t ms) {
    const bool usual = ms >= 0 && ms <= last_ms_of_9999;
    if (shell()) {
      out_ += usual ? "ISODate(\"" + iso_date(ms) + "\")" : "new Date(" + std::to_string(ms) + ")";
    } else if (mode_ == JsonMode::relaxed && usual) {
      out_ += R"({"$date": ")" + iso_date(ms) + "\"}";
    } else {
      out_ += R"({"$date": {"$numberLong": ")" + std::to_string(ms) + "\"}}";
    }
  }
  void binary(ValueView v) {
    const auto b = v.as_binary();
    if (shell() && b.subtype == BinarySubtype::uuid && b.size == 16) {
      Uuid uuid;
      std::memcpy(uuid.bytes.data(), b.data, 16);
      out_ += "UUID(\"" + uuid.str() + "\")";
      return;
    }
    if (shell()) {
      out_ += "BinData(" + std::to_string(static_cast<int>(b.subtype)) + ", \"";
      detail::append_base64(out_, b.data, b.size);
      out_ += "\")";
      return;
    }
    char subtype[4];
    std::snprintf(subtype, sizeof subtype, "%02x", static_cast<unsigned>(b.subtype));
    out_ += R"({"$binary": {"base64": ")";
    detail::append_base64(out_, b.data, b.size);
    out_ += std::string(R"(", "subType": ")") + subtype + "\"}}";
  }
  void regex(RegexView r) {
    if (shell() && !r.pattern.empty() &&
        r.pattern.find_first_of("\n\r") == std::string_view::npos) {
      out_ += '/';
      bool escaped = false;
      for (const char c : r.pattern) {
        if (c == '/' && !escaped) out_ += '\\';
        escaped = c == '\\' && !escaped;
        out_ += c;
      }
      out_ += '/';
      out_ += r.options;
      return;
    }
    out_ += R"({"$regularExpression": {"pattern": )";
    text(r.pattern);
    out_ += R"(, "options": )";
    std::string options(r.options);  // another writer may not have sorted them
    const auto is_letter = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    // What is beyond ASCII is no option; its bytes must stay together.
    if (std::all_of(options.begin(), options.end(), is_letter)) {
      std::sort(options.begin(), options.end());
    }
    text(options);
    out_ += "}}";
  }
  void db_pointer(ValueView v) {
    const auto length = load<std::uint32_t>(v.data());
    ObjectId id;
    std::memcpy(id.bytes.data(), v.data() + 4 + length, 12);
    out_ += R"({"$dbPointer": {"$ref": )";
    text({reinterpret_cast<const char*>(v.data()) + 4, length - 1});
    out_ += R"(, "$id": {"$oid": ")" + id.str() + "\"}}}";
  }
  void code_with_scope(ValueView v, int depth) {
    const auto length = load<std::uint32_t>(v.data() + 4);
    out_ += R"({"$code": )";
    text({reinterpret_cast<const char*>(v.data()) + 8, length - 1});
    out_ += R"(, "$scope": )";
    document(View(v.data() + 8 + length, v.size() - 8 - length), depth + 1);
    out_ += '}';
  }

  std::string out_;
  JsonMode mode_;
  int indent_;
};

}  // namespace

std::string to_json(View document, JsonMode mode, int indent) {
  JsonWriter writer(mode, indent);
  writer.document(document, 1);
  return writer.take();
}

std::string to_json(ValueView value, JsonMode mode, int indent) {
  JsonWriter writer(mode, indent);
  writer.value(value, 0);
  return writer.take();
}

std::string array_to_json(View elements, JsonMode mode, int indent) {
  JsonWriter writer(mode, indent);
  writer.array(elements, 1);
  return writer.take();
}

}  // namespace quire::bson
