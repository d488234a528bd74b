#include "migrate/kept_images.hpp"

#include <algorithm>
#include <unordered_map>

#include "migrate/copy_rows.hpp"
#include "migrate/digest.hpp"
#include "migrate/documents.hpp"
#include "migrate/reject_row.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using store::BulkOperation;

bson::View part(bson::View document, std::string_view key) {
  const auto value = document.find(key);
  if (value && value->type() == bson::Type::document) return value->as_document();
  if (value && value->type() == bson::Type::array) return value->as_array();
  return {};
}

std::string hash_text(bson::View fields) {
  Digest digest;
  digest.add(fields);
  return digest.hex();
}

}  // namespace

std::string kept_collection(std::string_view migration) {
  return std::string(kept_prefix) + std::string(migration);
}

bson::Document KeptImages::id_of(bson::View stored) const {
  return bson::make_document("s", std::int32_t{settings_.step}, "k", stored["_id"]);
}

void KeptImages::add(bson::View stored, const RowChange& change) {
  bson::Writer image;
  image.append("_id", id_of(stored)).append("f", settings_.fence).append("collection", collection_);
  if (change.kind == RowChange::Kind::remove) {
    image.append("removed", true).append("before", stored);
    images_.push_back(image.finish());
    return;
  }
  bson::Writer before, absent, now;
  const bson::View set = part(change.update, "$set");
  const bson::View unset = part(change.update, "$unset");
  // Old values first, then names that were absent: the order in which `now` is hashed.
  for (const bson::View fields : {set, unset}) {
    for (const auto& [key, value] : fields) {
      const auto old = stored.find(key);
      if (!old) continue;
      before.append(key, *old);
      if (const auto is = set.find(key)) now.append(key, *is);
    }
  }
  for (const auto& [key, value] : set) {
    if (stored.contains(key)) continue;
    absent.push(key);
    now.append(key, value);
  }
  image.append("before", before.finish())
      .append("absent", bson::Value::array(absent.finish()))
      .append("now", hash_text(now.finish()));
  images_.push_back(image.finish());
}

void KeptImages::drop(bson::View stored) {
  if (session_ == nullptr) dropped_.push_back(id_of(stored));
}

std::vector<std::size_t> KeptImages::insert() {
  const std::vector<bson::View> views(images_.begin(), images_.end());
  std::vector<std::size_t> there;
  if (views.empty()) return there;
  auto options = safe<store::InsertOptions>();
  options.ordered = false;
  const auto result = db_.store().insert(db_.ns(settings_.keep), views, options);
  for (const auto& refused : result.errors) {
    if (refused.error.code() != ErrorCode::duplicate_key) {
      throw StepError(refused.error.code(), refused.error.detail(), settings_.keep,
                      bson::Value(images_.at(refused.index)["_id"]), refused.error.backend_code());
    }
    there.push_back(refused.index);
  }
  return there;
}

void KeptImages::write(bool may_be_there) {
  std::vector<std::size_t> putting;
  if (session_ == nullptr) {
    putting = insert();
  } else {  // in a transaction a refused insert would be the end of it
    for (std::size_t i = 0; i < images_.size(); ++i) putting.push_back(i);
  }
  std::vector<bson::Document> filters;
  std::vector<BulkOperation> operations;
  filters.reserve(putting.size() + 1);
  operations.reserve(putting.size() + 1);
  for (const std::size_t i : putting) {
    bson::Writer filter;
    filter.append("_id", images_[i]["_id"]);
    filter.begin_document("f").begin_document("$not").append("$gt", settings_.fence).end().end();
    filters.push_back(filter.finish());
    BulkOperation& put = operations.emplace_back();
    put.kind = BulkOperation::Kind::replace_one;
    put.filter = filters.back();
    put.document = images_[i];
    put.upsert = true;
  }
  if (may_be_there && !dropped_.empty()) {
    bson::Writer filter;
    filter.begin_document("_id").begin_array("$in");
    for (const auto& id : dropped_) filter.push(id);
    filter.end().end();
    filter.begin_document("f").append("$lte", settings_.fence).end();
    filters.push_back(filter.finish());
    BulkOperation& gone = operations.emplace_back();
    gone.kind = BulkOperation::Kind::remove_many;
    gone.filter = filters.back();
  }
  if (operations.empty()) return;
  try {
    (void)write_bulk(db_, settings_.keep, operations, session_);
  } catch (const StepError& error) {
    if (error.code() != ErrorCode::duplicate_key) throw;
    throw MigrationError(ErrorCode::lock_lost, FieldPath(settings_.job),
                         "another run goes on with this step; this run stopped");
  }
}

