-- When whoever counted began, kept with each count and not only with the position that rests on it: once a newer count is
-- undone, movements that were made during the one before it are asked about again. It is not part of the hash chain, so
-- that the version before can still check what this one wrote; it decides whether somebody is asked, never a quantity.
-- Adds a column without a default: locks the ledger for a moment, and rewrites nothing.
alter table inventory_logs add column counted_since text collate "C";
