#include "store/embedded/pipeline/group.hpp"

#include <array>
#include <string>
#include <unordered_map>

#include "store/embedded/pipeline/bucket.hpp"
#include "store/embedded/pipeline/spool.hpp"
#include "store/embedded/storage/catalog.hpp"

/// $group, $count, $sortByCount.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

struct GroupFields {
  ExpressionPtr id;
  std::vector<AccumulatorSpec> accumulators;
};

/// Groups in memory, in the order in which they were met. Past the memory limit the rows of groups
/// that are not known yet go to disk, sorted by group, and are dealt with one group at a time at
/// the end; the groups in memory go on.
class GroupStage final : public EvaluatingStage {
 public:
  GroupStage(const GroupFields& fields, StagePtr source, Run& run)
      : EvaluatingStage(std::move(source), run), fields_(fields) {}

  std::optional<View> next() override {
    if (source_ != nullptr) {
      while (const auto document = source_->next()) {
        run_.check();
        take(*document);
      }
      source_.reset();
      if (spilled_ != nullptr) spilled_->rewind();
    }
    if (at_ < order_.size()) return write(*order_[at_++]);
    if (spilled_ == nullptr) return std::nullopt;
    return next_spilled();
  }

 private:
  struct Group {
    bson::Value id;
    std::vector<AccumulatorPtr> accumulators;
  };
  using Groups = std::unordered_map<std::string, Group, NameHash, std::equal_to<>>;

  [[nodiscard]] Group make(ValueView id) {
    Group group{bson::Value(id), {}};
    group.accumulators.reserve(fields_.accumulators.size());
    for (const auto& spec : fields_.accumulators)
      group.accumulators.push_back(spec.make(group.id.view(), e_));
    return group;
  }

  void take(View document) {
    e_.begin(document);
    ValueView id = fields_.id->evaluate(e_);
    if (is_missing(id)) id = null_value;
    key_.clear();
    append_group_key(key_, id);
    auto found = groups_.find(std::string_view(key_));
    if (found == groups_.end()) {
      if (memory_ > run_.memory_limit) {
        spill(id);
        return;
      }
      found = groups_.emplace(key_, make(id)).first;
      order_.push_back(&*found);
      memory_ += key_.size() + id.size() + sizeof(Group) + 64;
      for (const auto& accumulator : found->second.accumulators) memory_ += accumulator->bytes();
    }
    auto& accumulators = found->second.accumulators;
    for (std::size_t i = 0; i < accumulators.size(); ++i) {
      if (!accumulators[i]->takes_more()) continue;
      const auto before = accumulators[i]->bytes();
      accumulators[i]->add(fields_.accumulators[i].argument(e_), e_);
      memory_ += accumulators[i]->bytes() - before;
    }
  }

  /// {k: id, a0: argument, …}; missing ones are left out.
  void spill(ValueView id) {
    if (!run_.allow_disk_use) fail_memory("$group", run_.memory_limit);
    if (spilled_ == nullptr)
      spilled_ = std::make_unique<Spool>("$group", run_.memory_limit / 4, true);
    row_.reset();
    row_.append("k", id);
    for (std::size_t i = 0; i < fields_.accumulators.size(); ++i) {
      const ValueView value = fields_.accumulators[i].argument(e_);
      if (!is_missing(value)) row_.append("a" + std::to_string(i), value);
    }
    spilled_->add(key_, row_.finish_view());
  }

  std::optional<View> next_spilled() {
    if (!pending_) {
      const auto row = spilled_->next();
      if (!row) return std::nullopt;
      pending_ = bson::Document(*row);
      pending_key_ = spilled_->key();
    }
    // The groups in memory were all given: their room is free.
    if (!groups_.empty()) {
      groups_.clear();
      order_.clear();
      at_ = 0;
    }
    e_.reset();
    Group group = make((*pending_)["k"]);
    const std::string key = pending_key_;
    for (;;) {
      run_.check();
      e_.reset();
      for (std::size_t i = 0; i < group.accumulators.size(); ++i) {
        const auto value = pending_->find("a" + std::to_string(i));
        group.accumulators[i]->add(value.value_or(missing), e_);
      }
      const auto row = spilled_->next();
      if (!row) {
        pending_.reset();
        break;
      }
      pending_ = bson::Document(*row);
      pending_key_ = spilled_->key();
      if (pending_key_ != key) break;
    }
    return write_group(group);
  }

  View write(Groups::value_type& entry) {
    const View out = write_group(entry.second);
    entry.second.accumulators.clear();
    return out;
  }

  View write_group(Group& group) {
    e_.reset();
    out_.reset();
    out_.append("_id", group.id);
    for (std::size_t i = 0; i < group.accumulators.size(); ++i)
      out_.append(fields_.accumulators[i].field(), group.accumulators[i]->result(e_));
    return out_.finish_view();
  }

