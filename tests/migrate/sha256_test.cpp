#include "core/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

namespace quire {

std::string hash(const std::string& text) {
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// FIPS 180-4 examples, and lengths around the padding's edges.
TEST(Sha256, GivesTheStandardsDigests) {
  EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesArrive) {
  const std::string text(131, 'q');
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 parts;
    parts.update({bytes, cut});
    parts.update({bytes + cut, text.size() - cut});
    Sha256 whole;
    whole.update({bytes, text.size()});
    ASSERT_EQ(parts.finish(), whole.finish()) << cut;
  }
}

}  // namespace quire
