// Untrusted bytes as structs: decoding gives an error of quire's or an object that encodes again;
// what was encoded decodes to the same bytes.
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <variant>

#include "fuzz.hpp"
#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"
#include "quire/core/error.hpp"

namespace {

namespace bson = quire::bson;

enum class Plan { free, pro };
BOOST_DESCRIBE_ENUM(Plan, free, pro)

struct Circle {
  double radius = 1;
};
struct Square {
  int side = 1;
};
struct Line {
  std::string sku = "s";
  std::int16_t quantity = 3;
  std::optional<double> price = 2.5;
};
struct Order {
  quire::ObjectId id;
  std::string name = "Ada";
  Plan plan = Plan::pro;
  std::uint32_t natural = 7;
  std::int64_t large = -1;
  float single = 1;
  bool flag = true;
  quire::Decimal128 decimal;
  quire::Uuid uuid;
  quire::DateTime at;
  std::chrono::seconds wait{5};
  bson::Binary binary{{1, 2}, bson::BinarySubtype::generic};
  bson::Regex regex{"a", "i"};
  std::vector<Line> lines{1, Line{}};
  std::vector<std::optional<int>> holes{1, std::nullopt};
  std::array<double, 2> loc{};
  std::set<std::string> tags{"x"};
  std::map<std::string, std::vector<int>> map{{"k", {1}}};
  std::map<int, Plan> plans{{-3, Plan::free}};
  std::tuple<int, std::string> pair{1, "p"};
  std::variant<std::monostate, std::int32_t, std::string, Circle, Square, bson::Document> shape =
      Circle{};
  bson::Value value{bson::Value(5)};
  bson::Document document = bson::make_document("a", 1);
  std::unique_ptr<Order> next;
  quire::Extra extra;
};

}  // namespace

std::vector<std::string> quire_fuzz_seeds() {
  std::vector<std::string> seeds;
  const auto add = [&](const Order& order) {
    const auto document = bson::encode(order);
    seeds.emplace_back(reinterpret_cast<const char*>(document.view().data()), document.size());
  };
  Order order;
  add(order);
  order.next = std::make_unique<Order>();
  order.shape = std::string("text");
  order.extra.fields = bson::make_document("unknown", "field", "_v", 2);
  add(order);
  order.shape = Square{4};
  order.lines.resize(12);
  add(order);
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Order kept;  // what one input leaves behind must not disturb the next
  try {
    const bson::View view(data, size);
    const auto order = bson::decode<Order>(view);
    const auto once = bson::encode(order);
    bson::decode_into(once, kept);
    QUIRE_FUZZ_CHECK(bson::encode(kept) == once);
    QUIRE_FUZZ_CHECK(bson::encode(bson::decode<Order>(once)) == once);
    (void)bson::decode<Line>(view, {.utf8 = false});
  } catch (const quire::Error&) {  // refused, as it should be
    kept = Order{};
  }
  return 0;
}
