/** Counts how often each name was added. */
export class Multiset {
  readonly #counts = new Map<string, number>()

  has(name: string): boolean {
    return this.#counts.has(name)
  }

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  remove(name: string): void {
    const remaining = (this.#counts.get(name) ?? 0) - 1
    if (remaining > 0) this.#counts.set(name, remaining)
    else this.#counts.delete(name)
  }

  clear(): void {
    this.#counts.clear()
  }
}
