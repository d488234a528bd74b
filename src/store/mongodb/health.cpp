#include "quire/bson/json.hpp"
#include "store/mongodb/store.hpp"

namespace quire::store::mongodb {
namespace {

std::string text_in(bson::View reply, std::string_view name) {
  const auto value = reply.find(name);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}
bool true_in(bson::View reply, std::string_view name) {
  const auto value = reply.find(name);
  return value && value->type() == bson::Type::boolean && value->as_bool();
}

bson::Document command(mongoc_client_t* client, std::string_view json, const Secrets& secrets) {
  const bson::Document body = bson::from_json(json);
  const Borrowed borrowed(body.view());
  bson_error_t error{};
  Reply reply;
  if (!mongoc_client_command_simple(client, "admin", borrowed, nullptr, reply.fill(), &error))
    fail(error, reply.view(), {{}, Asked::admin}, secrets);
  return bson::Document(reply.view());
}

/// A client says good-bye to its server; not for as long as its old limit allows.
void drop(ClientPtr& client) noexcept {
#if MONGOC_CHECK_VERSION(1, 27, 5)  // older ones cannot be told to be quick
  if (client != nullptr) mongoc_client_set_sockettimeoutms(client.get(), 1);
#endif
  client.reset();
}

}  // namespace

Health MongoStore::ask(std::chrono::milliseconds limit) {
  Health out;
  out.kind = "mongodb";
  const auto from = source();
  // A connection of its own: the pool may be exhausted or wait out its own longer limits, and that
  // is just when somebody asks. The application's own TLS set-up is only known to its clients.
  Lease lease;
  mongoc_client_t* client = nullptr;
  std::unique_lock<std::timed_mutex> health_lock;
  std::unique_lock<std::recursive_mutex> guard;
  struct Dropper {
    ClientPtr* client = nullptr;
    ~Dropper() {
      if (client != nullptr) drop(*client);
    }
  } dropper;
  if (from->owned()) {
    health_lock = std::unique_lock(health_mutex_, limit);
    if (!health_lock) {
      throw StoreError(ErrorCode::timeout,
                       "an earlier health check has no answer yet, so there is none for this one");
    }
    // One for each limit: to end one of a longer limit may take that long where nothing answers.
    constexpr std::size_t most_clients = 4;
    if (health_clients_.size() >= most_clients && !health_clients_.contains(limit)) {
      drop(health_clients_.begin()->second);
      health_clients_.erase(health_clients_.begin());
    }
    ClientPtr& kept = health_clients_[limit];
    if (kept == nullptr) {
      const UriPtr uri(mongoc_uri_copy(from->uri().uri.get()));
      // Finding the server and waiting for its answer share the limit.
      const auto half = static_cast<std::int32_t>(std::max<std::int64_t>(limit.count() / 2, 1));
      mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_SERVERSELECTIONTIMEOUTMS, half);
      mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_CONNECTTIMEOUTMS, half);
      mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, half);
      bson_error_t error{};
      kept.reset(mongoc_client_new_from_uri_with_error(uri.get(), &error));
      if (kept == nullptr) fail(error, {}, {{}, Asked::admin}, from->secrets());
      mongoc_client_set_error_api(kept.get(), MONGOC_ERROR_API_VERSION_2);
    }
    client = kept.get();
    dropper.client = &kept;  // half dead, unless all below goes well
  } else {
    lease = from->lease();
    guard = from->guard();
    client = lease.client();
  }
  const auto start = std::chrono::steady_clock::now();
  bson::Document hello;
  try {
    hello = command(client, R"({"hello": 1})", from->secrets());
  } catch (const StoreError& error) {
    if (error.backend_code() != 59) throw;
    hello = command(client, R"({"isMaster": 1})", from->secrets());
  }
  out.round_trip = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  out.ok = true;
  out.writable = true_in(hello, "isWritablePrimary") || true_in(hello, "ismaster");
  out.set_name = text_in(hello, "setName");
  out.server = text_in(hello, "me");
  if (out.server.empty() && !from->uri().hosts.empty()) out.server = from->uri().hosts.front();
  try {
    out.version = text_in(command(client, R"({"buildInfo": 1})", from->secrets()), "version");
  } catch (const Error&) {  // not every user may ask; the server is well all the same
  }
  dropper.client = nullptr;
  return out;
}

Health MongoStore::health(std::chrono::milliseconds limit) noexcept {
  try {
    return ask(limit);
  } catch (const std::exception& error) {
    Health out;
    out.kind = "mongodb";
    out.error = error.what();
    return out;
  }
}

}  // namespace quire::store::mongodb
