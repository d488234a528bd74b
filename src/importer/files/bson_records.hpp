#pragma once

#include "importer/files/record_reader.hpp"

namespace quire::importer::files {

/// Documents of a dump file, one behind the other.
class BsonRecords final : public RecordReader {
 public:
  explicit BsonRecords(std::unique_ptr<ByteStream> bytes) : window_(std::move(bytes)) {}
  [[nodiscard]] bool seek(const RecordPlace& place) override;

 private:
  [[nodiscard]] bool find() override;
  void take(RecordVisitor& visitor) override;
  [[nodiscard]] std::string_view text() const override { return {}; }

  Window window_;
  std::size_t length_ = 0;
};

}  // namespace quire::importer::files
