#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "quire/bson/bson.hpp"
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"
#include "quire/core/error.hpp"

// What every mapped struct is to do when it is read.

namespace quire::test {

template <class T>
T from(const char* json) {
  return bson::decode<T>(bson::from_json(json));
}
template <class F>
void expect_error(F f, ErrorCode code, const std::string& path) {
  try {
    f();
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.path().str(), path) << error.what();
  }
}

template <class T>
void expect_round_trip(T changed) {
  const T all;
  EXPECT_TRUE(bson::decode<T>(bson::encode(all)) == all);
  bson::decode_into(bson::encode(all), changed);
  EXPECT_TRUE(changed == all);
}

template <class T>
void expect_any_order() {
  const auto forwards = bson::encode(T{});
  bson::Writer backwards;
  std::vector<bson::Element> elements;
  for (const auto& element : forwards) elements.push_back(element);
  for (auto it = elements.rbegin(); it != elements.rend(); ++it)
    backwards.append(it->key, it->value);
  EXPECT_TRUE(bson::decode<T>(backwards.finish()) == T{});
}

/// Any change of one byte, and any cut, gives an object or an Error; the sanitizers watch.
template <class T>
void expect_safe_of_damaged_bytes() {
  const auto document = bson::encode(T{});
  std::size_t refused = 0;
  const auto try_bytes = [&](const std::vector<std::uint8_t>& bytes) {
    try {
      (void)bson::decode<T>(bson::View(bytes.data(), bytes.size()));
    } catch (const Error&) {
      ++refused;
    }
  };
  const auto* begin = document.view().data();
  for (std::size_t i = 0; i < document.size(); ++i) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      // Exactly as large as the document, so that a byte too far is noticed.
      std::vector<std::uint8_t> bytes(begin, begin + document.size());
      bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ change);
      try_bytes(bytes);
    }
  }
  EXPECT_GT(refused, 0U);
  for (std::size_t size = 5; size < document.size(); ++size) {
    std::vector<std::uint8_t> bytes(begin, begin + size);
    bytes.back() = 0;
    const auto length = static_cast<std::int32_t>(size);
    std::memcpy(bytes.data(), &length, sizeof length);
    try_bytes(bytes);
  }
}

}  // namespace quire::test
