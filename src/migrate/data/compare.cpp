#include "migrate/data/compare.hpp"

#include <algorithm>
#include <exception>
#include <random>
#include <set>
#include <thread>
#include <unordered_map>

#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

constexpr std::int64_t page_documents = 1000;
constexpr std::size_t page_bytes = 8 * 1024 * 1024;
constexpr std::int64_t report_each = 512;  // documents between two questions whether to stop

bson::Document kept(bson::View document) {
  bson::Document room;
  const bson::View plain = canonical(document, room);
  return room.empty() ? bson::Document(plain) : room;
}

bool is_moved(bson::ValueView key, bson::View document) {
  return !(bson::Value(document["_id"]) == bson::Value(key));
}

}  // namespace

Comparer::Comparer(const CompareJob& job)
    : job_(job),
      source_(job.source.open()),
      target_(job.to, job.into, job.of_target),
      all_(job.to, job.into, {}) {}

bool Comparer::stopped(Compared& out) const {
  if (job_.stop.stop_requested()) out.report.stopped = true;
  return out.report.stopped;
}

std::optional<bson::View> Comparer::expected(const ExpectedRow& row, bson::Document& room) const {
  if (!row.document) return std::nullopt;
  if (!job_.excluded.empty() && job_.excluded.contains(key_text(row.key))) return std::nullopt;
  return canonical(*row.document, room);
}

bool Comparer::alike(const Pair& pair) const {
  if (!pair.expected) return !pair.found || job_.options.extra_allowed;
  const auto& changed = job_.changed_behind_write;
  if (!changed.empty() && pair.source_key && changed.contains(key_text(*pair.source_key)))
    return true;
  if (!pair.found) return false;
  if (job_.options.presence_only) return true;
  return job_.alike ? job_.alike(*pair.expected, *pair.found) : *pair.expected == *pair.found;
}

Compared Comparer::rows(const std::vector<Row>& written) {
  Compared out;
  out.report.level = job_.options.level;
  compare_sources(written, out);
  return out;
}

Compared Comparer::range(const KeyBounds& bounds, std::int64_t number, std::int64_t total) {
  Compared out;
  out.report.level = job_.options.level;
  out.moved = !job_.source.in_order();
  const bool by_source =
      job_.options.extra_allowed || job_.options.presence_only || job_.alike != nullptr;
  switch (job_.options.level) {
    case VerifyLevel::none:
      break;
    case VerifyLevel::counts:
      presence(bounds, by_source, out);
      break;
    case VerifyLevel::sample:
      presence(bounds, by_source, out);
      sample(bounds, number, total, out);
      break;
    case VerifyLevel::digest:
      if (by_source) {
        sources(bounds, out, false);
      } else if (!digests(bounds, out) && !out.report.stopped) {
        Compared closer;
        closer.report.level = out.report.level;
        sources(bounds, closer, false);
        if (!closer.moved) {
          targets(bounds, closer);
          closer.report.source = out.report.source;
          closer.report.target = out.report.target;
        }
        closer.source = out.source;
        closer.target = out.target;
        out = std::move(closer);
      }
      break;
    case VerifyLevel::full:
      sources(bounds, out, false);
      if (!by_source && !out.moved) targets(bounds, out);
      break;
  }
  return out;
}

void Comparer::add_expected(const ExpectedRow& row, Compared& out) const {
  bson::Document room;
  const auto one = expected(row, room);
  if (!one) return;
  out.source.add(*one);
  out.moved = out.moved || is_moved(row.key, *one);
}

bool Comparer::alike_as_a_whole(Compared& sum) {
  std::exception_ptr failed;
  std::thread other([&] {
    try {
      std::int64_t seen = 0;
      const auto cursor =
          job_.to.store().find(job_.to.ns(job_.into), job_.of_target, safe<store::FindOptions>());
      while (const auto document = cursor->next()) {
        bson::Document room;
        sum.target.add(canonical(*document, room));
        if (++seen % report_each == 0 && job_.stop.stop_requested()) return;
      }
    } catch (...) {
      failed = std::current_exception();
    }
  });
  try {
    std::int64_t seen = 0;
    source_->scan([&](const ExpectedRow& row) {
      add_expected(row, sum);
      return ++seen % report_each != 0 || !job_.stop.stop_requested();
    });
  } catch (...) {
    other.join();
    throw;
  }
  other.join();
  if (failed) std::rethrow_exception(failed);
  if (stopped(sum)) return false;
  sum.report.source = sum.source.documents();
  sum.report.target = sum.found = sum.target.documents();
  return sum.source == sum.target;
}

