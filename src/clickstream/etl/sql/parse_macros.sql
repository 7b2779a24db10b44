-- How JSON values become column values. DuckDB only. A JSON field is NULL when absent or null; the code of its first
-- character tells its type: 34 string, 123 object, 91 array, 102 false, 116 true, 110 null, 45 and 48-57 number.
create or replace macro is_text(j) as ascii(j) = 34;
create or replace macro is_number(j) as ascii(j) between 45 and 57;
create or replace macro is_object(j) as ascii(j) = 123;
create or replace macro unquoted(j) as
    case when contains(j, '\') then replace(j ->> '$', chr(0), '�') else substr(j, 2, length(j) - 2) end;

-- Text: a string, or a number as written; '' is NULL; a NUL character becomes U+FFFD.
create or replace macro text_of(j) as
    case when is_text(j) then nullif(unquoted(j), '') when is_number(j) then cast(j as varchar) end;

create or replace macro is_decimal(t) as regexp_full_match(t, '-?\d+(\.\d+)?([eE][-+]?\d+)?');

-- Money: rounded to 4 places, half away from zero; more than 14 digits before the point are an error.
create or replace macro money_of(j) as
    case when is_decimal(text_of(j)) then try_cast(text_of(j) as decimal(18, 4)) end;

create or replace macro boolean_of(j) as
    case
        when j in ('true', '"true"', '1') then true
        when j in ('false', '"false"', '0') then false
    end;

-- Time: ISO 8601 (no offset: UTC) or milliseconds since 1970; as microseconds since 1970.
create or replace macro iso_us(t) as
    case
        when regexp_full_match(t, '\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?([zZ]|[+-]\d\d(:?\d\d)?)?)?')
            then epoch_us(try_cast(upper(t) as timestamptz))
    end;
create or replace macro millis_us(t) as
    case
        when is_decimal(t) and abs(try_cast(t as decimal(18, 4))) < 100000000000000
            then cast(try_cast(t as decimal(18, 4)) as bigint) * 1000
    end;
create or replace macro instant_us(j) as
    case when j is not null then coalesce(iso_us(text_of(j)), millis_us(text_of(j))) end;

create or replace macro object_of(j) as case when is_object(j) then cast(j as varchar) end;
create or replace macro array_of(j) as case when ascii(j) = 91 then cast(j as varchar) end;
create or replace macro fields_of(j, paths) as case when is_object(j) then json_extract(j, paths) end;

-- The name of a field whose value is there but could not be read.
create or replace macro wrong(name, j, is_unread) as
    case when j is not null and j <> 'null' and j <> '""' and is_unread then name end;

create or replace macro path_of(url) as
    case
        when url is not null
            then coalesce(nullif(regexp_extract(url, '^(?:(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/?#]*)?([^?#]*)', 1), ''), '/')
    end;

create or replace macro is_uuid(t) as
    coalesce(regexp_full_match(t, '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'), false);

-- RFC 9562 version 5 in the namespace of event ids (event.py): SHA-1 of namespace and name, version and variant set.
create or replace macro uuid5_of(h) as
    concat(
        h[1:8], '-', h[9:12], '-5', h[14:16], '-',
        substr('89ab', 1 + (instr('0123456789abcdef', h[17]) - 1) % 4, 1), h[18:20], '-', h[21:32]
    );
create or replace macro uuid5(t) as uuid5_of(sha1(unhex('{namespace}') || encode(t)));
