#include "quire/bson/value.hpp"

namespace quire::bson {

namespace {
void put_text(Buffer& out, std::string_view text) {
  out.put(static_cast<std::int32_t>(text.size() + 1));
  out.append(text.data(), text.size());
  out.push_back(0);
}
void put_binary(Buffer& out, const std::uint8_t* data, std::size_t size, BinarySubtype subtype) {
  const bool old = subtype == BinarySubtype::binary_old;
  out.put(static_cast<std::int32_t>(size + (old ? 4 : 0)));
  out.push_back(static_cast<std::uint8_t>(subtype));
  if (old) out.put(static_cast<std::int32_t>(size));
  out.append(data, size);
}
}  // namespace

Value::Value(std::string_view v) : type_(Type::string) { put_text(bytes_, v); }
Value::Value(const Binary& v) : type_(Type::binary) {
  put_binary(bytes_, v.bytes.data(), v.bytes.size(), v.subtype);
}
Value::Value(const Uuid& v) : type_(Type::binary) {
  put_binary(bytes_, v.bytes.data(), 16, BinarySubtype::uuid);
}
Value::Value(const Regex& v) : type_(Type::regex) {
  bytes_.append(v.pattern.c_str(), v.pattern.size() + 1);
  bytes_.append(v.options.c_str(), v.options.size() + 1);
}
Value::Value(const Code& v) : type_(Type::code) { put_text(bytes_, v.source); }
Value::Value(const Symbol& v) : type_(Type::symbol) { put_text(bytes_, v.text); }

}  // namespace quire::bson