bool KeptImages::are_any(Database& db, const RowSettings& settings) {
  return find_document(db, settings.keep, bson::make_document("_id.s", settings.step)).has_value();
}

namespace {

/// One pre-image, and what there is of its document now.
class Restore {
 public:
  explicit Restore(bson::View image)
      : image_(image), before_(part(image, "before")), removed_(get_flag(image, "removed")) {
    for (const auto& element : before_)
      if (!removed_) names_.emplace_back(element.key);
    for (const auto& element : part(image, "absent"))
      if (element.value.is_string()) names_.emplace_back(element.value.as_string());
  }

  [[nodiscard]] bson::ValueView key() const { return part(image_, "_id")["k"]; }
  [[nodiscard]] bson::View image() const { return image_; }
  /// It is back already, or was never changed.
  [[nodiscard]] bool is_back(const bson::Document* now) const {
    if (now == nullptr) return false;
    if (removed_) return now->view() == before_;
    return fields_of(*now) == before_;
  }
  /// It is as the migration left it.
  [[nodiscard]] bool is_untouched(const bson::Document* now) const {
    if (removed_ || now == nullptr) return removed_ && now == nullptr;
    return hash_text(fields_of(*now)) == get_text(image_, "now");
  }
  [[nodiscard]] bool can_be_written(const bson::Document* now) const {
    return removed_ || now != nullptr;
  }
  /// What brings the old values back over the document as it was read.
  [[nodiscard]] BulkOperation write(const bson::Document* now) {
    BulkOperation operation;
    if (now == nullptr) {
      operation.kind = BulkOperation::Kind::insert;
      operation.document = before_;
      return operation;
    }
    bson::Writer filter;
    if (removed_) {
      filter_ = exactly(*now);
      operation.kind = BulkOperation::Kind::replace_one;
      operation.filter = filter_;
      operation.document = before_;
      return operation;
    }
    bson::Writer update;
    filter.append("_id", (*now)["_id"]);
    for (const std::string& name : names_) expect_value(filter, name, now->view().find(name));
    if (!before_.empty()) update.append("$set", before_);
    if (const bson::View absent = part(image_, "absent"); !absent.empty()) {
      update.begin_document("$unset");
      for (const auto& element : absent) update.append(element.value.as_string(), "");
      update.end();
    }
    filter_ = filter.finish();
    update_ = update.finish();
    operation.kind = BulkOperation::Kind::update_one;
    operation.filter = filter_;
    operation.update = {update_.view()};
    return operation;
  }

 private:
  [[nodiscard]] bson::Document fields_of(bson::View document) const {
    bson::Writer out;
    for (const std::string& name : names_)
      if (const auto value = document.find(name)) out.append(name, *value);
    return out.finish();
  }
  bson::View image_;
  bson::View before_;
  bool removed_;
  std::vector<std::string> names_;
  bson::Document filter_, update_;
};

class Restorer {
 public:
  Restorer(Database& db, const detail::RestoreWork& work, const RowSettings& settings,
           store::Session* session, Job::Counts& counts)
      : db_(db), work_(work), settings_(settings), session_(session), counts_(counts) {}

  void run(const std::vector<bson::Document>& images) {
    std::vector<Restore> left;
    left.reserve(images.size());
    for (const auto& image : images) left.emplace_back(image);
    counts_.matched += static_cast<std::int64_t>(images.size());
    constexpr int tries = 100;
    int n = 0;
    while (!once(left)) {
      if (session_ != nullptr) {
        throw StoreError(ErrorCode::write_conflict,
                         "documents changed while a batch was restored; it is read again");
      }
      if (++n == tries) {
        throw StepError(ErrorCode::write_conflict, "the document changes all the time",
                        work_.collection, bson::Value(left.front().key()));
      }
    }
    keep_rejects(db_, rejects_, session_);
    counts_.rejected += static_cast<std::int64_t>(rejects_.size());
  }