  const GroupFields& fields_;
  Groups groups_;
  std::vector<Groups::value_type*> order_;
  std::size_t at_ = 0;
  std::size_t memory_ = 0;
  std::string key_;
  std::unique_ptr<Spool> spilled_;
  std::optional<bson::Document> pending_;
  std::string pending_key_;
  bson::Writer row_, out_;
};

class GroupSpec final : public StageSpec {
 public:
  GroupSpec(ValueView given, GroupFields fields)
      : StageSpec("$group", given), fields_(std::move(fields)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<GroupStage>(fields_, std::move(source), run);
  }
  void add_needs(FieldNeeds& needs) const override {
    fields_.id->add_fields(needs.use);
    for (const auto& accumulator : fields_.accumulators)
      accumulator.expression().add_fields(needs.use);
    needs.complete = true;
  }

 private:
  GroupFields fields_;
};

/// {_id: {a: 1}} looks like a projection, and is none.
void check_id(ValueView id) {
  if (!id.is_document()) return;
  for (const auto& field : id.as_document()) {
    if (field.key.starts_with('$')) return;
    if (field.value.is_number() || field.value.type() == Type::boolean)
      fail_expression(17390, "$group does not support inclusion-style expressions");
  }
}

StageSpecPtr parse_group(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(15947, "a group's fields must be specified in an object");
  GroupFields fields;
  for (const auto& field : given.as_document()) {
    if (field.key == "_id") {
      if (fields.id != nullptr) fail_expression(15948, "a group's _id may only be specified once");
      check_id(field.value);
      fields.id = parse_expression(field.value, context.scope);
    } else if (field.key == "$doingMerge") {
      fail_expression(17030, "$doingMerge should be true if present");
    } else {
      fields.accumulators.push_back(AccumulatorSpec::parse(field, context.scope));
    }
  }
  if (fields.id == nullptr) fail_expression(15955, "a group specification must include an _id");
  return std::make_shared<GroupSpec>(given, std::move(fields));
}

class CountStage final : public Stage {
 public:
  CountStage(const std::string& field, StagePtr source)
      : field_(field), source_(std::move(source)) {}
  std::optional<View> next() override {
    if (source_ == nullptr) return std::nullopt;
    std::int64_t n = 0;
    while (source_->next()) ++n;
    source_.reset();
    if (n == 0) return std::nullopt;
    if (n == static_cast<std::int32_t>(n)) {
      out_.append(field_, static_cast<std::int32_t>(n));
    } else {
      out_.append(field_, n);
    }
    return out_.finish_view();
  }

 private:
  const std::string& field_;
  StagePtr source_;
  bson::Writer out_;
};

class CountSpec final : public StageSpec {
 public:
  CountSpec(ValueView given, std::string field)
      : StageSpec("$count", given), field_(std::move(field)) {}
  StagePtr open(StagePtr source, Run&) const override {
    return std::make_unique<CountStage>(field_, std::move(source));
  }
  void add_needs(FieldNeeds& needs) const override { needs.complete = true; }

 private:
  std::string field_;
};

StageSpecPtr parse_count(ValueView given, PipelineContext&) {
  if (!given.is_string()) fail_expression(40156, "the count field must be a non-empty string");
  const auto name = given.as_string();
  if (name.empty()) fail_expression(40157, "the count field must be a non-empty string");
  if (name.front() == '$') fail_expression(40158, "the count field cannot be a $-prefixed path");
  if (name.find('\0') != name.npos)
    fail_expression(40159, "the count field cannot contain a null byte");
  if (name.find('.') != name.npos) fail_expression(40160, "the count field cannot contain '.'");
  if (name == "_id") fail_expression(15948, "a group's _id may only be specified once");
  return std::make_shared<CountSpec>(given, std::string(name));
}

StageSpecPtr parse_sort_by_count(ValueView given, PipelineContext& context) {
  if (given.is_document()) {
    const auto first = given.as_document().begin();
    if (first == given.as_document().end() || !first->key.starts_with('$'))
      fail_expression(40147,
                      "the sortByCount field must be defined as a $-prefixed path or an "
                      "expression inside an object");
  } else if (given.is_string()) {
    if (!given.as_string().starts_with('$'))
      fail_expression(40148,
                      "the sortByCount field must be defined as a $-prefixed path or an "
                      "expression inside an object");
  } else {
    fail_expression(40149, "the sortByCount field must be specified as a string or as an object");
  }
  const bson::Document stages = bson::make_array(
      bson::make_document(
          "$group", bson::make_document("_id", given, "count", bson::make_document("$sum", 1))),
      bson::make_document("$sort", bson::make_document("count", -1)));
  return std::make_shared<CompositeSpec>("$sortByCount", given, parse_pipeline(stages, context));
}

constexpr auto table = std::to_array<StageKind>({
    {"$group", parse_group},
    {"$count", parse_count},
    {"$sortByCount", parse_sort_by_count},
    {"$bucket", parse_bucket},
    {"$bucketAuto", parse_bucket_auto},
});

}  // namespace

std::span<const StageKind> group_stages() noexcept { return table; }

}  // namespace quire::store::embedded
