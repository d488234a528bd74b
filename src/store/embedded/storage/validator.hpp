#pragma once

#include <memory>
#include <mutex>
#include <string_view>

#include "quire/bson/document.hpp"
#include "quire/store/store.hpp"

/// Validators of collections: the options validator, validationLevel and validationAction.
namespace quire::store::embedded {

class ValidatorFilter;

/// What a collection holds its documents to. Parsed at the first document that is checked and then
/// kept with the catalog. Thread-safe.
class Validator {
 public:
  /// Of a collection's options; null where no document can be refused: no validator, level "off",
  /// action "warn".
  [[nodiscard]] static std::shared_ptr<const Validator> of(bson::View options);
  ~Validator();

  /// Both throw DetailedError validation_failed (121) with details {failingDocumentId, details}.
  void check_insert(bson::View document) const;
  /// Level "moderate" lets a document through that did not pass before either.
  void check_update(bson::View before, bson::View after) const;

 private:
  Validator(bson::Document filter, bool moderate);
  [[nodiscard]] const ValidatorFilter& filter() const;

  bson::Document source_;
  bool moderate_;
  mutable std::once_flag parsed_;
  mutable std::unique_ptr<const ValidatorFilter> filter_;
};

/// Checks the three options as a server does when a collection is made or changed; `options` may
/// have others. Throws QueryError or StoreError with the server's number: what a filter throws, 2
/// for $text, $where and an unknown level or action, 5626500 for $near, 72 in databases and
/// collections that have no validators.
void check_validation_options(Namespace ns, bson::View options);

/// The options after a collMod. A change to an empty validator takes it away; one to another writes
/// down the level and the action that hold with it.
[[nodiscard]] bson::Document changed_validation_options(bson::View present, bson::View changes);

}  // namespace quire::store::embedded
