#include "disk.hpp"

#include <algorithm>

namespace quire::robustness {

void Disk::carry_out(const DiskEvent& event, std::string& bytes) {
  const auto at = static_cast<std::size_t>(event.at);
  if (event.kind == DiskEvent::Kind::truncate) {
    bytes.resize(at);
    return;
  }
  if (bytes.size() < at + event.bytes.size()) bytes.resize(at + event.bytes.size());
  bytes.replace(at, event.bytes.size(), event.bytes);
}

void Disk::apply(const DiskEvent& event) {
  switch (event.kind) {
    case DiskEvent::Kind::link:
    case DiskEvent::Kind::unlink:
      pending_names_.push_back(event);
      break;
    case DiskEvent::Kind::write:
    case DiskEvent::Kind::truncate:
      files_[event.file].pending.push_back(event);
      break;
    case DiskEvent::Kind::sync: {
      File& file = files_[event.file];
      for (const auto& one : file.pending) carry_out(one, file.safe);
      file.pending.clear();
      break;
    }
    case DiskEvent::Kind::sync_folder:
      for (const auto& one : pending_names_) {
        safe_names_.erase(one.name);
        if (one.kind == DiskEvent::Kind::link) safe_names_[one.name] = one.file;
      }
      pending_names_.clear();
      break;
    case DiskEvent::Kind::mark:
      break;
  }
}

bool Disk::is_safe() const {
  return pending_names_.empty() && std::all_of(files_.begin(), files_.end(), [](const auto& file) {
           return file.second.pending.empty();
         });
}

Image Disk::after(Loss loss, std::mt19937& random) const {
  const auto arrives = [&] {
    return loss == Loss::nothing || (loss != Loss::all && random() % 2 == 0);
  };
  auto names = safe_names_;
  std::size_t arrived = 0;
  if (loss == Loss::nothing) {
    arrived = pending_names_.size();
  } else if (loss != Loss::all) {
    arrived = random() % (pending_names_.size() + 1);
  }
  for (std::size_t i = 0; i < arrived; ++i) {
    names.erase(pending_names_[i].name);
    if (pending_names_[i].kind == DiskEvent::Kind::link)
      names[pending_names_[i].name] = pending_names_[i].file;
  }
  Image out;
  for (const auto& [name, number] : names) {
    std::string& bytes = out[name];
    const auto file = files_.find(number);
    if (file == files_.end()) continue;
    bytes = file->second.safe;
    for (const auto& event : file->second.pending) {
      if (loss != Loss::sectors || event.kind == DiskEvent::Kind::truncate) {
        if (arrives()) carry_out(event, bytes);
        continue;
      }
      static constexpr std::size_t sector = 512;
      for (std::size_t done = 0; done < event.bytes.size();) {
        const auto at = static_cast<std::size_t>(event.at) + done;
        const auto size = std::min(event.bytes.size() - done, sector - at % sector);
        if (arrives())
          carry_out({event.kind,
                     event.file,
                     {},
                     static_cast<std::int64_t>(at),
                     event.bytes.substr(done, size)},
                    bytes);
        done += size;
      }
    }
  }
  return out;
}

}  // namespace quire::robustness
