#pragma once

#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/pipeline/stage.hpp"

/// The stages that the optimizer knows.
namespace quire::store::embedded {

class MatchSpec final : public StageSpec {
 public:
  MatchSpec(Matcher matcher, const ParseScope& scope)
      : StageSpec("$match",
                  {bson::Type::document, matcher.filter().data(), matcher.filter().size()}),
        matcher_(std::move(matcher)),
        scope_(scope) {}
  StagePtr open(StagePtr source, Run& run) const override;
  [[nodiscard]] const Matcher& matcher() const noexcept { return matcher_; }
  [[nodiscard]] const ParseScope& scope() const noexcept { return scope_; }
  bool lets_match_pass(std::span<const std::string>) const override { return true; }
  void add_needs(FieldNeeds& needs) const override { matcher_.add_fields(needs.use); }

 private:
  Matcher matcher_;
  ParseScope scope_;
};

class SkipSpec final : public StageSpec {
 public:
  explicit SkipSpec(std::int64_t n) : StageSpec("$skip", bson::Value(n).view()), n_(n) {}
  StagePtr open(StagePtr source, Run&) const override;
  [[nodiscard]] std::int64_t count() const noexcept { return n_; }
  void add_needs(FieldNeeds&) const override {}

 private:
  std::int64_t n_;
};

class LimitSpec final : public StageSpec {
 public:
  explicit LimitSpec(std::int64_t n) : StageSpec("$limit", bson::Value(n).view()), n_(n) {}
  StagePtr open(StagePtr source, Run&) const override;
  [[nodiscard]] std::int64_t count() const noexcept { return n_; }
  void add_needs(FieldNeeds&) const override {}

 private:
  std::int64_t n_;
};

/// A $match of `filter`, whose $expr may use the variables of `scope`.
[[nodiscard]] StageSpecPtr make_match(bson::View filter, const ParseScope& scope);

}  // namespace quire::store::embedded
