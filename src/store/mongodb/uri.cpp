#include "store/mongodb/uri.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/ascii.hpp"

namespace quire::store::mongodb {
namespace {

constexpr std::array<std::string_view, 4> secret_options = {
    "authmechanismproperties", "tlscertificatekeyfilepassword", "sslclientcertificatekeypassword",
    "proxypassword"};
/// Options that the driver's own lists of names leave out.
constexpr std::array<std::string_view, 10> other_options = {
    "readpreferencetags", "authmechanismproperties", "w",       "readpreference", "compressors",
    "readconcernlevel",   "tlscertificatekeyfile",   "appname", "srvservicename", "srvmaxhosts"};

constexpr std::string_view how_to_escape =
    "in user and password write \":\", \"/\", \"?\", \"#\", \"[\", \"]\", \"@\" and \"%\" as %3A, "
    "%2F, %3F, %23, %5B, %5D, %40 and %25";

bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Whether each "%" begins an escape, and none is a zero byte.
bool is_escaped_well(std::string_view text) {
  for (std::size_t at = 0; (at = text.find('%', at)) != std::string_view::npos; at += 3) {
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2]) ||
        text.substr(at + 1, 2) == "00")
      return false;
  }
  return true;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool is_utf8(std::string_view text) {
  return bson_utf8_validate(text.data(), text.size(), /*allow_null=*/false);
}

struct Option {
  std::string_view name, value;
  bool secret = false;
};

/// A connection string in its parts. Built only where it is plain which they are.
struct Parts {
  std::string_view scheme;  // with "://"
  std::string_view user, password;
  bool has_user = false, has_password = false;
  std::string_view hosts;
  std::string_view database;  // with its "/"
  std::vector<Option> options;

  [[nodiscard]] bool has_secret_option() const {
    return std::any_of(options.begin(), options.end(), [](const auto& one) { return one.secret; });
  }
  [[nodiscard]] std::string redacted() const {
    std::string out(scheme);
    if (has_user) out.append(user).append(has_password ? ":***@" : "@");
    out.append(hosts).append(database);
    char separator = '?';
    for (const auto& option : options) {
      out += separator;
      out.append(option.name).append("=").append(option.secret ? "***" : option.value);
      separator = '&';
    }
    return out;
  }
};

[[noreturn]] void refuse(std::string_view why) {
  throw StoreError(ErrorCode::invalid_uri,
                   "the connection string cannot be read: " + std::string(why));
}

void check_host(std::string_view host, bool service) {
  if (host.empty()) refuse("a host name is missing; write mongodb://host:27017/app");
  std::string_view port;
  if (host.front() == '[') {
    const auto close = host.find(']');
    if (close == std::string_view::npos) refuse("the \"[\" of an IPv6 address has no \"]\"");
    port = host.substr(close + 1);
    if (!port.empty() && port.front() != ':') refuse("behind an IPv6 address stands no \":port\"");
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
  }
  if (host.find('%') != std::string_view::npos && !is_escaped_well(host))
    refuse("a host name holds a \"%\" that begins no escape");
  if (port.empty()) return;
  port.remove_prefix(1);
  // Not repeated: it may be a password before which the "@" or the host was forgotten.
  const bool number =
      !port.empty() && port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit);
  if (!number || std::stoi(std::string(port)) < 1 || std::stoi(std::string(port)) > 65535)
    refuse(
        "the port of a host is no number of 1 to 65535; user and password stand before \"@\", as "
        "in mongodb://user:password@host/app");
  if (service) refuse("mongodb+srv:// takes one name without a port");
}

void check_userinfo(Parts& out, std::string_view userinfo) {
  const auto colon = userinfo.find(':');
  out.has_user = true;
  out.user = userinfo.substr(0, colon);
  out.has_password = colon != std::string_view::npos;
  if (out.has_password) out.password = userinfo.substr(colon + 1);
  if (out.user.empty()) refuse("the user's name before \"@\" is empty");
  for (const auto part : {out.user, out.password}) {
    if (part.find_first_of(":/?#[]@") != std::string_view::npos || !is_escaped_well(part))
      refuse(how_to_escape);
    if (!is_utf8(decode(part))) refuse("user and password are not UTF-8");
  }
}

bool is_known(const std::string& name) {
  return mongoc_uri_option_is_int32(name.c_str()) || mongoc_uri_option_is_int64(name.c_str()) ||
         mongoc_uri_option_is_bool(name.c_str()) || mongoc_uri_option_is_utf8(name.c_str()) ||
         std::find(other_options.begin(), other_options.end(), name) != other_options.end();
}

void check_options(Parts& out, std::string_view text) {
  bool unclear = false;
  while (!text.empty()) {
    const auto end = text.find_first_of("&;");
    const auto one = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (one.empty()) continue;
    const auto equals = one.find('=');
    Option option{one.substr(0, equals), {}, false};
    if (equals != std::string_view::npos) option.value = one.substr(equals + 1);
    const std::string name = lower(option.name);
    option.secret =
        std::find(secret_options.begin(), secret_options.end(), name) != secret_options.end();
    const bool word = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::isalnum(c) != 0;
    });
    unclear |= equals == std::string_view::npos || !word || !is_escaped_well(option.value) ||
               !is_utf8(decode(option.value));
    // What the driver does not know it names in its log, and behind a secret it may be a part of
    // it.
    unclear |= out.has_secret_option() && !option.secret && !is_known(name);
    out.options.push_back(option);
  }
  if (!unclear) return;
  if (out.has_secret_option()) {
    refuse(
        "the options are not name=value&name=value; in a value write \"&\", \";\", \"=\", \"@\" "
        "and "
        "\"%\" as %26, %3B, %3D, %40 and %25");
  }
  for (const auto& option : out.options) {
    if (option.value.data() == nullptr)
      refuse("the option \"" + std::string(option.name) +
             "\" has no value; write name=value&name=value");
  }
  refuse("an option's name is a word, and \"%\" in its value is written %25");
}

