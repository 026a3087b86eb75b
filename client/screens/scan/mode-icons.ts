import { ArrowDownToLine, ArrowLeftRight, ArrowUpFromLine, ListOrdered, Search } from 'lucide-preact'

export const MODE_ICONS = {
  look: Search,
  receive: ArrowDownToLine,
  withdraw: ArrowUpFromLine,
  move: ArrowLeftRight,
  count: ListOrdered,
} as const
