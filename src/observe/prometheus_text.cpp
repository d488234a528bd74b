#include "observe/prometheus_text.hpp"

#include <fmt/format.h>

#include <iterator>

#include "observe/text.hpp"

namespace quire::observe {
namespace {

/// Backslash, quote and line feed are escaped; all else stands as it is.
void append_value(std::string& out, std::string_view text) {
  for (const char c : utf8(text)) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"') {
      out += "\\\"";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

}  // namespace

void append_head(std::string& out, std::string_view name, std::string_view type,
                 std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void append_sample(std::string& out, std::string_view name, const LabelPairs& labels,
                   std::string_view value) {
  out += name;
  if (!labels.empty()) {
    out += '{';
    bool first = true;
    for (const auto& [key, text] : labels) {
      if (!first) out += ',';
      first = false;
      out += key;
      out += "=\"";
      append_value(out, text);
      out += '"';
    }
    out += '}';
  }
  out += ' ';
  out += value;
  out += '\n';
}

void append_sample(std::string& out, std::string_view name, const LabelPairs& labels,
                   std::uint64_t value) {
  append_sample(out, name, labels, fmt::format_int(value).str());
}

void append_one(std::string& out, std::string_view name, std::string_view type,
                std::string_view help, std::int64_t value) {
  append_head(out, name, type, help);
  append_sample(out, name, {}, fmt::format("{}", value));
}

}  // namespace quire::observe
