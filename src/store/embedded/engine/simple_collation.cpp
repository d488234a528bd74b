#include <optional>

#include "store/embedded/engine/index_parse.hpp"
#include "store/embedded/expression/value.hpp"

namespace quire::store::embedded {

using bson::ValueView;
using bson::View;
using namespace index_parse;

void require_simple_collation(ValueView collation, std::string_view path) {
  const View options = want_document(path, collation);
  const std::string prefix = std::string(path) + ".";
  std::optional<std::string_view> locale;
  for (const auto& [name, value] : options) {
    const auto at = prefix + std::string(name);
    if (value.is_null() && name != "locale") continue;  // as if it were not there
    if (name == "locale") {
      locale = want_text(at, value);
    } else if (name == "strength") {
      const double strength = want_number(at, value);
      if (!(strength >= 1 && strength <= 5)) fail(bad_value, at, "the strength is 1 to 5");
    } else if (name == "caseLevel" || name == "numericOrdering" || name == "backwards" ||
               name == "normalization") {
      (void)want_flag(at, value);
    } else if (name == "caseFirst") {
      const auto text = want_text(at, value);
      if (text != "upper" && text != "lower" && text != "off")
        fail(bad_value, at, "caseFirst is upper, lower or off");
    } else if (name == "alternate") {
      const auto text = want_text(at, value);
      if (text != "non-ignorable" && text != "shifted")
        fail(bad_value, at, "alternate is non-ignorable or shifted");
    } else if (name == "maxVariable") {
      const auto text = want_text(at, value);
      if (text != "punct" && text != "space") fail(bad_value, at, "maxVariable is punct or space");
    } else if (name == "version") {
      (void)want_text(at, value);
    } else {
      fail(40415, at, "a collation has no such option");
    }
  }
  // Without a locale the server answers as to a bad one.
  if (!locale) fail(options.empty() ? bad_value : 40414, prefix + "locale", "it is missing");
  if (*locale == "simple") {
    if (options.count() != 1)
      fail(bad_value, path, "the locale \"simple\" takes no further options");
    return;
  }
  // Language, then script, region and variant: "en", "zh_Hant", "fr_CA", "de@collation=phonebook".
  const auto language = locale->substr(0, locale->find_first_of("_@-"));
  bool plausible = language.size() == 2 || language.size() == 3;
  for (const char c : language) plausible = plausible && c >= 'a' && c <= 'z';
  if (!plausible) fail(bad_value, prefix + "locale", "there is no such locale");
  refuse(path, "a collation other than {locale: \"simple\"}");
}

}  // namespace quire::store::embedded
