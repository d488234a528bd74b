// Mapping of a user of 1.08 KB: quire, a codec written by hand for the type, and libbson by hand,
// over 1000 different documents in turn. One iteration is one document.
#include <benchmark/benchmark.h>
#include <bson/bson.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "quire/bson/decode.hpp"
#include "quire/bson/encode.hpp"
#include "quire/bson/json.hpp"
#include "user_workload.hpp"

#ifdef QUIRE_WITH_PEERS
#include "user.hpp"
#endif

namespace {

namespace bson = quire::bson;
using workload::User;

struct Data {
  std::vector<User> users;
  std::vector<std::string> documents;
  std::size_t bytes = 0;
};

const std::uint8_t* bytes_of(const std::string& document) {
  return reinterpret_cast<const std::uint8_t*>(document.data());
}

/// Both codecs must give back the documents' own bytes before anything is measured.
const Data& data() {
  static const Data all = [] {
    Data d;
    for (std::uint32_t i = 0; i < 1000; ++i) {
#ifdef QUIRE_WITH_PEERS
      std::string buffer;
      buffer.resize(raw::encode(::make_user(i), buffer));
      d.documents.push_back(buffer);
#else
      const User made = workload::make_user(i);
      std::string buffer(workload::by_hand::room(made), '\0');
      buffer.resize(
          workload::by_hand::encode(made, reinterpret_cast<std::uint8_t*>(buffer.data())));
      d.documents.push_back(buffer);
#endif
      User by_hand;
      const auto& document = d.documents.back();
      const bool read = workload::by_hand::decode(bytes_of(document), document.size(), by_hand);
      const bson::View view(bytes_of(document), document.size());
      const User user = bson::decode<User>(view);
      if (!read || !(user == by_hand) || !(bson::encode(user).view() == view)) {
        std::fprintf(stderr, "the codecs disagree on document %u\n", i);
        std::abort();
      }
      d.users.push_back(user);
      d.bytes += document.size();
    }
    return d;
  }();
  return all;
}

void finish(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(static_cast<double>(state.iterations()) *
                                                    static_cast<double>(data().bytes) / 1000.0));
}

template <class F>
void each_user(benchmark::State& state, F f) {
  const auto& users = data().users;
  std::size_t i = 0;
  for (auto _ : state) {
    f(users[i]);
    if (++i == users.size()) i = 0;
  }
  finish(state);
}
template <class F>
void each_document(benchmark::State& state, F f) {
  const auto& documents = data().documents;
  std::size_t i = 0;
  for (auto _ : state) {
    f(documents[i]);
    if (++i == documents.size()) i = 0;
  }
  finish(state);
}

void encode_by_hand(benchmark::State& state) {
  each_user(state, [](const User& u) {
    auto* buffer = static_cast<std::uint8_t*>(std::malloc(workload::by_hand::room(u)));
    benchmark::DoNotOptimize(workload::by_hand::encode(u, buffer));
    benchmark::DoNotOptimize(buffer);
    benchmark::ClobberMemory();
    std::free(buffer);
  });
}
BENCHMARK(encode_by_hand)->Name("mapping_w1/encode/baseline_raw");

void encode_quire(benchmark::State& state) {
  each_user(state, [](const User& u) {
    auto document = bson::encode(u);
    benchmark::DoNotOptimize(document);
    benchmark::ClobberMemory();
  });
}
BENCHMARK(encode_quire)->Name("mapping_w1/encode/quire");

void encode_quire_without_utf8(benchmark::State& state) {
  each_user(state, [](const User& u) {
    auto document = bson::encode(u, {.utf8 = false});
    benchmark::DoNotOptimize(document);
    benchmark::ClobberMemory();
  });
}
BENCHMARK(encode_quire_without_utf8)->Name("mapping_w1/encode/quire_without_utf8");

