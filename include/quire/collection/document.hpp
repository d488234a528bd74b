#pragma once

#include <boost/describe/class.hpp>

#include "quire/collection/collection.hpp"

namespace quire {

/// The mix-in for those who like active records: a described class that derives from it can save,
/// reload and remove itself. It brings the id.
///   struct Account : quire::Document<Account> {
///     std::string owner;
///     BOOST_DESCRIBE_CLASS(Account, (quire::Document<Account>), (owner), (), ())
///     static auto model() { return quire::model<Account>("accounts"); }
///   };
/// find, get, insert and save(db) attach an object to the collection; a copy stays attached.
/// Unattached calls throw ModelError not_attached. Threads: as a struct.
template <class T, class Id = ObjectId>
class Document {
 public:
  Id id{};
  BOOST_DESCRIBE_CLASS(Document, (), (id), (), ())

  /// Inserts or replaces by id, in the collection of T's model in `db`, and attaches to it.
  void save(const Database& db, const UpdateOptions& options = {}) {
    db.collection<T>().save(self(), options);
  }
  /// The same where it is attached already.
  void save(const UpdateOptions& options = {}) { home().save(self(), options); }
  /// Reads the document again; throws StoreError not_found.
  void reload(const ReadOptions& options = {}) { home().get_into(Id(id), self(), options); }
  /// Removes the document; false when it was not there. The object stays attached.
  bool remove(const RemoveOptions& options = {}) { return home().remove(self(), options); }

  [[nodiscard]] bool attached() const noexcept { return home_ != nullptr; }
  /// Used by collections.
  void quire_attach(const collection_detail::CorePtr& home) { home_ = home; }

 private:
  T& self() noexcept { return static_cast<T&>(*this); }
  [[nodiscard]] Collection<T> home() const {
    if (home_ == nullptr) collection_detail::fail_not_attached(reflect::type_name<T>());
    return Collection<T>(home_);
  }
  collection_detail::CorePtr home_;
};

}  // namespace quire
