#include "case.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "bson/base64.hpp"
#include "compare.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "store/embedded/commands/command_layer.hpp"

namespace quire::spec {
namespace {

using bson::Document;
using bson::ValueView;
using bson::View;

constexpr int not_implemented = 238;  // a write's own refusal, inside a reply

/// Which deployment a case asks for: of MongoDB's, only a replica set has what these cases require.
/// The command layer is either, and has transactions and change streams always.
enum class Deployment { standalone, replica_set };

struct Required {
  Deployment deployment = Deployment::standalone;
  std::string missing;  ///< what neither of them has
};

/// Whether a step is to fail because there is no $$CLUSTER_TIME: such a case is of a single server,
/// whatever it says that it requires.
bool expects_no_cluster_time(View steps) {
  constexpr int not_available = 10'071'200;
  for (const auto& step : steps) {
    const auto expect = step.value.as_document().find("expect");
    const auto error = expect ? expect->as_document().find("error") : std::nullopt;
    if (error && error->type() == bson::Type::int32 && error->as_int32() == not_available)
      return true;
  }
  return false;
}

Required required(View line, View steps) {
  constexpr auto of_sets =
      std::to_array<std::string_view>({"change_streams", "cluster_read_concern", "cluster_time",
                                       "quorum_write_concern", "transactions"});
  Required out;
  const auto needs = line.find("requires");
  if (!needs) return out;
  for (const auto& need : needs->as_document()) {
    const bool wanted = need.value.as_bool();
    const bool has_both = need.key == "transactions" || need.key == "change_streams";
    if (std::ranges::find(of_sets, need.key) == of_sets.end() ? wanted : has_both && !wanted) {
      out.missing = need.key;
    } else if (wanted) {
      out.deployment = Deployment::replica_set;
    }
  }
  if (expects_no_cluster_time(steps)) out.deployment = Deployment::standalone;
  return out;
}

struct Reply {
  std::optional<Document> document;  // of a command that succeeded
  int code = 0;                      // of one that failed, or of its first write error
  std::string message;
  bool refused = false;
};

std::string brief(std::string text) {
  constexpr std::size_t limit = 600;
  if (text.size() > limit) text = text.substr(0, limit) + " …";
  return text;
}

std::string show(const Reply& reply) {
  if (reply.document) return brief(bson::to_json(*reply.document));
  return "error " + std::to_string(reply.code) + ": " + reply.message;
}

// Puts the ids of open cursors where {"$cursorOf": i} stands.
class CursorIds {
 public:
  void set(std::size_t step, const Reply& reply) {
    if (ids_.size() <= step) ids_.resize(step + 1, 0);
    if (!reply.document) return;
    const auto cursor = reply.document->find("cursor");
    if (!cursor || !cursor->is_document()) return;
    if (const auto id = cursor->as_document().find("id"); id && id->type() == bson::Type::int64)
      ids_[step] = id->as_int64();
  }
  [[nodiscard]] Document fill(View document) const {
    bson::Writer writer;
    copy(document, writer, false);
    return writer.finish();
  }

