#include "migrate/data/job_book.hpp"

#include <algorithm>

#include "core/sha256.hpp"
#include "migrate/data/presence.hpp"
#include "migrate/data/row_source.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

constexpr std::int64_t most_chunks = 2000;

JobState state_of(bson::View document) {
  const std::string text = get_text(document, "state");
  using enum JobState;
  for (const JobState state : {planning, running, copied, verifying, verified, complete}) {
    if (text == to_string(state)) return state;
  }
  throw MigrationError(ErrorCode::history_corrupt, FieldPath("state"),
                       "the job's document has a state that is none: \"" + text + "\"");
}

}  // namespace

std::string job_id(std::string_view job) { return "data:" + std::string(job); }
std::string control_id(std::string_view job) { return "data:" + std::string(job) + ":control"; }

void ensure_collection(Database& db, std::string_view name) {
  try {
    db.store().create_collection(db.ns(name), {}, {});
  } catch (const StoreError& error) {
    if (error.code() != ErrorCode::namespace_exists) throw;
  }
}

JobBook::JobBook(RowSource& from, Database to, const DataOptions& options)
    : from_(from),
      to_(std::move(to)),
      options_(options),
      id_(job_id(options.name)),
      guarantee_(to_.capabilities().transactions ? "txn" : "fenced") {}

bson::Document JobBook::key() const { return bson::make_document("_id", id_); }

bson::Document JobBook::header() {
  bson::Writer mapping;
  mapping.append("mapping", options_.mapping)
      .append("revision", options_.revision)
      .append("filter", options_.filter)
      .append("move", options_.move)
      .append("existing", to_string(options_.existing));
  if (options_.remove_gone) mapping.append("remove_gone", true);
  const bson::Document body = mapping.finish();
  bson::Writer w;
  w.append("mapping", "q1:sha256:" + sha256_hex({body.view().data(), body.view().size()}));
  w.append("source", from_.identity());
  w.begin_document("target")
      .append("database", to_.name())
      .append("collection", options_.into)
      .end();
  w.append("key", "_id");
  return w.finish();
}

void JobBook::read(bson::View document) {
  epoch_ = get_int(document, "epoch");
  total_ = get_int(document, "estimate");
  chunks_ = get_int(document, "chunks");
  exact_ = get_text(document, "total_kind") == "exact";
  merged_ = get_int(document, "merged", -1);
  if (const std::string before = get_text(document, "guarantee"); !before.empty())
    guarantee_ = before;
}

bool JobBook::look() {
  const auto found = find_document(to_, jobs_collection, key());
  if (found) read(*found);
  return found.has_value();
}

bool JobBook::cas(bson::View filter, bson::View set) {
  const bson::Document update = bson::make_document("$set", set);
  return to_.store()
             .update(to_.ns(jobs_collection), filter, {update.view()}, safe<store::UpdateOptions>())
             .matched == 1;
}

void JobBook::create(bson::View header) {
  const bson::Document fresh =
      bson::make_document("_id", id_, "kind", "data", "job", options_.name, "state",
                          to_string(JobState::planning), "epoch", std::int64_t{1}, "header", header,
                          "next_fence", std::int64_t{0}, "guarantee", guarantee_);
  const bson::View view = fresh;
  auto options = safe<store::InsertOptions>();
  const auto result = to_.store().insert(to_.ns(jobs_collection), {&view, 1}, options);
  if (!result.errors.empty() && result.errors.front().error.code() != ErrorCode::duplicate_key)
    throw result.errors.front().error;
}

bool JobBook::is_mine(bson::View job, bson::View mine) {
  const auto header = job.find("header");
  return header && header->is_document() && header->as_document() == mine;
}

