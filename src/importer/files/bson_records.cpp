#include "importer/files/bson_records.hpp"

#include "quire/core/error.hpp"

namespace quire::importer::files {
namespace {

// A server's own documents may be a little larger than those that it takes from clients.
constexpr std::size_t most_bytes = bson::max_document_bytes + 16 * 1024;

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

bool BsonRecords::seek(const RecordPlace& place) {
  if (!window_.seek(place.offset)) return false;
  length_ = 0;
  place_.number = place.number - 1;
  return true;
}

bool BsonRecords::find() {
  window_.drop(length_);
  length_ = 0;
  place_.offset = window_.offset();
  const auto need = [&](std::size_t n) {
    while (window_.held().size() < n) {
      if (!window_.more()) return false;
    }
    return true;
  };
  if (!need(4)) {
    if (window_.held().empty()) return false;
    ended_ = true;
    throw Unreadable{0, "the file ends within a document"};
  }
  const auto length = bson::load<std::uint32_t>(bytes_of(window_.held()));
  if (length < 5 || length > most_bytes) {
    ended_ = true;
    throw Unreadable{0, "a length of " + std::to_string(length) +
                            " bytes, which no document has; what follows is not read"};
  }
  if (!need(length)) {
    ended_ = true;
    throw Unreadable{0, "the file ends within a document"};
  }
  length_ = length;
  return true;
}

void BsonRecords::take(RecordVisitor& visitor) {
  try {
    const bson::View document(bytes_of(window_.held()), length_);
    bson::ValidateOptions checks;
    checks.max_bytes = most_bytes;
    bson::validate(document, checks);
    visitor.document(document);
  } catch (const Error& error) {
    throw Unreadable{0, error.what()};
  }
}

}  // namespace quire::importer::files
