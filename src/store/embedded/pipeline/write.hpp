#pragma once

#include "store/embedded/pipeline/spool.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

class EmbeddedStore;

/// A stage that writes what comes: $out, $merge. It is the last one, and runs when all before it
/// have ended.
class WriteSpec : public StageSpec {
 public:
  using StageSpec::StageSpec;
  StagePtr open(StagePtr source, Run&) const override { return source; }
  /// In one transaction: all of it or nothing.
  virtual void write(EmbeddedStore& store, Spool& documents,
                     const AggregateOptions& options) const = 0;
};

}  // namespace quire::store::embedded
