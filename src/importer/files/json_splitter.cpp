#include "importer/files/json_splitter.hpp"

#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace quire::importer::files {
namespace {

/// The first byte for which one of `chars` stands, or `end`. A small set, looked for in long texts.
template <char... chars>
const char* find_any(const char* at, const char* end) {
#ifdef __SSE2__
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i found = _mm_setzero_si128();
    ((found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(chars)))), ...);
    if (const int mask = _mm_movemask_epi8(found); mask != 0)
      return at + std::countr_zero(static_cast<unsigned>(mask));
  }
#endif
  while (at < end && !((*at == chars) || ...)) ++at;
  return at;
}

bool ends_word(char c) {
  return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

/// Goes behind the quote that ends the string.
const char* JsonSplitter::in_string(const char* at, const char* end) {
  while (at < end) {
    if (state_ == State::escape) {
      state_ = State::string;
      ++at;
      continue;
    }
    at = find_any<'"', '\\'>(at, end);
    if (at == end) break;
    if (*at++ == '\\') {
      state_ = State::escape;
      continue;
    }
    state_ = depth_ == 0 ? State::done : State::nested;
    break;
  }
  return at;
}

const char* JsonSplitter::in_brackets(const char* at, const char* end) {
  at = find_any<'"', '{', '}', '[', ']'>(at, end);
  if (at == end) return at;
  const char c = *at++;
  if (c == '"') {
    state_ = State::string;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if (--depth_ == 0) {
    state_ = State::done;
  }
  return at;
}

std::size_t JsonSplitter::feed(std::string_view piece) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  if (state_ == State::start && at < end) {
    const char c = *at++;
    if (c == '{' || c == '[') {
      depth_ = 1;
      state_ = State::nested;
    } else {
      state_ = c == '"' ? State::string : State::word;
    }
  }
  while (at < end && state_ != State::done) {
    if (state_ == State::nested) {
      at = in_brackets(at, end);
    } else if (state_ == State::word) {
      while (at < end && !ends_word(*at)) ++at;
      if (at < end) state_ = State::done;
    } else {
      at = in_string(at, end);
    }
  }
  return static_cast<std::size_t>(at - piece.data());
}

}  // namespace quire::importer::files