void JobBook::refuse_header(bson::View job, bson::View mine) const {
  const auto header = job.find("header");
  throw HeaderChanged(ErrorCode::checksum_mismatch, FieldPath(id_),
                      "the job was begun with " +
                          (header && header->is_document() ? bson::to_json(header->as_document())
                                                           : std::string("no header")) +
                          ", this program has " + bson::to_json(mine) + "; nothing was done");
}

void JobBook::stop_as_begun_again() const {
  throw MigrationError(ErrorCode::lock_lost, FieldPath(id_),
                       "the job was begun again by another process; this run stopped");
}

void JobBook::check_header() {
  const auto found = find_document(to_, jobs_collection, key());
  if (!found || options_.accept) return;
  const bson::Document mine = header();
  if (!is_mine(*found, mine)) refuse_header(*found, mine);
}

bson::Document JobBook::find_or_create(bson::View header) {
  auto found = find_document(to_, jobs_collection, key());
  if (!found) {
    create(header);
    found = find_document(to_, jobs_collection, key());
  }
  if (!found)
    throw MigrationError(ErrorCode::migration_failed, FieldPath(id_),
                         "the job's document was removed at once; is somebody clearing it?");
  return std::move(*found);
}

/// The document as it is then, which is another process's where that was faster.
bson::Document JobBook::begin_again(bson::View found, bson::View header) {
  const std::int64_t epoch = get_int(found, "epoch");
  (void)cas(
      bson::make_document("_id", id_, "epoch", epoch),
      bson::make_document("state", to_string(JobState::planning), "epoch", epoch + 1, "header",
                          header, "guarantee", guarantee_, "verified", bson::Value()));
  return find_or_create(header);
}

void JobBook::open() {
  const bson::Document mine = header();
  ensure_collection(to_, jobs_collection);
  ensure_collection(to_, chunks_collection);
  ensure_collection(to_, rejects_collection);
  ensure_collection(to_, options_.into);
  const bool is_new = !find_document(to_, jobs_collection, key());
  bson::Document found = find_or_create(mine);
  if (options_.restart && !is_new &&
      (options_.pass == 0 || get_int(found, "epoch") == options_.pass - 1))
    found = begin_again(found, mine);
  if (!is_mine(found, mine)) {
    if (!options_.accept) refuse_header(found, mine);
    (void)cas(key(), bson::make_document("header", mine.view()));
  }
  read(found);
  if (options_.pass != 0 && epoch_ != options_.pass) stop_as_begun_again();
  if (guarantee_ == "txn" && !to_.capabilities().transactions) {
    throw HeaderChanged(ErrorCode::unsupported, FieldPath(id_),
                        "the job was begun with transactions, which the target has no longer");
  }
  if (state_of(found) == JobState::planning) {
    forget_earlier();
    plan();
    auto planned = find_document(to_, jobs_collection, key());
    // Bounds are of the pass that they were planned for.
    if (!planned || get_int(*planned, "epoch") != epoch_) stop_as_begun_again();
    found = std::move(*planned);
    read(found);
  }
  if (const auto bounds = found.find("bounds"); bounds && bounds->is_array())
    make_chunks(bounds->as_array());
}

void JobBook::forget_earlier() {
  if (epoch_ <= 1) return;
  DeadRuns(to_, options_.name, "").end_all_sessions();  // they may hold what is removed here
  auto options = safe<store::RemoveOptions>();
  options.multi = true;
  bson::Writer earlier;
  earlier.append("job", options_.name).begin_document("epoch").append("$lt", epoch_).end();
  const bson::Document filter = earlier.finish();
  (void)to_.store().remove(to_.ns(chunks_collection), filter, options);
  if (!options_.keep_rejects) (void)to_.store().remove(to_.ns(rejects_collection), filter, options);
}

