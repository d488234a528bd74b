#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "quire/reflect/fields.hpp"

namespace quire {

/// What reading does with a field that the struct lacks. keep needs a member of type quire::Extra.
enum class Unknown { ignore, keep, error };
/// What reading does when a field is absent: leave the initialiser of the struct, or throw
/// missing_field. An empty std::optional is what absence means to it, whatever the policy.
enum class Missing { use_default, error };
/// What reading does with null for a member that is no std::optional: throw null_value, or take it
/// as absent.
enum class OnNull { error, as_missing };
/// How an empty std::optional or pointer is written.
enum class WhenEmpty { absent, null };
/// Which numbers a numeric member takes. safe: any type of number whose value stays exactly the
/// same (range checked). strict: the stored type must be the member's own or always fit it.
/// lossy: as safe, and also cuts fractions, rounds, and reads bool as 0 or 1; never wraps.
enum class Numbers { safe, strict, lossy };
/// Names of members as written, or snake_case turned to camelCase ("created_at" → "createdAt").
enum class Naming { as_written, camel_case };

/// The model of a type that cannot be edited: specialise it with `static auto model()`.
template <class T>
struct Describe {};

namespace reflect {

struct FieldPolicy {
  bool renamed = false;
  bool aliased = false;
  bool skipped = false;
  bool flattened = false;
  bool converted = false;
  bool defaulted = false;  // default_value() of the model
  Missing missing = Missing::use_default;
  OnNull on_null = OnNull::error;
  WhenEmpty when_empty = WhenEmpty::absent;
  Numbers numbers = Numbers::safe;
};

template <std::size_t N>
struct PolicyTable {
  FieldPolicy field[N == 0 ? 1 : N];
  Unknown unknown = Unknown::ignore;
  bool unknown_given = false;
  Naming naming = Naming::as_written;
  bool any_runtime_name = false;  // a rename or an alias
};

// The operations of a model that the codec must know when it compiles. A builder carries them in
// its type as Ops<...>; each says what it changes. I is the member's position in fields of T.
template <std::size_t I>
struct Rename {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].renamed = table.any_runtime_name = true;
  }
};
template <std::size_t I>
struct Alias {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].aliased = table.any_runtime_name = true;
  }
};
template <std::size_t I>
struct Skip {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].skipped = true;
  }
};
template <std::size_t I>
struct Flatten {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].flattened = true;
  }
};
/// Member I has a value of its own for documents without it; default_of gives it.
template <std::size_t I>
struct Default {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].defaulted = true;
  }
};
/// Member I is stored through C, which has `using stored`, `to_bson` and `from_bson` as
/// quire::Converter.
template <std::size_t I, class C>
struct ConvertWith {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].converted = true;
  }
};
template <std::size_t I, Missing P>
struct MissingIs {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].missing = P;
  }
};
template <std::size_t I, OnNull P>
struct OnNullIs {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].on_null = P;
  }
};
template <std::size_t I, WhenEmpty P>
struct WhenEmptyIs {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].when_empty = P;
  }
};
template <std::size_t I, Numbers P>
struct NumbersAre {
  template <class Table>
  static constexpr void apply(Table& table) {
    table.field[I].numbers = P;
  }
};
/// The same for all members; give these before those of single members.
template <auto P>
struct ForAll {
  template <class Table>
  static constexpr void apply(Table& table) {
    using Policy = std::remove_cvref_t<decltype(P)>;
    if constexpr (std::is_same_v<Policy, Unknown>) {
      table.unknown = P;
      table.unknown_given = true;
    } else if constexpr (std::is_same_v<Policy, Naming>) {
      table.naming = P;
    } else {
      for (auto& field : table.field) {
        if constexpr (std::is_same_v<Policy, Missing>) field.missing = P;
        if constexpr (std::is_same_v<Policy, OnNull>) field.on_null = P;
        if constexpr (std::is_same_v<Policy, WhenEmpty>) field.when_empty = P;
        if constexpr (std::is_same_v<Policy, Numbers>) field.numbers = P;
      }
    }
  }
};
template <class... O>
struct Ops {
  template <class More>
  using add = Ops<O..., More>;
};