/// True when the sums of both sides are the same.
bool Comparer::digests(const KeyBounds& bounds, Compared& out) {
  std::int64_t seen = 0;
  const auto go_on = [&] {
    if (++seen % report_each != 0) return true;
    return !stopped(out);
  };
  source_->each(bounds, [&](const ExpectedRow& row) {
    add_expected(row, out);
    return go_on();
  });
  if (job_.progress) job_.progress(seen);
  if (out.moved || stopped(out)) return false;
  target_.each(bounds, [&](bson::View document) {
    bson::Document room;
    out.target.add(canonical(document, room));
    return go_on();
  });
  out.report.source = out.source.documents();
  out.report.target = out.target.documents();
  out.found = out.report.target;
  return !stopped(out) && out.source == out.target;
}

std::optional<std::int64_t> Comparer::counted(const KeyBounds& bounds) {
  if (!job_.source.one_each()) return std::nullopt;
  std::int64_t aside = 0;
  std::vector<bson::Value> keys;
  for (auto at = job_.excluded.begin(); at != job_.excluded.end();) {
    keys.push_back(at->second);
    ++at;
    if (static_cast<std::int64_t>(keys.size()) < page_documents && at != job_.excluded.end())
      continue;
    const auto some = source_->count_of(keys, bounds);
    if (!some) return std::nullopt;
    aside += *some;
    keys.clear();
  }
  return source_->count(bounds) - aside;
}

void Comparer::presence(const KeyBounds& bounds, bool by_source, Compared& out) {
  if (!by_source && job_.changed_behind_write.empty()) {
    counts(bounds, out);
    return;
  }
  sources(bounds, out, true);
  if (!by_source && !out.moved && !stopped(out)) targets(bounds, out);
}

void Comparer::counts(const KeyBounds& bounds, Compared& out) {
  constexpr int rounds = 3;
  for (int round = 0; round < rounds; ++round) {
    if (round > 0) sleep_or_stop(job_.options.settle, job_.stop);
    if (stopped(out)) return;
    out.report.source = 0;
    if (const auto rows = counted(bounds)) {
      out.report.source = *rows;
    } else {
      source_->each(bounds, [&](const ExpectedRow& row) {
        bson::Document room;
        if (const auto one = expected(row, room)) {
          ++out.report.source;
          out.moved = out.moved || is_moved(row.key, *one);
        }
        return out.report.source % report_each != 0 || !stopped(out);
      });
    }
    if (out.moved) {
      sources(bounds, out, true);
      return;
    }
    // Keys alone tell how many documents lie within the bounds; the job's own must be read, which
    // is only needed where others lie between them.
    out.report.target = all_.count(bounds);
    if (out.report.source != out.report.target && !job_.of_target.empty())
      out.report.target = target_.count(bounds);
    if (out.report.source == out.report.target) break;
  }
  out.found = std::min(out.report.source, out.report.target);
  out.report.missing = std::max<std::int64_t>(out.report.source - out.report.target, 0);
  out.report.extra = std::max<std::int64_t>(out.report.target - out.report.source, 0);
  if (job_.progress) job_.progress(out.report.source);
}

void Comparer::sample(const KeyBounds& bounds, std::int64_t number, std::int64_t total,
                      Compared& out) {
  std::mt19937_64 random(job_.options.seed + static_cast<std::uint64_t>(number) * 1'000'003);
  // Of either side; `read` gives the documents or rows behind some bounds, and `key` the one of
  // each.
  const auto pick = [&](auto& side, const auto& read, const auto& key_of) {
    decltype(read(bounds)) chosen;
    const std::int64_t here = side.count(bounds);
    if (here == 0) return chosen;
    std::int64_t wanted = job_.options.sample;
    if (total > here) wanted = (wanted * here + total - 1) / total;
    std::set<std::int64_t> places;
    std::uniform_int_distribution<std::int64_t> any(1, here);
    wanted = std::min(wanted, here);
    while (static_cast<std::int64_t>(places.size()) < wanted) places.insert(any(random));
    KeyBounds rest = bounds;
    std::int64_t before = 0;
    for (const std::int64_t place : places) {
      if (stopped(out)) break;
      if (place - before > 1) {
        auto key = side.key_at(rest, place - before - 1);
        if (!key) break;
        rest.after = std::move(key);
      }
      auto one = read(rest);
      if (one.empty()) break;
      rest.after.emplace(key_of(one.front()));
      chosen.push_back(std::move(one.front()));
      before = place;
    }
    return chosen;
  };
  Compared found;
  found.moved = out.moved;
  const auto sources_of = pick(
      *source_, [&](const KeyBounds& b) { return source_->read(b, 0, 1, page_bytes).rows; },
      [](const Row& row) { return row.key(); });
  for (std::size_t i = 0; i < sources_of.size(); i += page_documents) {
    const auto end = std::min(sources_of.size(), i + page_documents);
    compare_sources(std::vector<Row>(sources_of.begin() + static_cast<std::ptrdiff_t>(i),
                                     sources_of.begin() + static_cast<std::ptrdiff_t>(end)),
                    found);
  }
  if (!job_.options.extra_allowed && !found.moved) {
    compare_targets(
        pick(
            target_, [&](const KeyBounds& b) { return target_.read(b, 1, page_bytes).documents; },
            [](const bson::Document& document) { return document["_id"]; }),
        found);
  }
  // Numbers of missing and extra documents come from the counts; the sample shows some of them.
  out.report.missing = std::max(out.report.missing, found.report.missing);
  out.report.extra = std::max(out.report.extra, found.report.extra);
  out.report.different += found.report.different;
  out.report.settled += found.report.settled;
  for (auto& one : found.report.differences) out.report.differences.push_back(std::move(one));
}

