#include "store/mongodb/uri.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace quire::store::mongodb {
namespace {

constexpr std::array<std::string_view, 5> secret_options = {
    "authmechanismproperties", "tlscertificatekeyfilepassword", "sslclientcertificatekeypassword",
    "proxypassword", "proxyusername"};

struct Parts {
  std::string_view scheme;    // with "://"
  std::string_view userinfo;  // without "@"
  bool has_userinfo = false;
  std::string_view rest;  // hosts, database, options
};

/// Cuts so that no piece of a password is ever taken for a host: at the last "@" of all.
Parts cut(std::string_view uri) {
  Parts out;
  const auto scheme = uri.find("://");
  if (scheme == std::string_view::npos) return {{}, {}, false, uri};
  out.scheme = uri.substr(0, scheme + 3);
  auto rest = uri.substr(scheme + 3);
  // In a well-formed one "@" stands before the first "/" and "?"; an option may hold another.
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  auto at = authority.rfind('@');
  if (at == std::string_view::npos) {
    const auto options = rest.find('?');
    at = rest.substr(0, options).rfind('@');
    if (at == std::string_view::npos && authority.find(':') != std::string_view::npos)
      at = rest.rfind('@');  // a "?" in the password
  }
  if (at != std::string_view::npos) {
    out.has_userinfo = true;
    out.userinfo = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  out.rest = rest;
  return out;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) && digit(text[i + 2])) {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool is_secret_option(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(secret_options.begin(), secret_options.end(), lower) != secret_options.end();
}

/// Calls `sink(name, value)` for each option behind the "?".
template <class Sink>
void each_option(std::string_view rest, const Sink& sink) {
  const auto question = rest.find('?');
  if (question == std::string_view::npos) return;
  auto options = rest.substr(question + 1);
  while (!options.empty()) {
    const auto end = options.find_first_of("&;");
    const auto option = options.substr(0, end);
    const auto equals = option.find('=');
    if (equals == std::string_view::npos)
      sink(option, std::string_view{});
    else
      sink(option.substr(0, equals), option.substr(equals + 1));
    if (end == std::string_view::npos) break;
    options.remove_prefix(end + 1);
  }
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

}  // namespace

Secrets::Secrets(std::string_view uri) {
  const Parts parts = cut(uri);
  const auto add = [&](std::string_view secret) {
    if (secret.empty()) return;
    whole_.emplace_back(secret);
    if (auto decoded = decode(secret); decoded != secret) whole_.push_back(std::move(decoded));
    while (!secret.empty()) {
      const auto end = secret.find_first_of(":/@?#[],&=%");
      if (const auto part = secret.substr(0, end); part.size() >= 2) parts_.emplace_back(part);
      if (end == std::string_view::npos) break;
      secret.remove_prefix(end + 1);
    }
  };
  if (parts.has_userinfo) {
    const auto colon = parts.userinfo.find(':');
    if (colon != std::string_view::npos) add(parts.userinfo.substr(colon + 1));
  }
  each_option(parts.rest, [&](std::string_view name, std::string_view value) {
    if (is_secret_option(name)) add(value);
  });
  // A longer one first: it may hold a shorter one.
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

bool Secrets::in(std::string_view text) const {
  const auto found = [&](const std::string& one) {
    return text.find(one) != std::string_view::npos;
  };
  return std::any_of(whole_.begin(), whole_.end(), found) ||
         std::any_of(parts_.begin(), parts_.end(), found);
}

std::string redact(std::string_view uri) {
  const Parts parts = cut(uri);
  std::string out(parts.scheme);
  if (parts.has_userinfo) {
    const auto colon = parts.userinfo.find(':');
    out += parts.userinfo.substr(0, colon);
    if (colon != std::string_view::npos) out += ":***";
    out += '@';
  }
  out += parts.rest.substr(0, parts.rest.find('?'));
  char separator = '?';
  each_option(parts.rest, [&](std::string_view name, std::string_view value) {
    out += separator;
    separator = '&';
    out += name;
    out += '=';
    out += is_secret_option(name) ? std::string_view("***") : value;
  });
  return out;
}

Uri Uri::parse(std::string_view text) {
  init_driver();
  Uri out;
  out.secrets = Secrets(text);
  bson_error_t error{};
  const std::string copy(text);
  if (copy.size() != text.size() || copy.find('\0') != std::string::npos)
    throw StoreError(ErrorCode::invalid_uri, "the connection string holds a zero byte");
  out.uri.reset(mongoc_uri_new_with_error(copy.c_str(), &error));
  if (out.uri == nullptr) {
    const std::string_view why = error.message;
    const Parts parts = cut(text);
    std::string user(parts.userinfo.substr(0, parts.userinfo.find(':')));
    if (out.secrets.in(why) || (parts.has_userinfo && why.find("host") != std::string_view::npos)) {
      throw StoreError(ErrorCode::invalid_uri,
                       "the connection string cannot be read; in user and password write "
                       "\":\", \"/\", \"?\", \"#\", \"[\", \"]\", \"@\" and \"%\" as %3A, %2F, %3F, "
                       "%23, %5B, %5D, %40 and %25");
    }
    throw StoreError(ErrorCode::invalid_uri,
                     "the connection string \"" + redact(text) + "\" cannot be read: " +
                         std::string(why.empty() ? std::string_view("it is malformed") : why));
  }
  out.redacted = redact(text);
  if (const char* database = mongoc_uri_get_database(out.uri.get())) out.database = database;
  if (const auto* hosts = mongoc_uri_get_hosts(out.uri.get())) {
    for (const auto* host = hosts; host != nullptr; host = host->next)
      out.hosts.emplace_back(host->host_and_port);
  } else if (const char* service = mongoc_uri_get_srv_hostname(out.uri.get())) {
    out.hosts.emplace_back(service);
  }
  return out;
}

}  // namespace quire::store::mongodb
