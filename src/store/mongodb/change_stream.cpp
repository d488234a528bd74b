#include <thread>

#include "quire/store/resumable.hpp"
#include "store/mongodb/store.hpp"

namespace quire::store::mongodb {
namespace {

/// Owns all that a stream must be opened again with.
class MongoChangeStream final : public ChangeStream {
 public:
  MongoChangeStream(std::shared_ptr<Source> source, Namespace ns, bson::View pipeline,
                    const WatchOptions& options)
      : source_(std::move(source)),
        database_(ns.database),
        collection_(ns.collection),
        pipeline_(pipeline),
        options_(options),
        full_document_(options.full_document),
        before_(options.full_document_before_change),
        collation_(options.collation),
        resume_after_(options.resume_after),
        start_after_(options.start_after),
        start_at_(options.start_at) {
    if (options.comment) comment_ = bson::Value(*options.comment);
    if (options.read_concern != nullptr) read_concern_ = *options.read_concern;
    if (options.read_preference != nullptr) prefs_ = *options.read_preference;
    if (options.session != nullptr) {
      throw StoreError(ErrorCode::invalid_argument, FieldPath("session"),
                       "a change stream takes no session: it outlives it when it is opened again");
    }
    options_.comment.reset();
    open();
  }

  std::optional<bson::View> next() override {
    source_->check_open();
    if (ended_) return std::nullopt;
    std::optional<std::chrono::steady_clock::time_point> since;  // of the first failure
    while (true) {
      std::exception_ptr failure;
      try {
        if (stream_ == nullptr) open();
        if (const auto event = step()) return event;
        return std::nullopt;
      } catch (const Error& error) {
        stream_.reset();
        lease_.give_back();
        if (!is_resumable(error)) throw;
        failure = std::current_exception();
      }
      const auto now = std::chrono::steady_clock::now();
      if (!since) {
        since = now;
      } else if (now - *since > options_.resume_for) {
        std::rethrow_exception(failure);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      source_->check_open();
    }
  }

  bson::Document resume_token() const override { return token_; }
  bool ended() const noexcept override { return ended_; }

 private:
  void open() {
    lease_ = source_->lease();
    const auto guard = source_->guard();
    Fields opts;
    if (!full_document_.empty()) opts.add("fullDocument", full_document_);
    if (!before_.empty()) opts.add("fullDocumentBeforeChange", before_);
    if (!token_.empty()) {
      opts.add("resumeAfter", token_.view());
    } else if (!resume_after_.empty()) {
      opts.add("resumeAfter", resume_after_.view());
    } else if (!start_after_.empty()) {
      opts.add("startAfter", start_after_.view());
    } else if (start_at_) {
      bson_append_timestamp(opts.get(), "startAtOperationTime", -1, start_at_->seconds,
                            start_at_->increment);
    }
    opts.add("maxAwaitTimeMS", std::int64_t{options_.max_await.count()});
    if (options_.batch_size != 0) opts.add("batchSize", std::int32_t{options_.batch_size});
    if (options_.show_expanded_events) {
      // An older driver would send it beside the stage, where a server refuses it or, worse, does
      // not look.
      if (!mongoc_check_version(1, 24, 0)) {
        throw StoreError(ErrorCode::unsupported,
                         "show_expanded_events needs libmongoc 1.24 or later; this program runs "
                         "with " +
                             std::string(mongoc_get_version()));
      }
      opts.add("showExpandedEvents", true);
    }
    opts.add_if("collation", collation_);
    if (!comment_.view().is_null()) opts.add("comment", comment_.view());
    const Borrowed stages(pipeline_.view());
    if (database_.empty()) {
      stream_.reset(mongoc_client_watch(lease_.client(), stages, opts.get()));
    } else if (collection_.empty()) {
      const DatabasePtr database(mongoc_client_get_database(lease_.client(), database_.c_str()));
      if (prefs_) mongoc_database_set_read_prefs(database.get(), to_driver(*prefs_).get());
      if (read_concern_) {
        mongoc_read_concern_t* concern = mongoc_read_concern_new();
        mongoc_read_concern_set_level(concern, read_concern_->level.c_str());
        mongoc_database_set_read_concern(database.get(), concern);
        mongoc_read_concern_destroy(concern);
      }
      stream_.reset(mongoc_database_watch(database.get(), stages, opts.get()));
    } else {
      const CollectionPtr collection(
          mongoc_client_get_collection(lease_.client(), database_.c_str(), collection_.c_str()));
      if (prefs_) mongoc_collection_set_read_prefs(collection.get(), to_driver(*prefs_).get());
      if (read_concern_) {
        mongoc_read_concern_t* concern = mongoc_read_concern_new();
        mongoc_read_concern_set_level(concern, read_concern_->level.c_str());
        mongoc_collection_set_read_concern(collection.get(), concern);
        mongoc_read_concern_destroy(concern);
      }
      stream_.reset(mongoc_collection_watch(collection.get(), stages, opts.get()));
    }
    check();
    keep_token();
  }

  std::optional<bson::View> step() {
    const auto guard = source_->guard();
    const bson_t* event = nullptr;
    if (mongoc_change_stream_next(stream_.get(), &event)) {
      keep_token();
      event_ = bson::Document(view_of(*event));
      if (const auto what = event_.find("operationType");
          what && what->is_string() && what->as_string() == "invalidate") {
        ended_ = true;
        stream_.reset();
        lease_.give_back();
      }
      return event_.view();
    }
    check();
    keep_token();
    return std::nullopt;
  }

  void check() {
    bson_error_t error{};
    const bson_t* reply = nullptr;
    if (!mongoc_change_stream_error_document(stream_.get(), &error, &reply)) return;
    const bson::Document copy =
        reply != nullptr && reply->len > 5 ? bson::Document(view_of(*reply)) : bson::Document();
    fail(error, copy, {{database_, collection_}, Asked::read}, source_->secrets());
  }

  void keep_token() {
    if (const bson_t* token = mongoc_change_stream_get_resume_token(stream_.get()))
      token_ = bson::Document(view_of(*token));
  }

  std::shared_ptr<Source> source_;
  Lease lease_;
  StreamPtr stream_;
  std::string database_, collection_;
  bson::Document pipeline_;
  WatchOptions options_;  // its views are not used: the copies are
  std::string full_document_, before_;
  bson::Document collation_, resume_after_, start_after_;
  std::optional<bson::Timestamp> start_at_;
  bson::Value comment_;
  std::optional<ReadConcern> read_concern_;
  std::optional<ReadPreference> prefs_;
  bson::Document token_, event_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ChangeStream> MongoStore::watch(Namespace ns, bson::View pipeline,
                                                const WatchOptions& options) {
  if (!ns.database.empty()) check_names(ns);
  return std::make_unique<MongoChangeStream>(source(), ns, pipeline, options);
}

}  // namespace quire::store::mongodb
