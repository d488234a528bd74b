#include "migrate/operations_left.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

constexpr std::string_view signed_by_quire = "quire:";
constexpr std::chrono::milliseconds between_looks{50};
constexpr std::chrono::minutes patience{1};  // with what was told to end

bson::View subdocument(bson::View document, std::string_view key) {
  const auto value = document.find(key);
  return value && value->is_document() ? value->as_document() : bson::View();
}

/// Of a getMore it stands with what opened the cursor, too.
std::string comment_of(bson::View operation) {
  if (auto text = get_text(subdocument(operation, "command"), "comment"); !text.empty())
    return text;
  return get_text(subdocument(subdocument(operation, "cursor"), "originatingCommand"), "comment");
}

struct ReadSignature {
  std::string_view who;
  std::string_view what;
};

std::optional<ReadSignature> read_signature(std::string_view comment) {
  if (!comment.starts_with(signed_by_quire)) return std::nullopt;
  comment.remove_prefix(signed_by_quire.size());
  const auto colon = comment.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return ReadSignature{comment.substr(0, colon), comment.substr(colon + 1)};
}

bool is_signed_by(std::string_view who, const LeftBy& by) {
  std::int64_t token = 0;
  const auto [end, error] = std::from_chars(who.data(), who.data() + who.size(), token);
  if (error == std::errc() && end == who.data() + who.size())
    return token > 0 && token < by.below_token;
  return !by.run.empty() && who == by.run;
}

bool is_in_database(bson::View operation, std::string_view database) {
  const std::string ns = get_text(operation, "ns");
  if (ns.size() > database.size() && ns.starts_with(database) && ns[database.size()] == '.')
    return true;
  return get_text(subdocument(operation, "command"), "$db") == database;
}

/// The command that is asked for, or a thread of the server's that builds for it.
bool builds_index(bson::View operation) {
  return subdocument(operation, "command").contains("createIndexes") ||
         get_text(operation, "desc").starts_with("IndexBuildsCoordinator") ||
         get_text(operation, "msg").starts_with("Index Build");
}

std::string what_runs(bson::View operation, const ReadSignature& by) {
  std::string name = get_text(operation, "op");
  if (name == "command" || name.empty()) {
    for (const auto& first : subdocument(operation, "command")) {
      if (!first.key.starts_with('$')) name = std::string(first.key);
      break;
    }
  }
  std::string text = name.empty() ? "operation" : name;
  const std::string ns = get_text(operation, "ns");
  if (const auto dot = ns.find('.'); dot != std::string::npos && ns.find(".$cmd") != dot)
    text += " on " + ns.substr(dot + 1);
  return text + ", of " + std::string(by.what);
}

