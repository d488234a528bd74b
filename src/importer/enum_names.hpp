#pragma once

#include "importer/names.hpp"
#include "quire/importer/mapping.hpp"

/// How the enumerations of mappings are written in JSON and in errors.
namespace quire::importer {

inline constexpr Named<Convert> convert_names[] = {
    {Convert::as_is, "as_is"},
    {Convert::string, "string"},
    {Convert::int32, "int32"},
    {Convert::int64, "int64"},
    {Convert::real, "real"},
    {Convert::decimal128, "decimal128"},
    {Convert::boolean, "boolean"},
    {Convert::date_time, "date_time"},
    {Convert::date_time_ms, "date_time_ms"},
    {Convert::object_id, "object_id"},
    {Convert::uuid, "uuid"},
    {Convert::binary, "binary"},
    {Convert::json, "json"},
};
inline constexpr Named<NullPolicy> null_names[] = {
    {NullPolicy::keep, "keep"},
    {NullPolicy::omit, "omit"},
    {NullPolicy::fallback, "fallback"},
    {NullPolicy::reject, "reject"},
};
inline constexpr Named<OtherValue> other_value_names[] = {
    {OtherValue::keep, "keep"},
    {OtherValue::reject, "reject"},
    {OtherValue::null, "null"},
    {OtherValue::fallback, "fallback"},
};
inline constexpr Named<ExistingDocument> existing_names[] = {
    {ExistingDocument::fail, "fail"},
    {ExistingDocument::skip, "skip"},
    {ExistingDocument::replace, "replace"},
    {ExistingDocument::update, "update"},
};
inline constexpr Named<IdKind> id_names[] = {
    {IdKind::key, "key"},
    {IdKind::columns, "columns"},
    {IdKind::hash, "hash"},
    {IdKind::format, "format"},
};
inline constexpr Named<TypePolicy::Numeric> numeric_names[] = {
    {TypePolicy::Numeric::decimal128, "decimal128"},
    {TypePolicy::Numeric::real, "real"},
    {TypePolicy::Numeric::string, "string"},
};
inline constexpr Named<TypePolicy::Unsigned> unsigned_names[] = {
    {TypePolicy::Unsigned::decimal128, "decimal128"},
    {TypePolicy::Unsigned::int64, "int64"},
};
inline constexpr Named<TypePolicy::ZeroDate> zero_date_names[] = {
    {TypePolicy::ZeroDate::null, "null"},
    {TypePolicy::ZeroDate::reject, "reject"},
};
inline constexpr Named<TypePolicy::Infinite> infinite_names[] = {
    {TypePolicy::Infinite::null, "null"},
    {TypePolicy::Infinite::reject, "reject"},
    {TypePolicy::Infinite::ends, "ends"},
};
inline constexpr Named<TypePolicy::Fraction> fraction_names[] = {
    {TypePolicy::Fraction::truncate, "truncate"},
    {TypePolicy::Fraction::reject, "reject"},
    {TypePolicy::Fraction::string, "string"},
};
inline constexpr Named<TypePolicy::Date> date_names[] = {
    {TypePolicy::Date::date_time, "date_time"},
    {TypePolicy::Date::string, "string"},
};
inline constexpr Named<TypePolicy::UuidAs> uuid_names[] = {
    {TypePolicy::UuidAs::uuid, "uuid"},
    {TypePolicy::UuidAs::string, "string"},
};
inline constexpr Named<TypePolicy::Json> json_names[] = {
    {TypePolicy::Json::document, "document"},
    {TypePolicy::Json::string, "string"},
};
inline constexpr Named<TypePolicy::BadText> bad_text_names[] = {
    {TypePolicy::BadText::reject, "reject"},
    {TypePolicy::BadText::convert, "convert"},
};
inline constexpr Named<TypePolicy::Time> time_names[] = {
    {TypePolicy::Time::string, "string"},
    {TypePolicy::Time::milliseconds, "milliseconds"},
};
inline constexpr Named<TypePolicy::Other> other_names[] = {
    {TypePolicy::Other::string, "string"},
    {TypePolicy::Other::skip, "skip"},
};

}  // namespace quire::importer
