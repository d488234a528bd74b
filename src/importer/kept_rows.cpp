#include "importer/kept_rows.hpp"

#include <cstring>
#include <utility>

namespace quire::importer {

class KeptRows::Reader final : public RowReader {
 public:
  explicit Reader(const KeptRows& kept) : rest_(kept.cells_), width_(kept.width_) {}
  std::span<const Cell> next() override {
    if (rest_.empty()) return {};
    const auto row = rest_.first(width_);
    rest_ = rest_.subspan(width_);
    return row;
  }

 private:
  std::span<const Cell> rest_;
  std::size_t width_;
};

KeptRows::KeptRows(ChildRows& from)
    : from_(&from), texts_(std::make_unique<std::pmr::monotonic_buffer_resource>(4096)) {
  for (ChildRows& one : from.children()) children_.emplace_back(one);
}

void KeptRows::take(std::span<const Cell> parent, const std::vector<std::size_t>& key) {
  texts_->release();
  cells_.clear();
  for (; !from_->row().empty() && belongs(from_->row(), parent, 0, key); from_->advance()) {
    width_ = from_->row().size();
    for (Cell cell : from_->row()) {
      if (!cell.text.empty()) {
        auto* at = static_cast<char*>(texts_->allocate(cell.text.size(), 1));
        std::memcpy(at, cell.text.data(), cell.text.size());
        cell.text = {at, cell.text.size()};
      }
      cells_.push_back(cell);
    }
  }
  for (KeptRows& one : children_) one.take(parent, key);
}

ChildRows KeptRows::rows() const {
  std::vector<ChildRows> children;
  children.reserve(children_.size());
  for (const KeptRows& one : children_) children.push_back(one.rows());
  return {from_->program(), std::make_unique<Reader>(*this), std::move(children)};
}

}  // namespace quire::importer
