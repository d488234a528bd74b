#include "importer/files/format.hpp"

#include <algorithm>

#include "core/percent.hpp"
#include "importer/files/text_stream.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::files {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw ImportError(ErrorCode::invalid_source, why);
}

bool flag(const std::string& name, const std::string& value) {
  if (value == "1" || value == "true") return true;
  if (value == "0" || value == "false") return false;
  refuse("the option " + name + " is 1 or 0, not \"" + value + "\"");
}

char one_character(const std::string& name, const std::string& value) {
  if (value == "tab") return '\t';
  if (value.size() == 1 && static_cast<unsigned char>(value[0]) < 0x80 && value[0] != '\n' &&
      value[0] != '\r')
    return value[0];
  refuse("the option " + name + " is one ASCII character (%26 for &) or tab, not \"" + value +
         "\"");
}

void set_csv(Place& place, const std::string& name, const std::string& value) {
  if (name == "header") {
    place.header = flag(name, value);
  } else if (name == "delimiter") {
    place.delimiter = one_character(name, value);
  } else if (name == "quote") {
    place.quote = value.empty() ? '\0' : one_character(name, value);
  } else if (name == "null") {
    place.null_text = value;
  } else if (name == "types") {
    if (value != "text" && value != "guess")
      refuse("the option types is text or guess, not \"" + value + "\"");
    place.guess = value == "guess";
  } else {
    refuse("csv: has no option \"" + name +
           "\"; it has header, delimiter, quote, null, types, encoding, table");
  }
}

void set_elements(Place& place, std::string_view names) {
  while (true) {
    const auto comma = names.find(',');
    const std::string name(names.substr(0, comma));
    if (name.empty())
      refuse("the option elements is names of fields with commas between, as in messages,notes");
    if (std::find(place.elements.begin(), place.elements.end(), name) == place.elements.end())
      place.elements.push_back(name);
    if (comma == names.npos) return;
    names.remove_prefix(comma + 1);
  }
}

void set_json(Place& place, const std::string& name, const std::string& value) {
  const std::string kind(to_string(place.format));
  if (place.format == Format::bson) refuse("bson: has no option \"" + name + "\"");
  if (name == "extended") {
    place.extended = flag(name, value);
  } else if (name == "numbers") {
    if (value != "double" && value != "decimal")
      refuse("the option numbers is double or decimal, not \"" + value + "\"");
    place.decimals = value == "decimal";
  } else if (name == "elements" && place.format == Format::json) {
    set_elements(place, value);
  } else {
    refuse(kind + ": has no option \"" + name + "\"; it has extended, numbers, encoding, table" +
           (place.format == Format::json ? ", elements" : ""));
  }
}

void set_option(Place& place, std::string_view pair) {
  const auto equals = pair.find('=');
  const std::string name(pair.substr(0, equals));
  const std::string value =
      equals == pair.npos ? std::string() : percent_decoded(pair.substr(equals + 1));
  if (place.format != Format::bson && name == "encoding") {
    place.encoding = value;
  } else if (place.format != Format::bson && name == "table") {
    if (value.empty()) refuse("the option table is the name of a table");
    place.table = value;
  } else if (place.format == Format::csv) {
    set_csv(place, name, value);
  } else {
    set_json(place, name, value);
  }
}

Format format_of(std::string_view scheme) {
  for (const Format one : {Format::json, Format::ndjson, Format::csv, Format::bson}) {
    if (to_string(one) == scheme) return one;
  }
  refuse("files are json:PATH, ndjson:PATH, csv:PATH or bson:FOLDER");
}

}  // namespace

std::string_view to_string(Format format) noexcept {
  switch (format) {
    case Format::json:
      return "json";
    case Format::ndjson:
      return "ndjson";
    case Format::csv:
      return "csv";
    case Format::bson:
      return "bson";
  }
  return "unknown";
}

Place parse_place(std::string_view uri, const SourceOptions& options) {
  Place place;
  const auto colon = uri.find(':');
  place.format = format_of(uri.substr(0, colon));
  std::string_view rest = colon == uri.npos ? std::string_view{} : uri.substr(colon + 1);
  const auto question = rest.find('?');
  const std::string path = percent_decoded(rest.substr(0, question));
  if (path.empty() || path.find('\0') != path.npos)
    refuse("a path follows " + std::string(to_string(place.format)) +
           ":, as in json:data/users.json; ? and % in it are written %3F and %25");
  place.path = path;
  if (place.format != Format::bson) place.encoding = options.encoding;
  rest = question == rest.npos ? std::string_view{} : rest.substr(question + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    if (end != 0) set_option(place, rest.substr(0, end));
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  }
  if (place.format == Format::csv && place.delimiter == place.quote)
    refuse("delimiter and quote are the same character");
  check_encoding(place.encoding);
  return place;
}

}  // namespace quire::importer::files
