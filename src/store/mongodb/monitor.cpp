#include "store/mongodb/monitor.hpp"

#include "store/mongodb/error.hpp"

namespace quire::store::mongodb {
namespace {

/// The command that is under way in this thread: a client runs its commands in the thread that
/// uses it, and the driver's event of the end does not tell what was asked.
struct Running {
  std::string database, collection;
  bson::Document filter, sort;
};
Running& running() {
  thread_local Running one;
  return one;
}

bson::View document_in(bson::View command, std::string_view field) {
  const auto value = command.find(field);
  return value && value->is_document() ? value->as_document() : bson::View{};
}
bson::View first_in(bson::View command, std::string_view list, std::string_view field) {
  const auto items = command.find(list);
  if (!items || !items->is_array() || items->as_array().empty()) return {};
  const auto first = items->as_array().begin()->value;
  return first.is_document() ? document_in(first.as_document(), field) : bson::View{};
}

bson::View filter_of(std::string_view name, bson::View command) {
  if (name == "find") return document_in(command, "filter");
  if (name == "count" || name == "distinct" || name == "findAndModify")
    return document_in(command, "query");
  if (name == "update") return first_in(command, "updates", "q");
  if (name == "delete") return first_in(command, "deletes", "q");
  if (name == "aggregate") return first_in(command, "pipeline", "$match");
  return {};
}

Asked asked_of(std::string_view name) {
  if (name == "insert") return Asked::insert;
  if (name == "update" || name == "findAndModify") return Asked::update;
  if (name == "delete") return Asked::remove;
  if (name == "createIndexes") return Asked::index;
  return Asked::read;
}

Monitor& monitor_of(void* context) { return *static_cast<Monitor*>(context); }
const Observers& observers_of(void* context) { return static_cast<Monitor*>(context)->observers(); }

void on_started(const mongoc_apm_command_started_t* event) {
  if (!observers_of(mongoc_apm_command_started_get_context(event)).any()) return;
  Running& now = running();
  now.database = mongoc_apm_command_started_get_database_name(event);
  now.collection.clear();
  now.filter = {};
  now.sort = {};
  const std::string_view name = mongoc_apm_command_started_get_command_name(event);
  try {
    const bson::View command = view_of(*mongoc_apm_command_started_get_command(event));
    const auto about = name == "getMore" ? command.find("collection") : command.find(name);
    if (about && about->is_string()) {
      now.collection = about->as_string();
    } else if (about && about->is_document()) {  // explain: {find: "users", …}
      const auto inner = about->as_document().begin();
      if (inner != std::default_sentinel && inner->value.is_string())
        now.collection = inner->value.as_string();
    }
    now.filter = bson::Document(filter_of(name, command));
    now.sort = bson::Document(document_in(command, "sort"));
  } catch (const Error&) {  // a command that is no BSON is none of ours
  }
}

void tell(const Observers& observers, std::string_view name, std::int64_t micros,
          const mongoc_host_list_t* host, CommandEvent& event) {
  const Running& now = running();
  event.command = name;
  event.database = now.database;
  event.collection = now.collection;
  event.duration = std::chrono::microseconds(micros);
  event.server = host->host_and_port;
  event.filter = now.filter.view();
  event.sort = now.sort.view();
  observers.tell(event);
}

void on_succeeded(const mongoc_apm_command_succeeded_t* event) {
  const auto& observers = observers_of(mongoc_apm_command_succeeded_get_context(event));
  if (!observers.any()) return;
  CommandEvent out;
  try {
    // Errors of single documents stand in a reply that is ok.
    const bson::View reply = view_of(*mongoc_apm_command_succeeded_get_reply(event));
    if (const auto items = reply.find("writeErrors");
        items && items->is_array() && !items->as_array().empty()) {
      const std::string_view name = mongoc_apm_command_succeeded_get_command_name(event);
      const auto item =
          item_error(items->as_array().begin()->value.as_document(), {{}, asked_of(name)});
      out.ok = false;
      out.code = item.error.code();
      out.backend_code = item.error.backend_code();
      out.error = to_string(out.code);
    }
  } catch (const Error&) {
  }
  tell(observers, mongoc_apm_command_succeeded_get_command_name(event),
       mongoc_apm_command_succeeded_get_duration(event),
       mongoc_apm_command_succeeded_get_host(event), out);
}

void on_failed(const mongoc_apm_command_failed_t* event) {
  const auto& observers = observers_of(mongoc_apm_command_failed_get_context(event));
  if (!observers.any()) return;
  bson_error_t error{};
  mongoc_apm_command_failed_get_error(event, &error);
  const std::string_view name = mongoc_apm_command_failed_get_command_name(event);
  CommandEvent out;
  out.ok = false;
  try {
    // The server's sentence may quote values: the name of the error says enough for a log.
    const bson::View reply = view_of(*mongoc_apm_command_failed_get_reply(event));
    std::rethrow_exception(make_failure(error, reply, {{}, asked_of(name)}, {}));
  } catch (const Error& failure) {
    out.code = failure.code();
    out.backend_code = failure.backend_code();
  }
  out.error = to_string(out.code);
  tell(observers, name, mongoc_apm_command_failed_get_duration(event),
       mongoc_apm_command_failed_get_host(event), out);
}

void on_server_changed(const mongoc_apm_server_changed_t* event) {
  const auto& observers = observers_of(mongoc_apm_server_changed_get_context(event));
  if (!observers.any()) return;
  const auto* before = mongoc_apm_server_changed_get_previous_description(event);
  const auto* after = mongoc_apm_server_changed_get_new_description(event);
  const std::string_view was = mongoc_server_description_type(before);
  const std::string_view is = mongoc_server_description_type(after);
  if (was == is) return;
  ServerEvent out;
  out.server = mongoc_apm_server_changed_get_host(event)->host_and_port;
  out.before = was;
  out.after = is;
  const std::string why =
      monitor_of(mongoc_apm_server_changed_get_context(event))
          .take_failure(mongoc_apm_server_changed_get_host(event)->host_and_port);
  if (is == "Unknown") out.error = why;
  observers.tell(out);
}

void on_heartbeat_failed(const mongoc_apm_server_heartbeat_failed_t* event) {
  void* context = mongoc_apm_server_heartbeat_failed_get_context(event);
  if (!observers_of(context).any()) return;
  bson_error_t error{};
  mongoc_apm_server_heartbeat_failed_get_error(event, &error);
  monitor_of(context).keep_failure(
      mongoc_apm_server_heartbeat_failed_get_host(event)->host_and_port, error.message);
}

struct CallbacksDestroyer {
  void operator()(mongoc_apm_callbacks_t* callbacks) const noexcept {
    mongoc_apm_callbacks_destroy(callbacks);
  }
};

}  // namespace

void Monitor::keep_failure(const char* server, const char* why) {
  const std::lock_guard lock(mutex_);
  failures_[server] = why;
}

std::string Monitor::take_failure(const char* server) {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(server);
  if (found == failures_.end()) return {};
  std::string why = std::move(found->second);
  failures_.erase(found);
  return why;
}

void Monitor::watch(mongoc_client_pool_t* pool) {
  const std::unique_ptr<mongoc_apm_callbacks_t, CallbacksDestroyer> callbacks(
      mongoc_apm_callbacks_new());
  mongoc_apm_set_command_started_cb(callbacks.get(), on_started);
  mongoc_apm_set_command_succeeded_cb(callbacks.get(), on_succeeded);
  mongoc_apm_set_command_failed_cb(callbacks.get(), on_failed);
  mongoc_apm_set_server_changed_cb(callbacks.get(), on_server_changed);
  mongoc_apm_set_server_heartbeat_failed_cb(callbacks.get(), on_heartbeat_failed);
  mongoc_client_pool_set_apm_callbacks(pool, callbacks.get(), this);
}

}  // namespace quire::store::mongodb
