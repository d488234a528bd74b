#pragma once

#include <memory>
#include <string>
#include <vector>

#include "importer/files/record_reader.hpp"
#include "quire/bson/document.hpp"

namespace quire::importer::files {

/// Fields of the document around an element come under this and their own name.
inline constexpr std::string_view parent_prefix = "_parent.";

/// The elements of one array of a document that is a whole file; each with the plain fields of that
/// document. A document that cannot be read is one record, which has its fault.
class ElementRecords final : public RecordReader {
 public:
  ElementRecords(std::unique_ptr<RecordReader> documents, std::string field)
      : documents_(std::move(documents)), field_(std::move(field)) {}
  /// A document is read as a whole.
  [[nodiscard]] bool seek(const RecordPlace&) override { return false; }

 private:
  [[nodiscard]] bool find() override;
  void take(RecordVisitor& visitor) override;
  [[nodiscard]] std::string_view text() const override { return {}; }
  void open();
  [[noreturn]] void refuse(const std::string& why) const;

  std::unique_ptr<RecordReader> documents_;
  std::string field_;
  bool opened_ = false;
  bson::Document document_;
  std::vector<bson::ValueView> elements_;  ///< of document_
  std::size_t at_ = 0;                     ///< 1 = the first
  bson::Document row_;                     ///< what the visitor was given
};

}  // namespace quire::importer::files
