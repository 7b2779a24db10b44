-- What the enrichment steps say of an event (etl/enrich/), computed once per distinct value. NULL where nothing is known;
-- rows that an older version loaded have NULL here until `clickstream etl run --rebuild`.
alter table clickstream_events add column device_type @text;
alter table clickstream_events add column browser @text;
alter table clickstream_events add column os @text;
alter table clickstream_events add column bot_score integer;
alter table clickstream_events add column bot_reasons @text;
alter table clickstream_events add column is_bot boolean default false;
alter table clickstream_events add column source @text;
alter table clickstream_events add column medium @text;
alter table clickstream_events add column campaign @text;
alter table clickstream_events add column channel @text;
alter table clickstream_events add column referrer_domain @text;

-- Session facts: where the session came from (its first event with a page URL), on what (its first event), how far it got.
alter table sessions add column source @text;
alter table sessions add column medium @text;
alter table sessions add column campaign @text;
alter table sessions add column channel @text;
alter table sessions add column referrer_domain @text;
alter table sessions add column device_type @text;
alter table sessions add column browser @text;
alter table sessions add column os @text;
alter table sessions add column login_state @text;
alter table sessions add column has_view boolean default false;
alter table sessions add column has_cart boolean default false;
alter table sessions add column has_checkout boolean default false;
alter table sessions add column orders bigint default 0;
alter table sessions add column is_engaged boolean default false;
alter table sessions add column is_bot boolean default false;
alter table sessions add column bot_reasons @text;
