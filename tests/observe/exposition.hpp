#pragma once

#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// A strict reader of Prometheus' text exposition format 0.0.4 for the tests.
/// Source: prometheus.io/docs/instrumenting/exposition_formats.
namespace quire::observe::test {

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};
struct Family {
  std::string type, help;
  std::vector<Sample> samples;
};
using Exposition = std::map<std::string, Family>;

class ExpositionReader {
 public:
  /// Throws std::runtime_error with the line for what the format does not allow.
  static Exposition read(std::string_view text) {
    ExpositionReader reader;
    if (text.empty() || text.back() != '\n') throw std::runtime_error("the last line has no end");
    while (!text.empty()) {
      const auto end = text.find('\n');
      reader.line_ = text.substr(0, end);
      reader.line();
      text.remove_prefix(end + 1);
    }
    for (const auto& [name, family] : reader.out_) reader.check(name, family);
    return reader.out_;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error(why + ": " + std::string(line_));
  }
  void line() {
    if (line_.empty()) fail("an empty line");
    if (line_.starts_with("# HELP ")) return comment(line_.substr(7), &Family::help);
    if (line_.starts_with("# TYPE ")) return comment(line_.substr(7), &Family::type);
    if (line_.starts_with("#")) fail("a comment of another kind");
    sample();
  }
  void comment(std::string_view rest, std::string Family::* to) {
    const auto blank = rest.find(' ');
    if (blank == std::string_view::npos) fail("no text");
    const std::string name(rest.substr(0, blank));
    check_name(name, true);
    if (name != family_ && out_.contains(name)) fail("a family in two places");
    family_ = name;
    auto& family = out_[name];
    if (!(family.*to).empty()) fail("twice");
    if (!family.samples.empty()) fail("after samples");
    family.*to = rest.substr(blank + 1);
    if (to == &Family::type && family.type != "counter" && family.type != "gauge" &&
        family.type != "histogram")
      fail("an unknown type");
  }
  void check_name(std::string_view name, bool colon) const {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) fail("a bad name");
    for (const char c : name) {
      const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || (colon && c == ':');
      if (!good) fail("a bad name");
    }
  }
  void sample() {
    Sample out;
    auto rest = line_;
    const auto end = rest.find_first_of("{ ");
    if (end == std::string_view::npos) fail("no value");
    out.name = rest.substr(0, end);
    check_name(out.name, true);
    rest.remove_prefix(end);
    if (rest[0] == '{') {
      rest.remove_prefix(1);
      for (;;) {
        const auto equals = rest.find("=\"");
        if (equals == std::string_view::npos) fail("a label without a value");
        const std::string key(rest.substr(0, equals));
        check_name(key, false);
        rest.remove_prefix(equals + 2);
        const auto [value, size] = text_of(rest);
        if (!out.labels.emplace(key, value).second) fail("a label twice");
        rest.remove_prefix(size);
        if (rest.starts_with("}")) break;
        if (!rest.starts_with(",")) fail("labels without a comma");
        rest.remove_prefix(1);
      }
      rest.remove_prefix(1);
    }
    if (!rest.starts_with(" ")) fail("no blank before the value");
    rest.remove_prefix(1);
    if (rest.empty() || rest.find(' ') != std::string_view::npos) fail("a bad value");
    std::size_t used = 0;
    out.value = std::stod(std::string(rest), &used);
    if (used != rest.size()) fail("a bad value");
    auto& family = out_[family_];
    if (family.type.empty() || family.help.empty()) fail("no HELP or TYPE before");
    const bool histogram = family.type == "histogram";
    if (histogram ? out.name != family_ + "_bucket" && out.name != family_ + "_sum" &&
                        out.name != family_ + "_count"
                  : out.name != family_)
      fail("a sample of another family");
    if (family.type != "gauge" && !(out.value >= 0)) fail("a negative count");
    if (family.type == "counter" && !out.name.ends_with("_total")) fail("a counter's name");
    std::string series = out.name;
    for (const auto& [key, value] : out.labels) series += '\n' + key + '=' + value;
    if (!series_.insert(series).second) fail("a series twice");
    family.samples.push_back(std::move(out));
  }
  /// The text up to its closing quote, and the bytes read.
  [[nodiscard]] std::pair<std::string, std::size_t> text_of(std::string_view from) const {
    std::string out;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (from[i] == '"') return {out, i + 1};
      if (from[i] != '\\') {
        out += from[i];
        continue;
      }
      if (++i == from.size()) break;
      if (from[i] == 'n')
        out += '\n';
      else if (from[i] == '\\' || from[i] == '"')
        out += from[i];
      else
        fail("an unknown escape");
    }
    fail("a label value without an end");
  }
  /// Buckets of each series rise, end in +Inf, and agree with _count.
  void check(const std::string& name, const Family& family) {
    line_ = name;
    if (family.type != "histogram") return;
    struct Series {
      double bound = -1, upto = 0;
      std::optional<double> infinite, count, sum;
    };
    std::map<std::map<std::string, std::string>, Series> all;
    for (const auto& sample : family.samples) {
      auto labels = sample.labels;
      const auto le = labels.find("le");
      if (sample.name.ends_with("_bucket")) {
        if (le == labels.end()) fail("a bucket without a bound");
        const double bound = std::stod(le->second);
        const bool last = le->second == "+Inf";
        labels.erase("le");
        auto& series = all[labels];
        if (bound <= series.bound) fail("bounds that do not rise");
        if (sample.value < series.upto) fail("buckets that do not add up");
        if (series.infinite) fail("a bucket behind the last");
        series.bound = bound;
        series.upto = sample.value;
        if (last) series.infinite = sample.value;
      } else {
        if (le != labels.end()) fail("a bound out of place");
        auto& series = all[labels];
        (sample.name.ends_with("_sum") ? series.sum : series.count) = sample.value;
      }
    }
    for (const auto& [labels, series] : all) {
      if (!series.infinite || !series.count || !series.sum) fail("an incomplete histogram");
      if (*series.infinite != *series.count) fail("a count that differs from the last bucket");
    }
  }

  std::string_view line_;
  std::string family_;
  Exposition out_;
  std::set<std::string> series_;
};

}  // namespace quire::observe::test
