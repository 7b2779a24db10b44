-- How JSON values become column values. DuckDB only. A JSON field is NULL when absent or null; the code of its first
-- character is its type: 34 string, 123 object, 91 array, 102 false, 116 true, 110 null, 45 and 48-57 number.
create or replace macro is_object(j) as ascii(j) = 123;

-- Text: a string, or a number as written; '' is NULL.
create or replace macro text_of(j) as
    case when ascii(j) < 91 and j <> '""' then j ->> '$' end;

-- Whether a JSON value is an event name that needs no second look: a string of 1 to 200 characters without blanks
-- (of any script) at its ends.
create or replace macro is_blank(code) as
    code <= 32 or code between 127 and 160 or code between 8192 and 8202 or code between 8232 and 8233
    or code = 5760 or code = 8239 or code = 8287 or code = 12288;
create or replace macro is_name(t) as
    length(t) between 1 and 200 and not is_blank(unicode(t)) and not is_blank(unicode(right(t, 1)));

create or replace macro is_decimal(t) as regexp_full_match(t, '-?\d+(\.\d+)?([eE][-+]?\d+)?');

-- Money: rounded to 4 places, half away from zero; more than 14 digits before the point are an error.
create or replace macro money_of(t) as
    case when is_decimal(t) then try_cast(t as decimal(18, 4)) end;

-- Currency: three letters, in capitals.
create or replace macro currency_of(t) as case when regexp_full_match(t, '[a-zA-Z]{3}') then upper(t) end;

-- A number of results: a whole number from 0 on.
create or replace macro count_of(t) as
    case when is_decimal(t) and try_cast(t as decimal(18, 4)) >= 0
        and try_cast(t as decimal(18, 4)) % 1 = 0 then try_cast(try_cast(t as decimal(18, 4)) as bigint) end;

-- A search term, so that one search has one spelling: lower case, no blanks at its ends, one between words.
create or replace macro term_of(t) as
    nullif(trim(regexp_replace(lower(t), '[\s\p{Z}]+', ' ', 'g')), '');

create or replace macro boolean_of(j) as
    case
        when j in ('true', '"true"', '1') then true
        when j in ('false', '"false"', '0') then false
    end;

-- Time: ISO 8601 (no offset: UTC), or a number of seconds (10 digits), milliseconds (13) or microseconds (16) since 1970;
-- as microseconds since 1970.
create or replace macro iso_us(t) as
    case
        when regexp_full_match(t, '\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?([zZ]| UTC|[+-]\d\d(:?\d\d)?)?)?')
            then epoch_us(coalesce(try_cast(t as timestamptz), try_cast(upper(t) as timestamptz)))  -- it knows no small z
    end;
create or replace macro number_us(t) as
    case
        when regexp_full_match(t, '\d{10}(\.\d+)?') then cast(try_cast(t as decimal(38, 6)) * 1000000 as bigint)
        when regexp_full_match(t, '\d{13}(\.\d+)?') then cast(try_cast(t as decimal(18, 4)) as bigint) * 1000
        when regexp_full_match(t, '\d{16}') then try_cast(t as bigint)
    end;
create or replace macro instant_us(t) as coalesce(iso_us(t), number_us(t));

-- When an event was received: a time of this century, otherwise that of its object is used. Days and hours follow from
-- it.
create or replace macro within_century(us) as case when us between 946684800000000 and 4102444799999999 then us end;

-- Ids: a placeholder, such as `undefined`, is not an id; for users, clients and sessions neither is `anonymous` (event.py).
create or replace macro trimmed(t) as trim(t, getvariable('blanks'));
create or replace macro id_of(t) as case when t <> '' and not regexp_full_match(t, '{placeholders}') then t end;
create or replace macro who_of(t) as
    case when strlen(t) between 1 and 1000 and not regexp_full_match(t, '{placeholders}|(?i:{anonymous})') then t end;

-- The ids of an event: first those of things, from the fifth on those of a user, a client and a session. One look at all of
-- them tells whether one needs a closer look: it is long, begins or ends with a blank, or may be a placeholder.
create or replace macro has_odd_id(joined) as
    strlen(joined) > 1000
    or regexp_matches(
        joined, '(?i)(?:^|\|)(?:{blank}|(?:{placeholders}|{anonymous})(?:\||$))|{blank}(?:\||$)'
    );
create or replace macro kept_ids(ids) as
    case
        when has_odd_id(array_to_string(ids, '|'))
            then list_transform(ids, lambda t, n: case when n < 5 then id_of(trimmed(t)) else who_of(trimmed(t)) end)
        else ids
    end;

-- An id has at most 1,000 bytes: two of them must fit into one index entry of PostgreSQL (2,704 bytes).
create or replace macro short(t) as case when strlen(t) <= 1000 then t end;

create or replace macro object_of(j) as case when is_object(j) then cast(j as varchar) end;
create or replace macro array_of(j) as case when ascii(j) = 91 then cast(j as varchar) end;
create or replace macro fields_of(j, paths) as case when is_object(j) then json_extract(j, paths) end;

create or replace macro is_nothing(j) as j is null or j in ('null', '""');

-- The name of a field whose value is there but could not be read.
create or replace macro wrong(name, j, is_unread) as
    case when is_unread and j is not null and j not in ('null', '""') then name end;

create or replace macro is_uuid(t) as
    coalesce(regexp_full_match(t, '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'), false);

-- RFC 9562 version 5 in the namespace of event ids (event.py): SHA-1 of namespace and name, version and variant set.
create or replace macro uuid5_of(h) as
    concat(
        h[1:8], '-', h[9:12], '-5', h[14:16], '-',
        substr('89ab', 1 + (instr('0123456789abcdef', h[17]) - 1) % 4, 1), h[18:20], '-', h[21:32]
    );
create or replace macro uuid5(t) as uuid5_of(sha1(unhex('{namespace}') || encode(t)));

-- The campaign that a tracker recorded on the landing page, as the query of a URL.
create or replace macro utm_of(j, name) as name || '=' || url_encode(text_of(json_extract(j, '$.' || name)));
create or replace macro campaign_of(j) as
    concat_ws('&', utm_of(j, 'utm_source'), utm_of(j, 'utm_medium'), utm_of(j, 'utm_campaign'));
