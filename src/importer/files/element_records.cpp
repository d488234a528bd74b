#include "importer/files/element_records.hpp"

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::files {
namespace {

class Keeper final : public RecordVisitor {
 public:
  explicit Keeper(bson::Document& to) : to_(to) {}
  void document(bson::View document) override { to_ = bson::Document(document); }
  void line(std::span<const Cell>, std::span<const std::string>) override {}

 private:
  bson::Document& to_;
};

std::string type_text(bson::ValueView value) { return std::string(bson::type_name(value.type())); }

}  // namespace

/// Reads the document. Throws its fault, and what is wrong with the field, as the only record.
void ElementRecords::open() {
  opened_ = true;
  if (!documents_->next()) return;
  const RecordPlace& place = documents_->place();
  place_.line = place.line;
  place_.offset = place.offset;
  place_.column = place.column;
  ended_ = true;  // where one of these throws
  Keeper keeper(document_);
  if (const auto fault = documents_->read(keeper)) throw RecordFault(*fault);
  const auto field = document_.view().find(field_);
  if (field && !field->is_null()) {
    if (!field->is_array())
      throw Unreadable{0, field_ + ": an array is expected, found " + type_text(*field)};
    for (const auto& element : field->as_array()) elements_.push_back(element.value);
  }
  ended_ = false;
}

bool ElementRecords::find() {
  if (!opened_) open();
  return at_++ < elements_.size();
}

void ElementRecords::refuse(const std::string& why) const {
  throw Unreadable{0, "element " + std::to_string(at_) + " of " + field_ + ": " + why};
}

void ElementRecords::take(RecordVisitor& visitor) {
  const bson::ValueView element = elements_[at_ - 1];
  if (!element.is_document()) refuse("an object is expected, found " + type_text(element));
  const bson::View fields = element.as_document();
  try {
    bson::Writer w;
    w.append_all(fields);
    for (const auto& field : document_.view()) {
      if (field.value.is_document() || field.value.is_array()) continue;
      const std::string name = std::string(parent_prefix) + std::string(field.key);
      if (fields.contains(name)) refuse("it has a field that is called " + name);
      w.append(name, field.value);
    }
    row_ = w.finish();
  } catch (const Error& error) {
    refuse(error.detail());
  }
  visitor.document(row_);
}

}  // namespace quire::importer::files
