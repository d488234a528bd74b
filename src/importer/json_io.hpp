#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "importer/enum_names.hpp"
#include "quire/bson/writer.hpp"

/// A mapping's JSON form is described once, by mapping_json.cpp, and read and written by these two.
namespace quire::importer {

/// Writes what is not the default.
class JsonOut {
 public:
  static constexpr bool reads = false;
  explicit JsonOut(bson::Writer& out, bool lenient) : out_(out), lenient_(lenient) {}

  void text(std::string_view key, const std::string& value, std::string_view usual = "");
  void names(std::string_view key, const std::vector<std::string>& value);
  /// A list of lists of texts.
  void list_of_names(std::string_view key, const std::vector<std::vector<std::string>>& value);
  void flag(std::string_view key, bool value, bool usual);
  void number(std::string_view key, std::int64_t value, std::int64_t usual);
  template <class E, std::size_t N>
  void choice(std::string_view key, const Named<E> (&names)[N], E value, E usual) {
    if (value != usual) out_.append(key, name_of(names, value));
  }
  void value(std::string_view key, const std::optional<bson::Value>& value);
  void values(std::string_view key, const std::vector<ValuePair>& pairs);
  void pairs(std::string_view key, const std::vector<std::pair<std::string, bson::Value>>& pairs);
  template <class T, class F>
  void list(std::string_view key, const std::vector<T>& list, F describe) {
    if (list.empty()) return;
    out_.begin_array(key);
    for (const T& one : list) {
      out_.push_document_begin();
      describe(*this, const_cast<T&>(one));  // what writes changes nothing
      out_.end();
    }
    out_.end();
  }
  template <class T, class F>
  void object(std::string_view key, const std::optional<T>& object, const T&, F describe) {
    if (!object) return;
    out_.begin_document(key);
    describe(*this, const_cast<T&>(*object));
    out_.end();
  }
  /// What only C++ has.
  void only_code(std::string_view key, bool is_there, const std::string& whose);

 private:
  bson::Writer& out_;
  bool lenient_;
};

/// Reads one object; its keys are known by being asked for. Errors are ImportError invalid_mapping
/// with the place as path.
class JsonIn {
 public:
  static constexpr bool reads = true;
  JsonIn(bson::ValueView value, std::string place);

  void text(std::string_view key, std::string& out, std::string_view usual = "");
  void names(std::string_view key, std::vector<std::string>& out);
  void list_of_names(std::string_view key, std::vector<std::vector<std::string>>& out);
  void flag(std::string_view key, bool& out, bool usual);
  void number(std::string_view key, std::int64_t& out, std::int64_t usual);
  template <class E, std::size_t N>
  void choice(std::string_view key, const Named<E> (&names)[N], E& out, E) {
    const auto found = find(key);
    if (!found) return;
    const std::string text = text_of(key, *found);
    if (const auto value = value_of(names, text)) {
      out = *value;
      return;
    }
    std::vector<std::string> all;
    for (const auto& one : names) all.emplace_back(one.name);
    fail(key, "there is no " + importer::in_quotes(text) + near_names(text, all) +
                  "; it is one of " + listed(all));
  }
  void value(std::string_view key, std::optional<bson::Value>& out);
  void values(std::string_view key, std::vector<ValuePair>& out);
  void pairs(std::string_view key, std::vector<std::pair<std::string, bson::Value>>& out);
  template <class T, class F>
  void list(std::string_view key, std::vector<T>& out, F describe) {
    const auto found = find(key);
    if (!found) return;
    if (!found->is_array()) fail(key, "a list is expected");
    for (const auto& element : found->as_array()) {
      JsonIn in(element.value, place_of(key) + "[" + std::to_string(out.size()) + "]");
      describe(in, out.emplace_back());
      in.finish();
    }
  }
  template <class T, class F>
  void object(std::string_view key, std::optional<T>& out, const T& base, F describe) {
    const auto found = find(key);
    if (!found) return;
    JsonIn in(*found, place_of(key));
    describe(in, out.emplace(base));
    in.finish();
  }
  void only_code(std::string_view, bool, const std::string&) {}
  /// Throws for a key that nobody asked for.
  void finish() const;

 private:
  [[nodiscard]] std::optional<bson::ValueView> find(std::string_view key);
  [[nodiscard]] std::string text_of(std::string_view key, bson::ValueView value) const;
  [[nodiscard]] std::string place_of(std::string_view key) const;
  [[noreturn]] void fail(std::string_view key, const std::string& why) const;

  bson::View view_;
  std::string place_;
  std::vector<std::string> known_;
};

}  // namespace quire::importer
