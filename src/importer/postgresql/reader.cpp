#include "importer/postgresql/reader.hpp"

#include "importer/postgresql/decode.hpp"
#include "importer/postgresql/nested.hpp"

namespace quire::importer::postgresql {

CopyReader::CopyReader(std::shared_ptr<Snapshot> snapshot, const Catalogue& catalogue,
                       const Select& select, const std::string& table)
    : snapshot_(std::move(snapshot)), doing_("reading table " + table) {
  for (const Column& column : select.cells) targets_.push_back({&catalogue.type_of(column), {}});
  cells_.resize(targets_.size());
  const std::string copy = "COPY (" + bound(select) + ") TO STDOUT (FORMAT binary)";
  connection_ = snapshot_->take();
  try {
    connection_->begin_copy(copy, doing_);
  } catch (...) {
    snapshot_->give_failed(std::move(connection_));
    throw;
  }
}

CopyReader::~CopyReader() {
  PQfreemem(piece_);
  if (!connection_) return;
  connection_->cancel();
  snapshot_->give_failed(std::move(connection_));
}

/// Empty at the end.
std::string_view CopyReader::next_piece() {
  PQfreemem(piece_);
  piece_ = nullptr;
  int size = 0;
  try {
    piece_ = connection_->next_piece(size, doing_);
  } catch (...) {
    snapshot_->give_failed(std::move(connection_));
    throw;
  }
  if (piece_ != nullptr) return {piece_, static_cast<std::size_t>(size)};
  snapshot_->give(std::move(connection_));
  return {};
}

void CopyReader::malformed() const {
  throw ImportError(ErrorCode::source_failed,
                    doing_ + ": the server's rows are not in the binary format of COPY");
}

std::span<const Cell> CopyReader::next() {
  constexpr std::size_t head = 19;  // a signature, flags, and the length of what else there is
  while (connection_) {
    std::string_view piece = next_piece();
    if (piece.empty()) break;
    if (!begun_) {
      if (piece.size() < head || !piece.starts_with("PGCOPY\n")) malformed();
      const auto more = big_endian<std::uint32_t>(piece.substr(15));
      if (piece.size() - head < more) malformed();
      piece.remove_prefix(head + more);
      begun_ = true;
      if (piece.empty()) continue;
    }
    if (piece.size() < 2) malformed();
    if (big_endian<std::int16_t>(piece) < 0) continue;  // the trailer
    decode_row(piece);
    return cells_;
  }
  return {};
}

void CopyReader::decode_row(std::string_view row) {
  if (static_cast<std::size_t>(big_endian<std::int16_t>(row)) != targets_.size()) malformed();
  std::size_t at = 2;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (row.size() - at < 4) malformed();
    const auto size = big_endian<std::int32_t>(row.substr(at));
    at += 4;
    if (size < 0) {
      cells_[i] = Cell{};
      continue;
    }
    if (row.size() - at < static_cast<std::size_t>(size)) malformed();
    cells_[i] = decode(*targets_[i].type, row.substr(at, static_cast<std::size_t>(size)),
                       targets_[i].scratch);
    at += static_cast<std::size_t>(size);
  }
}

}  // namespace quire::importer::postgresql
