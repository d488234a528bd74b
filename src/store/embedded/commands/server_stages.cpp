#include "store/embedded/commands/server_stages.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>

#include "store/embedded/commands/reply.hpp"
#include "store/embedded/commands/sessions.hpp"

namespace quire::store::embedded::commands {
namespace {

// SHA-256 of nothing: the user of sessions where nobody logs in, as a server tells it.
constexpr auto no_user =
    std::to_array<std::uint8_t>({0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55});

void push_session(bson::Writer& out, std::string_view id, bson::DateTime used) {
  bson::Uuid uuid;
  for (std::size_t i = 0; i < uuid.bytes.size() && i < id.size(); ++i)
    uuid.bytes[i] = static_cast<std::uint8_t>(id[i]);
  bson::Writer one;
  one.begin_document("_id").append("id", bson::Value(uuid));
  one.append("uid", bson::Value(bson::Binary{{no_user.begin(), no_user.end()}}));
  one.end().append("lastUse", used);
  out.push(one.finish().view());
}

}  // namespace

void append_sessions(const Context& context, bson::Writer& out) {
  const auto wall = now();
  const auto steady = std::chrono::steady_clock::now();
  if (!context.session_id.empty()) push_session(out, context.session_id, wall);
  for (const auto& [id, used] : context.sessions.list()) {
    if (id == context.session_id) continue;
    push_session(out, id,
                 wall - std::chrono::duration_cast<std::chrono::milliseconds>(steady - used));
  }
}

void append_operation(const Context& context, bson::Writer& out) {
  static std::atomic<std::int32_t> last{0};
  std::array<char, 256> host{};
  (void)::gethostname(host.data(), host.size() - 1);
  bson::Writer one;
  one.append("type", "op").append("host", static_cast<const char*>(host.data()));
  one.append("desc", "conn").append("active", true);
  one.append("currentOpTime", bson::Value(now())).append("opid", ++last);
  if (const auto lsid = context.command.find("lsid")) one.append("lsid", *lsid);
  one.append("secs_running", std::int64_t{0}).append("microsecs_running", std::int64_t{0});
  one.append("op", "command").append("ns", std::string(context.database) + ".$cmd.aggregate");
  one.append("command", context.command);
  out.push(one.finish().view());
}

}  // namespace quire::store::embedded::commands