Parts split(std::string_view uri) {
  Parts out;
  const bool service = uri.starts_with("mongodb+srv://");
  if (!service && !uri.starts_with("mongodb://"))
    refuse("it begins with neither mongodb:// nor mongodb+srv://");
  if (uri.find('\0') != std::string_view::npos) refuse("it holds a zero byte");
  out.scheme = uri.substr(0, uri.find("://") + 3);
  auto rest = uri.substr(out.scheme.size());
  const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
  // The "@" behind user and password is the last one that is written as itself. Where another
  // stands before it or one of "/?" does, a password was not escaped, and where it ends is anyone's
  // guess.
  const auto at = rest.find('@');
  if (at != std::string_view::npos && (at != rest.rfind('@') || at > authority_end))
    refuse(std::string(how_to_escape) + ", and \"@\" in options as %40");
  if (at != std::string_view::npos) check_userinfo(out, rest.substr(0, at));
  const auto hosts_begin = at == std::string_view::npos ? 0 : at + 1;
  out.hosts = rest.substr(hosts_begin, authority_end - hosts_begin);
  auto tail = rest.substr(authority_end);
  const auto question = tail.find('?');
  out.database = tail.substr(0, question);
  for (auto hosts = out.hosts;;) {
    const auto comma = hosts.find(',');
    check_host(hosts.substr(0, comma), service);
    if (comma == std::string_view::npos) break;
    hosts.remove_prefix(comma + 1);
  }
  if (!is_escaped_well(out.database) || !is_utf8(decode(out.database)))
    refuse("the database's name holds a \"%\" that begins no escape");
  if (question != std::string_view::npos) check_options(out, tail.substr(question + 1));
  return out;
}

/// What the driver reads "mongodb://host?x=y" as, which it wants a "/" in.
std::string for_driver(std::string_view text, const Parts& parts) {
  std::string out(text);
  if (parts.database.empty() && !parts.options.empty()) out.insert(out.find('?'), 1, '/');
  return out;
}

void read_names(Uri& out) {
  if (const char* database = mongoc_uri_get_database(out.uri.get())) out.database = database;
  if (const auto* hosts = mongoc_uri_get_hosts(out.uri.get())) {
    for (const auto* host = hosts; host != nullptr; host = host->next)
      out.hosts.emplace_back(host->host_and_port);
  } else if (const char* service = mongoc_uri_get_srv_hostname(out.uri.get())) {
    out.hosts.emplace_back(service);
  }
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

}  // namespace

void Secrets::add(std::string_view secret) {
  if (secret.empty()) return;
  whole_.emplace_back(secret);
  if (auto decoded = decode(secret); decoded != secret) whole_.push_back(std::move(decoded));
  std::sort(whole_.begin(), whole_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Secrets::scrub(std::string text) const {
  for (const auto& secret : whole_) {
    // One of a letter or two would take every such letter out; as a password it stands between.
    if (secret.size() >= 4) {
      replace_all(text, secret, "***");
    } else {
      replace_all(text, ":" + secret + "@", ":***@");
    }
  }
  return text;
}

Uri Uri::parse(std::string_view text) {
  init_driver();
  const Parts parts = split(text);
  Uri out;
  out.redacted = parts.redacted();
  out.secrets.add(parts.password);
  for (const auto& option : parts.options) {
    if (option.secret) out.secrets.add(option.value);
  }
  bson_error_t error{};
  out.uri.reset(mongoc_uri_new_with_error(for_driver(text, parts).c_str(), &error));
  if (out.uri == nullptr) {
    std::string why = error.message[0] == '\0' ? "it is malformed" : error.message;
    // libmongoc 2 names what stands between two commas: a piece of a token that has commas.
    constexpr std::string_view property = "authentication mechanism property";
    if (const auto at = why.find(property); at != std::string::npos) {
      why.resize(at + property.size());
      why += "; authMechanismProperties is NAME:VALUE,NAME:VALUE with no comma in a value";
    }
    throw StoreError(ErrorCode::invalid_uri, "the connection string \"" + out.redacted +
                                                 "\" cannot be read: " + out.secrets.scrub(why));
  }
  read_names(out);
  return out;
}

Uri Uri::adopt(const mongoc_uri_t* uri) {
  Uri out;
  out.uri.reset(mongoc_uri_copy(uri));
  read_names(out);
  if (const char* password = mongoc_uri_get_password(uri)) out.secrets.add(password);
  if (const char* password =
          mongoc_uri_get_option_as_utf8(uri, MONGOC_URI_TLSCERTIFICATEKEYFILEPASSWORD, nullptr))
    out.secrets.add(password);
  try {
    const Parts parts = split(mongoc_uri_get_string(uri));
    out.redacted = parts.redacted();
    for (const auto& option : parts.options) {
      if (option.secret) out.secrets.add(option.value);
    }
  } catch (const StoreError&) {  // the driver takes more than parse() does: show what is plain
    out.redacted = mongoc_uri_get_srv_hostname(uri) != nullptr ? "mongodb+srv://" : "mongodb://";
    for (std::size_t i = 0; i < out.hosts.size(); ++i)
      out.redacted.append(i == 0 ? "" : ",").append(out.hosts[i]);
    out.redacted += "/" + out.database;
  }
  return out;
}

}  // namespace quire::store::mongodb
