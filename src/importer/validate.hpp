#pragma once

#include <string>
#include <vector>

#include "importer/row_shape.hpp"

namespace quire::importer {

/// What is wrong with one part of a mapping, the part's name in front.
[[nodiscard]] std::vector<std::string> problems_of(const Mapping& mapping,
                                                   const TableMapping& table, const Schema& schema);
/// `name`, else `into`.
[[nodiscard]] const std::string& part_name(const TableMapping& table) noexcept;

/// Collects what is wrong, with the place in front.
class Problems {
 public:
  Problems(std::vector<std::string>& out, std::string place)
      : out_(out), place_(std::move(place)) {}
  void add(const std::string& what) const { out_.push_back(place_ + ": " + what); }
  [[nodiscard]] Problems in(const std::string& place) const {
    return {out_, place_ + ": " + place};
  }
  /// A column that a table lacks.
  void expect_column(const Table& table, const std::string& name, const std::string& what) const;
  /// Zone and encoding.
  void expect_policy(const TypePolicy& types) const;

 private:
  std::vector<std::string>& out_;
  std::string place_;
};

/// Whether a field can have this name, dots in it or not: not empty, no $ in front, no NUL.
[[nodiscard]] bool is_field_name(std::string_view name) noexcept;

/// Fields that rules write, to tell two that write one.
class Targets {
 public:
  explicit Targets(const Problems& problems) : problems_(problems) {}
  /// A path of a rule; `whose`: the rule, for people.
  void add(const std::string& path, const std::string& whose);
  /// A column that comes under its own name, dots and all.
  void add_name(const std::string& name);

 private:
  struct Target {
    std::vector<std::string> parts;
    std::string whose;
    std::string path;  ///< by which queries find it
  };
  void add_parts(Target target);
  const Problems& problems_;
  std::vector<Target> targets_;
};

/// What rules are looked at in.
struct RuleScope {
  const Mapping& mapping;
  const Schema& schema;
  const TableMapping& part;
  const TypePolicy& types;
};

void check_fields(const Problems& problems, Targets& targets, const RowShape& shape,
                  const std::vector<FieldRule>& fields, bool is_child, const RuleScope& scope);
void check_hash_of(const Problems& problems, const RowShape& shape, const HashOf& rule,
                   const RuleScope& scope);
void check_skip(const Problems& problems, const RowShape& shape,
                const std::vector<std::string>& skip, const std::vector<FieldRule>& fields);
void check_children(const Problems& problems, Targets& targets, const RowShape& parent,
                    const std::vector<ChildRule>& children, const RuleScope& scope);
void check_format(const Problems& problems, const RowShape& shape, const std::string& format);

}  // namespace quire::importer
