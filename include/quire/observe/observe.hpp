#pragma once

/// Events, slow log, metrics, health and index analysis.
#include "quire/observe/health.hpp"        // IWYU pragma: export
#include "quire/observe/index_report.hpp"  // IWYU pragma: export
#include "quire/observe/metrics.hpp"       // IWYU pragma: export
#include "quire/observe/query_log.hpp"     // IWYU pragma: export
#include "quire/observe/shape.hpp"         // IWYU pragma: export
#include "quire/observe/slow_log.hpp"      // IWYU pragma: export
#include "quire/observe/subscription.hpp"  // IWYU pragma: export
