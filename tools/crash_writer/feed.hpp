#pragma once

#include <cstddef>
#include <string>

#include "quire/core/function_ref.hpp"
#include "quire/store/store.hpp"

/// The change feed of the file that crash_writer writes, held against what is in it.
///   FILE.base   where the feed is read from: a token, and the documents at that moment
///   FILE.feed   what a consumer saw, one line an event, each written by one write(2): its token,
///   the
///               operation, the _id and the value; the consumer goes on behind the last whole line
namespace quire::crash {

/// Writes FILE.base when it is not there; in front of all other writes.
void begin_feed(store::Store& db, const std::string& file);
/// The consumer. Never returns.
void read_feed(const std::string& file);
/// Every document has exactly the events that made it what it is, transactions are whole, what the
/// consumer saw is the feed without a gap or a repetition, and a stream resumed anywhere gives the
/// rest. Then FILE.base is moved on. Returns the number of events.
std::size_t verify_feed(store::Store& db, const std::string& file,
                        FunctionRef<void(const std::string&)> complain);

}  // namespace quire::crash
