#pragma once

#include "migrate/rows.hpp"
#include "migrate/stamps.hpp"
#include "migrate/step_work.hpp"

namespace quire::migrate {

/// Puts batches of documents into another collection, or takes them away there again.
class CopyRows {
 public:
  CopyRows(Database& db, std::string_view from, const detail::CopyWork& work,
           const RowSettings& settings, store::Session* session)
      : db_(db),
        from_(from),
        work_(work),
        session_(session),
        stamps_(settings.job, settings.fence),
        check_(settings.check) {}

  /// `last`: nothing comes after them. Throws StepError duplicate_key when the other collection has
  /// a document of that _id which this step did not put there.
  void write(std::vector<bson::Document> documents, bool last, Job::Counts& counts);

 private:
  void put(const std::vector<bson::Document>& documents);
  void put_stamped(const std::vector<bson::Document>& documents);
  void remove(std::string_view collection, const std::vector<bson::Document>& documents,
              Job::Counts& counts);
  void remove_moved(std::vector<bson::Document> documents);
  void renew(const bson::Document& document);

  Database& db_;
  std::string from_;
  const detail::CopyWork& work_;
  store::Session* session_;
  Stamps stamps_;
  std::function<void()> check_;
};

/// All operations; throws StepError with the _id of the first that was refused.
store::BulkResult write_bulk(Database& db, std::string_view collection,
                             const std::vector<store::BulkOperation>& operations,
                             store::Session* session);

}  // namespace quire::migrate
