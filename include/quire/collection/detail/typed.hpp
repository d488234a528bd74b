#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"
#include "quire/collection/detail/core.hpp"
#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

/// From T to bytes and back, and where its id is.
namespace quire::collection_detail {

template <class T>
inline constexpr bool is_raw = std::is_same_v<T, bson::Document>;

template <class T>
inline constexpr bool readable = std::is_aggregate_v<T> || reflect::Described<T>;

consteval bool is_id_name(std::string_view name, bool renamed, bool skipped) {
  return name == "_id" && !renamed && !skipped;
}
template <class T, std::size_t... I>
consteval std::size_t find_id(std::index_sequence<I...>) {
  constexpr auto& field = reflect::policies<T>.field;
  std::size_t at = 0;
  const bool found =
      ((is_id_name(reflect::static_name<T, I>.view(), field[I].renamed, field[I].skipped) ||
        (++at, false)) ||
       ...);
  return found ? at : sizeof...(I);
}

template <class T>
struct IdOf {
  // Any other class has no id here: the mapping says what it lacks, in a line of its own.
  static consteval std::size_t find_position() {
    if constexpr (readable<T>) {
      constexpr std::size_t at = find_id<T>(std::make_index_sequence<reflect::field_count<T>>{});
      if (at < reflect::field_count<T>) return at;
    }
    return none;
  }
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  static constexpr std::size_t position = find_position();
  static constexpr bool present = position != none;
  static consteval auto find_type() {
    if constexpr (present)
      return std::type_identity<std::remove_const_t<reflect::field_t<T, position>>>{};
    else
      return std::type_identity<bson::Value>{};
  }
  using type = typename decltype(find_type())::type;
  template <class O>
  static auto& of(O& object) {
    return reflect::detail::leaf<position>(reflect::tie(object));
  }
};
template <>
struct IdOf<bson::Document> {
  static constexpr bool present = false;
  using type = bson::Value;
};
/// The type of T's id: of its member `id`; bson::Value where it has none (the store's documents
/// then get an ObjectId).
template <class T>
using id_t = typename IdOf<T>::type;

template <class Id>
inline constexpr bool is_made_here = std::is_same_v<Id, ObjectId> || std::is_same_v<Id, Uuid>;

/// Encodes for an insert: with an id, made now where it is empty. Gives the id.
template <class T>
id_t<T> encode_new(const T& object, bson::Buffer& buffer) {
  using Id = id_t<T>;
  if constexpr (is_raw<T>) {
    if (const auto id = object.find("_id")) {
      buffer.append(object.view().data(), object.view().size());
      return bson::Value(*id);
    }
    const auto id = ObjectId::generate();
    buffer = with_id(object, id).release();
    return id;
  } else {
    bson::encode_into(object, buffer);
    if constexpr (IdOf<T>::present) {
      const Id& given = IdOf<T>::of(object);
      if constexpr (is_made_here<Id>) {
        if (given.empty()) {
          const Id id = Id::generate();
          patch_id(buffer, id.bytes.data(), id.bytes.size());
          return id;
        }
      }
      return given;
    } else {
      const auto id = ObjectId::generate();
      const bson::Document with = with_id(bson::View(buffer.data(), buffer.size()), id);
      buffer.clear();
      buffer.append(with.view().data(), with.view().size());
      return id;
    }
  }
}

template <class T>
void encode_plain(const T& object, bson::Buffer& buffer) {
  if constexpr (is_raw<T>)
    buffer.append(object.view().data(), object.view().size());
  else
    bson::encode_into(object, buffer);
}

/// A replacement without an id of its own keeps that of the document found.
template <class T>
void encode_replacement(const T& object, bson::Buffer& buffer) {
  encode_plain(object, buffer);
  if constexpr (IdOf<T>::present && is_made_here<id_t<T>>) {
    if (IdOf<T>::of(object).empty()) drop_id(buffer);
  }
}

template <class T>
T decode_as(bson::View document) {
  if constexpr (is_raw<T>)
    return bson::Document(document);
  else
    return bson::decode<T>(document);
}

/// {_id: id} for any mapped id.
template <class Id>
class TypedId : public IdFilter {
 public:
  // Not `id`: programs have a field of that name in scope.
  explicit TypedId(const Id& value) : IdFilter(convert(value)) {}

 private:
  static auto convert(const Id& value) {
    if constexpr (std::is_same_v<Id, ObjectId> || std::is_same_v<Id, std::int32_t> ||
                  std::is_same_v<Id, std::int64_t>)
      return value;
    else
      return bson::encode_value(value);
  }
};

template <class T>
const ModelInfo& info_of() {
  if constexpr (is_raw<T> || !readable<T>) {
    static const ModelInfo none;
    return none;
  } else {
    return model_of<T>();
  }
}

/// Told its collection when an object comes from it or goes into it: Document<T>.
template <class T>
concept Attachable = requires(T& object, const CorePtr& home) { object.quire_attach(home); };
template <class T>
void attach(T& object, const CorePtr& home) {
  if constexpr (Attachable<T>) object.quire_attach(home);
}

template <class U>
concept UpdateLike = std::is_same_v<U, query::Raw> || requires(const U& update) {
  typename U::root;
  update.array_filters();
};

template <class T>
consteval bool names_known() {
  for (const auto& field : reflect::policies<T>.field) {
    if (field.flattened || field.renamed) return false;
  }
  return true;
}
template <class T, class Card, std::size_t I, std::size_t... J>
consteval bool stores(std::index_sequence<J...>) {
  constexpr const auto& field = reflect::policies<T>.field;
  return reflect::policies<Card>.field[I].skipped ||
         ((!field[J].skipped &&
           reflect::static_name<T, J>.view() == reflect::static_name<Card, I>.view()) ||
          ...);
}
template <class T, class Card, std::size_t... I>
consteval bool is_subset(std::index_sequence<I...>) {
  return (stores<T, Card, I>(std::make_index_sequence<reflect::field_count<T>>{}) && ...);
}
/// The projection that reads a Card out of documents of T.
template <class T, class Card>
bson::Document projection_into() {
  (void)sizeof(bson::detail::explain_document<Card>());
  if constexpr (bson::detail::MappedDocument<Card>) {
    constexpr auto all = std::make_index_sequence<reflect::field_count<Card>>{};
    if constexpr (!is_raw<T>) {
      if constexpr (names_known<T>() && names_known<Card>()) {
        constexpr bool subset = is_subset<T, Card>(all);
        static_assert(subset,
                      "quire: project<…>: a member of that struct is no field of the "
                      "collection's type; use the same stored names.");
      }
    }
    return projection_of(model_detail::fields_of<Card>(), info_of<T>(), reflect::type_name<Card>());
  } else {
    return {};
  }
}

}  // namespace quire::collection_detail
