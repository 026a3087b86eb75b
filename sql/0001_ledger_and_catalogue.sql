-- The first schema: organisations, people, the catalogue, the ledger and what synchronisation needs.
-- Everything belongs to one organisation, so every key is led by org_id, and row-level security keeps organisations
-- apart even where a query forgets. The application runs as stockhand_app: it owns nothing, cannot bypass the policies,
-- and can neither change nor delete a line of the two logs. Quantities are bigint thousandths.
-- Rows that the ledger writes have no foreign keys: it is their only writer and locks the organisation's head first,
-- rows are archived and never deleted, and each key checked a second time costs a third of what writing the row does.
-- On an empty database this locks nothing for long.

do $$
begin
  create role stockhand_app nologin nosuperuser nocreatedb nocreaterole nobypassrls;
exception
  when duplicate_object or unique_violation then null; -- roles belong to the cluster: another database made it
end
$$;

create table organisations (
  org_id uuid primary key,
  name text not null,
  created_at timestamptz not null default now()
);

-- One row per organisation, locked by every commit: what is next in its line of versions and in its two hash chains.
create table org_heads (
  org_id uuid primary key references organisations,
  version bigint not null default 0,
  epoch bigint not null default 1,
  log_no bigint not null default 0,
  log_hash bytea not null default '\x',
  audit_no bigint not null default 0,
  audit_hash bytea not null default '\x'
);

create table commits (
  org_id uuid not null,
  version bigint not null,
  at_ms bigint not null,
  head text not null,
  primary key (org_id, version)
);

create table users (
  org_id uuid not null references organisations,
  id uuid not null,
  name text not null,
  email text not null,
  password_hash text not null,
  role text not null check (role in ('viewer', 'staff', 'manager')),
  disabled boolean not null default false,
  version bigint not null,
  primary key (org_id, id)
);
create unique index users_email on users (lower(email));
create index users_version on users (org_id, version, id);

create table sessions (
  org_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  token_hash bytea not null,
  previous_hash bytea,
  rotated_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, user_id) references users
);
create index sessions_user on sessions (org_id, user_id);

create table devices (
  org_id uuid not null,
  client_id uuid not null,
  user_id uuid not null,
  last_seq bigint not null default 0,
  last_at text collate "C",
  seen_at timestamptz not null default now(),
  primary key (org_id, client_id),
  foreign key (org_id, user_id) references users
);

-- Every mutation that was decided, so that none is decided twice. Refusals and merges keep their first answer.
create table mutations (
  org_id uuid not null,
  id uuid not null,
  client_id uuid not null,
  seq bigint not null,
  name text not null,
  user_id uuid not null,
  code text,
  detail jsonb,
  log_no bigint, -- its first line in inventory_logs
  log_lines smallint not null default 0,
  primary key (org_id, id)
);

create table items (
  org_id uuid not null,
  id uuid not null,
  sku text,
  name text not null,
  category_id uuid,
  unit text not null,
  decimals smallint not null,
  cost numeric(18, 4),
  low bigint,
  high bigint,
  target bigint,
  tracks_lots boolean not null,
  notes text,
  custom jsonb not null,
  archived boolean not null,
  field_stamps jsonb not null,
  version bigint not null,
  primary key (org_id, id),
  unique (org_id, sku) deferrable initially immediate -- checked when a statement ends, so that two items may swap
);
create index items_version on items (org_id, version, id);

create table barcodes (
  org_id uuid not null,
  code text collate "C" not null,
  item_id uuid not null,
  pack_quantity bigint not null,
  deleted boolean not null,
  version bigint not null,
  primary key (org_id, code)
);
create index barcodes_version on barcodes (org_id, version, code);

create table categories (
  org_id uuid not null,
  id uuid not null,
  name text not null,
  parent_id uuid,
  archived boolean not null,
  field_stamps jsonb not null,
  version bigint not null,
  primary key (org_id, id)
);
create index categories_version on categories (org_id, version, id);

create table locations (
  org_id uuid not null,
  id uuid not null,
  name text not null,
  parent_id uuid,
  kind text,
  barcode text,
  archived boolean not null,
  field_stamps jsonb not null,
  version bigint not null,
  primary key (org_id, id),
  unique (org_id, barcode) deferrable initially immediate
);
create index locations_version on locations (org_id, version, id);

create table lots (
  org_id uuid not null,
  item_id uuid not null,
  lot text collate "C" not null,
  expires_on date,
  version bigint not null,
  primary key (org_id, item_id, lot)
);
create index lots_version on lots (org_id, version, item_id, lot);

create table positions (
  org_id uuid not null,
  item_id uuid not null,
  location_id uuid not null,
  lot text collate "C" not null,
  quantity bigint not null,
  counted_at text collate "C",
  counted_id uuid,
  version bigint not null,
  primary key (org_id, item_id, location_id, lot)
);
create index positions_version on positions (org_id, version, item_id, location_id, lot);

create table levels (
  org_id uuid not null,
  item_id uuid not null,
  location_id uuid not null,
  low bigint,
  high bigint,
  target bigint,
  deleted boolean not null,
  version bigint not null,
  primary key (org_id, item_id, location_id)
);
create index levels_version on levels (org_id, version, item_id, location_id);

