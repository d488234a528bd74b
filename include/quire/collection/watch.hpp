#pragma once

#include <initializer_list>
#include <iterator>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "quire/collection/collection.hpp"

namespace quire {

/// What happened. Another server may tell of more: then `other`, and ChangeInfo::operation_name
/// says what.
enum class ChangeType {
  insert,
  update,
  replace,
  remove,  ///< "delete" of the server
  drop,
  rename,
  drop_database,
  invalidate,  ///< the last event of a stream: what it watched is gone or has another name
  create,      ///< with WatchOptions::show_expanded_events
  other,
};
/// "insert", "delete" …: as operationType of an event has it; "other" for other.
[[nodiscard]] std::string_view to_string(ChangeType type) noexcept;

/// What an update's event has as `document`. Inserts and replacements always have theirs, removes
/// never.
enum class FullDocument {
  off,
  update_lookup,   ///< as it is when the event is read, which may be later; nothing when it is gone
  when_available,  ///< as it was after the update, where the collection keeps images
  required,        ///< the same; the stream fails where there is none
};
/// Whether events have `before`, which the collection keeps when it was created with
/// {changeStreamPreAndPostImages: {enabled: true}}.
enum class BeforeChange {
  off,
  when_available,
  required,  ///< the stream fails where there is none
};

struct WatchOptions {
  FullDocument full_document = FullDocument::off;
  BeforeChange before_change = BeforeChange::off;
  /// A token that was stored: the stream goes on behind its event. Throws StoreError resume_failed,
  /// here or at the first next(), when the server's history does not reach back so far.
  bson::Document resume_after = {};
  bson::Document start_after = {};  ///< as resume_after, but may be the token of an invalidate
  std::optional<Timestamp> start_at = std::nullopt;  ///< the first event at or after this
  std::chrono::milliseconds max_await{1000};  ///< how long next() waits for an event; 1 ms or more
  std::int32_t batch_size = 0;                ///< events fetched at once; 0 = the server's choice
  bson::Value comment = {};                   ///< null = none
  bool show_expanded_events = false;          ///< also create, createIndexes … (libmongoc 1.24)
  /// After a broken connection or a change of primary the stream is opened again from its token,
  /// until so long after the first failure.
  std::chrono::milliseconds resume_for = std::chrono::minutes(2);
  bson::Document collation = {};  ///< of the pipeline
  std::optional<ReadConcern> read_concern = std::nullopt;
  std::optional<ReadPreference> read_preference = std::nullopt;
  /// Ends loops, and makes next() give nothing at once. It is looked at when a wait ends: after
  /// max_await, or between two attempts to open the stream again.
  std::stop_token stop = {};
};

/// What an update changed.
struct UpdateDescription {
  bson::Document updated_fields;            ///< by dotted path: {"address.city": "Bonn"}
  std::vector<std::string> removed_fields;  ///< dotted paths
  bson::Document truncated_arrays;          ///< an array of {field, newSize}
};

/// An event but for its documents. What a pipeline took away is empty here.
struct ChangeInfo {
  ChangeType type = ChangeType::other;
  std::string operation_name;  ///< as the server says it: "insert", "delete", "createIndexes" …
  std::string database;
  std::string collection;       ///< empty for drop_database and invalidate
  std::string renamed_to;       ///< of a rename: the collection's name from now on
  bson::Document document_key;  ///< {_id, shard key}; empty where no document is concerned
  UpdateDescription update;     ///< of an update
  std::optional<Timestamp> cluster_time;
  std::optional<DateTime> wall_time;  ///< the server's clock
  bson::Document resume_token;        ///< WatchOptions::resume_after goes on behind this event
  bson::Document raw;                 ///< the whole event
};

/// An event of a collection of T. A value.
template <class T>
struct ChangeEvent : ChangeInfo {
  using id_type = collection_detail::id_t<T>;
  std::optional<id_type> id;  ///< of the document concerned
  std::optional<T> document;  ///< after the change: of insert and replace; else by full_document
  std::optional<T> before;    ///< by before_change
};

namespace collection_detail {

/// A change stream without its type.
class ChangeFeed {
 public:
  ChangeFeed(CorePtr core, const std::vector<query::Raw>& pipeline, const WatchOptions& options);
  ChangeFeed(Database db, const std::vector<query::Raw>& pipeline, const WatchOptions& options);

  /// The next event, valid until the next call; nothing after max_await, at the end, when stopped.
  [[nodiscard]] std::optional<bson::View> next();
  void fill(ChangeInfo& info, bson::View event) const;
  /// As Core::read, for a document of the event's collection.
  void read(const ChangeInfo& info, bson::View document, FunctionRef<void(bson::View)> sink) const;
  /// The same for the _id alone, which is given as it is.
  void read_id(const ChangeInfo& info, FunctionRef<void(bson::ValueView)> sink) const;
  /// The event that next() gave was handed out.
  void handed_out() { token_ = stream_->resume_token(); }

