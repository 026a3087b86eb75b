-- Planned counts; levels and barcodes that merge field by field; mutations that wait for what does not exist yet.
-- Adds tables, and columns with constant defaults. The two partial indexes hold next to nothing at first, so building
-- them is one scan of their tables (ten million lines of the ledger: seconds), for which writing waits and reading does
-- not. The version before goes on working: what it does not know has a default.

create table counts (
  org_id uuid not null,
  id uuid not null,
  name text not null,
  scope jsonb not null,
  blind boolean not null,
  state text not null check (state in ('open', 'approved', 'amended', 'cancelled')),
  opened_by uuid not null,
  at text collate "C" not null,
  counters jsonb not null,
  approved_by uuid,
  approved_at text collate "C",
  reason text,
  version bigint not null,
  primary key (org_id, id)
);
create index counts_version on counts (org_id, version, id);

create table count_lines (
  org_id uuid not null,
  id uuid not null,
  count_id uuid not null,
  item_id uuid not null,
  location_id uuid not null,
  lot text collate "C" not null,
  counted bigint not null,
  at text collate "C" not null,
  since text collate "C",
  user_id uuid not null,
  state text not null check (state in ('waiting', 'approved', 'dropped', 'recount', 'void')),
  version bigint not null,
  primary key (org_id, id)
);
create index count_lines_version on count_lines (org_id, version, id);
create index count_lines_count on count_lines (org_id, count_id);

alter table positions add column counted_since text collate "C";
alter table barcodes add column field_stamps jsonb not null default '{}';
alter table levels add column field_stamps jsonb not null default '{}';
alter table alerts add column acknowledged_by uuid, add column snoozed_until_ms bigint;

-- How many refusals wait for something that does not exist yet: while there are none, no commit looks for them.
alter table org_heads add column waiting bigint not null default 0;
update org_heads h set waiting = (
  select count(*) from conflicts c where c.org_id = h.org_id and c.state = 'open' and c.code = 'depends_on_missing'
);
-- Tombstones up to this version are forgotten: a cursor that is older loads everything anew.
alter table org_heads add column horizon bigint not null default 0;
-- squawk-ignore require-concurrent-index-creation
create index conflicts_waiting on conflicts (org_id, (detail ->> 'id'))
where state = 'open' and code = 'depends_on_missing';

-- Movements whose device had a wrong clock: a count looks for those that were corrected to its other side.
-- squawk-ignore require-concurrent-index-creation
create index inventory_logs_made on inventory_logs (org_id, item_id, location_id, lot, made_at)
where made_at is not null and kind <> 'void';

-- A refusal that took effect after all is as known as any other mutation.
create or replace view mutation_lines with (security_invoker = true) as
select m.org_id, m.id, m.name, m.user_id as author_id,
  m.log_lines = 0 and exists (
    select from conflicts c
    where c.org_id = m.org_id and c.id = m.id and c.kind = 'refusal'
      and coalesce(c.resolution, '') not in ('arrived', 'resend', 'record')
  ) as refused,
  l.item_id, l.location_id, l.lot, l.kind, l.at, l.amount,
  exists (
    select from inventory_logs v
    where v.org_id = l.org_id and v.voids = l.mutation_id
      and v.item_id = l.item_id and v.location_id = l.location_id and v.lot = l.lot
  ) as void,
  l.made_at
from mutations m
left join inventory_logs l on l.org_id = m.org_id and l.no >= m.log_no and l.no < m.log_no + m.log_lines;

do $$
declare
  name text;
begin
  foreach name in array array['counts', 'count_lines'] loop
    execute format('alter table %I enable row level security', name);
    execute format(
      'create policy own_organisation on %I to stockhand_app using (org_id = (select nullif(current_setting(''app.org_id'', true), '''')::uuid))',
      name);
    execute format('grant select, insert, update on %I to stockhand_app', name);
  end loop;
end
$$;

-- What the check of the ledger found, each time that it ran.
create table ledger_checks (
  org_id uuid not null,
  checked_at_ms bigint not null,
  took_ms bigint not null,
  report jsonb not null,
  primary key (org_id, checked_at_ms)
);
alter table ledger_checks enable row level security;
create policy own_organisation on ledger_checks to stockhand_app
using (org_id = (select nullif(current_setting('app.org_id', true), '')::uuid));
grant select, insert on ledger_checks to stockhand_app;

-- Tombstones are forgotten once no device that is still in use can need them.
grant delete on barcodes, levels to stockhand_app;

-- Jobs go through all organisations, one after the other.
create function list_organisations()
returns table (org_id uuid, name text)
language sql stable security definer set search_path = public, pg_temp as $$
  select o.org_id, o.name from organisations o order by o.org_id
$$;
revoke all on function list_organisations() from public;
grant execute on function list_organisations() to stockhand_app;
