#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "quire/collection/detail/loop.hpp"
#include "quire/collection/detail/typed.hpp"

namespace quire {

/// A query that has not run yet: sort, limit and the like refine it; a loop, to_vector() or first()
/// runs it. Documents are read one by one from a stable snapshot.
///   for (const User& u : users.find(age >= 18).sort(age.desc()).limit(10)) …
/// Root: the type of the collection. T: what documents become. The element of a loop is reused by
/// the next one: copy what is to stay.
/// Throws, when it runs, QueryError, StoreError, MappingError of bson::decode. One thread at a
/// time.
template <class T, class Root = T>
class Find {
 public:
  using value_type = T;
  explicit Find(collection_detail::FindData data) : data_(std::move(data)) {}

  /// Several orders: the first decides, then the next.
  template <class... S>
  [[nodiscard]] Find sort(const query::Sort<Root>& first, const S&... more) && {
    query::Sort<Root> order = first;
    ((order &= query::Sort<Root>(more)), ...);
    data_.sort = order.document();
    return std::move(*this);
  }
  template <class U>
    requires(!std::is_same_v<U, Root>)
  [[nodiscard]] Find sort(const query::Sort<U>& first) && {
    return std::move(*this).sort(query::Sort<Root>(first));
  }
  [[nodiscard]] Find limit(std::int64_t n) && {
    data_.limit = n;
    return std::move(*this);
  }
  [[nodiscard]] Find skip(std::int64_t n) && {
    data_.skip = n;
    return std::move(*this);
  }
  /// Documents fetched at once; a server's matter.
  [[nodiscard]] Find batch_size(std::int32_t n) && {
    data_.batch_size = n;
    return std::move(*this);
  }
  /// An index by its name; "$natural" scans.
  [[nodiscard]] Find hint(std::string_view index) && {
    data_.hint = index;
    return std::move(*this);
  }
  /// An index by its keys.
  [[nodiscard]] Find hint(const query::Sort<Root>& keys) && {
    data_.hint_keys = keys.document();
    return std::move(*this);
  }
  [[nodiscard]] Find max_time(std::chrono::milliseconds time) && {
    data_.max_time = time;
    return std::move(*this);
  }
  /// Shown by the store's log and profiler.
  [[nodiscard]] Find comment(bson::Value text) && {
    data_.comment = std::move(text);
    return std::move(*this);
  }
  /// Variables for $expr.
  [[nodiscard]] Find let(bson::Document variables) && {
    data_.let = std::move(variables);
    return std::move(*this);
  }
  /// StoreError unsupported where the store has no such collation.
  [[nodiscard]] Find collation(bson::Document collation) && {
    data_.collation = std::move(collation);
    return std::move(*this);
  }
  /// Lets a sort beyond the server's memory go to disk; nothing = as the server is set up.
  [[nodiscard]] Find allow_disk_use(bool allow = true) && {
    data_.allow_disk_use = allow;
    return std::move(*this);
  }
  [[nodiscard]] Find read_concern(ReadConcern concern) && {
    data_.read_concern = std::move(concern);
    return std::move(*this);
  }
  [[nodiscard]] Find read_preference(ReadPreference preference) && {
    data_.read_preference = std::move(preference);
    return std::move(*this);
  }
  [[nodiscard]] Find in(Session& session) && {
    data_.session = &session;
    return std::move(*this);
  }
  /// Only a part of each document is read; members without it have their defaults. Throws
  /// QueryError invalid_projection at once where included and excluded fields are mixed.
  [[nodiscard]] Find projection(const query::Projection<Root>& projection) && {
    query::detail::check_projection(projection.view());
    data_.projection = projection.document();
    return std::move(*this);
  }
  /// Reads another struct whose fields are among those of Root. Only they are read. Throws
  /// ModelError invalid_model for one that is not, where the compiler cannot tell.
  template <class Card>
  [[nodiscard]] Find<Card, Root> project() && {
    data_.projection = collection_detail::projection_into<Root, Card>();
    return Find<Card, Root>(std::move(data_));
  }
  /// The documents as they are stored.
  [[nodiscard]] Find<bson::Document, Root> raw() && {
    return Find<bson::Document, Root>(std::move(data_));
  }

  /// How the query would run: {queryPlanner, executionStats}.
  [[nodiscard]] bson::Document explain() const { return data_.explain(); }
  /// The first document, or nothing.
  [[nodiscard]] std::optional<T> first() const {
    std::optional<T> result;
    data_.first([&](bson::View document) {
      result.emplace(collection_detail::decode_as<T>(document));
      collection_detail::attach(*result, data_.core);
    });
    return result;
  }
  [[nodiscard]] std::vector<T> to_vector() const {
    std::vector<T> result;
    const auto cursor = data_.open();
    while (const auto document = cursor->next()) {
      data_.core->read(*document, [&](bson::View now) {
        result.push_back(collection_detail::decode_as<T>(now));
      });
      collection_detail::attach(result.back(), data_.core);
    }
    return result;
  }

  using Iterator = collection_detail::LoopIterator<Find>;
  /// Runs the query.
  [[nodiscard]] Iterator begin() {
    cursor_ = data_.open();
    return Iterator(this);
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  bool advance() {
    const auto document = cursor_->next();
    if (!document) {
      cursor_.reset();
      return false;
    }
    data_.core->read(*document, [&](bson::View now) {
      if constexpr (collection_detail::is_raw<T>)
        current_ = bson::Document(now);
      else
        bson::decode_into(now, current_);
    });
    collection_detail::attach(current_, data_.core);
    return true;
  }

  friend Iterator;
  collection_detail::FindData data_;
  std::unique_ptr<store::Cursor> cursor_;
  T current_{};
};

}  // namespace quire
