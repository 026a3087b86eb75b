-- Which backups were made of this installation, for managers who look and for whoever watches over the server. Written by
-- the owner alone, who makes them; they tell of no organisation, so all may see them. Adds a table: locks nothing.

create table backups (
  id uuid primary key,
  began_at timestamptz not null,
  ended_at timestamptz,
  state text not null check (state in ('running', 'done', 'failed')),
  file text not null,
  bytes bigint,
  -- of the file as it lies there
  sha256 text,
  row_count bigint,
  encrypted boolean not null,
  -- why it failed, in words
  problem text
);
create index backups_by_time on backups (began_at desc);
grant select on backups to stockhand_app;
