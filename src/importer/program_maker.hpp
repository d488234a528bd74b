#pragma once

#include "importer/program.hpp"
#include "importer/row_shape.hpp"
#include "importer/target_layout.hpp"

namespace quire::importer {

/// The mapping that a part is of, and what its rules took from other parts.
struct WholeMapping {
  const Mapping& mapping;
  const Schema& schema;
  std::string& hashed;
};

/// The rules for one kind of row, made into a Program. Rules have to outlive the program.
class ProgramMaker {
 public:
  using Names = std::vector<std::string>;

  /// The shape has to be closed; `before`: cells that stand before its columns.
  ProgramMaker(Program& out, RowShape& shape, const TypePolicy& types, bson::DateTime begun,
               std::size_t before, WholeMapping whole);
  void set_key(const Names& names);
  /// `named`: the key is the mapping's, and its columns may be null.
  void add_id(const IdRule& id, const Names& key, bool named);
  void keep_values(const IdRule& id);
  void add_field(const FieldRule& rule);
  void add_fields(const std::vector<FieldRule>& rules);
  void add_others();
  /// A column under its own name, dots and all.
  void add_own(const std::string& name);
  void add_child(const ChildRule& rule, std::size_t index);
  void add_rest(const std::string& path);
  /// Writes the steps. Nothing is added then.
  void end();

  Step step_of(const FieldRule& rule);
  const Conversion* conversion(const FieldRule& rule, const std::string& column);

 private:
  [[nodiscard]] std::size_t cell(const std::string& name) const {
    return shape_.cell(name, out_.before);
  }
  TemplateStep template_of(const FieldRule& rule);
  HashStep hash_of(const FieldRule& rule);
  void see_columns(const FieldRule& rule);

  Program& out_;
  RowShape& shape_;
  const TypePolicy& types_;
  TargetLayout layout_;
  bson::DateTime begun_;
  WholeMapping whole_;
};

}  // namespace quire::importer
