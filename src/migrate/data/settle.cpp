// What differs is looked at again before it is reported.
#include <algorithm>
#include <unordered_map>

#include "migrate/data/compare.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

constexpr int most_rounds = 8;
/// So many differences are no matter of time any more: the rest is read again at once.
constexpr std::int64_t clearly_different = 200;

bson::Document kept(bson::View document) {
  bson::Document room;
  const bson::View plain = canonical(document, room);
  return room.empty() ? bson::Document(plain) : room;
}

std::string first_in(bson::View a, bson::View b, bool lists);

std::string joined(std::string_view key, const std::string& rest, bool list) {
  std::string out = list ? "[" + std::string(key) + "]" : std::string(key);
  if (!rest.empty()) out += rest.front() == '[' ? rest : "." + rest;
  return out;
}

std::string first_in(bson::View a, bson::View b, bool lists) {
  auto i = a.begin();
  auto j = b.begin();
  for (; i != a.end() && j != b.end(); ++i, ++j) {
    if (i->key != j->key) return joined(b.contains(i->key) ? j->key : i->key, {}, lists);
    if (bson::Value(i->value) == bson::Value(j->value)) continue;
    const bool nested =
        i->value.type() == j->value.type() && (i->value.is_document() || i->value.is_array());
    if (!nested) return joined(i->key, {}, lists);
    return joined(i->key, first_in(i->value.as_nested(), j->value.as_nested(), i->value.is_array()),
                  lists);
  }
  if (i != a.end()) return joined(i->key, {}, lists);
  if (j != b.end()) return joined(j->key, {}, lists);
  return {};
}

}  // namespace

std::string first_difference(bson::View a, bson::View b) { return first_in(a, b, false); }

void Comparer::read_again(std::vector<Pair>& pairs) {
  std::vector<bson::Value> source_keys, target_keys;
  for (const Pair& pair : pairs) {
    if (pair.source_key) source_keys.push_back(*pair.source_key);
    target_keys.push_back(pair.target_key);
  }
  std::unordered_map<std::string, Row> sources;
  std::unordered_map<std::string, bson::Document> targets;
  for (auto& row : source_->find(source_keys)) {
    std::string key = key_text(row.key());
    sources.emplace(std::move(key), std::move(row));
  }
  for (auto& document : find_keys(job_.to, job_.into, target_keys)) {
    std::string key = key_text(document["_id"]);
    targets.emplace(std::move(key), kept(document));
  }
  for (Pair& pair : pairs) {
    pair.expected.reset();
    pair.found.reset();
    if (const auto found = sources.find(key_text(*pair.source_key)); found != sources.end()) {
      bson::Document room;
      if (const auto one = expected(expected_of(found->second), room)) pair.expected.emplace(*one);
    }
    if (const auto found = targets.find(key_text(pair.target_key)); found != targets.end())
      pair.found.emplace(found->second);
  }
}

void Comparer::settle(std::vector<Pair> pairs, Compared& out) {
  VerifyReport& report = out.report;
  for (int round = 0; round < most_rounds && !pairs.empty(); ++round) {
    const bool hopeless = report.missing + report.extra + report.different >= clearly_different;
    if (!hopeless) sleep_or_stop(job_.options.settle, job_.stop);
    if (stopped(out)) return;
    const std::vector<Pair> before = pairs;
    read_again(pairs);
    std::vector<Pair> moving;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      Pair& pair = pairs[i];
      if (alike(pair)) {
        ++report.settled;
      } else if (hopeless ||
                 (pair.expected == before[i].expected && pair.found == before[i].found)) {
        note(pair, out);  // nothing moves: so it is
      } else {
        moving.push_back(std::move(pair));
      }
    }
    pairs = std::move(moving);
  }
  for (const Pair& pair : pairs) note(pair, out);
}

void Comparer::note(const Pair& pair, Compared& out) const {
  using enum VerifyDifference::Kind;
  VerifyDifference one;
  one.key = pair.target_key;
  if (!pair.found) {
    one.kind = missing;
    ++out.report.missing;
  } else if (!pair.expected) {
    one.kind = extra;
    ++out.report.extra;
  } else {
    one.kind = different;
    one.path = first_difference(*pair.expected, *pair.found);
    ++out.report.different;
  }
  if (out.report.differences.size() < job_.options.most_differences)
    out.report.differences.push_back(std::move(one));
}

void Comparer::whole(Compared& sum) {
  VerifyReport& report = sum.report;
  if (sum.moved && !job_.options.extra_allowed) {
    report.target = target_.count({});
    report.extra = std::max<std::int64_t>(report.target - sum.found, 0);
  }
  if (job_.options.level == VerifyLevel::digest || job_.options.level == VerifyLevel::full) {
    if (!job_.options.extra_allowed && !job_.options.presence_only && !sum.moved) {
      report.source_digest = sum.source.hex();
      report.target_digest = sum.target.hex();
    }
  }
  check_target(job_, report);
}

void Compared::add(const Compared& other, std::size_t most) {
  report.level = other.report.level;
  report.stopped = report.stopped || other.report.stopped;
  report.source += other.report.source;
  report.target += other.report.target;
  report.missing += other.report.missing;
  report.extra += other.report.extra;
  report.different += other.report.different;
  report.findings += other.report.findings;
  report.settled += other.report.settled;
  for (const auto& one : other.report.differences) {
    if (report.differences.size() < most) report.differences.push_back(one);
  }
  source.add(other.source);
  target.add(other.target);
  moved = moved || other.moved;
  found += other.found;
}

bson::Document Compared::stored() const {
  bson::Writer w;
  w.append("level", to_string(report.level))
      .append("source", report.source)
      .append("target", report.target)
      .append("missing", report.missing)
      .append("extra", report.extra)
      .append("different", report.different)
      .append("settled", report.settled)
      .append("found", found)
      .append("moved", std::int32_t{moved ? 1 : 0})
      .append("source_digest", source.hex())
      .append("target_digest", target.hex())
      .append("source_hashed", source.documents())
      .append("target_hashed", target.documents());
  w.begin_array("differences");
  for (const auto& one : report.differences) {
    w.push_document_begin().append("kind", static_cast<std::int32_t>(one.kind));
    if (one.key) w.append("key", *one.key);
    w.append("path", one.path).append("text", one.text).end();
  }
  w.end();
  return w.finish();
}

Compared Compared::from(bson::View stored) {
  Compared out;
  out.report.source = get_int(stored, "source");
  out.report.target = get_int(stored, "target");
  out.report.missing = get_int(stored, "missing");
  out.report.extra = get_int(stored, "extra");
  out.report.different = get_int(stored, "different");
  out.report.settled = get_int(stored, "settled");
  out.found = get_int(stored, "found");
  out.moved = get_int(stored, "moved") != 0;
  out.source = Digest::from(get_int(stored, "source_hashed"), get_text(stored, "source_digest"));
  out.target = Digest::from(get_int(stored, "target_hashed"), get_text(stored, "target_digest"));
  const auto differences = stored.find("differences");
  if (!differences || !differences->is_array()) return out;
  for (const auto& element : differences->as_array()) {
    if (!element.value.is_document()) continue;
    const bson::View one = element.value.as_document();
    VerifyDifference difference;
    difference.kind =
        static_cast<VerifyDifference::Kind>(std::clamp<std::int64_t>(get_int(one, "kind"), 0, 6));
    if (const auto key = one.find("key")) difference.key.emplace(*key);
    difference.path = get_text(one, "path");
    difference.text = get_text(one, "text");
    out.report.differences.push_back(std::move(difference));
  }
  return out;
}

}  // namespace quire::migrate::data
