#include "store/mongodb/call.hpp"

namespace quire::store::mongodb {

void check_names(Namespace ns) {
  const auto bad = [](std::string_view name, std::string_view what, std::string_view why) {
    throw StoreError(ErrorCode::invalid_argument,
                     std::string(what) + " \"" + std::string(name) + "\" " + std::string(why), 73);
  };
  if (ns.database.empty()) {
    bad(ns.database, "the database name",
        "is empty; name it in the connection string: mongodb://host/app");
  }
  if (ns.database.find_first_of(std::string_view("/\\. \"$*<>:|?\0", 12)) != std::string_view::npos)
    bad(ns.database, "the database name", "holds a character that names of databases cannot have");
  if (ns.collection.find('\0') != std::string_view::npos ||
      (ns.collection.find('$') != std::string_view::npos && !ns.collection.starts_with("$cmd")))
    bad(ns.collection, "the collection name", "holds \"$\" or a zero byte");
}

Call::Call(const std::shared_ptr<Source>& source, Namespace ns, Asked asked,
           const OperationOptions& options)
    : source_(source),
      database_(ns.database),
      collection_(ns.collection),
      asked_(asked),
      options_(options) {
  source_->check_open();
  check_names(ns);
  if (options.session != nullptr) {
    session_ = dynamic_cast<MongoSession*>(options.session);
    if (session_ == nullptr || session_->source() != source_)
      throw StoreError(ErrorCode::transaction_state, "the session is of another store");
  } else {
    lease_ = source_->lease();
  }
  guard_ = source_->guard();
  if (options.read_preference != nullptr) prefs_ = to_driver(*options.read_preference);
}

CollectionPtr Call::collection() const {
  if (collection_.empty())
    throw StoreError(ErrorCode::invalid_argument, "the collection name is empty", 73);
  return CollectionPtr(
      mongoc_client_get_collection(client(), database_.c_str(), collection_.c_str()));
}

DatabasePtr Call::database() const {
  return DatabasePtr(mongoc_client_get_database(client(), database_.c_str()));
}

void Call::add_session(Fields& opts) const {
  if (session_ == nullptr) return;
  bson_error_t error{};
  if (!mongoc_client_session_append(session_->get(), opts.get(), &error)) fail(error);
}

void Call::add_comment(Fields& opts) const {
  if (options_.comment) opts.add("comment", *options_.comment);
}

void Call::add_common(Fields& opts) const {
  add_session(opts);
  add_comment(opts);
  opts.add_max_time(options_.max_time);
}

void Call::add_read(Fields& opts) const {
  add_common(opts);
  if (options_.read_concern != nullptr && !options_.read_concern->level.empty()) {
    Fields level;
    level.add("level", options_.read_concern->level);
    opts.add("readConcern", level.view());
  }
}

void Call::add_write(Fields& opts) const {
  add_session(opts);
  add_comment(opts);
  if (options_.write_concern != nullptr) {
    const bson::Document concern = to_document(*options_.write_concern);
    if (!concern.empty()) opts.add("writeConcern", concern.view());
  }
}

namespace {

class MongoCursor final : public Cursor {
 public:
  MongoCursor(Call& call, CursorPtr cursor)
      : source_(call.source()),
        lease_(call.take_lease()),
        cursor_(std::move(cursor)),
        database_(call.where().ns.database),
        collection_(call.where().ns.collection),
        asked_(call.where().asked) {
    // The query runs now: its errors belong to the call that asked.
    fetch();
  }
  ~MongoCursor() override { end(); }

  std::optional<bson::View> next() override {
    source_->check_open();
    if (!primed_) fetch();
    primed_ = false;
    if (document_ == nullptr) return std::nullopt;
    return view_of(*document_);
  }

 private:
  void fetch() {
    document_ = nullptr;
    primed_ = true;
    if (cursor_ == nullptr) return;
    const auto guard = source_->guard();
    if (mongoc_cursor_next(cursor_.get(), &document_)) return;
    document_ = nullptr;
    bson_error_t error{};
    const bson_t* reply = nullptr;
    if (mongoc_cursor_error_document(cursor_.get(), &error, &reply)) {
      const bson::Document copy =
          reply != nullptr && reply->len > 5 ? bson::Document(view_of(*reply)) : bson::Document();
      auto failure =
          make_failure(error, copy, {{database_, collection_}, asked_}, source_->secrets());
      end();
      std::rethrow_exception(std::move(failure));
    }
    end();
  }
  void end() noexcept {
    if (cursor_ != nullptr) {
      const auto guard = source_->guard();
      cursor_.reset();
    }
    lease_.give_back();
  }

  std::shared_ptr<Source> source_;
  Lease lease_;  // after source_, before cursor_: the cursor goes first
  CursorPtr cursor_;
  std::string database_, collection_;
  Asked asked_;
  const bson_t* document_ = nullptr;
  bool primed_ = false;
};

}  // namespace

std::unique_ptr<Cursor> make_cursor(Call& call, CursorPtr cursor) {
  return std::make_unique<MongoCursor>(call, std::move(cursor));
}

}  // namespace quire::store::mongodb
