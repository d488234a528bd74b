// Which migrations run and which are settled without being run: targets and tags, checks, squashes,
// baselines, accepted changes.
#include <algorithm>
#include <set>

#include "migrate/run.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

using enum MigrationState;

namespace {

bool names(const std::vector<std::string>& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

}  // namespace

std::vector<bool> MigrationRunner::Run::choose() const {
  std::vector<bool> chosen(compiled_.size(), true);
  if (!options_.target.empty()) {
    const Compiled* last = compiled(options_.target);
    if (last == nullptr) {
      throw MigrationError(ErrorCode::unknown_migration, FieldPath(options_.target),
                           "the program has no migration of this id to run up to");
    }
    for (std::size_t i = static_cast<std::size_t>(last - compiled_.data()) + 1; i < chosen.size();
         ++i)
      chosen[i] = false;
  }
  if (options_.tags.empty()) return chosen;
  // From the last to the first, so that what a chosen one depends on is chosen too.
  std::set<std::string, std::less<>> needed;
  for (std::size_t i = compiled_.size(); i-- > 0;) {
    const MigrationInfo& info = compiled_[i].migration->info();
    const bool tagged = std::ranges::any_of(
        info.tags, [&](const std::string& tag) { return names(options_.tags, tag); });
    const bool stands_for = std::ranges::any_of(
        info.replaces, [&](const std::string& id) { return needed.contains(id); });
    if (!chosen[i] || !(tagged || stands_for || needed.contains(info.id))) {
      chosen[i] = false;
      continue;
    }
    needed.insert(info.depends_on.begin(), info.depends_on.end());
    needed.insert(info.replaces.begin(), info.replaces.end());
  }
  return chosen;
}

// ---------------------------------------------------------------- squashes

bool MigrationRunner::Run::is_replaced(const Compiled& one) const {
  const auto begun = [&](const std::string& id) { return is_begun(id); };
  if (begun(one.id())) return false;
  return std::ranges::any_of(compiled_, [&](const Compiled& squash) {
    const auto& ids = squash.migration->info().replaces;
    return names(ids, one.id()) && (settled(squash) || std::ranges::none_of(ids, begun));
  });
}

/// Where all that it replaces are applied it counts as applied, and they are superseded.
bool MigrationRunner::Run::adopt(const Compiled& squash) {
  const auto& ids = squash.migration->info().replaces;
  const auto applied_here = [&](const std::string& id) {
    const HistoryRow* one = row(id);
    return one != nullptr && one->counts_as_applied();
  };
  if (ids.empty() || is_begun(squash.id()) || !std::ranges::all_of(ids, applied_here)) return false;
  settle(squash, applied, "what it replaces was applied");
  return true;
}

/// Puts it into a state that counts as applied, without running it.
void MigrationRunner::Run::settle(const Compiled& one, MigrationState state,
                                  std::string_view note) {
  const bson::Document fields = description(one, next_sequence());
  transactions_.run([&](store::Session* session) {
    journal_.move(
        {one.id(), stored_state(one.id()), state, lock_.token(), fields, "finished", note, true},
        session);
    if (state == applied) settle_replaced(one, false, session);
  });
  MigrationEntry entry;
  entry.id = one.id();
  entry.title = one.migration->info().title;
  entry.atomicity = one.atomicity;
  entry.guarantee = one.guarantee;
  entry.state = state;
  report_.migrations.push_back(std::move(entry));
  read();
}

/// Up: what the squash stands for is superseded, so that an older program does not run it. Down:
/// and is to be done anew.
void MigrationRunner::Run::settle_replaced(const Compiled& squash, bool down,
                                           store::Session* session) {
  const bson::Document by = bson::make_document("replaced_by", squash.id());
  for (const std::string& id : squash.migration->info().replaces) {
    const HistoryRow* known = row(id);
    if (down) {
      if (known != nullptr && known->state == superseded)
        journal_.move({id, superseded, reverted, lock_.token(), {}, "finished"}, session);
      continue;
    }
    if (known != nullptr && known->state == superseded) continue;
    journal_.move({id, stored_state(id), superseded, lock_.token(), by, "finished"}, session);
  }
}

auto MigrationRunner::Run::incomplete(const Compiled& squash) const -> std::optional<Refusal> {
  std::string missing;
  std::size_t there = 0;
  const auto& ids = squash.migration->info().replaces;
  for (const std::string& id : ids) {
    if (is_begun(id)) {
      ++there;
    } else if (compiled(id) == nullptr) {
      missing += missing.empty() ? id : ", " + id;
    }
  }
  if (there == 0 || missing.empty() || row(squash.id()) != nullptr) return std::nullopt;
  return Refusal{MigrationResult::drifted,
                 MigrationError(ErrorCode::squash_incomplete, FieldPath(squash.id()),
                                "some of what it replaces are applied; these are not, and the "
                                "program has them no more: " +
                                    missing),
                 {"run the program that still has them, then this one"}};
}

// ---------------------------------------------------------------- checks

bool MigrationRunner::Run::may_begin(std::size_t position) {
  const Compiled& one = compiled_[position];
  const auto& checks = one.migration->info().pre;
  if (is_begun(one.id()) || checks.empty()) return true;
  for (const Check& check : checks) {
    bool holds = false;
    try {
      transactions_.lend([&](store::Session& session) { holds = check.ask(db_, session); });
    } catch (...) {
      const Caught caught = current_failure();
      finish(MigrationResult::failed,
             MigrationError(ErrorCode::precondition_failed, FieldPath(one.id()),
                            "asking \"" + check.text + "\" failed: " + caught.text),
             {"correct the cause and run again: nothing was begun"});
      return false;
    }
    if (check.kind == Check::Kind::require) {
      if (holds) continue;
      finish(MigrationResult::failed,
             MigrationError(ErrorCode::precondition_failed, FieldPath(one.id()), check.text),
             {"see to it and run again: nothing was begun"});
      return false;
    }
    if (!holds) continue;
    settle(one, skipped, check.text);
    return false;
  }
  return true;
}

void MigrationRunner::Run::ask_after(const Compiled& one, store::Session* session) {
  const auto& checks = one.migration->info().post;
  if (checks.empty()) return;
  const auto ask = [&](store::Session& on) {
    for (const Check& check : checks) {
      if (!check.ask(db_, on)) {
        throw StepError(ErrorCode::precondition_failed, "does not hold afterwards: " + check.text,
                        "", std::nullopt);
      }
    }
  };
  if (session != nullptr) return ask(*session);
  transactions_.lend(ask);
}

// ---------------------------------------------------------------- baseline, accept

namespace {

/// What the declared steps make and the database lacks.
std::string missing_in(Database& db, const std::vector<const Compiled*>& covered) {
  std::set<std::string> wanted;  // "users", "users/email_1"
  for (const Compiled* one : covered) {
    for (const Step& step : one->steps) {
      const bson::View spec = step.spec();
      const std::string op = get_text(spec, "op");
      const std::string collection = get_text(spec, "collection");
      const auto index = spec.find("index");
      const std::string name =
          index ? collection + "/" + get_text(index->as_document(), "name") : collection;
      if (op == "create_index" || op == "create_collection") wanted.insert(name);
      if (op == "drop_index") wanted.erase(name);
      if (op == "drop_collection")
        std::erase_if(wanted, [&](const std::string& other) {
          return other == name || other.starts_with(name + "/");
        });
    }
  }
  const auto collections = db.store().list_collections(db.name());
  std::string missing;
  for (const std::string& one : wanted) {
    const auto slash = one.find('/');
    const std::string collection = one.substr(0, slash);
    bool found = std::ranges::any_of(
        collections, [&](const store::CollectionInfo& there) { return there.name == collection; });
    if (found && slash != std::string::npos) {
      const auto indexes = db.store().list_indexes(db.ns(collection));
      found = std::ranges::any_of(indexes, [&](const bson::Document& index) {
        return get_text(index, "name") == one.substr(slash + 1);
      });
    }
    if (found) continue;
    missing += missing.empty() ? "" : ", ";
    missing += slash == std::string::npos ? "collection " + one
                                          : "index " + one.substr(slash + 1) + " of " + collection;
  }
  return missing;
}

}  // namespace

void MigrationRunner::Run::baseline(std::string_view id, const BaselineOptions& options) {
  const Compiled* last = &wanted(id);
  std::vector<const Compiled*> covered;
  for (const Compiled* one = compiled_.data(); one <= last; ++one)
    if (!one->migration->info().repeatable) covered.push_back(one);
  classify_all();
  if (!lock()) throw MigrationError(ErrorCode::lock_busy, report_.error->detail());
  read();
  for (const Compiled* one : covered) {
    if (row(one->id()) != nullptr) {
      throw MigrationError(ErrorCode::baseline_refused, FieldPath(one->id()),
                           "the database has a history of this migration already");
    }
  }
  if (!options.force) {
    if (const std::string missing = missing_in(db_, covered); !missing.empty()) {
      throw MigrationError(ErrorCode::baseline_refused, FieldPath(std::string(id)),
                           "the database lacks what the migrations up to it make: " + missing);
    }
  }
  transactions_.run([&](store::Session* session) {
    std::int64_t seq = next_sequence();
    for (const Compiled* one : covered) {
      const bson::Document fields = description(*one, seq++);
      journal_.move(
          {one->id(), std::nullopt, baselined, lock_.token(), fields, "finished", options.reason},
          session);
    }
  });
  lock_.release();
}

void MigrationRunner::Run::accept(std::string_view id, std::string_view reason) {
  const auto refuse = [&](const char* why) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(std::string(id)), why);
  };
  const Compiled* one = compiled(id);
  if (one == nullptr) refuse("the program has no migration of this id");
  if (reason.empty()) refuse("accept takes a reason");
  classify_all();
  if (!lock()) throw MigrationError(ErrorCode::lock_busy, report_.error->detail());
  read();
  const HistoryRow* known = row(id);
  if (known == nullptr || known->state != applied) refuse("only an applied migration is accepted");
  if (known->has_checksum(one->checksum)) refuse("it was not changed");
  journal_.accept(*known, one->checksum, reason, lock_.token());
  lock_.release();
}

}  // namespace quire::migrate
