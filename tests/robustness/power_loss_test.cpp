// The power goes: what no sync had made safe is gone, or half there. SQLite's file system is
// replaced below the store; the workload runs once, and then the disk is taken as it was at many
// moments and opened again.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "fault_vfs.hpp"
#include "workload.hpp"

namespace quire::robustness {
namespace {

DiskEvent event(DiskEvent::Kind kind, int file, std::string name = {}, std::int64_t at = 0,
                std::string bytes = {}) {
  return {kind, file, std::move(name), at, std::move(bytes)};
}

TEST(DiskModel, KeepsWhatWasSynced) {
  using Kind = DiskEvent::Kind;
  std::mt19937 random(1);
  Disk disk;
  disk.apply(event(Kind::link, 0, "a"));
  disk.apply(event(Kind::write, 0, {}, 0, std::string(1000, 'x')));
  disk.apply(event(Kind::sync, 0));
  EXPECT_TRUE(disk.after(Loss::all, random).empty());  // its name was not synced
  disk.apply(event(Kind::sync_folder, -1));
  EXPECT_TRUE(disk.is_safe());
  disk.apply(event(Kind::write, 0, {}, 500, std::string(1000, 'y')));
  EXPECT_FALSE(disk.is_safe());
  EXPECT_EQ(disk.after(Loss::all, random), (Image{{"a", std::string(1000, 'x')}}));
  EXPECT_EQ(disk.after(Loss::nothing, random),
            (Image{{"a", std::string(500, 'x') + std::string(1000, 'y')}}));
  bool torn = false;
  for (int i = 0; i < 50; ++i) {
    const auto bytes = disk.after(Loss::sectors, random).at("a");
    const bool first = bytes[511] == 'y', second = bytes[512] == 'y';
    torn = torn || first != second;
  }
  EXPECT_TRUE(torn);
  disk.apply(event(Kind::truncate, 0, {}, 10));
  disk.apply(event(Kind::sync, 0));
  disk.apply(event(Kind::unlink, 0, "a"));
  EXPECT_EQ(disk.after(Loss::all, random), (Image{{"a", std::string(10, 'x')}}));
  EXPECT_TRUE(disk.after(Loss::nothing, random).empty());
}

class PowerLoss : public ::testing::TestWithParam<const char*> {
 protected:
  void run_workload() {
    FaultVfs vfs;
    Bench bench{work_.file() + GetParam(), nullptr};
    bench.open();
    states_.push_back(dump(*bench.db));
    vfs.mark(0);
    for (const auto& step : workload()) {
      step.run(bench);
      states_.push_back(dump(*bench.db));
      vfs.mark(static_cast<std::int64_t>(states_.size()) - 1);
    }
    bench.db.reset();
    events_ = vfs.take_events();
  }

  /// The state that the file is in: its number, or -1 and a failure. A file that is not there yet
  /// is in the first state.
  std::int64_t opened(const Image& image, std::int64_t lowest, std::int64_t highest) {
    again_.clear();
    for (const auto& [name, bytes] : image) {
      const auto path = again_.path() / std::filesystem::path(name).filename();
      std::ofstream(path, std::ios::binary) << bytes;
    }
    try {
      const auto db = store::open(again_.file() + "?ttl_interval_ms=0&durability=normal");
      EXPECT_EQ(check_text(*db), "ok");
      const auto found = dump(*db);
      for (auto state = highest; state >= lowest; --state) {
        if (states_[static_cast<std::size_t>(state)] == found) {
          // It can be worked with.
          const auto document = bson::Document();
          const bson::View view = document;
          EXPECT_EQ(db->insert({"other", "after"}, {&view, 1}, {}).inserted, 1);
          return state;
        }
      }
      const auto other = std::find(states_.begin(), states_.end(), found) - states_.begin();
      ADD_FAILURE() << "the file is in state " << other << " of " << states_.size() << ", not in "
                    << lowest << " to " << highest;
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    return -1;
  }

  Folder work_, again_;
  std::vector<std::string> states_;
  std::vector<DiskEvent> events_;
};

TEST_P(PowerLoss, LeavesTheFileWhole) {
  run_workload();
  const bool full = std::string_view(GetParam()).find("durability=full") != std::string_view::npos;
  const auto last = static_cast<std::int64_t>(states_.size()) - 1;
  const int repeats = rounds(1);
  std::mt19937 random(20);
  Disk disk;
  std::int64_t acknowledged = -1;
  int images = 0, behind = 0;
  for (std::size_t i = 0; i < events_.size(); ++i) {
    // In front of each sync, behind it, behind each acknowledgement, and now and then in between.
    const auto is_point = [](const DiskEvent& one) {
      return one.kind == DiskEvent::Kind::sync || one.kind == DiskEvent::Kind::sync_folder ||
             one.kind == DiskEvent::Kind::mark;
    };
    const bool here = is_point(events_[i]) || (i > 0 && is_point(events_[i - 1])) ||
                      random() % 40 < static_cast<unsigned>(repeats);
    for (int repeat = 0; here && repeat < repeats; ++repeat) {
      for (const auto loss : {Loss::all, Loss::some, Loss::sectors, Loss::nothing}) {
        if (repeat > 0 && (loss == Loss::all || loss == Loss::nothing)) continue;
        if (loss == Loss::nothing && random() % 4 != 0) continue;  // kill -9: tested elsewhere
        if (loss != Loss::all && disk.is_safe()) continue;         // the same image
        const auto lowest = full ? std::max<std::int64_t>(acknowledged, 0) : 0;
        const auto state =
            opened(disk.after(loss, random), lowest, std::min(acknowledged + 1, last));
        ++images;
        if (state < acknowledged) ++behind;
        if (HasFailure())
          FAIL() << "loss " << static_cast<int>(loss) << " at request " << i << " of "
                 << events_.size() << ", after step "
                 << (acknowledged < 1
                         ? "open"
                         : workload()[static_cast<std::size_t>(acknowledged) - 1].name);
      }
    }
    disk.apply(events_[i]);
    if (events_[i].kind == DiskEvent::Kind::mark) acknowledged = events_[i].at;
  }
  EXPECT_EQ(acknowledged, last);
  EXPECT_GT(images, 100);
  // The weaker mode does lose the last ones: the losses are real.
  EXPECT_EQ(behind > 0, !full);
  RecordProperty("images", images);
  std::printf("%d images of the disk opened, %zu requests, %d behind what was acknowledged\n",
              images, events_.size(), behind);
}

std::string name_of(const ::testing::TestParamInfo<const char*>& of) {
  const std::string_view uri = of.param;
  return std::string(uri.find("=full") != uri.npos ? "Full" : "Normal") +
         (uri.find("changes=on") != uri.npos ? "WithChanges" : "");
}

INSTANTIATE_TEST_SUITE_P(Durability, PowerLoss,
                         ::testing::Values("?ttl_interval_ms=0&durability=full",
                                           "?ttl_interval_ms=0&durability=full&changes=on",
                                           "?ttl_interval_ms=0&durability=normal",
                                           "?ttl_interval_ms=0&durability=normal&changes=on"),
                         name_of);

}  // namespace
}  // namespace quire::robustness
