#include "store/embedded/storage/rows.hpp"

#include <algorithm>
#include <limits>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/storage/capped.hpp"
#include "store/embedded/storage/checksum.hpp"
#include "store/embedded/storage/sort_run.hpp"

namespace quire::store::embedded {

RowWriter::RowWriter(WriteScope& scope, std::shared_ptr<const CollectionMeta> collection,
                     bool bypass_validation)
    : scope_(scope),
      connection_(scope.connection()),
      collection_(std::move(collection)),
      bypass_validation_(bypass_validation),
      logs_changes_(scope.logs_changes() && tells_changes_of(collection_->database)) {
  new_keys_.resize(collection_->indexes.size());
  old_keys_.resize(collection_->indexes.size());
}

void RowWriter::make_keys(const IndexMeta& index, bson::View document, Keys& out) {
  out.clear();
  if (index.partial && !index.partial->matches(document)) return;
  const bool several = index.maker.make(document, out);
  if (several && !index.multikey &&
      std::find(newly_multikey_.begin(), newly_multikey_.end(), index.iid) == newly_multikey_.end())
    newly_multikey_.push_back(index.iid);
}

void RowWriter::flush_multikey() {
  if (newly_multikey_.empty()) return;
  for (const auto iid : newly_multikey_) mark_multikey(connection_, iid);
  newly_multikey_.clear();
  scope_.catalog_changed();
  collection_ = scope_.find({collection_->database, collection_->name});
}

bool RowWriter::insert_entry(const IndexMeta& index, const std::string& key, std::int64_t rid) {
  if (index.spec.prepare_unique && !index.spec.unique) {
    // Duplicates that were there before stay; no new one comes.
    Statement& others = connection_.key_statement(collection_->cid, index.iid, KeySql::equal);
    others.bind(1, std::string_view(key));
    const Resetter resetter(others);
    if (!building_ && others.step() && others.integer(0) != rid) return false;
  }
  Statement& insert = connection_.key_statement(collection_->cid, index.iid, KeySql::insert);
  insert.bind(1, std::string_view(key))
      .bind(2, rid)
      .bind(3, static_cast<std::int64_t>(entry_sum(key, rid)));
  const int code = insert.step_code();
  if (code == SQLITE_DONE) [[likely]] {
    insert.reset();
    return true;
  }
  if ((code & 0xFF) != SQLITE_CONSTRAINT) insert.fail(code);
  insert.reset();
  return false;
}

void RowWriter::erase_entry(const IndexMeta& index, const std::string& key, std::int64_t rid) {
  connection_.key_statement(collection_->cid, index.iid, KeySql::erase)
      .bind(1, std::string_view(key))
      .bind(2, rid)
      .run();
}

void RowWriter::account(std::int64_t documents, std::int64_t bytes, std::int64_t newest) {
  const CollectionTraits& traits = collection_->traits;
  if (!traits.capped) [[likely]]
    return;
  auto totals = add_to_totals(connection_, collection_->cid, documents, bytes);
  if (documents <= 0) return;  // as on a server, only an insert makes room
  while (totals.bytes > traits.most_bytes ||
         (traits.most_documents > 0 && totals.documents > traits.most_documents)) {
    Statement& oldest = connection_.row_statement(collection_->cid, RowSql::rids_above);
    oldest.bind(1, std::numeric_limits<std::int64_t>::min());
    if (!oldest.step()) break;
    const auto rid = oldest.integer(0);
    if (rid == newest) {  // larger than the collection: it stays until the next one comes
      oldest.reset();
      break;
    }
    const bson::View body = oldest.document(1);
    totals.documents -= 1;
    totals.bytes -= static_cast<std::int64_t>(body.size());
    erase(rid, body, oldest);
  }
}

std::int64_t RowWriter::insert(bson::View document) {
  if (collection_->validator && !bypass_validation_) collection_->validator->check_insert(document);
  const auto& indexes = collection_->indexes;
  for (std::size_t i = 0; i < indexes.size(); ++i) make_keys(*indexes[i], document, new_keys_[i]);
  flush_multikey();
  const auto& now = collection_->indexes;  // flush may have read them anew, in the same order

  id_key_.clear();
  append_key(id_key_, document.begin()->value);
  Statement& insert = connection_.row_statement(collection_->cid, RowSql::insert);
  insert.bind(1, std::string_view(id_key_))
      .bind(2, static_cast<std::int64_t>(body_sum(id_key_, bytes_of(document))))
      .bind(3, bytes_of(document));
  const int code = insert.step_code();
  if (code != SQLITE_DONE) {
    if ((code & 0xFF) != SQLITE_CONSTRAINT) insert.fail(code);
    insert.reset();
    fail_duplicate(nullptr, id_key_, document);
  }
  insert.reset();
  const std::int64_t rid = sqlite3_last_insert_rowid(connection_.handle());

  for (std::size_t i = 0; i < now.size(); ++i) {
    for (std::size_t k = 0; k < new_keys_[i].size(); ++k) {
      if (insert_entry(*now[i], new_keys_[i][k], rid)) [[likely]]
        continue;
      // Take back what this document has left so far; a savepoint a document would cost more.
      const std::string key = new_keys_[i][k];
      for (std::size_t j = 0; j <= i; ++j) {
        const std::size_t n = j == i ? k : new_keys_[j].size();
        for (std::size_t m = 0; m < n; ++m) erase_entry(*now[j], new_keys_[j][m], rid);
      }
      connection_.row_statement(collection_->cid, RowSql::erase).bind(1, rid).run();
      fail_duplicate(now[i].get(), key, document);
    }
  }
  if (logs_changes_) scope_.changes().inserted(*collection_, document);
  account(1, static_cast<std::int64_t>(document.size()), rid);
  return rid;
}

void RowWriter::replace(std::int64_t rid, bson::View before, bson::View after, Statement& source) {
  if (collection_->validator && !bypass_validation_)
    collection_->validator->check_update(before, after);
  std::optional<bson::Document> entry;  // made while `before` is there
  if (logs_changes_) entry = scope_.changes().changed(*collection_, updater_, before, after);
  const auto& indexes = collection_->indexes;
  const auto growth =
      static_cast<std::int64_t>(after.size()) - static_cast<std::int64_t>(before.size());
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    make_keys(*indexes[i], before, old_keys_[i]);
    make_keys(*indexes[i], after, new_keys_[i]);
    // Both are sorted and without doubles: what is in both stays.
    if (old_keys_[i] == new_keys_[i]) {
      old_keys_[i].clear();
      new_keys_[i].clear();
    } else if (!old_keys_[i].empty() && !new_keys_[i].empty()) {
      Keys gone, come;
      std::set_difference(old_keys_[i].begin(), old_keys_[i].end(), new_keys_[i].begin(),
                          new_keys_[i].end(), std::back_inserter(gone));
      std::set_difference(new_keys_[i].begin(), new_keys_[i].end(), old_keys_[i].begin(),
                          old_keys_[i].end(), std::back_inserter(come));
      old_keys_[i] = std::move(gone);
      new_keys_[i] = std::move(come);
    }
  }
  source.reset();
  flush_multikey();
  const auto& now = collection_->indexes;
  for (std::size_t i = 0; i < now.size(); ++i) {
    for (std::size_t k = 0; k < new_keys_[i].size(); ++k) {
      if (insert_entry(*now[i], new_keys_[i][k], rid)) [[likely]]
        continue;
      const std::string key = new_keys_[i][k];
      for (std::size_t j = 0; j <= i; ++j) {
        const std::size_t n = j == i ? k : new_keys_[j].size();
        for (std::size_t m = 0; m < n; ++m) erase_entry(*now[j], new_keys_[j][m], rid);
      }
      fail_duplicate(now[i].get(), key, after);
    }
  }
  for (std::size_t i = 0; i < now.size(); ++i) {
    for (const auto& key : old_keys_[i]) erase_entry(*now[i], key, rid);
  }
  id_key_.clear();
  append_key(id_key_, after.begin()->value);
  connection_.row_statement(collection_->cid, RowSql::replace)
      .bind(1, static_cast<std::int64_t>(body_sum(id_key_, bytes_of(after))))
      .bind(2, bytes_of(after))
      .bind(3, rid)
      .run();
  if (entry) scope_.changes().append(*entry);
  account(0, growth, rid);
}

