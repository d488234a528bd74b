#include "old_data.hpp"

#include <quire/importer/step.hpp>
#include <quire/importer/typed.hpp>

#include "chat.hpp"

namespace chat {

namespace qi = quire::importer;
using q::bson::make_document;

namespace {

/// The old files' own shapes: what a file has to be to be called valid.
struct OldMessage {
  Role role = Role::user;
  std::string content;
};
struct OldConversation {
  std::string id;
  std::string user_id;
  std::string title;
  static auto model() {
    return q::model<OldConversation>().rename(q::field<&OldConversation::id>, "id");
  }
};

// [mapping]
std::int32_t size_of(const q::bson::Value& messages) {
  if (messages.view().is_null()) return 0;
  if (!messages.view().is_array())
    throw q::ImportError(q::ErrorCode::unreadable_value, "messages are no array");
  return static_cast<std::int32_t>(messages.view().as_array().count());
}

qi::TableMapping conversations() {
  return qi::into<Conversation>("conversations")
      .field<&Conversation::id>("id")
      .field<&Conversation::user_id>("user_id")
      .field<&Conversation::title>("title")
      .field<&Conversation::created_at>("created_at")
      .field<&Conversation::updated_at>("updated_at")
      .compute<&Conversation::message_count>(
          [](const qi::RowView& row) { return size_of(row["messages"]); });
}

/// Elements of the files' arrays: their place is the message's position.
qi::TableMapping messages() {
  return qi::into<Message>("conversations.messages")
      .id({.kind = qi::IdKind::hash})
      .field<&Message::conversation_id>("_parent.id")
      .field<&Message::position>("_record")
      .field<&Message::role>("role")
      .field<&Message::content>("content")
      .field<&Message::created_at>("timestamp")
      .with([](qi::TableMapping& table) { table.after = {"conversations"}; });
}

qi::TableMapping memories() {
  return qi::into<Memory>("memories.memories")
      .field<&Memory::id>("id")
      .field<&Memory::user_id>("_parent.user_id")
      .field<&Memory::text>("text")
      .field<&Memory::importance>("importance")
      .field<&Memory::created_at>("created_at");
}

std::unique_ptr<qi::Source> open_folder(const std::string& folder) {
  return qi::open_source("json:" + folder + "?elements=messages,memories");
}
// [/mapping]

}  // namespace

qi::Mapping mapping() {
  qi::Mapping all;
  all.tables = {conversations(), messages(), memories()};
  return all;
}

std::unique_ptr<qi::Source> open_old(const OldData& old) { return open_folder(old.folder); }

// [inspect]
qi::FilesInspection inspect(const OldData& old) {
  qi::InspectOptions options;
  options.check = [](std::string_view table, q::bson::View document) {
    if (table == "conversations") (void)q::bson::decode<OldConversation>(document);
    if (table == "conversations.messages") (void)q::bson::decode<OldMessage>(document);
  };
  const auto source = open_folder(old.folder);
  return qi::inspect_files(*source, options);
}
// [/inspect]

qi::ImportOptions import_options(const OldData& old) {
  qi::ImportOptions options{.name = "chat"};
  if (old.batch > 0) options.batch_documents = old.batch;
  options.throttle.rate = old.rate;
  options.skip_checks = old.skip_validation;
  options.reject_limits = {.most = 1'000'000, .percent = 25};
  options.verify = q::migrate::VerifyLevel::sample;  // counts, and documents chosen at random
  options.progress = [view = std::make_shared<q::migrate::ProgressView>()](
                         const std::string&, const q::migrate::DataProgress& now) {
    view->show(now);
  };
  return options;
}

// [migrations]
q::Migrations migrations(const OldData& old) {
  q::Migrations all;
  all.add({.id = "2026_06_01_indexes",
           .kind = q::MigrationKind::schema,
           .up = q::Steps{
               q::create_index("conversations", make_document("user_id", 1, "updated_at", -1)),
               q::create_index("messages", make_document("conversation_id", 1, "position", 1),
                               {.unique = true}),
               q::create_index("memories", make_document("user_id", 1, "importance", -1))}});
  all.add({.id = "2026_06_02_from_files",
           .title = "conversations, messages and memories out of JSON files",
           .depends_on = {"2026_06_01_indexes"},
           .touches = {"conversations", "messages", "memories"},
           .revision = 1,
           // On the way back documents that the service changed since go, too: the files have them.
           .up = qi::import_step([old] { return open_old(old); }, mapping(), import_options(old),
                                 q::migrate::Edited::overwrite)});
  return all;
}
// [/migrations]

}  // namespace chat
