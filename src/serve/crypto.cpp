#include "serve/crypto.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <limits>

#include "quire/core/error.hpp"

namespace quire::serve::crypto {
namespace {

constexpr std::size_t digest_bytes = 32;

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

int size_of(std::string_view bytes) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max() / 2))
    throw Error(ErrorCode::invalid_argument, "text of over 1 GiB cannot be hashed");
  return static_cast<int>(bytes.size());
}

void need(bool done, const char* what) {
  if (!done) throw Error(ErrorCode::internal, std::string("libcrypto failed: ") + what);
}

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string made(count, '\0');
  need(RAND_bytes(out(made), size_of(made)) == 1, "RAND_bytes");
  return made;
}

std::string sha256(std::string_view bytes) {
  std::string made(digest_bytes, '\0');
  need(EVP_Digest(in(bytes), bytes.size(), out(made), nullptr, EVP_sha256(), nullptr) == 1,
       "EVP_Digest");
  return made;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string made(digest_bytes, '\0');
  unsigned size = 0;
  need(HMAC(EVP_sha256(), in(key), size_of(key), in(bytes), bytes.size(), out(made), &size) !=
           nullptr,
       "HMAC");
  return made;
}

std::string pbkdf2(std::string_view password, std::string_view salt, std::int32_t iterations) {
  std::string made(digest_bytes, '\0');
  need(PKCS5_PBKDF2_HMAC(password.data(), size_of(password), in(salt), size_of(salt), iterations,
                         EVP_sha256(), static_cast<int>(digest_bytes), out(made)) == 1,
       "PKCS5_PBKDF2_HMAC");
  return made;
}

bool same_bytes(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string xor_bytes(std::string_view a, std::string_view b) {
  std::string made(a);
  for (std::size_t i = 0; i < made.size() && i < b.size(); ++i)
    made[i] = static_cast<char>(made[i] ^ b[i]);
  return made;
}

std::string to_base64(std::string_view bytes) {
  std::string made((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(out(made), in(bytes), size_of(bytes));
  made.resize(static_cast<std::size_t>(size));
  return made;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  if (text.ends_with("==")) {
    padding = 2;
  } else if (text.ends_with('=')) {
    padding = 1;
  }
  if (text.substr(0, text.size() - padding)
          .find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
      text.npos)
    return std::nullopt;
  std::string made(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(out(made), in(text), size_of(text)) < 0) return std::nullopt;
  made.resize(made.size() - padding);
  return made;
}

}  // namespace quire::serve::crypto
