#pragma once

#include <string_view>
#include <vector>

#include "quire/bson/writer.hpp"
#include "store/embedded/engine/json_schema_node.hpp"

namespace quire::store::embedded {

/// A rule with a list of what is wrong, which is begun at the first.
class RuleList {
 public:
  RuleList(bson::Writer& out, std::string_view keyword, std::string_view list)
      : out_(out), keyword_(keyword), list_(list) {}
  /// Opens one entry; the caller closes it.
  bson::Writer& entry() {
    if (!open_) out_.push_document_begin().append("operatorName", keyword_).begin_array(list_);
    open_ = true;
    return out_.push_document_begin();
  }
  void close() {
    if (open_) out_.end().end();
  }

 private:
  bson::Writer& out_;
  std::string_view keyword_;
  std::string_view list_;
  bool open_ = false;
};

/// Why a value does not match a schema, keyword by keyword in a server's order. Each rule is a
/// document in the array that is open in `out_`.
class SchemaExplainer {
 public:
  SchemaExplainer(bson::Writer& out, bool brief) : out_(out), brief_(brief) {}

  /// Into the array that is open. `value` null = the field is missing.
  void rules(const SchemaNode& node, const bson::ValueView* value);
  /// The fields of a schema that did not match: `details`, as a list of rules.
  void details(const SchemaNode& node, const bson::ValueView* value);
  /// title and description, as they stand in a schema.
  void annotations(bson::View source);
  /// Of a schema for the whole document that wants it to be no document.
  void impossible(const SchemaNode& node);
  static bool allows_documents(const SchemaNode& node);

 private:
  void begin(std::string_view keyword);
  /// specifiedAs: the keyword as it stands in the schema.
  void specified(const SchemaNode& node, std::string_view keyword);
  void considered(bson::ValueView value);
  void leaf(const SchemaNode& node, std::string_view keyword, const char* reason,
            bson::ValueView value);
  void text(const SchemaNode& node, bson::ValueView value);
  void number(const SchemaNode& node, bson::ValueView value);
  void bound(const SchemaNode::Bound& bound, std::string_view keyword, std::string_view exclusive,
             bson::ValueView value);
  void array(const SchemaNode& node, bson::ValueView value);
  void all_items(std::string_view keyword, const char* reason, const SchemaNode& schema,
                 bson::View elements, std::size_t from);
  void item_list(const SchemaNode& node, bson::View elements);
  void object(const SchemaNode& node, bson::ValueView value);
  void missing(const std::vector<std::string_view>& names, bson::View fields);
  void properties(const SchemaNode& node, bson::View fields);
  /// A required property that is missing does not match its schema either; what that says of
  /// values of some type is not told, but branches of anyOf and the like are.
  bool says_of_missing(const SchemaNode& node, const SchemaNode::Property& property);
  void additional_properties(const SchemaNode& node, bson::View fields);
  void pattern_properties(const SchemaNode& node, bson::View fields);
  void dependencies(const SchemaNode& node, bson::ValueView value);
  void logic(const SchemaNode& node, const bson::ValueView* value);
  void branches(std::string_view keyword, const std::vector<SchemaNode::Child>& all,
                const bson::ValueView* value);
  void one_of(const SchemaNode& node, const bson::ValueView* value);
  void enumeration(const SchemaNode& node, const bson::ValueView* value);
  void type(const SchemaNode& node, const bson::ValueView* value);
  void end() { out_.end(); }

  bson::Writer& out_;
  bool brief_;
};

}  // namespace quire::store::embedded
