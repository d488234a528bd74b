#include "quire/serve/users.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "serve/crypto.hpp"

namespace quire::serve {
namespace {

constexpr std::size_t salt_bytes = 28;
constexpr std::int32_t fewest_iterations = 4096;  // RFC 7677
constexpr std::int32_t most_iterations = 10'000'000;
constexpr std::string_view mechanism = "SCRAM-SHA-256";

[[noreturn]] void fail_file(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::invalid_argument,
              path + ": " + what + "; quire serve --add-user NAME --users FILE writes such a file");
}

[[noreturn]] void fail_system(const std::string& path, const char* what) {
  throw StoreError(ErrorCode::io_error, path + ": " + what + ": " + std::strerror(errno));
}

/// SASLprep changes no printable ASCII; of all else it may change or forbid.
void check_prepared(std::string_view text, const char* what) {
  if (text.empty()) throw Error(ErrorCode::invalid_argument, std::string(what) + " is empty");
  const bool plain = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
  if (!plain)
    throw Error(ErrorCode::invalid_argument,
                std::string(what) +
                    " has characters other than printable ASCII, which are not "
                    "prepared (SASLprep) here; choose others");
}

std::string text_of(const std::string& path, bson::View document, const char* name) {
  const auto value = document.find(name);
  if (!value || !value->is_string())
    fail_file(path, "a user lacks the text \"" + std::string(name) + "\"");
  return std::string(value->as_string());
}

std::string bytes_of(const std::string& path, bson::View document, const char* name,
                     std::size_t size) {
  auto bytes = crypto::from_base64(text_of(path, document, name));
  if (!bytes || (size != 0 && bytes->size() != size) || bytes->empty())
    fail_file(path, "\"" + std::string(name) + "\" is not base64 of the right length");
  return std::move(*bytes);
}

User read_user(const std::string& path, bson::ValueView value) {
  if (!value.is_document()) fail_file(path, "an entry of \"users\" is no object");
  const auto entry = value.as_document();
  User user;
  user.name = text_of(path, entry, "user");
  if (entry.contains("db")) user.database = text_of(path, entry, "db");
  const auto all = entry.find("credentials");
  const auto own = all && all->is_document() ? all->as_document().find(mechanism) : std::nullopt;
  if (!own || !own->is_document())
    fail_file(path, "the user \"" + user.name + "\" has no credentials for SCRAM-SHA-256");
  const auto credentials = own->as_document();
  const auto iterations = credentials.find("iterationCount");
  if (!iterations || iterations->type() != bson::Type::int32 ||
      iterations->as_int32() < fewest_iterations || iterations->as_int32() > most_iterations)
    fail_file(path, "\"iterationCount\" is no number from 4096 to 10000000");
  user.credentials = {iterations->as_int32(), bytes_of(path, credentials, "salt", 0),
                      bytes_of(path, credentials, "storedKey", 32),
                      bytes_of(path, credentials, "serverKey", 32)};
  return user;
}

std::string to_text(const std::vector<User>& users) {
  bson::Writer out;
  out.begin_array("users");
  for (const auto& user : users) {
    out.push_document_begin().append("user", user.name).append("db", user.database);
    out.begin_document("credentials")
        .begin_document(mechanism)
        .append("iterationCount", user.credentials.iterations)
        .append("salt", crypto::to_base64(user.credentials.salt))
        .append("storedKey", crypto::to_base64(user.credentials.stored_key))
        .append("serverKey", crypto::to_base64(user.credentials.server_key));
    out.end().end().end();
  }
  out.end();
  return bson::to_json(out.finish()) + "\n";
}

/// Written whole under another name, then renamed.
void write_whole(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  const int file = ::open(beside.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) fail_system(beside, "cannot be written");
  bool done = ::fchmod(file, 0600) == 0;
  std::size_t at = 0;
  while (done && at < text.size()) {
    const auto n = ::write(file, text.data() + at, text.size() - at);
    if (n < 0 && errno == EINTR) continue;
    done = n > 0;
    if (done) at += static_cast<std::size_t>(n);
  }
  done = done && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  errno = error;
  if (!done || ::rename(beside.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(beside.c_str());
    errno = why;
    fail_system(path, "cannot be written");
  }
}

}  // namespace

Credentials make_credentials(std::string_view password) {
  check_prepared(password, "the password");
  Credentials made;
  made.salt = crypto::random_bytes(salt_bytes);
  const auto salted = crypto::pbkdf2(password, made.salt, made.iterations);
  made.stored_key = crypto::sha256(crypto::hmac_sha256(salted, "Client Key"));
  made.server_key = crypto::hmac_sha256(salted, "Server Key");
  return made;
}

std::vector<User> read_users(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) fail_system(path, "cannot be read");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    throw Error(ErrorCode::invalid_argument,
                path + " may be read or written by others than its owner; chmod 600 it");
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) fail_system(path, "cannot be read");
  bson::Document document;
  try {
    document = bson::from_json(text);
  } catch (const Error& error) {
    fail_file(path, error.detail());
  }
  const auto list = document.find("users");
  if (!list || !list->is_array()) fail_file(path, "there is no array \"users\"");
  std::vector<User> users;
  for (const auto& entry : list->as_array()) users.push_back(read_user(path, entry.value));
  return users;
}

void add_user(const std::string& path, std::string_view name, std::string_view password) {
  check_prepared(name, "the user's name");
  User made{std::string(name), "admin", make_credentials(password)};
  std::vector<User> users;
  if (std::filesystem::exists(path)) users = read_users(path);
  const auto same = std::ranges::find_if(users, [&](const User& user) {
    return user.name == made.name && user.database == made.database;
  });
  if (same != users.end()) {
    *same = std::move(made);
  } else {
    users.push_back(std::move(made));
  }
  write_whole(path, to_text(users));
}

}  // namespace quire::serve
