// The disk is full, or fails, at each of the requests that a workload makes in turn. The operation
// that meets it ends with the error of that name and leaves nothing; the same operation passes once
// the disk is well again.
#include <gtest/gtest.h>

#include "fault_vfs.hpp"
#include "quire/core/error.hpp"
#include "sanitized.hpp"
#include "workload.hpp"

namespace quire::robustness {
namespace {

struct Way {
  const char* name;
  FaultVfs::Fault fault;
  const char* options;
};

class DiskFailure : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    // What each step leads to, without failures.
    Bench bench{work_.file() + GetParam().options, nullptr};
    bench.open();
    states_.push_back(dump(*bench.db));
    for (const auto& step : workload()) {
      step.run(bench);
      states_.push_back(dump(*bench.db));
    }
  }

  /// Runs `action`; true when it failed, with the error that fits.
  template <class F>
  bool fails(F&& action) {
    try {
      action();
      return false;
    } catch (const StoreError& error) {
      EXPECT_EQ(error.code(), GetParam().fault == FaultVfs::Fault::full ? ErrorCode::disk_full
                                                                        : ErrorCode::io_error)
          << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    return true;
  }

  /// The workload with the n-th request failing; false when it makes fewer.
  bool meets_failure(std::int64_t n) {
    work_.clear();
    FaultVfs vfs;
    vfs.record(false);
    Bench bench{work_.file() + GetParam().options, nullptr};
    vfs.fail_at(n, GetParam().fault);
    if (fails([&] { bench.open(); })) {
      vfs.heal();
      bench.open();
    }
    EXPECT_EQ(dump(*bench.db), states_[0]);
    std::size_t done = 0;
    for (const auto& step : workload()) {
      if (fails([&] { step.run(bench); })) {
        ++failed_;
        EXPECT_TRUE(vfs.has_failed());
        // Reading goes on while the disk is full. The one step without a store is its opening.
        EXPECT_TRUE(bench.db == nullptr || dump(*bench.db) == states_[done]) << step.name;
        vfs.heal();
        if (bench.db == nullptr) bench.open();
        EXPECT_EQ(check_text(*bench.db), "ok") << step.name;
        EXPECT_TRUE(dump(*bench.db) == states_[done]) << step.name;
        EXPECT_FALSE(fails([&] { step.run(bench); })) << step.name << ", again";
      }
      ++done;
      EXPECT_TRUE(dump(*bench.db) == states_[done]) << step.name;
      if (HasFailure()) return false;
    }
    EXPECT_EQ(check_text(*bench.db), "ok");
    bench.db.reset();  // may fail too; nothing is lost by it
    const bool failed = vfs.has_failed();
    vfs.heal();
    bench.open();
    EXPECT_EQ(check_text(*bench.db), "ok");
    EXPECT_EQ(dump(*bench.db), states_.back());
    return failed;
  }

  Folder work_;
  std::vector<std::string> states_;
  int failed_ = 0;
};

TEST_P(DiskFailure, AtEachRequestLosesNothing) {
  // The slice takes every so many-th request, the long form each.
  const std::int64_t stride = is_long() ? 1 : test::sanitized ? 39 : 13;
  std::int64_t n = 1;
  while (meets_failure(n)) n += n < 20 ? 1 : stride;
  if (HasFailure()) FAIL() << "with request " << n << " failing";
  EXPECT_GT(n, 200);
  EXPECT_GT(failed_, test::sanitized ? 7 : 20);
  std::printf("%lld requests, %d operations failed\n", static_cast<long long>(n), failed_);
}

INSTANTIATE_TEST_SUITE_P(Disk, DiskFailure,
                         ::testing::Values(Way{"Full", FaultVfs::Fault::full, "?ttl_interval_ms=0"},
                                           Way{"FullWithChanges", FaultVfs::Fault::full,
                                               "?ttl_interval_ms=0&changes=on"},
                                           Way{"Broken", FaultVfs::Fault::io_error,
                                               "?ttl_interval_ms=0"},
                                           Way{"BrokenWithChanges", FaultVfs::Fault::io_error,
                                               "?ttl_interval_ms=0&changes=on"}),
                         [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace quire::robustness
