/** Class names that apply, in one string. `classes('button', busy && 'busy')` */
export function classes(...names: readonly (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(' ')
}