/// The strings of Rename and Alias.
struct MappingNames {
  struct Entry {
    std::size_t field;
    std::string name;
  };
  std::vector<Entry> renamed;
  std::vector<Entry> aliases;
  /// The values of Default: each is of its member's type.
  struct DefaultValue {
    std::size_t field;
    std::shared_ptr<const void> value;
  };
  std::vector<DefaultValue> defaults;
};

/// What a model() returns, as far as the codec looks at it:
///   struct Builder {
///     using model_type = T;                    // a model() inherited from a base is not taken
///     using mapping_ops = reflect::Ops<...>;
///     static constexpr bool versioned = ...;   // then: std::int32_t schema_version() const
///     const reflect::MappingNames& mapping_names() const;
///   };
/// model() itself runs for the first time while the names of T are being collected: lookups of
/// stored names then give the names without renames. Whoever needs stored names out of a model
/// (indexes, checks) calls reflect::stored_names<T>() first and then model() once more.
template <class T>
struct NoModel {
  using model_type = T;
  using mapping_ops = Ops<>;
  static constexpr bool versioned = false;
};

namespace detail {
template <class B, class T>
concept BuilderOf = requires {
  typename B::mapping_ops;
  requires std::is_same_v<typename B::model_type, T>;
};
template <class T>
auto model_of() {
  if constexpr (requires { Describe<T>::model(); }) {
    return std::type_identity<decltype(Describe<T>::model())>{};
  } else if constexpr (requires { T::model(); }) {
    using B = decltype(T::model());
    if constexpr (BuilderOf<B, T>)
      return std::type_identity<B>{};
    else
      return std::type_identity<NoModel<T>>{};
  } else {
    return std::type_identity<NoModel<T>>{};
  }
}
}  // namespace detail

/// The builder's type, or NoModel<T>. Ask for it outside of T's own model() only.
template <class T>
using model_builder_t = typename decltype(detail::model_of<T>())::type;

template <class T>
inline constexpr bool has_model = !std::is_same_v<model_builder_t<T>, NoModel<T>>;

/// Runs model(). Only for has_model<T>.
template <class T>
auto make_model() {
  if constexpr (requires { Describe<T>::model(); })
    return Describe<T>::model();
  else
    return T::model();
}

namespace detail {
template <std::size_t N, class... O>
consteval PolicyTable<N> make_policies(Ops<O...>*) {
  PolicyTable<N> table;
  (O::apply(table), ...);
  return table;
}
}  // namespace detail

/// The policies of T's members, by position.
template <class T>
inline constexpr PolicyTable<field_count<T>> policies = detail::make_policies<field_count<T>>(
    static_cast<typename model_builder_t<T>::mapping_ops*>(nullptr));

namespace detail {
template <std::size_t I, class C>
std::type_identity<C> find_converter(ConvertWith<I, C>*);
template <class O>
struct OpBases;
template <class... O>
struct OpBases<Ops<O...>> : O... {};
}  // namespace detail

/// The converter that the model gives to member I of T; only where its policy says converted.
template <class T, std::size_t I>
using converter_t = typename decltype(detail::find_converter<I>(
    static_cast<detail::OpBases<typename model_builder_t<T>::mapping_ops>*>(nullptr)))::type;

/// The value that the model gives member I where a document lacks it; only where its policy says
/// defaulted. Made once, at first use.
template <class T, std::size_t I>
const std::remove_const_t<field_t<T, I>>& default_of() {
  using V = std::remove_const_t<field_t<T, I>>;
  static const std::shared_ptr<const void> value = [] {
    std::shared_ptr<const void> last;
    const auto model = make_model<T>();
    for (const auto& one : model.mapping_names().defaults) {
      if (one.field == I) last = one.value;
    }
    return last;
  }();
  return *static_cast<const V*>(value.get());
}

/// What versioned models write as _v.
template <class T>
std::int32_t schema_version() {
  static const std::int32_t version = make_model<T>().schema_version();
  return version;
}

