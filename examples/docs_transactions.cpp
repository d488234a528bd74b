// Transactions, sessions and concerns; runs on a server too:
// QUIRE_EXAMPLE_MONGODB_URI=mongodb://host/app
#include <cstdio>
#include <cstdlib>
#include <quire/quire.hpp>

namespace q = quire;
using q::field;

struct Account {
  std::string id = {};
  std::int64_t cents = 0;
  static auto model() {
    return q::model<Account>("accounts").check(field<&Account::cents>, q::between(0, 1'000'000));
  }
};
constexpr auto id = field<&Account::id>;
constexpr auto cents = field<&Account::cents>;

struct NotEnough {};

int main() {
  const char* uri = std::getenv("QUIRE_EXAMPLE_MONGODB_URI");
  const auto db = q::open(uri != nullptr ? uri : ":memory:");
  db.drop_collection("accounts");
  const auto accounts = db.collection<Account>();
  accounts.insert(Account{"ada", 1000});
  accounts.insert(Account{"bob", 0});

  // [transfer]
  const auto transfer = [&](const std::string& from, const std::string& to, std::int64_t amount) {
    db.transaction([&](q::Session& s) {
      // Everything that takes part names the session.
      const auto paid =
          accounts.update_one(id == from && cents >= amount, cents.inc(-amount), {.session = s});
      if (paid.matched == 0) throw NotEnough{};  // rolls back, and passes through
      accounts.update_one(id == to, cents.inc(amount), {.session = s});
    });
  };
  transfer("ada", "bob", 300);
  // [/transfer]
  try {
    transfer("bob", "ada", 9999);
  } catch (const NotEnough&) {
    std::printf("not enough\n");
  }
  std::printf("ada %d, bob %d\n", static_cast<int>(accounts.get("ada").cents),
              static_cast<int>(accounts.get("bob").cents));

  // [result]
  const std::int64_t total = db.transaction(
      [&](q::Session& s) {
        std::int64_t sum = 0;
        for (const Account& one : accounts.find().in(s)) sum += one.cents;
        return sum;
      },
      {.retry_for = std::chrono::seconds(10),
       .read_concern = q::ReadConcern{"snapshot"},
       .write_concern = q::WriteConcern::majority()});
  // [/result]
  std::printf("total %d\n", static_cast<int>(total));

  // [ask]
  if (!db.capabilities().transactions) std::printf("a standalone server: no transactions\n");
  // [/ask]

  // [concerns]
  const auto careful = db.with({.write = q::WriteConcern::majority()});
  careful.collection<Account>().insert(Account{"eve", 5});  // waits for most members
  const auto anywhere = accounts.with(
      {.preference = q::ReadPreference{.mode = q::ReadPreference::Mode::secondary_preferred}});
  const auto eve = anywhere.find_one(id == "eve", {.read_concern = q::ReadConcern{"majority"}});
  // [/concerns]
  std::printf("eve %s\n", eve ? "is there" : "is not there yet");

  // [session]
  const auto session = db.session();  // causal consistency: a read sees this session's writes
  accounts.insert(Account{"fay", 7}, {.session = *session});
  const bool there = accounts.exists(id == "fay", {.session = *session});
  // [/session]
  std::printf("fay %s\n", there ? "is there" : "is not there");
}
