#include "serve/scram.hpp"

#include "serve/crypto.hpp"

namespace quire::serve {
namespace {

constexpr std::size_t salt_bytes = 28;
constexpr std::size_t nonce_bytes = 24;

/// "a=value" at the start of `text` up to the next comma, which is taken off. Nothing without it.
std::optional<std::string_view> take(std::string_view& text, char name) {
  if (text.size() < 2 || text[0] != name || text[1] != '=') return std::nullopt;
  const auto end = text.find(',');
  const auto value = text.substr(2, end == text.npos ? text.npos : end - 2);
  text = end == text.npos ? std::string_view{} : text.substr(end + 1);
  return value;
}

/// "=2C" is a comma and "=3D" an equals sign; nothing for another "=".
std::optional<std::string> unescape(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '=') {
      out += name[i];
    } else if (name.substr(i, 3) == "=2C") {
      out += ',';
      i += 2;
    } else if (name.substr(i, 3) == "=3D") {
      out += '=';
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

UserTable::UserTable(const std::vector<User>& users) : secret_(crypto::random_bytes(32)) {
  for (const auto& user : users)
    users_.insert_or_assign(key(user.database, user.name), user.credentials);
}

std::string UserTable::key(std::string_view database, std::string_view name) {
  std::string made(database);
  made += '\0';
  made += name;
  return made;
}

bool UserTable::contains(std::string_view database, std::string_view name) const {
  return users_.contains(key(database, name));
}

Credentials UserTable::credentials(std::string_view database, std::string_view name) const {
  const auto id = key(database, name);
  if (const auto found = users_.find(id); found != users_.end()) return found->second;
  Credentials none;
  none.salt = crypto::hmac_sha256(secret_, id).substr(0, salt_bytes);
  none.stored_key = crypto::random_bytes(32);
  none.server_key = crypto::random_bytes(32);
  return none;
}

std::optional<std::string> ScramExchange::first(std::string_view client_first) {
  // The header: no channel binding ("n", or "y": could, but thinks that we cannot), no other
  // identity to act as.
  if (!client_first.starts_with("n,,") && !client_first.starts_with("y,,")) return std::nullopt;
  header_ = crypto::to_base64(client_first.substr(0, 3));
  bare_first_ = client_first.substr(3);
  std::string_view rest = bare_first_;
  const auto name = take(rest, 'n');
  const auto nonce = take(rest, 'r');
  if (!name || !nonce || nonce->empty() || nonce->size() > 1024) return std::nullopt;
  auto plain = unescape(*name);
  if (!plain || plain->empty()) return std::nullopt;
  user_ = std::move(*plain);
  credentials_ = users_->credentials(database_, user_);
  nonce_ = std::string(*nonce) + crypto::to_base64(crypto::random_bytes(nonce_bytes));
  server_first_ = "r=" + nonce_ + ",s=" + crypto::to_base64(credentials_.salt) +
                  ",i=" + std::to_string(credentials_.iterations);
  return server_first_;
}

std::optional<std::string> ScramExchange::last(std::string_view client_final) {
  std::string_view rest = client_final;
  const auto header = take(rest, 'c');
  const auto nonce = take(rest, 'r');
  if (!header || !nonce || *header != header_ || !crypto::same_bytes(*nonce, nonce_))
    return std::nullopt;
  const auto before_proof = client_final.rfind(",p=");
  if (before_proof == client_final.npos) return std::nullopt;
  const auto proof = crypto::from_base64(client_final.substr(before_proof + 3));
  if (!proof || proof->size() != 32) return std::nullopt;
  const std::string signed_text =
      bare_first_ + "," + server_first_ + "," + std::string(client_final.substr(0, before_proof));
  const auto signature = crypto::hmac_sha256(credentials_.stored_key, signed_text);
  const auto client_key = crypto::xor_bytes(*proof, signature);
  const bool right = crypto::same_bytes(crypto::sha256(client_key), credentials_.stored_key);
  if (!right || !users_->contains(database_, user_)) return std::nullopt;
  return "v=" + crypto::to_base64(crypto::hmac_sha256(credentials_.server_key, signed_text));
}

}  // namespace quire::serve
