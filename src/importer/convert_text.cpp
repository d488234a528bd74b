#include <iconv.h>

#include <cerrno>

#include "importer/convert.hpp"

namespace quire::importer {
namespace {

// NOLINTNEXTLINE: what iconv_open gives for "no".
const iconv_t none = reinterpret_cast<iconv_t>(-1);

}  // namespace

ConvertScratch::~ConvertScratch() {
  for (const auto& one : opened_) {
    if (one.second != none) ::iconv_close(one.second);
  }
}

bool ConvertScratch::to_utf8(const std::string& encoding, std::string_view text,
                             std::string_view& out) {
  iconv_t found = nullptr;
  for (const auto& one : opened_) {
    if (one.first == encoding) found = one.second;
  }
  if (found == nullptr) {
    found = ::iconv_open("UTF-8", encoding.c_str());
    opened_.emplace_back(encoding, found);
  }
  if (found == none) return false;
  ::iconv(found, nullptr, nullptr, nullptr, nullptr);  // to its beginning
  converted_.resize(text.size() * 4 + 16);
  char* from = const_cast<char*>(text.data());  // iconv reads it only
  std::size_t left = text.size();
  char* to = converted_.data();
  std::size_t room = converted_.size();
  if (::iconv(found, &from, &left, &to, &room) == static_cast<std::size_t>(-1)) return false;
  out = std::string_view(converted_.data(), converted_.size() - room);
  return bson::is_utf8(out);
}

bool knows_encoding(const std::string& encoding) {
  iconv_t found = ::iconv_open("UTF-8", encoding.c_str());
  if (found == none) return false;
  ::iconv_close(found);
  return true;
}

}  // namespace quire::importer