  [[nodiscard]] const bson::Document& token() const noexcept { return token_; }
  [[nodiscard]] bool ended() const noexcept { return stream_->ended(); }
  [[nodiscard]] bool stopped() const noexcept { return stop_.stop_requested(); }
  [[nodiscard]] const CorePtr& core() const noexcept { return core_; }

 private:
  void open(store::Namespace ns, const std::vector<query::Raw>& pipeline,
            const WatchOptions& options);
  Database db_;
  CorePtr core_;  // null: of a database
  std::unique_ptr<store::ChangeStream> stream_;
  std::stop_token stop_;
  std::chrono::milliseconds resume_for_{0};
  bson::Document token_;
};

[[nodiscard]] query::Raw match_at(std::string_view field, bson::View filter);

}  // namespace collection_detail

/// The changes of a collection, or of all collections of a database, in their order. It sees what
/// happens from the moment on in which watch() returns.
///   for (const auto& event : users.watch()) …     blocks until the stream ends or is stopped
/// The element of a loop is reused by the next one. A document that does not fit T is MappingError:
/// the token stays in front of it, and the next next() goes on behind it.
/// Throws StoreError resume_failed when the history that the token needs is gone, network_error,
/// server_unreachable … after resume_for. One thread at a time; holds a connection of the pool.
template <class T>
class ChangeStream {
 public:
  using value_type = ChangeEvent<T>;

  explicit ChangeStream(collection_detail::ChangeFeed feed) : feed_(std::move(feed)) {}

  /// The next event; nothing when none came within max_await, at the end, or when stopped.
  [[nodiscard]] std::optional<ChangeEvent<T>> next() {
    std::optional<ChangeEvent<T>> event(std::in_place);
    if (!read(*event)) event.reset();
    return event;
  }
  /// Goes on behind what was handed out: stored when that is dealt with, nothing is missed, and
  /// what was in hand when the program died comes again. While idle it moves on, so that it does
  /// not grow too old. Empty before the first answer of the server.
  [[nodiscard]] const bson::Document& resume_token() const noexcept { return feed_.token(); }
  /// After drop, rename, drop_database: the invalidate was given, and no more events come.
  [[nodiscard]] bool ended() const noexcept { return feed_.ended(); }

  using Iterator = collection_detail::LoopIterator<ChangeStream>;
  [[nodiscard]] Iterator begin() { return Iterator(this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend Iterator;
  bool advance() {
    while (!feed_.stopped()) {
      if (read(current_)) return true;
      if (feed_.ended()) return false;
    }
    return false;
  }
  bool read(ChangeEvent<T>& to) {
    const auto event = feed_.next();
    if (!event) return false;
    feed_.fill(to, *event);
    to.id.reset();
    feed_.read_id(to, [&](bson::ValueView id) {
      using Id = typename ChangeEvent<T>::id_type;
      if constexpr (std::is_same_v<Id, bson::Value>)
        to.id.emplace(id);
      else
        to.id.emplace(bson::decode_value<Id>(id));
    });
    read(to, "fullDocument", to.document);
    read(to, "fullDocumentBeforeChange", to.before);
    if (to.document) collection_detail::attach(*to.document, feed_.core());
    feed_.handed_out();
    return true;
  }
  void read(const ChangeInfo& info, std::string_view field, std::optional<T>& to) {
    to.reset();
    const auto document = info.raw.find(field);
    if (!document || document->type() != bson::Type::document) return;
    feed_.read(info, document->as_document(),
               [&](bson::View now) { to.emplace(collection_detail::decode_as<T>(now)); });
  }

  collection_detail::ChangeFeed feed_;
  ChangeEvent<T> current_{};
};

// Stages for watch({…}), in any order and beside raw(…) and json(…). A change of the pipeline makes
// tokens of the old one useless where it takes away their events.

/// Events of these types only.
[[nodiscard]] query::Raw only_changes(std::initializer_list<ChangeType> types);
/// Events whose document after the change is one that the filter takes; those without a document
/// (removes, and updates unless WatchOptions::full_document asks for it) are left out.
/// Throws QueryError invalid_query for $expr, $text and the like, which name no field.
template <class T>
[[nodiscard]] query::Raw document_matches(const query::Filter<T>& filter) {
  return collection_detail::match_at("fullDocument", filter.view());
}
/// The same for the document before the change.
template <class T>
[[nodiscard]] query::Raw before_matches(const query::Filter<T>& filter) {
  return collection_detail::match_at("fullDocumentBeforeChange", filter.view());
}

template <class T>
ChangeStream<T> Collection<T>::watch() const {
  return watch({}, WatchOptions{});
}
template <class T>
ChangeStream<T> Collection<T>::watch(const std::vector<query::Raw>& pipeline) const {
  return watch(pipeline, WatchOptions{});
}
template <class T>
ChangeStream<T> Collection<T>::watch(const std::vector<query::Raw>& pipeline,
                                     const WatchOptions& options) const {
  return ChangeStream<T>(collection_detail::ChangeFeed(core_, pipeline, options));
}

}  // namespace quire
