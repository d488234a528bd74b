#include "migrate/data/stamp.hpp"

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
  bson::Writer rest;
  append_rest(rest, document);
  const bson::Document plain = rest.finish();
  bson::Writer w;
  w.append_all(plain);
  w.begin_document("_q").append("j", job).append("f", fence).append("h", document_hash(plain));
  if (!(bson::Value(document["_id"]) == bson::Value(key))) w.append("k", key);
  w.end();
  return w.finish();
}

bson::Value document_hash(bson::View document) {
  const Hash128 hash = hash_of(document);
  bson::Binary bytes;
  for (const std::uint64_t half : {hash.high, hash.low}) {
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes.bytes.push_back(static_cast<std::uint8_t>(half >> shift));
  }
  return bson::Value(bytes);
}

bool is_as_written(bson::View document, const Stamp& stamp) {
  bson::Writer rest;
  append_rest(rest, document);
  return document_hash(rest.finish()) == stamp.hash;
}

bson::Document of_job(std::string_view job) { return bson::make_document("_q.j", job); }

}  // namespace quire::migrate::data