void RowWriter::erase(std::int64_t rid, bson::View before, Statement& source) {
  const auto& indexes = collection_->indexes;
  for (std::size_t i = 0; i < indexes.size(); ++i) make_keys(*indexes[i], before, old_keys_[i]);
  newly_multikey_.clear();
  std::optional<bson::Document> entry;
  if (logs_changes_) entry = scope_.changes().erased(*collection_, before);
  const auto size = static_cast<std::int64_t>(before.size());
  source.reset();
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    for (const auto& key : old_keys_[i]) erase_entry(*indexes[i], key, rid);
  }
  connection_.row_statement(collection_->cid, RowSql::erase).bind(1, rid).run();
  if (entry) scope_.changes().append(*entry);
  account(-1, -size, rid);
}

void RowWriter::build(const IndexMeta& index) {
  building_ = true;
  SortRun entries(0);
  Statement& row = connection_.row_statement(collection_->cid, RowSql::scan);
  {
    const Resetter resetter(row);
    Keys keys;
    while (row.step()) {
      make_keys(index, row.document(1), keys);
      for (const auto& key : keys) entries.add(key, row.integer(0));
    }
  }
  // In their order, so that the tree grows at its end alone.
  entries.finish();
  std::string key;
  while (const auto rid = entries.next()) {
    key = entries.key();
    if (insert_entry(index, key, *rid)) [[likely]]
      continue;
    Statement& found = connection_.row_statement(collection_->cid, RowSql::by_rid);
    const Resetter resetter(found);
    if (!found.bind(1, *rid).step()) fail_body(*rid);
    fail_duplicate(&index, key, found.document(1));
  }
  flush_multikey();
  building_ = false;
}

void RowWriter::fail_duplicate(const IndexMeta* index, const std::string& key,
                               bson::View document) const {
  static const std::vector<IndexField> id_fields{{"_id", false}};
  const bson::Document value = key_value(index ? index->spec.fields : id_fields, key, document);
  const bson::Document pattern =
      index ? index->spec.key : bson::make_document("_id", std::int32_t{1});
  throw DetailedError(ErrorCode::duplicate_key, FieldPath{},
                      "E11000 duplicate key error collection: " + collection_->full_name() +
                          " index: " + (index ? index->spec.name : "_id_") +
                          " dup key: " + shell_text(value),
                      11000, bson::make_document("keyPattern", pattern, "keyValue", value));
}

}  // namespace quire::store::embedded