 private:
  /// False when some were changed by others since they were read: they are left.
  bool once(std::vector<Restore>& left) {
    std::vector<bson::Value> keys;
    for (const Restore& one : left) keys.emplace_back(one.key());
    std::unordered_map<std::string, bson::Document> current;
    for (auto& document : find_keys(db_, work_.collection, keys, session_)) {
      std::string key = key_text(document["_id"]);
      current.emplace(std::move(key), std::move(document));
    }
    if (session_ == nullptr && settings_.check) settings_.check();
    std::vector<Restore> writing;
    writing.reserve(left.size());
    std::vector<const bson::Document*> over;
    for (Restore& one : left) {
      const auto found = current.find(key_text(one.key()));
      const bson::Document* now = found == current.end() ? nullptr : &found->second;
      if (one.is_back(now)) continue;
      if (!one.is_untouched(now)) {
        if (settings_.on_edited) settings_.on_edited(work_.collection, one.key());
        if (settings_.edited == Edited::keep) continue;
        if (settings_.edited == Edited::reject || !one.can_be_written(now)) {
          reject(one, now);
          continue;
        }
      }
      writing.push_back(std::move(one));
      over.push_back(now);
    }
    left = std::move(writing);
    if (left.empty()) return true;
    std::vector<BulkOperation> operations;
    std::int64_t wanted = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
      operations.push_back(left[i].write(over[i]));
      ++wanted;
    }
    const std::int64_t done = write(operations);
    counts_.changed += done;
    return done == wanted;
  }

  /// The number that was done. A document that somebody made meanwhile is looked at again.
  std::int64_t write(const std::vector<BulkOperation>& operations) {
    auto options = safe<store::BulkOptions>(session_);
    options.ordered = false;
    const auto result = db_.store().bulk_write(db_.ns(work_.collection), operations, options);
    for (const auto& one : result.errors) {
      if (one.error.code() == ErrorCode::write_conflict || one.error.code() == ErrorCode::busy)
        throw StoreError(one.error.code(), one.error.detail(), one.error.backend_code());
      const auto& failed = operations.at(one.index);
      if (one.error.code() == ErrorCode::duplicate_key && session_ == nullptr &&
          failed.kind == BulkOperation::Kind::insert &&
          find_document(db_, work_.collection, bson::make_document("_id", failed.document["_id"])))
        continue;
      throw StepError(
          one.error.code(), one.error.detail(), work_.collection,
          bson::Value(failed.filter.empty() ? failed.document["_id"] : failed.filter["_id"]),
          one.error.backend_code());
    }
    return result.inserted + result.matched;
  }

  void reject(const Restore& one, const bson::Document* now) {
    RejectRow row;
    row.job = settings_.job;
    row.key = one.key();
    row.stage = "undo";
    row.collection = work_.collection;
    row.code = ErrorCode::irreversible;
    row.text = now == nullptr ? "the document was removed after the migration had changed it"
                              : "the document was edited after the migration had changed it";
    row.document = one.image();
    rejects_.push_back(std::move(row));
  }

  Database& db_;
  const detail::RestoreWork& work_;
  const RowSettings& settings_;
  store::Session* session_;
  Job::Counts& counts_;
  std::vector<RejectRow> rejects_;
};

}  // namespace

void restore_images(Database& db, const detail::RestoreWork& work, std::string_view from,
                    std::vector<bson::Document> images, const RowSettings& settings,
                    store::Session* session, Job::Counts& counts) {
  if (images.empty()) return;
  Restorer(db, work, settings, session, counts).run(images);
  // They are all there is of this step between the first and the last: a batch of a walk.
  bson::Writer filter;
  filter.append("_id.s", images.front()["_id"].as_document()["s"]);
  filter.begin_document("_id")
      .append("$gte", images.front()["_id"])
      .append("$lte", images.back()["_id"])
      .end();
  const bson::Document gone = filter.finish();
  auto options = safe<store::RemoveOptions>(session);
  options.multi = true;
  (void)db.store().remove(db.ns(from), gone, options);
}

}  // namespace quire::migrate
