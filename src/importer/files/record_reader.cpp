#include "importer/files/record_reader.hpp"

#include <algorithm>

#include "importer/files/bson_records.hpp"
#include "importer/files/csv_records.hpp"
#include "importer/files/json_records.hpp"
#include "importer/files/text_stream.hpp"

namespace quire::importer::files {

std::string RecordFault::text() const {
  const std::string byte = "byte " + std::to_string(offset);
  if (line == 0) return byte + ": " + why;
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + " (" + byte +
         "): " + why;
}

bool RecordReader::next() {
  fault_.reset();
  if (ended_) return false;
  try {
    if (!find()) {
      ended_ = true;
      return false;
    }
  } catch (const Unreadable& unreadable) {
    fault_ = fault_at(unreadable.offset, unreadable.why);
  } catch (const RecordFault& fault) {
    fault_ = fault;
  } catch (const Damaged& damaged) {
    ended_ = true;
    fault_ = fault_at(text().size(), damaged.why);
  }
  ++place_.number;
  return true;
}

std::optional<RecordFault> RecordReader::read(RecordVisitor& visitor) {
  if (fault_) return fault_;
  try {
    take(visitor);
  } catch (const Unreadable& unreadable) {
    return fault_at(unreadable.offset, unreadable.why);
  }
  return std::nullopt;
}

RecordFault RecordReader::fault_at(std::uint64_t offset, std::string why) const {
  RecordFault fault{place_.offset + offset, place_.line, place_.column + offset + 1,
                    std::move(why)};
  if (fault.line == 0) return fault;
  const std::string_view before = text().substr(0, std::min<std::size_t>(offset, text().size()));
  const auto breaks = std::count(before.begin(), before.end(), '\n');
  if (breaks > 0) {
    fault.line += breaks;
    fault.column = offset - before.rfind('\n');
  }
  return fault;
}

std::unique_ptr<RecordReader> open_records(const Place& place, std::unique_ptr<ByteStream> bytes,
                                           bool single) {
  if (place.format == Format::bson) return std::make_unique<BsonRecords>(std::move(bytes));
  auto text = as_text(std::move(bytes), place.encoding);
  if (place.format == Format::csv) return std::make_unique<CsvRecords>(place, std::move(text));
  if (place.format == Format::ndjson) return std::make_unique<LineRecords>(place, std::move(text));
  return std::make_unique<JsonRecords>(place, std::move(text), single);
}

namespace {

/// What cannot even be opened is a file with one record, which has a fault.
class FailedStream final : public ByteStream {
 public:
  explicit FailedStream(Damaged damaged) : damaged_(std::move(damaged)) {}
  std::size_t read(char*, std::size_t) override { throw Damaged{damaged_}; }
  bool seek(std::uint64_t) override { return false; }

 private:
  Damaged damaged_;
};

}  // namespace

std::unique_ptr<RecordReader> open_records(const Place& place, const std::filesystem::path& path,
                                           bool single) {
  try {
    return open_records(place, open_bytes(path), single);
  } catch (const Damaged& damaged) {
    return open_records(place, std::make_unique<FailedStream>(damaged), single);
  }
}

}  // namespace quire::importer::files
