#include "quire/reflect/mapping.hpp"

#include "quire/core/error.hpp"

namespace quire::reflect {

namespace detail {
namespace {
constinit thread_local int collecting = 0;
}  // namespace
bool collecting_names() noexcept { return collecting != 0; }
CollectingNames::CollectingNames() noexcept { ++collecting; }
CollectingNames::~CollectingNames() { --collecting; }
}  // namespace detail

NameTable::NameTable(const std::string_view* defaults, std::size_t count,
                     const MappingNames& names) {
  const auto check = [](const std::string& name) {
    if (name.find('\0') != std::string::npos)
      throw ModelError(ErrorCode::invalid_model, "a stored name holds a zero byte");
  };
  keys_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::string key(1, '\0');
    key += defaults[i];
    keys_.push_back(std::move(key));
  }
  for (const auto& [field, name] : names.renamed) {
    check(name);
    keys_.at(field) = '\0' + name;
  }
  for (auto& key : keys_) key += '\0';
  for (const auto& alias : names.aliases) {
    check(alias.name);
    for (std::size_t i = 0; i < count; ++i) {
      if (name(i) == alias.name && i != alias.field) {
        throw ModelError(
            ErrorCode::invalid_model, FieldPath(alias.name),
            "a former name of one member is the name of another; it would be read twice");
      }
    }
    aliases_.push_back(alias);
  }
  for (const auto& [field, renamed] : names.renamed) {
    for (std::size_t i = 0; i < count; ++i) {
      if (i != field && name(i) == renamed)
        throw ModelError(ErrorCode::invalid_model, FieldPath(renamed),
                         "two members have the same stored name");
    }
  }
}

std::size_t NameTable::find(std::string_view wanted) const noexcept {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (name(i) == wanted) return i;
  }
  for (const auto& alias : aliases_) {
    if (alias.name == wanted) return alias.field;
  }
  return keys_.size();
}

}  // namespace quire::reflect