void encode_reused_by_hand(benchmark::State& state) {
  std::vector<std::uint8_t> buffer(1 << 16);
  each_user(state, [&](const User& u) {
    if (buffer.size() < workload::by_hand::room(u)) buffer.resize(workload::by_hand::room(u));
    benchmark::DoNotOptimize(workload::by_hand::encode(u, buffer.data()));
    benchmark::ClobberMemory();
  });
}
BENCHMARK(encode_reused_by_hand)->Name("mapping_w1/encode_reused/baseline_raw");

template <bool Utf8>
void encode_reused(benchmark::State& state) {
  bson::Buffer buffer;
  each_user(state, [&](const User& u) {
    buffer.clear();
    bson::encode_into(u, buffer, {.utf8 = Utf8});
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
  });
}
BENCHMARK(encode_reused<true>)->Name("mapping_w1/encode_reused/quire");
BENCHMARK(encode_reused<false>)->Name("mapping_w1/encode_reused/quire_without_utf8");

void decode_by_hand(benchmark::State& state) {
  each_document(state, [](const std::string& d) {
    User u;
    benchmark::DoNotOptimize(workload::by_hand::decode(bytes_of(d), d.size(), u));
    benchmark::DoNotOptimize(u);
    benchmark::ClobberMemory();
  });
}
BENCHMARK(decode_by_hand)->Name("mapping_w1/decode/baseline_raw");

template <bool Utf8>
void decode_fresh(benchmark::State& state) {
  each_document(state, [](const std::string& d) {
    auto u = bson::decode<User>(bson::View(bytes_of(d), d.size()), {.utf8 = Utf8});
    benchmark::DoNotOptimize(u);
    benchmark::ClobberMemory();
  });
}
BENCHMARK(decode_fresh<true>)->Name("mapping_w1/decode/quire");
BENCHMARK(decode_fresh<false>)->Name("mapping_w1/decode/quire_without_utf8");

void decode_reused_by_hand(benchmark::State& state) {
  User u;
  each_document(state, [&](const std::string& d) {
    benchmark::DoNotOptimize(workload::by_hand::decode(bytes_of(d), d.size(), u));
    benchmark::ClobberMemory();
  });
}
BENCHMARK(decode_reused_by_hand)->Name("mapping_w1/decode_reused/baseline_raw");

template <bool Utf8>
void decode_reused(benchmark::State& state) {
  User u;
  each_document(state, [&](const std::string& d) {
    bson::decode_into(bson::View(bytes_of(d), d.size()), u, {.utf8 = Utf8});
    benchmark::DoNotOptimize(u);
    benchmark::ClobberMemory();
  });
}
BENCHMARK(decode_reused<true>)->Name("mapping_w1/decode_reused/quire");
BENCHMARK(decode_reused<false>)->Name("mapping_w1/decode_reused/quire_without_utf8");

/// The same documents with their fields the other way round: nothing comes as expected.
void decode_quire_reversed(benchmark::State& state) {
  std::vector<std::string> reversed;
  for (const auto& document : data().documents) {
    std::string fields;
    const bson::View view(bytes_of(document), document.size());
    for (auto it = view.begin(); it != view.end(); ++it) {
      const auto* end = it->value.data() + it->value.size();
      fields.insert(0, reinterpret_cast<const char*>(it.raw()),
                    static_cast<std::size_t>(end - it.raw()));
    }
    const auto size = static_cast<std::int32_t>(document.size());
    reversed.push_back(std::string(reinterpret_cast<const char*>(&size), 4) + fields + '\0');
  }
  std::size_t i = 0;
  for (auto _ : state) {
    auto u = bson::decode<User>(bson::View(bytes_of(reversed[i]), reversed[i].size()));
    benchmark::DoNotOptimize(u);
    if (++i == reversed.size()) i = 0;
  }
  finish(state);
}
BENCHMARK(decode_quire_reversed)->Name("mapping_w1/decode/quire_reversed_fields");