/// $currentOp with the signature of who asks: it has to stand in the answer, else the server tells
/// nothing about operations and their comments.
std::vector<bson::Document> current_operations(Database& db, std::string_view me, bool all_users) {
  bson::Writer command;
  command.append("aggregate", std::int32_t{1}).begin_array("pipeline");
  command.push_document_begin()
      .begin_document("$currentOp")
      .append("allUsers", all_users)
      .append("idleSessions", false)
      .end()
      .end();
  const std::string pattern = "^" + std::string(signed_by_quire);
  command.push_document_begin().begin_document("$match").begin_array("$or");
  for (const std::string_view path : {"command.comment", "cursor.originatingCommand.comment"})
    command.push_document_begin().begin_document(path).append("$regex", pattern).end().end();
  command.end().end().end();
  command.end();
  command.begin_document("cursor").append("batchSize", std::int32_t{100'000}).end();
  command.append("comment", me);
  const bson::Document reply = db.store().run_command("admin", command.finish(), nullptr);
  std::vector<bson::Document> all;
  const auto batch = subdocument(reply, "cursor").find("firstBatch");
  if (!batch || !batch->is_array()) return all;
  for (const auto& one : batch->as_array())
    if (one.value.is_document()) all.emplace_back(one.value.as_document());
  return all;
}

/// Operations of all users where that is allowed, else those of the connection's own.
std::vector<bson::Document> signed_operations(Database& db, std::string_view me) {
  std::vector<bson::Document> all;
  try {
    all = current_operations(db, me, true);
  } catch (const StoreError& error) {
    if (error.code() != ErrorCode::unauthorized) throw;
    all = current_operations(db, me, false);
  }
  const bool tells = std::ranges::any_of(all, [&](const bson::Document& one) {
    return one.contains("opid") && comment_of(one) == me;
  });
  if (!tells) {
    throw StoreError(ErrorCode::unsupported,
                     "the server's $currentOp does not tell operations and their comments");
  }
  return all;
}

class Drain {
 public:
  Drain(Database& db, std::string_view me, const LeftBy& by) : db_(db), me_(me), by_(by) {}

  void run(std::chrono::milliseconds wait, const Clock& clock) {
    const auto start = clock.now();
    while (true) {
      const auto waited = clock.now() - start;
      const bool in_time = waited < wait;
      const auto left = look_again();
      const bool done = std::ranges::none_of(
          left, [&](const OperationLeft& one) { return in_time || !one.is_build; });
      if (done) return;
      if (waited >= wait + patience) {
        failed_ = "operations of the process before do not end: " + left.front().what;
        return;
      }
      if (!in_time && !end(left)) return;
      clock.sleep(between_looks, {});
    }
  }

  [[nodiscard]] Drained result() && {
    Drained out;
    for (const auto& [id, one] : seen_) {
      const std::string how = one.is_there && one.is_build ? "left to go on: "
                              : one.was_ended              ? "ended "
                              : one.is_there               ? ""
                                                           : "waited for ";
      if (!how.empty()) out.done.push_back(how + one.what);
    }
    out.failed = std::move(failed_);
    return out;
  }

 private:
  struct Seen {
    std::string what;
    bool is_build = false;
    bool is_there = false;
    bool was_ended = false;
  };
  static std::string key(const OperationLeft& one) { return bson::to_json(one.id.view()); }

  std::vector<OperationLeft> look_again() {
    std::vector<OperationLeft> left;
    for (auto& [id, one] : seen_) one.is_there = false;
    for (const bson::Document& one : signed_operations(db_, me_)) {
      auto found = operation_left(one, db_.name(), by_);
      if (!found) continue;
      Seen& seen = seen_[key(*found)];
      seen.what = found->what;
      seen.is_build = found->is_build;
      seen.is_there = true;
      left.push_back(std::move(*found));
    }
    return left;
  }

  /// False: it is not allowed, or there is no such command.
  bool end(const std::vector<OperationLeft>& left) {
    for (const OperationLeft& one : left) {
      if (one.is_build) continue;
      const bson::Document command = bson::make_document("killOp", std::int32_t{1}, "op", one.id);
      try {
        (void)db_.store().run_command("admin", command, nullptr);
        seen_[key(one)].was_ended = true;
      } catch (const StoreError& error) {
        if (error.code() != ErrorCode::unauthorized && error.code() != ErrorCode::unsupported)
          continue;  // it may be at its end: looked at again
        failed_ = "the server still runs " + one.what +
                  ", of a process that is gone, and killOp was refused (" + error.detail() + ")";
        return false;
      }
    }
    return true;
  }

  Database& db_;
  std::string_view me_;
  const LeftBy& by_;
  std::map<std::string, Seen> seen_;
  std::string failed_;
};

constexpr std::string_view relies = "; the run relies on its fence";

std::string not_told(const std::string& why) {
  return "whether the server still runs operations of the process before could not be found out (" +
         why + ")";
}

}  // namespace

std::optional<OperationLeft> operation_left(bson::View operation, std::string_view database,
                                            const LeftBy& by) {
  const auto id = operation.find("opid");
  if (!id) return std::nullopt;
  const std::string comment = comment_of(operation);
  const auto found = read_signature(comment);
  if (!found || !is_signed_by(found->who, by) || !is_in_database(operation, database))
    return std::nullopt;
  return OperationLeft{bson::Value(*id), what_runs(operation, *found), builds_index(operation)};
}

Drained drain_operations(Database& db, std::string_view me, const LeftBy& by,
                         std::chrono::milliseconds wait, const Clock& clock) noexcept {
  Drained out;
  try {
    if (db.store().kind() != "mongodb") return out;
    Drain drain(db, me, by);
    std::string why;
    try {
      drain.run(wait, clock);
    } catch (const StoreError& error) {
      why = not_told(error.detail());
    }
    out = std::move(drain).result();
    if (!why.empty()) out.failed = std::move(why);
    if (!out.failed.empty()) out.failed += relies;
  } catch (...) {
    const Caught caught = current_failure();
    out.failed = not_told(caught.text);
  }
  return out;
}

std::string drain_hindrance(Database& db) {
  if (db.store().kind() != "mongodb") return {};
  if (!db.capabilities().kill_op) return "the server has no killOp";
  try {
    (void)signed_operations(db, "quire:0:look");
  } catch (const StoreError& error) {
    return error.detail();
  }
  return {};
}

}  // namespace quire::migrate