 private:
  std::optional<std::int64_t> id_in(ValueView value) const {
    if (!value.is_document()) return std::nullopt;
    const auto first = value.as_document().begin();
    if (first == value.as_document().end() || first->key != "$cursorOf" ||
        first->value.type() != bson::Type::int32)
      return std::nullopt;
    const auto step = static_cast<std::size_t>(first->value.as_int32());
    return step < ids_.size() ? ids_[step] : 0;
  }
  void copy(View document, bson::Writer& writer, bool array) const {
    (void)array;
    for (const auto& field : document) {
      if (const auto id = id_in(field.value)) {
        writer.append(field.key, *id);
      } else if (field.value.is_document()) {
        writer.begin_document(field.key);
        copy(field.value.as_document(), writer, false);
        writer.end();
      } else if (field.value.is_array()) {
        writer.begin_array(field.key);
        copy(field.value.as_array(), writer, true);
        writer.end();
      } else {
        writer.append(field.key, field.value);
      }
    }
  }
  std::vector<std::int64_t> ids_;
};

Document with_session(View command, ValueView number) {
  bson::Uuid id;
  id.bytes[0] = 1;
  id.bytes[15] = static_cast<std::uint8_t>(number.as_int32());
  bson::Writer writer;
  writer.append_all(command);
  if (!command.contains("lsid")) writer.begin_document("lsid").append("id", bson::Value(id)).end();
  return writer.finish();
}

/// `set`: null for the store's own commands, which are those of a single server.
Reply run_command(store::Store& store, store::embedded::CommandLayer* set,
                  std::string_view database, View command) {
  Reply reply;
  try {
    reply.document = set != nullptr ? set->run(store, database, command, nullptr)
                                    : store.run_command(database, command, nullptr);
    for (const auto* list : {"writeErrors"}) {
      const auto errors = reply.document->find(list);
      if (!errors || !errors->is_array()) continue;
      const auto first = errors->as_array().begin();
      if (first == errors->as_array().end()) continue;
      reply.code = first->value.as_document()["code"].as_int32();
      reply.message = first->value.as_document()["errmsg"].as_string();
      for (const auto& error : errors->as_array())
        reply.refused |= error.value.as_document()["code"].as_int32() == not_implemented;
    }
    if (const auto cursor = reply.document->find("cursor");
        cursor && reply.document->contains("nErrors")) {
      for (const auto& entry : cursor->as_document()["firstBatch"].as_array()) {
        const auto code = entry.value.as_document().find("code");
        reply.refused |= code && code->as_int32() == not_implemented;
      }
    }
  } catch (const Error& error) {
    reply.refused = error.code() == ErrorCode::unsupported;
    reply.code = reply.refused ? not_implemented : error.backend_code();
    reply.message = error.what();
  }
  return reply;
}

Document without_cluster_fields(View reply) {
  constexpr auto dropped =
      std::to_array<std::string_view>({"$clusterTime", "operationTime", "electionId", "opTime"});
  bson::Writer writer;
  for (const auto& field : reply) {
    bool keep = true;
    for (const auto name : dropped) keep &= field.key != name;
    if (keep) writer.append(field.key, field.value);
  }
  return writer.finish();
}

std::optional<View> first_batch(View reply) {
  const auto batch =
      at_path(ValueView(bson::Type::document, reply.data(), reply.size()), "cursor.firstBatch");
  if (!batch || !batch->is_array()) return std::nullopt;
  return batch->as_array();
}

struct Judgement {
  bool right = true;
  bool other_code = false;
  std::string why;
};

Judgement wrong(std::string why) { return {false, false, std::move(why)}; }

Judgement judge_error(ValueView expected, const Reply& reply) {
  const bool failed = reply.code != 0 || !reply.document;
  if (!failed) return wrong("expected error " + bson::to_json(expected) + ", got " + show(reply));
  if (!expected.is_number()) return {};
  const int code = expected.type() == bson::Type::int32 ? expected.as_int32()
                                                        : static_cast<int>(expected.as_int64());
  if (code == reply.code) return {};
  if (code >= 10'000 && code != 11'000) return {true, true, {}};
  return wrong("expected error " + std::to_string(code) + ", got error " +
               std::to_string(reply.code) + ": " + reply.message);
}

Judgement judge_checks(View expect, View reply) {
  const View checks = expect["checks"].as_array();
  const auto root = ValueView(bson::Type::document, reply.data(), reply.size());
  if (expect["on"].as_string() == "result") {
    if (const auto failed = first_failed_check(checks, root)) return wrong("check " + *failed);
    return {};
  }
  const auto batch = first_batch(reply);
  if (!batch || batch->empty()) return wrong("checks on documents: there is none");
  if (expect["each"].as_string() == "position" && batch->count() != checks.count())
    return wrong("checks on " + std::to_string(checks.count()) + " documents, got " +
                 std::to_string(batch->count()));
  auto list = checks.begin();
  const bool by_position = expect["each"].as_string() == "position";
  for (const auto& document : *batch) {
    const View rules = by_position ? list->value.as_array() : checks;
    if (const auto failed = first_failed_check(rules, document.value))
      return wrong("document " + std::string(document.key) + ": check " + *failed);
    if (by_position) ++list;
  }
  return {};
}

Judgement judge(View expect, const Reply& reply) {
  if (const auto error = expect.find("error")) return judge_error(*error, reply);
  if (!reply.document) return wrong("expected success, got " + show(reply));
  Compare how;
  if (const auto sets = expect.find("sets")) {
    for (const auto& field : sets->as_array()) how.sets.emplace_back(field.value.as_string());
  }
  how.approx = expect.contains("approx");
  const View document = *reply.document;
  if (const auto docs = expect.find("docs")) {
    const auto batch = first_batch(document);
    const auto order = expect.find("order");
    const bool any = order && order->as_string() == "any";
    if (batch && same_documents(docs->as_array(), *batch, any, how)) return {};
    return wrong(
        "expected " + brief(bson::to_json(*docs, bson::JsonMode::canonical)) + "\n    got " +
        (batch ? brief(bson::array_to_json(*batch, bson::JsonMode::canonical)) : show(reply)));
  }
  if (const auto result = expect.find("result")) {
    if (same(without_cluster_fields(result->as_document()), without_cluster_fields(document), how))
      return {};
    return wrong("expected reply " + brief(bson::to_json(*result)) + "\n    got " + show(reply));
  }
  if (const auto partial = expect.find("partial")) {
    if (covers(partial->as_document(), document, how)) return {};
    return wrong("expected in the reply " + brief(bson::to_json(*partial)) + "\n    got " +
                 show(reply));
  }
  if (expect.contains("checks")) return judge_checks(expect, document);
  // ok: success, and no write error
  if (reply.code != 0) return wrong("expected success, got " + show(reply));
  return {};
}

Document steps_of(View line) {
  if (const auto bytes = line.find("bson")) {
    const auto decoded = bson::detail::from_base64(bytes->as_string());
    if (!decoded) throw FormatError(ErrorCode::malformed_bson, "'bson' is no base64");
    return Document(View(decoded->data(), decoded->size()));
  }
  return bson::make_document("steps", bson::Value(line["steps"]));
}

// Where `bson` counts, `steps` may be what JSON cannot say: it is cut out.
Document read_line(std::string_view json) {
  const auto steps = json.find(",\"steps\":[");
  const auto bytes = json.rfind(",\"bson\":\"");
  if (bytes == json.npos || steps == json.npos || steps > bytes) return bson::from_json(json);
  return bson::from_json(std::string(json.substr(0, steps)) + std::string(json.substr(bytes)));
}

}  // namespace

Case::Case(std::string_view json) : line(read_line(json)) {
  id = line["id"].as_string();
  op = line["op"].as_string();
}

bool Case::needs_file() const {
  const auto needs = line.find("requires");
  return needs && needs->as_document().contains("transactions");
}

Outcome Case::run(store::Store& store) const {
  const Document all = steps_of(line);
  const auto need = required(line, all["steps"].as_array());
  if (!need.missing.empty()) return {Verdict::refused, false, "requires " + need.missing};
  std::optional<store::embedded::CommandLayer> set;
  if (need.deployment == Deployment::replica_set)
    set.emplace(store::embedded::CommandLayerOptions{.replica_set = true});
  CursorIds cursors;
  Outcome outcome;
  std::size_t index = 0;
  for (const auto& element : all["steps"].as_array()) {
    const View step = element.value.as_document();
    const auto database = step.find("db");
    Document command = cursors.fill(step["command"].as_document());
    if (const auto session = step.find("session")) command = with_session(command, *session);
    const auto reply =
        run_command(store, set ? &*set : nullptr, database ? database->as_string() : "db", command);
    cursors.set(index, reply);
    const std::string where = "step " + std::to_string(index) + " " + brief(bson::to_json(command));
    if (reply.refused) return {Verdict::refused, false, where + "\n    " + reply.message};
    const auto fail = [&](const std::string& why) {
      return Outcome{Verdict::failed, false, where + "\n    " + why};
    };
    const bool is_drop = command.begin()->key == "drop";
    if (step.contains("setup") && (!reply.document || reply.code != 0) && !is_drop)
      return fail("setup failed: " + show(reply));
    std::vector<Document> expectations;
    if (const auto expect = step.find("expect"))
      expectations.push_back(cursors.fill(expect->as_document()));
    if (const auto also = step.find("also")) {
      for (const auto& one : also->as_array())
        expectations.push_back(cursors.fill(one.value.as_document()));
    }
    for (const auto& expect : expectations) {
      const auto judgement = judge(expect, reply);
      outcome.other_code |= judgement.other_code;
      if (!judgement.right) return fail(judgement.why);
    }
    ++index;
  }
  return outcome;
}

}  // namespace quire::spec