create table alerts (
  org_id uuid not null,
  id uuid not null,
  kind text not null,
  item_id uuid,
  location_id uuid,
  lot text,
  state text not null check (state in ('open', 'acknowledged', 'resolved')),
  quantity bigint,
  level bigint,
  opened_at_ms bigint not null,
  version bigint not null,
  primary key (org_id, id)
);
create index alerts_version on alerts (org_id, version, id);
create index alerts_unresolved on alerts (org_id, item_id) where state <> 'resolved';

create table conflicts (
  org_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('refusal', 'review')),
  client_id uuid not null,
  seq bigint not null,
  user_id uuid not null,
  code text not null,
  detail jsonb,
  state text not null check (state in ('open', 'resolved')),
  resolution text,
  mutation text not null,
  at text collate "C" not null,
  version bigint not null,
  primary key (org_id, id)
);
create index conflicts_version on conflicts (org_id, version, id);

create table settings (
  org_id uuid not null,
  id text collate "C" not null,
  value jsonb not null,
  version bigint not null,
  primary key (org_id, id)
);
create index settings_version on settings (org_id, version, id);

-- The ledger: deltas, counts and voids, each at its own place in time. `hash` chains every line to the one before.
create table inventory_logs (
  org_id uuid not null,
  no bigint not null,
  version bigint not null,
  mutation_id uuid not null,
  kind text not null check (kind in ('receive', 'withdraw', 'transfer_out', 'transfer_in', 'count', 'void')),
  item_id uuid not null,
  location_id uuid not null,
  lot text collate "C" not null,
  amount bigint not null,
  at text collate "C" not null,
  made_at text collate "C", -- the device's own stamp, where the server placed it elsewhere
  user_id uuid not null,
  client_id uuid not null,
  reason text,
  reference text,
  unit_cost numeric(18, 4),
  voids uuid, -- the mutation whose entry on this position is void from now on
  recorded_at_ms bigint not null,
  hash bytea not null,
  primary key (org_id, no)
);
create index inventory_logs_position on inventory_logs (org_id, item_id, location_id, lot, at);
create index inventory_logs_at on inventory_logs (org_id, at, no);
create index inventory_logs_voids on inventory_logs (org_id, voids) where voids is not null;

create table audit_log (
  org_id uuid not null,
  no bigint not null,
  version bigint not null,
  mutation_id uuid,
  action text not null,
  kind text not null,
  key text not null,
  before jsonb,
  after jsonb,
  at text collate "C" not null,
  user_id uuid,
  client_id uuid,
  recorded_at_ms bigint not null,
  hash bytea not null,
  primary key (org_id, no)
);
create index audit_log_row on audit_log (org_id, kind, key, no);

-- Mutations with the lines that they posted; a mutation without lines has one row of nulls.
create view mutation_lines with (security_invoker = true) as
select m.org_id, m.id, m.name, m.user_id as author_id,
  exists (select from conflicts c where c.org_id = m.org_id and c.id = m.id and c.kind = 'refusal') and m.log_lines = 0 as refused,
  l.item_id, l.location_id, l.lot, l.kind, l.at, l.amount,
  exists (
    select from inventory_logs v
    where v.org_id = l.org_id and v.voids = l.mutation_id
      and v.item_id = l.item_id and v.location_id = l.location_id and v.lot = l.lot
  ) as void
from mutations m
left join inventory_logs l on l.org_id = m.org_id and l.no >= m.log_no and l.no < m.log_no + m.log_lines;
grant select on mutation_lines to stockhand_app;

create function refuse_truncate() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name;
end
$$;
create trigger append_only before truncate on inventory_logs execute function refuse_truncate();
create trigger append_only before truncate on audit_log execute function refuse_truncate();

do $$
declare
  name text;
begin
  foreach name in array array[
    'organisations', 'org_heads', 'commits', 'users', 'sessions', 'devices', 'mutations', 'items', 'barcodes',
    'categories', 'locations', 'lots', 'positions', 'levels', 'alerts', 'conflicts', 'settings', 'inventory_logs',
    'audit_log'
  ] loop
    execute format('alter table %I enable row level security', name);
    execute format(
      'create policy own_organisation on %I to stockhand_app using (org_id = (select nullif(current_setting(''app.org_id'', true), '''')::uuid))',
      name);
    execute format('grant select, insert on %I to stockhand_app', name);
  end loop;
end
$$;
grant update on
  organisations, org_heads, users, sessions, devices, mutations, items, barcodes, categories, locations, lots, positions,
  levels, alerts, conflicts, settings
to stockhand_app;
grant usage on schema public to stockhand_app;

-- Signing in begins before the organisation is known, so this one question is asked as the owner.
create function find_login(wanted text)
returns table (org_id uuid, id uuid, password_hash text, disabled boolean)
language sql stable security definer set search_path = public, pg_temp as $$
  select u.org_id, u.id, u.password_hash, u.disabled from users u where lower(u.email) = lower(wanted)
$$;
create function has_organisations() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from organisations)
$$;
revoke all on function find_login(text), has_organisations() from public;
grant execute on function find_login(text), has_organisations() to stockhand_app;
