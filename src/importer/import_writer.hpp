#pragma once

#include "migrate/data/batch_writer.hpp"
#include "migrate/data/stamp.hpp"
#include "quire/importer/mapping.hpp"
#include "quire/migrate/preimages.hpp"

namespace quire::importer {

/// Documents that were in the target before an import wrote over them:
///   {_id: {j: job, id: _id of the document}, j: job, before: the document}
inline constexpr std::string_view replaced_collection = "_quire_replaced";

using migrate::data::document_hash;
using migrate::data::is_as_written;
using migrate::data::of_job;
using migrate::data::Stamp;

/// `row`'s fields set in `there`; fields at `on_insert` paths stay as they are where they are
/// there.
[[nodiscard]] bson::Document updated(bson::View there, bson::View row,
                                     const std::vector<std::string>& on_insert);

/// key_text() of an _id, so that whole numbers of all types are one.
[[nodiscard]] std::string id_text(bson::ValueView id);

/// What a writer does, of one part.
struct WriteRules {
  ExistingDocument existing = ExistingDocument::fail;
  migrate::Edited edited = migrate::Edited::reject;
  std::vector<std::string> on_insert;
  /// What of a row's key tells it from others, where columns of an order are in front of it; empty:
  /// all of it.
  std::vector<std::string> own_key;
  bool first_pass = true;
  bool looks = false;  ///< documents may be there: each batch is looked up before it is written
};

/// What takes the place of a document that is there.
struct Settled {
  bson::Document document;  ///< without a stamp
  bool keep;                ///< the one that was there is no import's, and is kept
};
/// What is done about the document `there` under a row's _id, in a job. Nothing: it stays, and the
/// row says why.
[[nodiscard]] std::optional<Settled> settle(migrate::data::Row& row, bson::View there,
                                            std::string_view job, const WriteRules& rules);

/// Writes batches of mapped rows under their stamps.
class ImportWriter final : public migrate::data::BatchWriter {
 public:
  ImportWriter(Database to, migrate::data::JobBook& book, migrate::data::Chunks& chunks,
               const migrate::data::DataOptions& options, const WriteRules& rules)
      : BatchWriter(std::move(to), book, chunks, options), rules_(rules), looks_(rules.looks) {}

  void prepare(migrate::data::RowSide::Batch& batch) const override {
    // What is looked up first is mostly there, and as it should be.
    if (!rules_.looks) migrate::data::prepare_rows(batch.rows, batch.bytes, options_.name);
  }

 protected:
  void put_txn(std::vector<migrate::data::Row>& rows, std::size_t n, migrate::Existing existing,
               std::int64_t fence, store::Session* session) override;
  void put_fenced(std::vector<migrate::data::Row>& rows, std::size_t n, migrate::Existing existing,
                  std::int64_t fence) override;

 private:
  struct Write {
    std::size_t row = 0;
    bson::View document;  ///< stamped: the row's, or `own`
    bson::Document own;
    std::optional<bson::Document> was;  ///< what it takes the place of
    bool keep = false;                  ///< … is kept for the way back
  };
  [[nodiscard]] std::vector<Write> decide(std::vector<migrate::data::Row>& rows, std::size_t n,
                                          std::int64_t fence, store::Session* session);
  [[nodiscard]] std::optional<Write> against(migrate::data::Row& row, bson::View there,
                                             std::int64_t fence) const;
  void keep(const std::vector<Write>& writes, store::Session* session);

  const WriteRules& rules_;
  bool looks_;
};

}  // namespace quire::importer
