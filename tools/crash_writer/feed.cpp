#include "feed.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "quire/bson/writer.hpp"

namespace quire::crash {
namespace {

using Place = std::pair<std::string, std::int64_t>;  // collection, _id
using State = std::map<Place, std::int64_t>;         // version or balance

struct Base {
  std::string token;
  State state;
};

struct Event {
  std::string token, operation;
  Place place;
  std::int64_t value = 0;
  std::int64_t transaction = -1;  // its number within the round of the session
  bson::Document session;
  [[nodiscard]] std::string line() const {
    return token + " " + operation + " " + place.first + " " + std::to_string(place.second) + " " +
           std::to_string(value);
  }
};

constexpr const char* value_field(const std::string& collection) {
  return collection == "items" ? "version" : "balance";
}

std::string text_of(const bson::Document& token) { return std::string(token["_data"].as_string()); }

std::unique_ptr<store::ChangeStream> open_stream(store::Store& db, const std::string& token,
                                                 std::chrono::milliseconds await) {
  store::WatchOptions options;
  options.max_await = await;
  const auto resume = token.empty() ? bson::Document() : bson::make_document("_data", token);
  options.resume_after = resume;
  return db.watch({"main", {}}, {}, options);
}

Event read(bson::View event, const bson::Document& token) {
  Event out;
  out.token = text_of(token);
  out.operation = event["operationType"].as_string();
  const auto key = event.find("documentKey");
  if (!key) return out;
  out.place = {std::string(event["ns"].as_document()["coll"].as_string()),
               key->as_document()["_id"].as_int64()};
  const auto* field = value_field(out.place.first);
  if (const auto document = event.find("fullDocument"))
    out.value = document->as_document()[field].as_int64();
  if (const auto update = event.find("updateDescription"))
    out.value = update->as_document()["updatedFields"].as_document()[field].as_int64();
  if (const auto number = event.find("txnNumber")) {
    out.transaction = number->as_int64();
    out.session = bson::Document(event["lsid"].as_document());
  }
  return out;
}

std::vector<Event> read_all(store::Store& db, const std::string& from) {
  std::vector<Event> out;
  const auto stream = open_stream(db, from, std::chrono::milliseconds(0));
  while (const auto event = stream->next()) out.push_back(read(*event, stream->resume_token()));
  return out;
}

State state_of(store::Store& db) {
  State out;
  for (const std::string collection : {"items", "accounts"}) {
    const auto cursor = db.find({"main", collection}, {}, {});
    while (const auto document = cursor->next())
      out[{collection, (*document)["_id"].as_int64()}] =
          (*document)[value_field(collection)].as_int64();
  }
  return out;
}

void write_base(const std::string& file, const Base& base) {
  const std::string path = file + ".base";
  {
    std::ofstream out(path + ".new", std::ios::trunc);
    out << base.token << "\n";
    for (const auto& [place, value] : base.state)
      out << place.first << " " << place.second << " " << value << "\n";
  }
  if (std::rename((path + ".new").c_str(), path.c_str()) != 0) std::abort();
  std::remove((file + ".feed").c_str());
}

bool read_base(const std::string& file, Base& base) {
  std::ifstream in(file + ".base");
  if (!in || !std::getline(in, base.token)) return false;
  Place place;
  std::int64_t value = 0;
  while (in >> place.first >> place.second >> value) base.state[place] = value;
  return true;
}

/// The whole lines that the consumer wrote.
std::vector<std::string> consumed(const std::string& file) {
  std::vector<std::string> out;
  std::ifstream in(file + ".feed");
  for (std::string line; std::getline(in, line) && !in.eof();) out.push_back(line);
  return out;
}

}  // namespace

void begin_feed(store::Store& db, const std::string& file) {
  Base base;
  if (read_base(file, base)) return;
  base.token = text_of(open_stream(db, {}, std::chrono::milliseconds(0))->resume_token());
  write_base(file, base);
}

void read_feed(const std::string& file) {
  const auto db = store::open(file);  // a store of its own, as of another program
  Base base;
  if (!read_base(file, base)) std::abort();
  const auto lines = consumed(file);
  // A line that a kill cut is taken away; its event comes again.
  std::size_t size = 0;
  for (const auto& line : lines) size += line.size() + 1;
  const int out = ::open((file + ".feed").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (out < 0 || ::ftruncate(out, static_cast<off_t>(size)) != 0 || ::lseek(out, 0, SEEK_END) < 0)
    std::abort();
  const auto token = lines.empty() ? base.token : lines.back().substr(0, lines.back().find(' '));
  const auto stream = open_stream(*db, token, std::chrono::milliseconds(100));
  for (;;) {
    const auto event = stream->next();
    if (!event) continue;
    const auto line = read(*event, stream->resume_token()).line() + "\n";
    if (::write(out, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  }
}

std::size_t verify_feed(store::Store& db, const std::string& file,
                        FunctionRef<void(const std::string&)> complain) {
  Base base;
  if (!read_base(file, base)) return 0;  // killed before anything was written
  const auto events = read_all(db, base.token);
  State state = base.state;
  std::map<std::int64_t, std::int64_t> moved;  // by transaction: 0 when whole
  bson::Document session;
  const auto close_transactions = [&] {
    for (const auto& [number, sum] : moved) {
      if (sum != 0)
        complain("the events of transaction " + std::to_string(number) + " are no whole");
    }
    moved.clear();
  };
  for (const auto& event : events) {
    const auto there = state.find(event.place);
    if (event.transaction >= 0 && there != state.end()) {
      if (event.session != session) close_transactions();
      session = event.session;
      moved[event.transaction] += event.value - there->second;
    }
    if (event.operation == "insert") {
      if (there != state.end()) complain("an insert is told twice: " + event.line());
      state[event.place] = event.value;
    } else if (there == state.end()) {
      if (event.operation == "update" || event.operation == "delete")
        complain("a change of what is not there: " + event.line());
    } else if (event.operation == "delete") {
      state.erase(there);
    } else {
      if (event.place.first == "items" && event.value != there->second + 1)
        complain("an update is missing or told twice: " + event.line());
      there->second = event.value;
    }
  }
  close_transactions();
  if (state != state_of(db)) complain("the events do not lead to the documents that are there");

  const auto lines = consumed(file);
  if (lines.size() > events.size()) complain("the consumer saw more than there is");
  for (std::size_t i = 0; i < std::min(lines.size(), events.size()); ++i) {
    if (lines[i] == events[i].line()) continue;
    complain("the consumer saw " + lines[i] + " where the feed has " + events[i].line());
    break;
  }
  for (std::size_t i = 0; i < events.size(); i += events.size() / 5 + 1) {
    const auto rest = read_all(db, events[i].token);
    bool same = rest.size() == events.size() - i - 1;
    for (std::size_t j = 0; same && j < rest.size(); ++j)
      same = rest[j].line() == events[i + 1 + j].line();
    if (!same) complain("a stream resumed at event " + std::to_string(i) + " gives another rest");
  }
  write_base(file, {events.empty() ? base.token : events.back().token, std::move(state)});
  return events.size();
}

}  // namespace quire::crash