void JobBook::plan() {
  const auto [total, exact] = from_.size();
  const auto side = from_.open();
  std::int64_t size = options_.partition_documents;
  if (size == 0) {
    // A file has one writer: with many partitions its workers do no more at once.
    const std::int64_t parts = to_.capabilities().atomic_multi_writes ? 8 : 32;
    size = std::clamp<std::int64_t>(total / parts, 10'000, 50'000);
  }
  size = std::max(size, total / most_chunks + 1);
  bson::Writer bounds;
  std::int64_t chunks = 1;
  KeyBounds rest;
  while (chunks < 2 * most_chunks) {
    auto next = side->key_at(rest, size);
    if (!next) break;
    bounds.push(*next);
    ++chunks;
    rest.after = std::move(next);
  }
  // What a start from the beginning finds there may be its own.
  const bool merged =
      merged_ >= 0 ? merged_ == 1 : find_document(to_, options_.into, {}).has_value();
  bson::Writer set;
  set.append("state", to_string(JobState::running))
      .append("estimate", total)
      .append("total_kind", exact ? "exact" : "estimate")
      .append("chunks", chunks)
      .append("merged", std::int32_t{merged ? 1 : 0})
      .append_array("bounds", bounds.finish());
  // Who comes first lays the partitions out; the others take its.
  (void)cas(
      bson::make_document("_id", id_, "epoch", epoch_, "state", to_string(JobState::planning)),
      set.finish());
}

void JobBook::make_chunks(bson::View bounds) {
  const auto there = to_.store().count(to_.ns(chunks_collection),
                                       bson::make_document("job", options_.name, "epoch", epoch_),
                                       safe<store::CountOptions>());
  if (there >= chunks_) return;
  std::vector<bson::Document> documents;
  std::optional<bson::Value> after;
  const auto add = [&](const std::optional<bson::Value>& until) {
    bson::Writer w;
    w.begin_document("_id")
        .append("job", options_.name)
        .append("epoch", epoch_)
        .append("n", static_cast<std::int64_t>(documents.size()))
        .end();
    w.append("job", options_.name).append("epoch", epoch_).append("state", "open");
    w.append("fence", std::int64_t{0}).append("seq", std::int64_t{0}).append_null("owner");
    if (after) w.append("after", *after);
    if (until) w.append("until", *until);
    documents.push_back(w.finish());
  };
  for (const auto& bound : bounds) {
    bson::Value until(bound.value);
    add(until);
    after = std::move(until);
  }
  add(std::nullopt);
  const std::vector<bson::View> views(documents.begin(), documents.end());
  auto options = safe<store::InsertOptions>();
  options.ordered = false;
  for (const auto& error : to_.store().insert(to_.ns(chunks_collection), views, options).errors) {
    if (error.error.code() != ErrorCode::duplicate_key) throw error.error;
  }
}

JobState JobBook::state() {
  const auto found = find_document(to_, jobs_collection, key());
  if (!found || get_int(*found, "epoch") != epoch_) stop_as_begun_again();
  return state_of(*found);
}

bool JobBook::move_state(JobState from, JobState to) {
  return cas(bson::make_document("_id", id_, "epoch", epoch_, "state", to_string(from)),
             bson::make_document("state", to_string(to)));
}

bool JobBook::move_to_verified(VerifyLevel level) {
  return cas(
      bson::make_document("_id", id_, "epoch", epoch_, "state", to_string(JobState::verifying)),
      bson::make_document("state", to_string(JobState::verified), "verified", to_string(level)));
}

std::int64_t JobBook::next_fences(std::int64_t count) {
  bson::Writer update;
  update.begin_document("$inc").append("next_fence", count).end();
  const bson::Document body = update.finish();
  auto options = safe<store::FindAndModifyOptions>();
  options.return_document = store::ReturnDocument::after;
  const auto now =
      to_.store().find_and_modify(to_.ns(jobs_collection), key(), {body.view()}, options).value;
  if (!now || get_int(*now, "epoch") != epoch_) stop_as_begun_again();
  return get_int(*now, "next_fence");
}

Control JobBook::control() { return read_control(to_, control_id(options_.name)); }

}  // namespace quire::migrate::data
