#include "run.hpp"

#include <algorithm>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::differential {
namespace {

constexpr int not_of_quire = -1;

Answer failure(int code, std::string_view message) {
  Answer out;
  out.failed = true;
  out.code = code;
  out.refused = is_refusal(message);
  bson::Writer writer;
  writer.append("code", code).append("errmsg", message);
  out.shown = writer.finish();
  return out;
}

// The first of a write's errors, which stand inside of a reply that succeeded.
std::optional<Answer> write_error(bson::View reply) {
  constexpr int not_implemented = 238;  // a write's own refusal, inside a reply
  const auto errors = reply.find("writeErrors");
  if (!errors || !errors->is_array() || errors->as_array().empty()) return std::nullopt;
  const auto first = errors->as_array().begin()->value.as_document();
  Answer out = failure(first["code"].as_int32(), first["errmsg"].as_string());
  out.refused = out.refused || out.code == not_implemented;
  return out;
}

// Whether the command settles the order of its documents: stages that keep an order follow a sort.
bool order_is_due(const Node& command) {
  if (command.find("sort") != nullptr) return true;
  const Node* pipeline = command.find("pipeline");
  if (pipeline == nullptr) return false;
  static constexpr std::string_view keeping[] = {
      "$match", "$project", "$set",         "$addFields",   "$unset",
      "$skip",  "$limit",   "$replaceRoot", "$replaceWith", "$redact"};
  bool ordered = false;
  for (const auto& [unused, stage] : pipeline->fields) {
    if (stage.fields.empty()) continue;
    const std::string_view name = stage.fields.front().first;
    if (name == "$sort") {
      ordered = true;
    } else if (std::ranges::find(keeping, name) == std::end(keeping)) {
      ordered = false;
    }
  }
  return ordered;
}

// The collection that a last stage $out or $merge writes; empty where there is none.
std::string_view written_collection(const Node& command) {
  const Node* pipeline = command.find("pipeline");
  if (pipeline == nullptr || pipeline->fields.empty()) return {};
  const Node& last = pipeline->fields.back().second;
  if (last.fields.empty()) return {};
  const auto& [stage, argument] = last.fields.front();
  const Node* target = stage == "$out"     ? &argument
                       : stage == "$merge" ? argument.find("into")
                                           : nullptr;
  if (target == nullptr || target->kind != Node::Kind::leaf || !target->leaf.view().is_string())
    return {};
  return target->leaf.view().as_string();
}

std::string lines(bson::View documents, bool ordered) {
  std::vector<std::string> all;
  for (const auto& document : documents) all.push_back(canonical(document.value));
  if (!ordered) std::ranges::sort(all);
  std::string text;
  for (const auto& document : all) text += document + '\n';
  return text;
}

void show_documents(Answer& out, bson::View documents) {
  constexpr std::size_t most = 6;
  bson::Writer writer;
  writer.append("n", static_cast<std::int32_t>(documents.count())).begin_array("documents");
  std::size_t at = 0;
  for (const auto& document : documents) {
    if (at++ == most) break;
    writer.push(document.value);
  }
  writer.end();
  if (!out.shown.empty()) writer.append("reply", out.shown);
  out.shown = writer.finish();
}

}  // namespace

bool is_refusal(std::string_view message) {
  static constexpr std::string_view texts[] = {"the Rust server",
                                               "unsupported or invalid query filter",
                                               "$graphLookup startWith expression not supported"};
  return std::ranges::any_of(
      texts, [message](std::string_view text) { return message.find(text) != message.npos; });
}

std::optional<bson::Document> reply_of(store::Store& store, std::string_view database,
                                       const Node& command, Answer& failed) {
  try {
    return store.run_command(database, command.document(), nullptr);
  } catch (const Error& error) {
    failed = failure(error.backend_code(), error.what());
    failed.refused = failed.refused || error.code() == ErrorCode::unsupported;
  } catch (const std::exception& error) {
    failed = failure(not_of_quire, error.what());
  }
  return std::nullopt;
}

Answer prepare(store::Store& store, std::string_view database, const std::vector<Node>& documents,
               const Node& index) {
  const bson::Value name(collection_name);
  Answer out;
  Answer ignored;
  (void)reply_of(store, database, one("drop", name), ignored);
  if (index.kind == Node::Kind::document) {
    const Node spec = object({{"key", index}, {"name", bson::Value("i")}});
    if (!reply_of(store, database, object({{"createIndexes", name}, {"indexes", list({spec})}}),
                  out))
      return out;
  }
  const auto reply = reply_of(
      store, database,
      object({{"insert", name}, {"documents", list(documents)}, {"ordered", bson::Value(false)}}),
      out);
  if (!reply) return out;
  if (auto error = write_error(*reply)) return *error;
  return out;
}

/// `out` with the documents of a collection behind what it says.
Answer with_documents_of(store::Store& store, std::string_view database,
                         std::string_view collection, Answer out) {
  Answer failed;
  const auto left = reply_of(store, database,
                             object({{"find", bson::Value(collection)},
                                     {"sort", bson::Value(one("_id", 1).document())},
                                     {"batchSize", 100'000}}),
                             failed);
  if (!left) return failed;
  const auto documents = (*left)["cursor"].as_document()["firstBatch"].as_array();
  out.text += lines(documents, true);
  show_documents(out, documents);
  return out;
}

Answer answer(store::Store& store, std::string_view database, const Node& command) {
  Answer out;
  const auto reply = reply_of(store, database, command, out);
  if (!reply) return out;
  if (auto error = write_error(*reply)) return *error;
  if (const auto cursor = reply->find("cursor")) {
    if (const auto target = written_collection(command); !target.empty()) {
      return with_documents_of(store, database, target, std::move(out));
    }
    const auto documents = cursor->as_document()["firstBatch"].as_array();
    out.text = lines(documents, order_is_due(command));
    show_documents(out, documents);
    return out;
  }
  if (const auto values = reply->find("values")) {
    out.text = lines(values->as_array(), false);
    show_documents(out, values->as_array());
    return out;
  }
  bson::Writer counts;
  for (const char* name : {"n", "nModified", "value", "upserted", "lastErrorObject"}) {
    if (const auto count = reply->find(name)) {
      out.text += std::string(name) + ' ' + canonical(*count) + '\n';
      counts.append(name, *count);
    }
  }
  out.shown = counts.finish();
  const std::string_view kind = command.fields.front().first;
  if (kind == "count") return out;
  return with_documents_of(store, database, collection_name, std::move(out));
}

Answer run(store::Store& store, std::string_view database, const Case& one) {
  Answer out = prepare(store, database, one.documents, one.index);
  if (out.failed) return out;
  return answer(store, database, one.command);
}

bool differ(const Answer& embedded, const Answer& server) {
  if (embedded.refused || server.refused) return false;
  if (embedded.failed != server.failed) return true;
  if (!embedded.failed) return embedded.text != server.text;
  const auto stable = [](int code) { return code < 10'000 || code == 11'000; };
  return embedded.code != server.code && stable(embedded.code) && stable(server.code);
}

std::string case_json(const Case& one) {
  Node whole = object({{"documents", list(one.documents)}});
  if (one.index.kind == Node::Kind::document) whole.add("index", one.index);
  whole.add("command", one.command);
  return bson::to_json(whole.document(), bson::JsonMode::canonical);
}

}  // namespace quire::differential
