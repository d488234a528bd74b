#include "importer/mysql/options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "quire/core/error.hpp"

namespace quire::importer::mysql {
namespace {

[[noreturn]] void refuse(const std::string& detail) {
  throw ImportError(
      ErrorCode::invalid_source,
      detail + "; a MySQL or MariaDB source is mysql://USER@HOST:PORT/DATABASE?OPTIONS");
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// `what` names the part in the error: the part itself may be a password.
std::string decoded(std::string_view text, std::string_view what) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || (high == 0 && low == 0)) {
      refuse("the " + std::string(what) +
             " has a % that is no percent-encoded byte (% itself is %25)");
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

unsigned number(std::string_view text, std::string_view what, unsigned least, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    refuse("the " + std::string(what) + " is a number from " + std::to_string(least) + " to " +
           std::to_string(most));
  }
  return value;
}

std::string charset_name(std::string value) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (value.empty() || !std::all_of(value.begin(), value.end(), fits) || value == "binary") {
    refuse("the option charset names a character set of the server, utf8mb4 or latin1");
  }
  return value;
}

bool truth(std::string_view value, std::string_view name) {
  if (value == "1" || value == "true" || value == "on") return true;
  if (value == "0" || value == "false" || value == "off") return false;
  refuse("the option " + std::string(name) + " is 0 or 1");
}

Options::Ssl ssl_of(std::string_view value) {
  if (value == "off" || value == "0" || value == "false") return Options::Ssl::off;
  if (value == "on" || value == "1" || value == "true") return Options::Ssl::on;
  if (value == "verify") return Options::Ssl::verify;
  refuse("the option ssl is off, on or verify");
}

void take_option(Options& out, const std::string& name, std::string value) {
  if (name == "socket") {
    out.socket = std::move(value);
  } else if (name == "ssl") {
    out.ssl = ssl_of(value);
  } else if (name == "ssl-ca") {
    out.ssl_ca = std::move(value);
  } else if (name == "ssl-cert") {
    out.ssl_cert = std::move(value);
  } else if (name == "ssl-key") {
    out.ssl_key = std::move(value);
  } else if (name == "charset") {
    out.charset = charset_name(std::move(value));
  } else if (name == "connections") {
    out.connections = number(value, "option connections", 1, 64);
  } else if (name == "compress") {
    out.compress = truth(value, name);
  } else {
    refuse(
        "it has an option that is none of socket, ssl, ssl-ca, ssl-cert, ssl-key, charset, "
        "connections, compress");
  }
}

void take_options(Options& out, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = pair.find('=');
    if (equals == pair.npos) refuse("an option is NAME=VALUE");
    take_option(out, decoded(pair.substr(0, equals), "options"),
                decoded(pair.substr(equals + 1), "options"));
  }
}

void take_place(Options& out, std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) refuse("the address in [ ] has no end");
    out.host = decoded(text.substr(1, end - 1), "host");
    port = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    out.host = decoded(text.substr(0, colon), "host");
    port = text.substr(colon);
  }
  if (port.empty()) return;
  if (port.front() != ':') refuse("behind the address in [ ] comes :PORT");
  out.port = number(port.substr(1), "port", 1, 65535);
}

}  // namespace

std::string Options::location() const {
  const bool v6 = host.find(':') != host.npos;
  std::string out = "mysql://" + (v6 ? "[" + host + "]" : host.empty() ? "localhost" : host);
  if (!socket.empty()) {
    out += "(" + socket + ")";
  } else if (port != 0) {
    out += ":" + std::to_string(port);
  }
  return out + "/" + database;
}

Options parse_uri(std::string_view uri, std::chrono::milliseconds connect_timeout) {
  Options out;
  out.connect_timeout = connect_timeout;
  const auto begin = uri.find("://");
  if (begin == uri.npos) refuse("the URI has no // behind the kind");
  std::string_view rest = uri.substr(begin + 3);
  const auto question = std::min(rest.find('?'), rest.size());
  if (question < rest.size()) take_options(out, rest.substr(question + 1));
  rest = rest.substr(0, question);
  // A password with an @ that is not encoded: the last one ends it, so that none of it is a host.
  const auto at = rest.rfind('@');
  if (at != rest.npos) {
    const std::string_view account = rest.substr(0, at);
    const auto colon = account.find(':');
    out.user = decoded(account.substr(0, colon), "user");
    if (colon != account.npos) out.password = decoded(account.substr(colon + 1), "password");
    rest.remove_prefix(at + 1);
  }
  const auto slash = rest.find('/');
  if (slash == rest.npos || slash + 1 == rest.size()) {
    refuse("the URI has no database (a / in a user or password is %2F, a ? is %3F)");
  }
  take_place(out, rest.substr(0, slash));
  out.database = decoded(rest.substr(slash + 1), "database");
  if (!out.password) {
    if (const char* secret = std::getenv("MYSQL_PWD")) out.password = secret;
  }
  return out;
}

}  // namespace quire::importer::mysql