void Comparer::sources(const KeyBounds& bounds, Compared& out, bool count_only) {
  out.report.source = out.report.target = out.found = 0;
  KeyBounds rest = bounds;
  while (!stopped(out)) {
    const auto batch = source_->read(rest, 0, page_documents, page_bytes);
    if (!batch.rows.empty()) {
      const std::size_t told = told_rows(batch.rows, batch.rows.size());
      if (told > 0) rest.after.emplace(batch.rows[told - 1].key());
      if (count_only) {
        const VerifyOptions& o = job_.options;
        Compared one;
        compare_sources(batch.rows, one);
        // Only that they are there.
        one.report.different = 0;
        std::erase_if(one.report.differences, [](const VerifyDifference& d) {
          return d.kind == VerifyDifference::Kind::different;
        });
        out.add(one, o.most_differences);
      } else {
        compare_sources(batch.rows, out);
      }
      if (job_.progress) job_.progress(static_cast<std::int64_t>(batch.rows.size()));
    }
    if (batch.end) return;
  }
}

void Comparer::targets(const KeyBounds& bounds, Compared& out) {
  std::int64_t seen = 0;
  KeyBounds rest = bounds;
  while (!stopped(out)) {
    const auto batch = target_.read(rest, page_documents, page_bytes);
    seen += static_cast<std::int64_t>(batch.documents.size());
    if (!batch.documents.empty()) {
      rest.after.emplace(batch.documents.back()["_id"]);
      if (job_.options.level == VerifyLevel::full) {
        for (const auto& document : batch.documents) out.target.add(kept(document));
      }
      compare_targets(batch.documents, out);
    }
    if (batch.end) break;
  }
  out.report.target = seen;
}

void Comparer::compare_sources(const std::vector<Row>& rows, Compared& out) {
  std::vector<Pair> pairs;
  std::vector<bson::Value> keys;
  for (const Row& row : rows) {
    bson::Document room;
    const auto one = expected(expected_of(row), room);
    if (!one) continue;
    Pair& pair = pairs.emplace_back();
    pair.source_key.emplace(row.key());
    pair.target_key = bson::Value((*one)["_id"]);
    out.moved = out.moved || !(pair.target_key == *pair.source_key);
    if (job_.options.level == VerifyLevel::full) out.source.add(*one);
    pair.expected.emplace(*one);
    keys.push_back(pair.target_key);
  }
  out.report.source += static_cast<std::int64_t>(pairs.size());
  std::unordered_map<std::string, bson::Document> there;
  for (auto& document : find_keys(job_.to, job_.into, keys)) {
    std::string key = key_text(document["_id"]);
    there.emplace(std::move(key), kept(document));
  }
  std::vector<Pair> differ;
  for (Pair& pair : pairs) {
    if (const auto found = there.find(key_text(pair.target_key)); found != there.end()) {
      pair.found.emplace(std::move(found->second));
      ++out.found;
      ++out.report.target;
    }
    if (!alike(pair)) differ.push_back(std::move(pair));
  }
  if (!differ.empty()) settle(std::move(differ), out);
}

void Comparer::compare_targets(const std::vector<bson::Document>& documents, Compared& out) {
  std::vector<bson::Value> keys;
  for (const auto& document : documents) keys.emplace_back(document["_id"]);
  std::unordered_map<std::string, Row> sources;
  for (auto& row : source_->find(keys)) {
    std::string key = key_text(row.key());
    sources.emplace(std::move(key), std::move(row));
  }
  std::vector<Pair> differ;
  for (const auto& document : documents) {
    const auto source = sources.find(key_text(document["_id"]));
    bson::Document room;
    if (source != sources.end() && expected(expected_of(source->second), room))
      continue;  // compared from there
    Pair pair;
    pair.source_key.emplace(document["_id"]);
    pair.target_key = *pair.source_key;
    pair.found = kept(document);
    differ.push_back(std::move(pair));
  }
  if (!differ.empty()) settle(std::move(differ), out);
}

}  // namespace quire::migrate::data
