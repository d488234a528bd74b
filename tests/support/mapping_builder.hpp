#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "quire/reflect/mapping.hpp"

namespace quire::test {

/// The least that a model() may return: what the codec looks at, without collection and indexes.
template <class T, class O = reflect::Ops<>, bool Versioned = false>
struct MappingBuilder {
  using model_type = T;
  using mapping_ops = O;
  static constexpr bool versioned = Versioned;
  reflect::MappingNames names;

  [[nodiscard]] const reflect::MappingNames& mapping_names() const { return names; }
  [[nodiscard]] std::int32_t schema_version() const { return 3; }

  template <class Op>
  [[nodiscard]] auto with() const {
    return MappingBuilder<T, typename O::template add<Op>, Versioned>{names};
  }
  template <auto P>
  [[nodiscard]] auto rename(std::string name) const {
    constexpr auto i = reflect::index_of<P, T>;
    auto next = with<reflect::Rename<i>>();
    next.names.renamed.push_back({i, std::move(name)});
    return next;
  }
  template <auto P>
  [[nodiscard]] auto was(std::string name) const {
    constexpr auto i = reflect::index_of<P, T>;
    auto next = with<reflect::Alias<i>>();
    next.names.aliases.push_back({i, std::move(name)});
    return next;
  }
  [[nodiscard]] auto version() const { return MappingBuilder<T, O, true>{names}; }
};

template <class T>
MappingBuilder<T> mapping() {
  return {};
}

}  // namespace quire::test