void decode_walk_of_view(benchmark::State& state) {
  each_document(state, [](const std::string& d) {
    std::size_t n = 0;
    const auto walk = [&](bson::View view, auto& self) -> void {
      for (const auto& element : view) {
        ++n;
        if (element.value.is_document() || element.value.is_array())
          self(element.value.as_nested(), self);
      }
    };
    walk(bson::View(bytes_of(d), d.size()), walk);
    benchmark::DoNotOptimize(n);
  });
}
BENCHMARK(decode_walk_of_view)->Name("mapping_w1/decode/quire_walk_of_view");

// ---------------------------------------------------------------- libbson, as people write it

void append_text(bson_t* to, const char* key, const std::string& text) {
  bson_append_utf8(to, key, -1, text.data(), static_cast<int>(text.size()));
}
void append_date(bson_t* to, const char* key, quire::DateTime at) {
  bson_append_date_time(to, key, -1, at.time_since_epoch().count());
}
void encode_libbson_into(const User& u, bson_t* to) {
  bson_oid_t id;
  std::memcpy(id.bytes, u.id.bytes.data(), 12);
  bson_append_oid(to, "_id", -1, &id);
  append_text(to, "username", u.username);
  append_text(to, "email", u.email);
  append_text(to, "full_name", u.full_name);
  if (u.age) bson_append_int32(to, "age", -1, *u.age);
  bson_append_bool(to, "active", -1, u.active);
  bson_append_double(to, "score", -1, u.score);
  bson_t outer, inner;
  bson_append_document_begin(to, "address", -1, &outer);
  append_text(&outer, "street", u.address.street);
  append_text(&outer, "city", u.address.city);
  append_text(&outer, "zip", u.address.zip);
  append_text(&outer, "country", u.address.country);
  bson_append_array_begin(&outer, "loc", -1, &inner);
  bson_append_double(&inner, "0", -1, u.address.loc[0]);
  bson_append_double(&inner, "1", -1, u.address.loc[1]);
  bson_append_array_end(&outer, &inner);
  bson_append_document_end(to, &outer);
  char digits[16];
  const char* key = nullptr;
  bson_append_array_begin(to, "tags", -1, &outer);
  for (std::uint32_t i = 0; i < u.tags.size(); ++i) {
    bson_uint32_to_string(i, &key, digits, sizeof digits);
    append_text(&outer, key, u.tags[i]);
  }
  bson_append_array_end(to, &outer);
  bson_append_array_begin(to, "orders", -1, &outer);
  for (std::uint32_t i = 0; i < u.orders.size(); ++i) {
    bson_uint32_to_string(i, &key, digits, sizeof digits);
    bson_append_document_begin(&outer, key, -1, &inner);
    append_text(&inner, "sku", u.orders[i].sku);
    bson_append_int32(&inner, "qty", -1, u.orders[i].qty);
    bson_append_double(&inner, "price", -1, u.orders[i].price);
    append_date(&inner, "at", u.orders[i].at);
    bson_append_document_end(&outer, &inner);
  }
  bson_append_array_end(to, &outer);
  append_date(to, "created_at", u.created_at);
  append_date(to, "updated_at", u.updated_at);
}
void encode_libbson(benchmark::State& state) {
  each_user(state, [](const User& u) {
    bson_t* document = bson_new();
    encode_libbson_into(u, document);
    benchmark::DoNotOptimize(bson_get_data(document));
    bson_destroy(document);
  });
}
BENCHMARK(encode_libbson)->Name("mapping_w1/encode/libbson");

