// The database as its owner, past row-level security, for the whole installation (backups).
import type { ReservedSql, Sql, TransactionSql } from 'postgres'
import postgres from 'postgres'

const CONNECT_TIMEOUT_S = 10

export type Owner = Sql
export type OwnerTx = TransactionSql
export type OwnerConnection = ReservedSql

export function openAsOwner(ownerUrl: string): Owner {
  return postgres(ownerUrl, { max: 2, onnotice: () => undefined, connect_timeout: CONNECT_TIMEOUT_S })
}
