#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/writer.hpp"

/// Collects the parts of an updateDescription. Internal to change_description.cpp and
/// document_difference.cpp.
namespace quire::store::embedded::description {

using bson::ValueView;
using bson::View;

[[nodiscard]] inline bool same(ValueView a, ValueView b) noexcept {
  return a.type() == b.type() && a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size()) == 0;
}

class Collector {
 public:
  /// One level down, for the life of the step.
  class Step {
   public:
    Step(Collector& owner, std::string_view name, bool is_index)
        : owner_(owner), size_(owner.path_.size()) {
      if (!owner.parts_.empty()) owner.path_.push_back('.');
      owner.path_ += name;
      owner.parts_.push_back({std::string(name), is_index});
    }
    ~Step() {
      owner_.parts_.pop_back();
      owner_.path_.resize(size_);
    }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Collector& owner_;
    std::size_t size_;
  };

  void updated(ValueView value) {
    updated_.append(path_, value);
    note_path();
  }
  void removed() {
    removed_.push(std::string_view(path_));
    note_path();
  }
  void truncated(std::size_t size) {
    truncated_.push_document_begin();
    truncated_.append("field", path_).append("newSize", static_cast<std::int32_t>(size)).end();
    note_path();
  }
  [[nodiscard]] bson::Document finish() {
    bson::Writer out;
    out.append("updatedFields", updated_.finish());
    out.append_array("removedFields", removed_.finish());
    out.append_array("truncatedArrays", truncated_.finish());
    if (any_ambiguous_) out.append("disambiguatedPaths", ambiguous_.finish());
    return out.finish();
  }

 private:
  struct Part {
    std::string name;
    bool is_index;
  };
  /// A name with a point in it, or one of digits that is no position of an array; the first part
  /// can be none.
  [[nodiscard]] bool is_ambiguous() const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const auto& [name, is_index] = parts_[i];
      if (is_index) continue;
      if (name.find('.') != name.npos) return true;
      if (i > 0 && !name.empty() && name.find_first_not_of("0123456789") == name.npos) return true;
    }
    return false;
  }
  void note_path() {
    if (!is_ambiguous()) return;
    any_ambiguous_ = true;
    ambiguous_.begin_array(path_);
    for (const auto& [name, is_index] : parts_) {
      if (is_index) {
        ambiguous_.push(static_cast<std::int32_t>(std::stol(name)));
      } else {
        ambiguous_.push(std::string_view(name));
      }
    }
    ambiguous_.end();
  }

  std::string path_;
  std::vector<Part> parts_;
  bson::Writer updated_, removed_, truncated_, ambiguous_;
  bool any_ambiguous_ = false;
};

}  // namespace quire::store::embedded::description
