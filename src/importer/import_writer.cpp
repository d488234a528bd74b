#include "importer/import_writer.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/listed.hpp"
#include "migrate/documents.hpp"
#include "quire/bson/writer.hpp"

namespace quire::importer {

using migrate::Edited;
using migrate::RejectStage;
using migrate::safe;
using migrate::data::Failure;
using migrate::data::failure_of;
using migrate::data::is_id_taken;
using migrate::data::is_of_the_store;
using migrate::data::raise;
using migrate::data::Row;
using migrate::data::stamped;

namespace {

void set_fields(bson::Writer& w, bson::View there, bson::View row, const std::string& prefix,
                const std::vector<std::string>& on_insert) {
  for (const auto& field : there) {
    if (prefix.empty() && field.key == "_q") continue;
    const auto mine = row.find(field.key);
    const std::string path = prefix + std::string(field.key);
    if (!mine || is_listed(on_insert, path)) {
      w.append_raw(field);
    } else if (mine->is_document() && field.value.is_document()) {
      w.begin_document(field.key);
      set_fields(w, field.value.as_document(), mine->as_document(), path + ".", on_insert);
      w.end();
    } else {
      w.append(field.key, *mine);
    }
  }
  for (const auto& field : row) {
    if (!there.contains(field.key)) w.append_raw(field);
  }
}

/// A row stays the same one when a column changes that only orders it.
bool is_of(const Stamp& stamp, bson::View document, const Row& row, const WriteRules& rules) {
  const bson::Value was = stamp.key_of(document);
  const bson::Value now(row.key());
  if (rules.own_key.empty() || !was.view().is_document() || !now.view().is_document())
    return was == now;
  return std::all_of(rules.own_key.begin(), rules.own_key.end(), [&](const std::string& name) {
    const auto before = was.view().as_document().find(name);
    const auto after = now.view().as_document().find(name);
    return before && after && bson::Value(*before) == bson::Value(*after);
  });
}

}  // namespace

std::string id_text(bson::ValueView id) {
  if (id.type() == bson::Type::int32)
    return migrate::key_text(bson::Value(std::int64_t{id.as_int32()}));
  if (id.type() == bson::Type::double_ && std::abs(id.as_double()) < 9e15 &&
      id.as_double() == std::floor(id.as_double()))
    return migrate::key_text(bson::Value(static_cast<std::int64_t>(id.as_double())));
  return migrate::key_text(id);
}

bson::Document updated(bson::View there, bson::View row,
                       const std::vector<std::string>& on_insert) {
  bson::Writer w;
  set_fields(w, there, row, "", on_insert);
  return w.finish();
}

std::optional<Settled> settle(Row& row, bson::View there, std::string_view job,
                              const WriteRules& rules) {
  const auto stamp = Stamp::of(there);
  const bson::View document = *row.mapped;
  const auto refuse = [&](ErrorCode code, std::string text, std::string field) {
    row.failure = Failure{RejectStage::write, code, std::move(text), std::move(field)};
    return std::nullopt;
  };
  const auto merged = [&] {
    return rules.existing == ExistingDocument::update ? updated(there, document, rules.on_insert)
                                                      : bson::Document(document);
  };
  if (stamp && stamp->job == job) {
    if (!is_of(*stamp, there, row, rules)) {
      return refuse(ErrorCode::duplicate_key,
                    "another row of the table became the document of this _id", "_id");
    }
    bson::Document wanted = merged();
    const bool same_key = stamp->key_of(there) == bson::Value(row.key());
    if (document_hash(wanted) == stamp->hash &&          // an edit, if there is one, is newer
        (same_key || !is_as_written(there, *stamp))) {   // else the stamp gets the new key
      row.existing = row.unchanged = !rules.first_pass;  // else of a batch that comes again
      return std::nullopt;
    }
    if (!is_as_written(there, *stamp)) {
      if (rules.edited == Edited::keep) {
        row.existing = true;
        return std::nullopt;
      }
      if (rules.edited == Edited::reject) {
        return refuse(ErrorCode::write_conflict,
                      "the row changed, and the document was edited since it was imported", "");
      }
    }
    return Settled{std::move(wanted), false};
  }
  if (rules.existing == ExistingDocument::skip) {
    row.existing = true;
    return std::nullopt;
  }
  const bool same_type = bson::Value(there["_id"]) == bson::Value(document["_id"]);
  if (rules.existing == ExistingDocument::fail || !same_type) {
    return refuse(ErrorCode::duplicate_key,
                  std::string("the collection has a document of this _id already") +
                      (same_type ? "" : ", as a number of another type"),
                  "_id");
  }
  return Settled{merged(), true};
}

/// Nothing: the document that is there stays, and the row says why.
std::optional<ImportWriter::Write> ImportWriter::against(Row& row, bson::View there,
                                                         std::int64_t fence) const {
  const auto stamp = Stamp::of(there);
  // Fences of other rows' partitions are numbers of their own.
  if (stamp && stamp->job == options_.name && stamp->fence > fence &&
      is_of(*stamp, there, row, rules_))
    throw migrate::data::ChunkLost{};
  const auto settled = settle(row, there, options_.name, rules_);
  if (!settled) return std::nullopt;
  Write write;
  write.own = stamped(settled->document, options_.name, fence, row.key());
  write.document = write.own;
  write.was.emplace(there);
  write.keep = settled->keep;
  return write;
}

std::vector<ImportWriter::Write> ImportWriter::decide(std::vector<Row>& rows, std::size_t n,
                                                      std::int64_t fence, store::Session* session) {
  std::vector<Write> writes;
  writes.reserve(n);
  std::unordered_map<std::string, bson::Document> there;
  if (looks_) {
    std::vector<bson::Value> ids;
    for (std::size_t i = 0; i < n; ++i) {
      if (rows[i].mapped && !rows[i].failure) ids.emplace_back((*rows[i].mapped)["_id"]);
    }
    for (auto& document : migrate::find_keys(to_, options_.into, ids, session)) {
      std::string key = id_text(document["_id"]);
      there.emplace(std::move(key), std::move(document));
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    Row& row = rows[i];
    row.existing = row.unchanged = false;
    if (!row.mapped || row.failure) continue;
    const auto found = looks_ ? there.find(id_text((*row.mapped)["_id"])) : there.end();
    if (found == there.end()) {
      Write& write = writes.emplace_back();
      write.row = i;
      if (!row.prepared) write.own = stamped(*row.mapped, options_.name, fence, row.key());
      write.document = row.prepared ? row.prepared->under(fence) : write.own.view();
    } else if (auto write = against(row, found->second, fence)) {
      write->row = i;
      writes.push_back(std::move(*write));
    }
  }
  return writes;
}

/// The first image of a document stays, however often it is written over.
void ImportWriter::keep(const std::vector<Write>& writes, store::Session* session) {
  std::vector<store::BulkOperation> operations;
  std::vector<bson::Document> filters, updates;
  for (const Write& write : writes) {
    if (!write.keep) continue;
    bson::Writer id;
    id.begin_document("_id").append("j", options_.name).append("id", (*write.was)["_id"]).end();
    filters.push_back(id.finish());
    bson::Writer update;
    update.begin_document("$setOnInsert")
        .append("j", options_.name)
        .append("into", options_.into)
        .append("before", *write.was)
        .end();
    updates.push_back(update.finish());
  }
  if (filters.empty()) return;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    store::BulkOperation one;
    one.kind = store::BulkOperation::Kind::update_one;
    one.filter = filters[i];
    one.update = {updates[i].view()};
    one.upsert = true;
    operations.push_back(one);
  }
  const auto options = safe<store::BulkOptions>(session);
  const auto result = to_.store().bulk_write(to_.ns(replaced_collection), operations, options);
  if (!result.errors.empty()) raise(result.errors.front().error);
}

void ImportWriter::put_txn(std::vector<Row>& rows, std::size_t n, migrate::Existing /*existing*/,
                           std::int64_t fence, store::Session* session) {
  replaced_ = 0;
  const auto writes = decide(rows, n, fence, session);
  if (writes.empty()) return;
  keep(writes, session);
  std::vector<store::BulkOperation> operations;
  std::vector<bson::Document> filters;
  operations.reserve(writes.size());
  filters.reserve(writes.size());
  for (const Write& write : writes) {
    store::BulkOperation one;
    one.document = write.document;
    if (write.was) {
      filters.push_back(bson::make_document("_id", write.document["_id"]));
      one.kind = store::BulkOperation::Kind::replace_one;
      one.filter = filters.back();
      ++replaced_;
    }
    operations.push_back(one);
  }
  std::vector<std::size_t> of;
  for (const Write& write : writes) of.push_back(write.row);
  const auto result = write_in(operations, of, session, looks_);
  if (!result) {  // a document was there: from now on they are looked up
    looks_ = true;
    throw Halve{};
  }
}

void ImportWriter::put_fenced(std::vector<Row>& rows, std::size_t n, migrate::Existing /*existing*/,
                              std::int64_t fence) {
  constexpr int most_rounds = 20;
  looks_ = true;  // a batch may come again
  std::int64_t replaced = 0;
  std::vector<char> written(n, 0);
  for (int round = 0; round < most_rounds; ++round) {
    const auto writes = decide(rows, n, fence, nullptr);
    for (std::size_t i = 0; i < n; ++i) {  // what an earlier round wrote is of this pass
      if (written[i] != 0 && rows[i].unchanged) rows[i].existing = rows[i].unchanged = false;
    }
    for (const Write& write : writes) written[write.row] = 1;
    replaced_ = replaced;
    if (writes.empty()) return;
    keep(writes, nullptr);
    std::vector<store::BulkOperation> operations;
    std::vector<bson::Document> filters;
    filters.reserve(writes.size());
    for (const Write& write : writes) {
      store::BulkOperation one;
      one.document = write.document;
      if (write.was) {
        filters.push_back(migrate::exactly(*write.was));
        one.kind = store::BulkOperation::Kind::replace_one;
        one.filter = filters.back();
      }
      operations.push_back(one);
    }
    auto options = safe<store::BulkOptions>();
    options.ordered = false;
    const auto result = to_.store().bulk_write(to_.ns(options_.into), operations, options);
    replaced += result.matched;
    replaced_ = replaced;
    bool again = result.matched < static_cast<std::int64_t>(filters.size());
    for (const auto& error : result.errors) {
      if (error.index >= writes.size() || is_of_the_store(error.error)) raise(error.error);
      if (is_id_taken(error)) {
        again = true;  // it came meanwhile
      } else {
        rows[writes[error.index].row].failure = failure_of(error.error);
      }
    }
    if (!again) return;
  }
  throw StoreError(ErrorCode::write_conflict, "documents of " + options_.into +
                                                  " change all the time while they are imported");
}

}  // namespace quire::importer