namespace detail {
template <std::size_t N, std::size_t Size>
struct NameBytes {
  char text[Size] = {};
  std::size_t begin[N + 1] = {};
};
template <class T>
consteval std::size_t count_name_bytes() {
  std::size_t size = 1;
  for (const std::string_view name : member_names<T>)
    size += (name.size() < 3 ? 3 : name.size()) + 2;
  return size;
}
template <class T>
consteval auto make_name_bytes() {
  NameBytes<field_count<T>, count_name_bytes<T>()> out;
  const bool camel = policies<T>.naming == Naming::camel_case;
  std::size_t at = 0;
  for (std::size_t i = 0; i < field_count<T>; ++i) {
    out.begin[i] = at++;
    std::string_view written = member_names<T>[i];
    if (written == "id") written = "_id";
    bool raise = false;
    for (std::size_t k = 0; k < written.size(); ++k) {
      const char c = written[k];
      if (camel && c == '_' && at != out.begin[i] + 1 && written != "_id") {
        raise = true;
        continue;
      }
      out.text[at++] = raise && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      raise = false;
    }
    ++at;
  }
  out.begin[field_count<T>] = at;
  return out;
}
/// The stored names of T's members without renames as they stand in documents: one free byte for
/// the type, the name, a zero byte. One constant for a type, since one for each member costs more
/// compile time than all else about it.
template <class T>
inline constexpr auto name_bytes = make_name_bytes<T>();

struct StaticName {
  const char* text;  // ends with a zero byte
  std::size_t size;
  [[nodiscard]] constexpr std::string_view view() const { return {text, size}; }
};
}  // namespace detail

/// The stored name of member I of T without renames: "_id" for `id`, else by the naming policy.
template <class T, std::size_t I>
inline constexpr detail::StaticName static_name = {
    detail::name_bytes<T>.text + detail::name_bytes<T>.begin[I] + 1,
    detail::name_bytes<T>.begin[I + 1] - detail::name_bytes<T>.begin[I] - 2};

/// The stored names of one type with renames: name(i) is the field's, alias(text) the position of
/// a further name that is read. Built once, at first use; then immutable and safe from all threads.
class NameTable {
 public:
  NameTable(const std::string_view* defaults, std::size_t count, const MappingNames& names);
  [[nodiscard]] std::string_view name(std::size_t i) const noexcept {
    const std::string& key = keys_[i];
    return {key.data() + 1, key.size() - 2};
  }
  /// One free byte for the type, the name, a zero byte.
  [[nodiscard]] const std::string& key(std::size_t i) const noexcept { return keys_[i]; }
  /// Position of the member that has this stored name or alias; size() where none has.
  [[nodiscard]] std::size_t find(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }

 private:
  std::vector<std::string> keys_;
  std::vector<MappingNames::Entry> aliases_;
};

namespace detail {
/// Whether this thread is running a model() for its names.
[[nodiscard]] bool collecting_names() noexcept;
class CollectingNames {
 public:
  CollectingNames() noexcept;
  ~CollectingNames();
  CollectingNames(const CollectingNames&) = delete;
  CollectingNames& operator=(const CollectingNames&) = delete;
};
template <class T>
consteval auto make_static_names() {
  std::array<std::string_view, field_count<T> + 1> names;
  constexpr const auto& bytes = name_bytes<T>;
  for (std::size_t i = 0; i < field_count<T>; ++i)
    names[i] = {bytes.text + bytes.begin[i] + 1, bytes.begin[i + 1] - bytes.begin[i] - 2};
  return names;
}
template <class T>
inline constexpr auto static_names = make_static_names<T>();

template <class T>
NameTable make_name_table() {
  CollectingNames guard;
  const auto model = make_model<T>();
  return NameTable(static_names<T>.data(), field_count<T>, model.mapping_names());
}
}  // namespace detail

/// Names of T with renames. Only for a T whose policies say any_runtime_name.
template <class T>
const NameTable& stored_names() {
  static const NameTable table = detail::make_name_table<T>();
  return table;
}

/// The name under which member I of T is stored. Valid for ever.
/// While any model() is being run for its names, renames are not known yet: see NoModel above.
template <class T, std::size_t I>
std::string_view stored_name() {
  if constexpr (policies<T>.field[I].renamed) {
    if (!detail::collecting_names()) return stored_names<T>().name(I);
  }
  return static_name<T, I>.view();
}

}  // namespace reflect
}  // namespace quire
