#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/data_progress.hpp"

namespace quire::migrate {
namespace {

constexpr std::size_t columns = 79;

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string timed(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string cut(const std::string& text) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (seen == columns) return text.substr(0, i);
    ++seen;
  }
  return text;
}

}  // namespace

int DataProgress::percent() const noexcept {
  const bool phase_ends =
      state == JobState::copied || state == JobState::verified || state == JobState::complete;
  if (phase_ends) return 100;
  if (total <= 0) return 0;
  const double share = static_cast<double>(done) / static_cast<double>(total) * 100;
  return static_cast<int>(std::clamp(share, 0.0, 99.0));
}

std::string DataProgress::json() const {
  bson::Writer w;
  w.append("job", job)
      .append("state", to_string(state))
      .append("reason", reason)
      .append("done", done)
      .append("total", total)
      .append("total_kind", exact ? "exact" : "estimate")
      .append("percent", std::int32_t{percent()})
      .append("rate", rate);
  if (eta_seconds >= 0) {
    w.append("eta_s", eta_seconds);
    w.begin_array("eta_spread_s").push(eta_low_seconds).push(eta_high_seconds).end();
  } else {
    w.append_null("eta_s").append_null("eta_spread_s");
  }
  w.append("stalled", stalled).append("rejected", rejected).append("seconds", seconds);
  return bson::to_json(w.finish());
}

ProgressView::ProgressView(std::FILE* out) : out_(out), terminal_(::isatty(::fileno(out)) == 1) {}

std::string ProgressView::line(const DataProgress& p) {
  constexpr int cells = 16;
  const int full = p.percent() * cells / 100;
  std::string text =
      fmt::format("{} [{}{}] {:3} %  {} of {}{}", to_string(p.state),
                  std::string(static_cast<std::size_t>(full), '#'),
                  std::string(static_cast<std::size_t>(cells - full), '.'), p.percent(),
                  grouped(p.done), p.exact ? "" : "about ", grouped(p.total));
  if (p.rejected > 0) text += fmt::format(", {} rejected", grouped(p.rejected));
  if (!p.reason.empty()) {
    text += ", " + p.reason;
  } else if (p.stalled) {
    text += ", stalled";
  } else if (p.eta_seconds >= 1 && p.percent() < 100) {
    text += fmt::format(", {} left", timed(p.eta_seconds));
  }
  return cut(text);
}

void ProgressView::show(const DataProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  const std::string of =
      progress.job + std::string(to_string(progress.state)) + (progress.stalled ? "!" : "");
  const auto least = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10'000);
  if (of == of_ && now - last_ < least) return;
  of_ = of;
  last_ = now;
  if (terminal_) {
    std::fputs(("\r\x1b[K" + line(progress)).c_str(), out_);
    shown_ = true;
  } else {
    std::fputs((line(progress) + "\n").c_str(), out_);
  }
  std::fflush(out_);
}

void ProgressView::finish() {
  if (shown_) std::fputs("\n", out_);
  shown_ = false;
  std::fflush(out_);
}

}  // namespace quire::migrate
