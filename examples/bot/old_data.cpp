#include "old_data.hpp"

#include <quire/importer/step.hpp>
#include <quire/importer/typed.hpp>

#include "bot.hpp"

namespace bot {

namespace qi = quire::importer;
using q::bson::make_document;

namespace {

// [links]
/// The first link of a voice channel becomes the document; later ones are put aside by the unique
/// index, and a link without a server because `guild_id` is no optional.
qi::TableMapping links() {
  return qi::into<ChannelLink>("channel_links")
      .id({.kind = qi::IdKind::hash})
      .field<&ChannelLink::guild_id>("guild_id")
      .field<&ChannelLink::text_channel_id>("text_channel_id")
      .field<&ChannelLink::voice_channel_id>("voice_channel_id")
      .field<&ChannelLink::role_id>("role_id", {.null = qi::NullPolicy::omit})
      .time_of_import<&ChannelLink::created_at>()
      .time_of_import<&ChannelLink::updated_at>();
}
// [/links]

// [messages]
/// What was written last for a server and an event counts, whatever way the event was written; an
/// empty text says that there is none any more.
constexpr const char* last_written =
    "id IN (SELECT max(id) FROM custom_messages GROUP BY guild_id, CASE lower(trim(type))"
    " WHEN 'joined' THEN 'join' WHEN 'left' THEN 'leave' WHEN 'moved' THEN 'move'"
    " ELSE lower(trim(type)) END) AND trim(message) <> ''";

qi::TableMapping messages() {
  const auto pair = [](const char* from, const char* to) {
    return qi::ValuePair{q::bson::Value(from), q::bson::Value(to)};
  };
  return qi::into<CustomMessage>("custom_messages")
      .id({.kind = qi::IdKind::hash})
      .field<&CustomMessage::guild_id>("guild_id")
      .field<&CustomMessage::type>(
          "type", {.lower = true,
                   .trim = true,
                   .values = {pair("join", "join"), pair("joined", "join"), pair("leave", "leave"),
                              pair("left", "leave"), pair("move", "move"), pair("moved", "move")}})
      .field<&CustomMessage::message>("message")
      .time_of_import<&CustomMessage::created_at>()
      .time_of_import<&CustomMessage::updated_at>()
      .with([](qi::TableMapping& table) {
        table.where = last_written;
        // An older version of the bot wrote in the code page of Windows.
        table.types = qi::TypePolicy{.bad_text = qi::TypePolicy::BadText::convert,
                                     .encoding = "windows-1252"};
      });
}
// [/messages]

}  // namespace

qi::Mapping mapping() {
  qi::Mapping all;
  all.tables = {qi::into<Server>("servers")
                    .id({.kind = qi::IdKind::hash})
                    .field<&Server::server_id>("server_id")
                    .time_of_import<&Server::created_at>(),
                links(), messages()};
  return all;
}

std::unique_ptr<qi::Source> open_old(const OldData& old) {
  return qi::open_source("sqlite:" + old.file);
}

qi::ImportOptions import_options(const OldData& old) {
  qi::ImportOptions options{.name = "bot"};
  options.workers = 1;  // in the order of the rows: of two links the first one stays
  if (old.batch > 0) options.batch_documents = old.batch;
  options.throttle.rate = old.rate;
  options.reject_limits = {.most = 1'000'000,
                           .percent = 5};  // one row in twenty; more is a mistake
  options.progress = [view = std::make_shared<q::migrate::ProgressView>()](
                         const std::string&, const q::migrate::DataProgress& now) {
    view->show(now);
  };
  return options;
}

// [migrations]
q::Migrations migrations(const OldData& old) {
  q::Migrations all;
  all.add(
      {.id = "2026_05_01_indexes",
       .title = "one document for each server, voice channel and message",
       .kind = q::MigrationKind::schema,
       .up = q::Steps{
           q::create_index("servers", make_document("server_id", 1), {.unique = true}),
           q::create_index("channel_links", make_document("voice_channel_id", 1), {.unique = true}),
           q::create_index("channel_links", make_document("guild_id", 1)),
           q::create_index("custom_messages", make_document("guild_id", 1, "type", 1),
                           {.unique = true})}});
  all.add({.id = "2026_05_02_from_sqlite",
           .title = "servers, links and messages out of SQLite",
           .depends_on = {"2026_05_01_indexes"},
           .touches = {"servers", "channel_links", "custom_messages"},
           .revision = 1,
           .up = qi::import_step([old] { return open_old(old); }, mapping(), import_options(old))});
  return all;
}
// [/migrations]

}  // namespace bot
