-- The quick reading: texts as VARCHAR, blocks as STRUCT. It saves unquoting each value and taking each block apart, a
-- third of the work; but a text that looks like a boolean, an object or an array may have been one, and DuckDB rewrites
-- numbers with an exponent. Such a value is doubtful, and a chunk with one is read again carefully; so is one in which
-- a block is not an object, since that fails this reading.
create or replace macro sent_text(t) as nullif(t, '');
create or replace macro is_unsent(t) as t is null or t = '';
create or replace macro is_string(t) as true;
create or replace macro misread(name, t, is_unread) as case when is_unread and t <> '' then name end;
create or replace macro misread_text(name, t, read) as null;
create or replace macro refused(name, sent, kept) as case when sent is not null and kept is null then name end;
create or replace macro misread_block(name, block) as null;
-- Comparisons cost least: they look at the first four bytes. No number is written in more than 24 characters.
create or replace macro doubt(t) as
    case
        when t < ':' then case when strlen(t) < 25 and contains(t, 'e') then is_decimal(t) end
        when t >= '[' and t < '\' or t >= '{' and t < '|' then json_valid(t)
        else t = 'true' or t = 'false'
    end;
create or replace macro doubt_name(t) as doubt(t) or is_decimal(t);

create or replace macro product_of(block) as block;
create or replace macro element_of(block) as block;
create or replace macro order_of(block) as block;
create or replace macro search_of(block) as block;
create or replace macro ingest_of(block) as block;
