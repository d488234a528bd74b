#include <cstdio>
#include <filesystem>
#include <quire/quire.hpp>
#include <quire/serve/server.hpp>
#include <quire/serve/users.hpp>
#include <string>

namespace q = quire;
using q::field;

struct Item {
  int id = 0;
  std::string name = {};
};

int main() {
  const auto folder = std::filesystem::temp_directory_path() / "quire_example_serve";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  // [start]
  auto db = q::open((folder / "shop.quire").string());
  db.collection<Item>("items").insert(Item{.id = 1, .name = "pen"});

  q::serve::Options options;
  options.port = 0;  // any that is free
  q::serve::Server server(db.shared_store(), options);
  server.start();
  const std::string uri = server.connection_string();  // mongodb://127.0.0.1:PORT/?replicaSet=quire
  // [/start]

  // Any driver will do; this is quire's own, on libmongoc.
  auto client = q::open(std::string(uri).insert(uri.find('?'), "main"));
  client.collection<Item>("items").insert(Item{.id = 2, .name = "book"});
  for (const auto& item : db.collection<Item>("items").find().sort(field<&Item::id>.asc()))
    std::printf("%d %s\n", item.id, item.name.c_str());
  client.close();

  // [stop]
  server.stop();  // commands that run finish; the store stays open
  // [/stop]
  std::printf("%s\n", server.statistics().commands > 0 ? "served" : "not asked");
  db.close();

  // [users]
  const std::string users = folder / "users.json";
  q::serve::add_user(users, "ada", "correct horse");
  q::serve::Options beyond;
  beyond.address = "0.0.0.0";
  beyond.port = 0;
  beyond.users_file = users;  // without it this address is refused
  beyond.read_only = true;
  beyond.limits.connections = 50;
  q::serve::Server other((folder / "shop.quire").string(), beyond);
  other.start();
  // [/users]
  auto ada = q::open("mongodb://ada:correct%20horse@127.0.0.1:" + std::to_string(other.port()) +
                     "/main?authSource=admin");
  std::printf("%d items\n", static_cast<int>(ada.collection<Item>("items").count()));
  try {
    ada.collection<Item>("items").insert(Item{.id = 3, .name = "lamp"});
  } catch (const q::Error& error) {
    std::printf("%d\n", error.backend_code());
  }
  ada.close();
  other.stop();
  std::filesystem::remove_all(folder);
}
