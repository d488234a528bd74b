#pragma once

#include <utility>

#include "quire/collection/detail/typed.hpp"

namespace quire {

template <class T>
class BulkWriter;

/// Several writes in one go: users.bulk().insert(a).update_one(f, u).remove_one(g).run().
/// run() gives one result an item; BulkResult::or_throw() makes an exception of errors.
/// The model's checks look at objects and values when they are added; what they refuse is an error
/// of its item when it runs and is not sent. Inserts get their ids when they are added. A value;
/// one thread at a time.
template <class T>
class Bulk {
 public:
  explicit Bulk(collection_detail::CorePtr core) : core_(std::move(core)) {}

  /// The object's id is set where it was empty.
  Bulk& insert(T& object) {
    put_id(object);
    return insert(std::as_const(object));
  }
  Bulk& insert(const T& object) {
    bson::Buffer buffer;
    (void)collection_detail::encode_new(object, buffer);
    data_.add(core_->model(), Kind::insert, {}, bson::Document(std::move(buffer)), &object, false,
              nullptr);
    return *this;
  }
  Bulk& update_one(const query::Filter<T>& filter, const query::Update<T>& update,
                   bool upsert = false) {
    return add_update(Kind::update_one, filter, update, upsert);
  }
  Bulk& update_many(const query::Filter<T>& filter, const query::Update<T>& update,
                    bool upsert = false) {
    return add_update(Kind::update_many, filter, update, upsert);
  }
  Bulk& upsert(const query::Filter<T>& filter, const query::Update<T>& update) {
    return update_one(filter, update, true);
  }
  Bulk& replace_one(const query::Filter<T>& filter, const T& object, bool upsert = false) {
    bson::Buffer buffer;
    collection_detail::encode_replacement(object, buffer);
    data_.add(core_->model(), Kind::replace_one, filter.document(),
              bson::Document(std::move(buffer)), &object, upsert, nullptr);
    return *this;
  }
  Bulk& remove_one(const query::Filter<T>& filter) {
    data_.add(core_->model(), Kind::remove_one, filter.document(), {}, nullptr, false, nullptr);
    return *this;
  }
  Bulk& remove_many(const query::Filter<T>& filter) {
    data_.add(core_->model(), Kind::remove_many, filter.document(), {}, nullptr, false, nullptr);
    return *this;
  }

  [[nodiscard]] std::size_t size() const noexcept { return data_.size(); }
  BulkResult run(const BulkOptions& options = {}) const { return data_.run(*core_, options); }

 private:
  friend BulkWriter<T>;
  using Kind = store::BulkOperation::Kind;
  Bulk& add_update(Kind kind, const query::Filter<T>& filter, const query::Update<T>& update,
                   bool upsert) {
    data_.add(core_->model(), kind, filter.document(),
              upsert && core_->model().version != 0 ? core_->with_version(update.view())
                                                    : update.document(),
              nullptr, upsert, &update.array_filters());
    return *this;
  }
  static void put_id(T& object) {
    if constexpr (collection_detail::IdOf<T>::present) {
      auto& id = collection_detail::IdOf<T>::of(object);
      if constexpr (collection_detail::is_made_here<collection_detail::id_t<T>>) {
        if (id.empty()) id = std::remove_cvref_t<decltype(id)>::generate();
      }
    }
  }

  collection_detail::CorePtr core_;
  collection_detail::BulkData data_;
};

}  // namespace quire
