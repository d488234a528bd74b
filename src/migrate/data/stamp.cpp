#include "migrate/data/stamp.hpp"

#include <array>
#include <cstring>

#include "migrate/digest.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

void append_rest(bson::Writer& w, bson::View document) {
  for (const auto& field : document) {
    if (field.key != "_q") w.append_raw(field);
  }
}

/// A binary value as BSON has it: its length, its subtype, the hash with the high byte first.
using HashBytes = std::array<std::uint8_t, 21>;

HashBytes hash_bytes(Hash128 hash) {
  HashBytes out{16};
  auto at = out.begin() + 5;
  for (const std::uint64_t half : {hash.high, hash.low}) {
    for (int shift = 56; shift >= 0; shift -= 8) *at++ = static_cast<std::uint8_t>(half >> shift);
  }
  return out;
}

HashBytes hash_bytes(bson::View document) { return hash_bytes(hash_of(document)); }

/// Without the key.
void append_stamp(bson::Writer& w, std::string_view job, std::int64_t fence,
                  const HashBytes& hash) {
  w.append("j", job).append("f", fence);
  w.append("h", bson::ValueView(bson::Type::binary, hash.data(), hash.size()));
}

bool same_bytes(bson::ValueView a, bson::ValueView b) {
  return a.type() == b.type() && a.size() == b.size() &&
         (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace

std::optional<Stamp> Stamp::of(bson::View document) {
  const auto found = document.find("_q");
  if (!found || !found->is_document()) return std::nullopt;
  const bson::View q = found->as_document();
  const auto hash = q.find("h");
  if (!hash) return std::nullopt;
  Stamp stamp;
  stamp.job = get_text(q, "j");
  stamp.fence = get_int(q, "f");
  stamp.hash = bson::Value(*hash);
  if (const auto key = q.find("k")) stamp.key.emplace(*key);
  return stamp;
}

bson::Value Stamp::key_of(bson::View document) const {
  return key ? *key : bson::Value(document["_id"]);
}

bson::Document stamped(bson::View document, std::string_view job, std::int64_t fence,
                       bson::ValueView key) {
  bson::Document rest;
  bson::View plain = document;
  if (document.contains("_q")) {
    bson::Writer w;
    append_rest(w, document);
    rest = w.finish();
    plain = rest;
  }
  constexpr std::size_t stamp_size = 128;
  bson::Buffer room;
  (void)room.reserve(plain.size() + job.size() + key.size() + stamp_size);
  bson::Writer w(std::move(room));
  w.append_all(plain);
  w.begin_document("_q");
  append_stamp(w, job, fence, hash_bytes(plain));
  if (!same_bytes(document["_id"], key)) w.append("k", key);
  w.end();
  return w.finish();
}

StampMaker::StampMaker(std::string_view job) {
  bson::Writer w;
  w.begin_document("_q");
  append_stamp(w, job, 0, hash_bytes(Hash128{}));
  w.end();
  stamp_ = w.finish();
  const bson::View whole = stamp_;
  const bson::View stamp = whole["_q"].as_document();
  // From where a field of the document begins, which its length is in front of.
  const auto at = [&](const char* field) {
    return static_cast<std::size_t>(stamp[field].data() - whole.data()) - sizeof(std::int32_t);
  };
  fence_at_ = at("f");
  hash_at_ = at("h");
}

std::size_t StampMaker::room(bson::View document, bson::ValueView key) const noexcept {
  constexpr std::size_t name_of_key = 3;
  return document.size() + stamp_.size() + name_of_key + key.size();
}

std::size_t StampMaker::append(bson::Buffer& out, bson::View document, Hash128 hash,
                               bson::ValueView key) const {
  constexpr std::size_t head = sizeof(std::int32_t), name = 4;  // 0x03 "_q" 0x00
  const std::size_t start = out.size();
  out.append(document.data(), document.size() - 1);
  const std::size_t stamp = out.size();
  const bson::View mine = stamp_;
  // But for the zero bytes that end the stamp and the document.
  out.append(mine.data() + head, mine.size() - head - 2);
  const HashBytes bytes = hash_bytes(hash);
  std::memcpy(out.data() + stamp + hash_at_, bytes.data(), bytes.size());
  if (!same_bytes(document["_id"], key)) {
    out.push_back(static_cast<std::uint8_t>(key.type()));
    out.append("k", 2);
    out.append(key.data(), key.size());
  }
  out.push_back(0);
  const auto set_length = [&](std::size_t at, std::size_t from) {
    const auto length = static_cast<std::int32_t>(out.size() - from);
    std::memcpy(out.data() + at, &length, sizeof length);
  };
  set_length(stamp + name, stamp + name);
  out.push_back(0);
  set_length(start, start);
  return stamp + fence_at_;
}

bson::Value document_hash(bson::View document) {
  const HashBytes bytes = hash_bytes(document);
  return bson::Value(bson::ValueView(bson::Type::binary, bytes.data(), bytes.size()));
}

bool is_as_written(bson::View document, const Stamp& stamp) {
  bson::Writer rest;
  append_rest(rest, document);
  return document_hash(rest.finish()) == stamp.hash;
}

bson::Document of_job(std::string_view job) { return bson::make_document("_q.j", job); }

}  // namespace quire::migrate::data