void take_text(const bson_iter_t& it, std::string& out) {
  std::uint32_t size = 0;
  const char* text = bson_iter_utf8(&it, &size);
  out.assign(text, size);
}
quire::DateTime take_date(const bson_iter_t& it) {
  return workload::date(bson_iter_date_time(&it));
}
void decode_libbson_into(const std::string& document, User& u) {
  bson_iter_t it, sub, leaf;
  if (!bson_iter_init_from_data(&it, bytes_of(document), document.size())) return;
  while (bson_iter_next(&it)) {
    const std::string_view key = bson_iter_key(&it);
    if (key == "_id") {
      std::memcpy(u.id.bytes.data(), bson_iter_oid(&it)->bytes, 12);
    } else if (key == "username") {
      take_text(it, u.username);
    } else if (key == "email") {
      take_text(it, u.email);
    } else if (key == "full_name") {
      take_text(it, u.full_name);
    } else if (key == "age") {
      u.age = bson_iter_int32(&it);
    } else if (key == "active") {
      u.active = bson_iter_bool(&it);
    } else if (key == "score") {
      u.score = bson_iter_double(&it);
    } else if (key == "address") {
      bson_iter_recurse(&it, &sub);
      while (bson_iter_next(&sub)) {
        const std::string_view name = bson_iter_key(&sub);
        if (name == "street") take_text(sub, u.address.street);
        if (name == "city") take_text(sub, u.address.city);
        if (name == "zip") take_text(sub, u.address.zip);
        if (name == "country") take_text(sub, u.address.country);
        if (name == "loc") {
          bson_iter_recurse(&sub, &leaf);
          for (std::size_t i = 0; i < 2 && bson_iter_next(&leaf); ++i)
            u.address.loc[i] = bson_iter_double(&leaf);
        }
      }
    } else if (key == "tags") {
      bson_iter_recurse(&it, &sub);
      while (bson_iter_next(&sub)) take_text(sub, u.tags.emplace_back());
    } else if (key == "orders") {
      bson_iter_recurse(&it, &sub);
      while (bson_iter_next(&sub)) {
        auto& order = u.orders.emplace_back();
        bson_iter_recurse(&sub, &leaf);
        while (bson_iter_next(&leaf)) {
          const std::string_view name = bson_iter_key(&leaf);
          if (name == "sku") take_text(leaf, order.sku);
          if (name == "qty") order.qty = bson_iter_int32(&leaf);
          if (name == "price") order.price = bson_iter_double(&leaf);
          if (name == "at") order.at = take_date(leaf);
        }
      }
    } else if (key == "created_at") {
      u.created_at = take_date(it);
    } else if (key == "updated_at") {
      u.updated_at = take_date(it);
    }
  }
}
void decode_libbson(benchmark::State& state) {
  each_document(state, [](const std::string& d) {
    User u;
    decode_libbson_into(d, u);
    benchmark::DoNotOptimize(u);
  });
}
BENCHMARK(decode_libbson)->Name("mapping_w1/decode/libbson");

#ifdef QUIRE_WITH_PEERS
void encode_peer_raw(benchmark::State& state) {
  std::vector<::User> users(1000);
  for (std::size_t i = 0; i < users.size(); ++i)
    users[i] = ::make_user(static_cast<std::uint32_t>(i));
  std::size_t i = 0;
  for (auto _ : state) {
    std::string buffer;
    benchmark::DoNotOptimize(raw::encode(users[i], buffer));
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
    if (++i == users.size()) i = 0;
  }
}
BENCHMARK(encode_peer_raw)->Name("mapping_w1/encode/peer_raw");
void encode_reused_peer_raw(benchmark::State& state) {
  std::vector<::User> users(1000);
  for (std::size_t i = 0; i < users.size(); ++i)
    users[i] = ::make_user(static_cast<std::uint32_t>(i));
  std::size_t i = 0;
  std::string buffer;
  for (auto _ : state) {
    benchmark::DoNotOptimize(raw::encode(users[i], buffer));
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
    if (++i == users.size()) i = 0;
  }
}
BENCHMARK(encode_reused_peer_raw)->Name("mapping_w1/encode_reused/peer_raw");
void decode_peer_raw(benchmark::State& state) {
  each_document(state, [](const std::string& d) {
    ::User u;
    benchmark::DoNotOptimize(raw::decode(bytes_of(d), d.size(), u));
    benchmark::DoNotOptimize(u);
    benchmark::ClobberMemory();
  });
}
BENCHMARK(decode_peer_raw)->Name("mapping_w1/decode/peer_raw");
void decode_reused_peer_raw(benchmark::State& state) {
  ::User u;
  each_document(state, [&](const std::string& d) {
    benchmark::DoNotOptimize(raw::decode(bytes_of(d), d.size(), u));
    benchmark::ClobberMemory();
  });
}
BENCHMARK(decode_reused_peer_raw)->Name("mapping_w1/decode_reused/peer_raw");
#endif

