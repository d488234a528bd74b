#pragma once

/// All of quire but the stores, and the names that an application writes.
#include "quire/bson/bson.hpp"               // IWYU pragma: export
#include "quire/bson/decode.hpp"             // IWYU pragma: export
#include "quire/bson/encode.hpp"             // IWYU pragma: export
#include "quire/collection/bulk_writer.hpp"  // IWYU pragma: export
#include "quire/collection/collection.hpp"   // IWYU pragma: export
#include "quire/collection/document.hpp"     // IWYU pragma: export
#include "quire/collection/schema.hpp"       // IWYU pragma: export
#include "quire/collection/watch.hpp"        // IWYU pragma: export
#include "quire/migrate/migrate.hpp"         // IWYU pragma: export
#include "quire/model/model.hpp"             // IWYU pragma: export
#include "quire/query/expr_list.hpp"         // IWYU pragma: export
#include "quire/query/expr_number.hpp"       // IWYU pragma: export
#include "quire/query/expr_object.hpp"       // IWYU pragma: export
#include "quire/query/expr_text.hpp"         // IWYU pragma: export
#include "quire/query/path.hpp"              // IWYU pragma: export
#include "quire/query/pipeline.hpp"          // IWYU pragma: export

namespace quire {
using query::all_of;
using query::any_of;
using query::elem_match;
using query::element;
using query::exclude;
using query::field;
using query::Filter;
using query::include;
using query::json;
using query::nor;
using query::path;
using query::Projection;
using query::raw;
using query::slice;
using query::Sort;
using query::Update;
using query::wildcard;
using query::wildcard_text;

// Aggregations.
using query::abs, query::ceil, query::floor, query::round, query::trunc, query::sqrt, query::pow;
using query::all_elements_true;
using query::array_to_object, query::KeyValue;
using query::bit_xor, query::bit_not, query::rand;
using query::boundaries, query::Counted, query::variable, query::variables, query::UnwindOptions;
using query::concat, query::to_lower, query::to_upper, query::trim, query::trim_left;
using query::cond, query::if_null, query::switch_, query::when, query::let;
using query::ConvertOptions, query::is_number;
using query::covariance_pop, query::covariance_samp;
using query::date_add, query::date_subtract, query::date_diff, query::date_from_parts;
using query::date_trunc, query::TruncOptions, query::date_to_string, query::date_from_string;
using query::day_of_year, query::week, query::hour, query::minute, query::second;
using query::degrees_to_radians, query::radians_to_degrees;
using query::exp, query::ln, query::log, query::log10, query::bit_and, query::bit_or;
using query::fill_last, query::every, query::DensifyBounds, query::MergeOptions;
using query::first_n, query::last_n, query::max_n, query::min_n, query::top, query::bottom;
using query::GraphOptions, query::FillOptions, query::fill_with, query::fill_linear;
using query::index_of, query::str_case_compare, query::replace_one, query::replace_all;
using query::integral, query::exp_moving_avg, query::locf, query::linear_fill;
using query::into, query::document, query::expr, query::raw_expr, query::literal, query::var;
using query::is_array, query::in, query::index_of_array, query::range, query::map, query::filter;
using query::list_avg, query::list_min, query::list_max, query::list_std_dev_pop;
using query::list_min_n, query::concat_arrays, query::array_slice, query::reverse_array;
using query::list_std_dev_samp, query::list_first_n, query::list_last_n, query::list_max_n;
using query::merge_objects, query::get_field, query::set_field, query::object_to_array;
using query::millisecond, query::iso_week, query::iso_week_year, query::iso_day_of_week;
using query::over, query::documents_window, query::range_window, query::unbounded, query::current;
using query::pipeline, query::documents, query::Pipeline, query::Expr, query::Accumulator;
using query::push, query::add_to_set, query::merge_all, query::std_dev_pop, query::std_dev_samp;
using query::rank, query::dense_rank, query::document_number, query::shift, query::derivative;
using query::reduce, query::sort_array, query::zip, query::set_union, query::set_intersection;
using query::regex_match, query::regex_find, query::regex_find_all, query::RegexMatch;
using query::root_document, query::store_now, query::remove_field, query::compare, query::divide;
using query::set_difference, query::set_equals, query::set_is_subset, query::any_element_true;
using query::sin, query::cos, query::tan, query::asin, query::acos, query::atan, query::atan2;
using query::sinh, query::cosh, query::tanh, query::asinh, query::acosh, query::atanh;
using query::size, query::array_elem_at, query::list_first, query::list_last, query::list_sum;
using query::sum, query::avg, query::count, query::min, query::max, query::first, query::last;
using query::TimeUnit, query::year, query::month, query::day_of_month, query::day_of_week;
using query::to_date, query::to_string, query::to_object_id, query::convert, query::type_of;
using query::to_int, query::to_long, query::to_double, query::to_decimal, query::to_bool;
using query::top_n, query::bottom_n, query::percentile, query::median, query::raw_accumulator;
using query::trim_right, query::str_len, query::str_len_bytes, query::substr, query::split;
using query::WhenMatched, query::WhenNotMatched, query::descend, query::prune, query::keep;
}  // namespace quire
