#include "migrate/stamps.hpp"

#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

constexpr std::string_view fence_path = "_q.f";
constexpr std::string_view job_path = "_q.j";

bson::View mark_of(bson::View document) {
  const auto mark = document.find("_q");
  return mark && mark->type() == bson::Type::document ? mark->as_document() : bson::View();
}

/// The document with `_q` as given; none when that is empty.
bson::Document with_mark(bson::View document, bson::View mark) {
  bson::Writer out;
  for (const auto& [key, value] : document)
    if (key != "_q") out.append(key, value);
  if (!mark.empty()) out.append("_q", mark);
  return out.finish();
}

bson::Writer rest_of_mark(bson::View document) {
  bson::Writer rest;
  for (const auto& [key, value] : mark_of(document))
    if (key != "f" && key != "j") rest.append(key, value);
  return rest;
}

}  // namespace

bool Stamps::is_done(bson::View document) const {
  const bson::View mark = mark_of(document);
  if (mark.empty()) return false;
  const bool ours = get_text(mark, "j") == job_;
  if (ours && get_int(mark, "f") > fence_) {
    throw MigrationError(ErrorCode::lock_lost, FieldPath(job_),
                         "another run goes on with this step; this run stopped");
  }
  return ours;
}

void Stamps::put(RowChange& change) const {
  bson::Writer filter;
  filter.append_all(change.filter);
  filter.begin_document(job_path).append("$ne", job_).end();
  change.filter = filter.finish();
  if (change.kind != RowChange::Kind::update) return;
  bson::Writer update;
  bool any_set = false;
  for (const auto& [op, fields] : change.update.view()) {
    update.begin_document(op).append_all(fields.as_document());
    if (op == "$set") {
      any_set = true;
      update.append(fence_path, fence_).append(job_path, job_);
    }
    update.end();
  }
  if (!any_set)
    update.begin_document("$set").append(fence_path, fence_).append(job_path, job_).end();
  change.update = update.finish();
}

bson::Document Stamps::stamped(bson::View document) const {
  bson::Writer mark = rest_of_mark(document);
  mark.append("f", fence_).append("j", job_);
  return with_mark(document, mark.finish());
}

bson::Document Stamps::bare(bson::View document) {
  return with_mark(document, rest_of_mark(document).finish());
}

void Stamps::clear(Database& db, std::string_view collection) const {
  bson::Writer stages;
  bson::Writer stage;
  stage.begin_array("$unset").push(fence_path).push(job_path).end();
  stages.push(stage.finish());
  // _q goes altogether where nothing else is in it.
  bson::Writer is_empty;
  is_empty.begin_array("$eq").push("$_q").push(bson::Document()).end();
  bson::Writer empty;
  empty.begin_document("$set").begin_document("_q").begin_array("$cond");
  empty.push(is_empty.finish()).push("$$REMOVE").push("$_q").end().end().end();
  stages.push(empty.finish());
  const bson::Document body = stages.finish();
  auto options = safe<store::UpdateOptions>();
  options.multi = true;
  (void)db.store().update(db.ns(collection), bson::make_document(job_path, job_),
                          {body.view(), true}, options);
}

}  // namespace quire::migrate
