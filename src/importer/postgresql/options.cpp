#include "importer/postgresql/options.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "quire/core/error.hpp"

namespace quire::importer::postgresql {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

[[noreturn]] void refuse(std::string_view why) {
  throw ImportError(ErrorCode::invalid_source,
                    "the URI of a PostgreSQL source " + std::string(why) +
                        "; write postgresql://USER@HOST:PORT/DATABASE?OPTION=VALUE with libpq's "
                        "options, and \"@\", \":\", \"/\", \"?\", \"#\" and \"%\" in names and "
                        "passwords as %40, %3A, %2F, %3F, %23 and %25");
}

/// libpq's own message may hold any part of the URI, so it is not shown.
Parameters parsed(const std::string& uri) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(uri.c_str(), &message), PQconninfoFree);
  PQfreemem(message);
  if (!options) refuse("cannot be read: it is malformed, or has an option that libpq lacks");
  Parameters out;
  for (const PQconninfoOption* one = options.get(); one->keyword != nullptr; ++one)
    if (one->val != nullptr && *one->val != '\0') out.emplace_back(one->keyword, one->val);
  return out;
}

const std::string* find(const Parameters& parameters, std::string_view keyword) {
  for (const auto& [name, value] : parameters)
    if (name == keyword) return &value;
  return nullptr;
}

/// Takes "connections=N" out of the URI; libpq refuses what it does not know.
std::size_t take_connections(std::string& uri) {
  constexpr std::string_view name = "connections=";
  constexpr std::size_t least = 3, most = 10000;
  std::size_t out = default_connections;
  std::size_t at = uri.find('?');
  while (at != std::string::npos && at + 1 < uri.size()) {
    const std::size_t begin = at + 1;
    const std::size_t end = std::min(uri.find('&', begin), uri.size());
    const std::string_view option = std::string_view(uri).substr(begin, end - begin);
    if (!option.starts_with(name)) {
      at = end == uri.size() ? std::string::npos : end;
      continue;
    }
    const std::string_view text = option.substr(name.size());
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || stop != text.data() + text.size() || out < least || out > most)
      refuse("has an option connections that is no number from 3 to 10000");
    if (end == uri.size()) {
      uri.resize(at);
      break;
    }
    uri.erase(begin, end + 1 - begin);
  }
  return out;
}

/// A password with an unquoted "@", "/" or ":" ends up in the host, the port or the database, and
/// from there in messages.
void check_parts(const Parameters& parameters) {
  const auto has = [&](const char* keyword, const char* characters) {
    const std::string* value = find(parameters, keyword);
    return value != nullptr && value->find_first_of(characters) != std::string::npos;
  };
  if (has("host", "@:?#") && find(parameters, "host")->find("::") == std::string::npos)
    refuse("has a host that is none");
  const std::string* port = find(parameters, "port");
  if (port != nullptr && port->find_first_not_of("0123456789,") != std::string::npos)
    refuse("has a port that is no number");
  if (has("dbname", "@")) refuse("has a database with an \"@\" in its name");
}

void preset(Parameters& parameters, const char* keyword, const std::string& value) {
  if (find(parameters, keyword) == nullptr) parameters.emplace_back(keyword, value);
}

std::string told(const Parameters& parameters, const char* keyword, const char* variable,
                 const char* otherwise) {
  if (const std::string* value = find(parameters, keyword)) return *value;
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

}  // namespace

std::string Options::shown(std::string_view message) const {
  std::string out(message);
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  for (std::size_t at = 0; (at = out.find('\n', at)) != std::string::npos;) {
    std::size_t end = at;
    while (end < out.size() && (out[end] == '\n' || out[end] == '\t' || out[end] == ' ')) ++end;
    out.replace(at, end - at, " ");
  }
  for (const std::string& secret : secrets)
    for (std::size_t at = 0; (at = out.find(secret, at)) != std::string::npos; at += 3)
      out.replace(at, secret.size(), "***");
  return out;
}

Options parse_uri(std::string_view uri, std::chrono::milliseconds connect_timeout) {
  Options out;
  std::string of_libpq(uri);
  out.connections = take_connections(of_libpq);
  out.parameters = parsed(of_libpq);
  check_parts(out.parameters);
  for (const char* keyword : {"password", "sslpassword"})
    if (const std::string* value = find(out.parameters, keyword)) out.secrets.push_back(*value);
  if (const char* value = std::getenv("PGPASSWORD"); value != nullptr && *value != '\0')
    out.secrets.emplace_back(value);
  out.location = "postgresql://" + told(out.parameters, "host", "PGHOST", "localhost") + ":" +
                 told(out.parameters, "port", "PGPORT", "5432") + "/" +
                 told(out.parameters, "dbname", "PGDATABASE", "");
  const auto seconds = std::max<std::int64_t>(2, (connect_timeout.count() + 999) / 1000);
  preset(out.parameters, "connect_timeout", std::to_string(seconds));
  preset(out.parameters, "fallback_application_name", "quire");
  // A server that is gone without a word is noticed within about a minute.
  preset(out.parameters, "keepalives_idle", "30");
  preset(out.parameters, "keepalives_interval", "10");
  preset(out.parameters, "keepalives_count", "3");
  preset(out.parameters, "tcp_user_timeout", "60000");
  std::erase_if(out.parameters, [](const auto& one) { return one.first == "client_encoding"; });
  out.parameters.emplace_back("client_encoding", "UTF8");
  return out;
}

}  // namespace quire::importer::postgresql
