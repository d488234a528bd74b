#pragma once

#include <optional>
#include <quire/quire.hpp>
#include <string>

/// Today's shape of the data. Earlier shapes are in migrations.cpp, which alone needs them.
namespace tour {

struct Country {
  std::string id;  ///< ISO 3166-1 alpha-2, "IS"
  std::string alpha_3;
  std::string numeric;
  std::string name;
  std::optional<std::string> official_name;
  int visits = 0;

  static auto model() {
    using quire::field;
    return quire::model<Country>("countries")
        .index(field<&Country::alpha_3>.asc(), quire::unique)
        .index(field<&Country::name>.asc());
  }
};

struct Subdivision {
  std::string id;                     ///< ISO 3166-2, "AZ-BAB"
  std::string country;                ///< → Country::id
  std::string part;                   ///< what follows the country, "BAB"
  std::optional<std::string> parent;  ///< → Subdivision::id, "AZ-NX"
  std::string name;
  std::string type;

  static auto model() {
    using quire::field;
    return quire::model<Subdivision>("subdivisions")
        .version(2)
        .index(field<&Subdivision::country>.asc(), field<&Subdivision::name>.asc())
        .index(field<&Subdivision::parent>.asc(), quire::sparse);
  }
};

struct Language {
  std::string id;  ///< ISO 639-3, "isl"
  std::string name;
  std::string scope;                   ///< I individual, M macrolanguage, S special
  std::string type;                    ///< L living, E extinct, …
  std::optional<std::string> alpha_2;  ///< ISO 639-1, "is"

  static auto model() {
    using quire::field;
    return quire::model<Language>("languages")
        .index(field<&Language::name>.asc())
        .index(field<&Language::alpha_2>.asc(), quire::unique, quire::sparse);
  }
};

}  // namespace tour
