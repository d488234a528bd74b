#include <quire/quire.hpp>

#include <cstdio>

namespace q = quire;

struct Account : q::Document<Account> {
  std::string owner;
  q::Decimal128 balance;
  BOOST_DESCRIBE_CLASS(Account, (q::Document<Account>), (owner, balance), (), ())
  static auto model() { return q::model<Account>("accounts"); }
};

int main() {
  auto db = q::open(":memory:");
  Account a;
  a.owner = "Ada";
  a.save(db);  // attaches it to db
  a.balance = q::Decimal128::from_string("12.50");
  a.save();
  Account copy = a;
  copy.reload();
  std::printf("%s has %s\n", copy.owner.c_str(), copy.balance.str().c_str());
  a.remove();
  std::printf("%d left\n", static_cast<int>(db.collection<Account>().count()));
}
