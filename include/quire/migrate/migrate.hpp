#pragma once

#include "quire/core/signal_stop.hpp"    // IWYU pragma: export
#include "quire/migrate/background.hpp"  // IWYU pragma: export
#include "quire/migrate/migration.hpp"   // IWYU pragma: export
#include "quire/migrate/report.hpp"      // IWYU pragma: export
#include "quire/migrate/runner.hpp"      // IWYU pragma: export
#include "quire/migrate/steps.hpp"       // IWYU pragma: export
#include "quire/migrate/text.hpp"        // IWYU pragma: export
#include "quire/migrate/transform.hpp"   // IWYU pragma: export
#include "quire/migrate/upgrade.hpp"     // IWYU pragma: export

namespace quire {
using migrate::add_field;
using migrate::assured;
using migrate::Atomicity;
using migrate::BackgroundRun;
using migrate::convert_field;
using migrate::copy_documents;
using migrate::create_collection;
using migrate::create_index;
using migrate::drop_collection;
using migrate::drop_index;
using migrate::each;
using migrate::embed;
using migrate::extract;
using migrate::irreversible;
using migrate::merge_fields;
using migrate::Migration;
using migrate::MigrationContext;
using migrate::MigrationHealth;
using migrate::MigrationInfo;
using migrate::MigrationKind;
using migrate::MigrationPlan;
using migrate::MigrationReport;
using migrate::MigrationResult;
using migrate::MigrationRunner;
using migrate::Migrations;
using migrate::MigrationState;
using migrate::MigrationStatus;
using migrate::move_documents;
using migrate::OutOfOrder;
using migrate::rename_field;
using migrate::set_validator;
using migrate::split_field;
using migrate::Step;
using migrate::Steps;
using migrate::to_lower;
using migrate::to_upper;
using migrate::transform;
using migrate::trim;
using migrate::Undo;
using migrate::unset_field;
using migrate::upgrade_on_read;
}  // namespace quire
