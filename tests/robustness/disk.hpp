#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

/// What a disk holds after a loss of power, by what was asked of it.
namespace quire::robustness {

/// One request to the disk, in the order of their completion. Files are told apart by a number,
/// names come and go.
struct DiskEvent {
  enum class Kind {
    link,         // name → file; the name is new
    unlink,       // name
    write,        // file, at, bytes
    truncate,     // file, at = the new size
    sync,         // file: its bytes are safe
    sync_folder,  // all names are safe
    mark          // at = what the workload had acknowledged
  };
  Kind kind;
  int file = -1;
  std::string name = {};
  std::int64_t at = 0;
  std::string bytes = {};
};

/// What becomes of requests that no sync followed.
enum class Loss {
  nothing,  // all arrived: only the process ended
  all,      // none arrived
  some,     // each arrived or did not, in any combination; of names the first so many
  sectors   // as `some`, but by sectors of 512 bytes
};

/// By name.
using Image = std::map<std::string, std::string>;

class Disk {
 public:
  void apply(const DiskEvent& event);
  [[nodiscard]] Image after(Loss loss, std::mt19937& random) const;
  /// Whether there is anything to lose.
  [[nodiscard]] bool is_safe() const;

 private:
  struct File {
    std::string safe;
    std::vector<DiskEvent> pending;
  };
  static void carry_out(const DiskEvent& event, std::string& bytes);

  std::map<int, File> files_;
  std::map<std::string, int> safe_names_;
  std::vector<DiskEvent> pending_names_;
};

}  // namespace quire::robustness