// ---------------------------------------------------------------- documents of the driver
// benchmark

/// The first document of a file of /shared, null bytes where it is absent.
std::string driver_document(const char* name) {
  const char* given = std::getenv("QUIRE_SHARED_DIR");
  const std::string folder = given != nullptr ? given : QUIRE_SOURCE_DIR "/../shared";
  std::ifstream file(folder + "/spec/benchmark/" + name + ".json");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  return text;
}

std::size_t walk(bson::View view) {
  std::size_t n = 0;
  for (const auto& element : view) {
    ++n;
    if (element.value.is_document() || element.value.is_array())
      n += walk(element.value.as_nested());
  }
  return n;
}

enum class Action { walk, walk_libbson, to_json, to_json_libbson, from_json, from_json_libbson };

std::size_t walk_libbson(bson_iter_t& it) {
  std::size_t n = 0;
  while (bson_iter_next(&it)) {
    ++n;
    bson_iter_t inner;
    if ((BSON_ITER_HOLDS_DOCUMENT(&it) || BSON_ITER_HOLDS_ARRAY(&it)) &&
        bson_iter_recurse(&it, &inner))
      n += walk_libbson(inner);
  }
  return n;
}

void run_driver(benchmark::State& state, const char* name, Action action) {
  const std::string text = driver_document(name);
  if (text.empty()) {
    state.SkipWithError("the document is not there");
    return;
  }
  const bson::Document document = bson::from_json(text);
  const auto* bytes = document.view().data();
  for (auto _ : state) {
    bson_t view;
    switch (action) {
      case Action::walk:
        benchmark::DoNotOptimize(walk(document.view()));
        break;
      case Action::walk_libbson: {
        bson_iter_t it;
        if (bson_init_static(&view, bytes, document.size()) && bson_iter_init(&it, &view))
          benchmark::DoNotOptimize(walk_libbson(it));
        break;
      }
      case Action::to_json:
        benchmark::DoNotOptimize(bson::to_json(document.view()));
        break;
      case Action::to_json_libbson:
        if (bson_init_static(&view, bytes, document.size())) {
          char* json = bson_as_relaxed_extended_json(&view, nullptr);
          benchmark::DoNotOptimize(json);
          bson_free(json);
        }
        break;
      case Action::from_json:
        benchmark::DoNotOptimize(bson::from_json(text));
        break;
      case Action::from_json_libbson: {
        bson_t* made = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text.data()),
                                          static_cast<ssize_t>(text.size()), nullptr);
        benchmark::DoNotOptimize(made);
        if (made != nullptr) bson_destroy(made);
        break;
      }
    }
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(document.size()));
}

[[maybe_unused]] const bool registered = [] {
  const struct {
    const char* name;
    Action action;
  } rows[] = {{"walk/quire", Action::walk},
              {"walk/baseline_libbson", Action::walk_libbson},
              {"to_json/quire", Action::to_json},
              {"to_json/baseline_libbson", Action::to_json_libbson},
              {"from_json/quire", Action::from_json},
              {"from_json/baseline_libbson", Action::from_json_libbson}};
  for (const char* name : {"flat_bson", "deep_bson", "full_bson", "small_doc", "tweet"}) {
    for (const auto& row : rows) {
      const auto action = row.action;
      benchmark::RegisterBenchmark(
          (std::string("driver_") + name + "/" + row.name).c_str(),
          [name, action](benchmark::State& state) { run_driver(state, name, action); });
    }
  }
  return true;
}();

}  // namespace
