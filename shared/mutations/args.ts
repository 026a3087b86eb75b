// The arguments of a mutation that was recorded before, perhaps by another version: named, but of unknown types.

export type RecordedArgs = Readonly<Record<string, unknown>>

/** The recorded arguments by name. There are none if the mutation was recorded without. */
export function recordedArgs(args: unknown): RecordedArgs {
  return typeof args === 'object' && args !== null ? (args as RecordedArgs) : {}
}
