// The models of the screens, one of each kind per workspace. Unfinished work survives a change of screens, and ends
// with the workspace.

export class Models<Owner> {
  readonly #owner: Owner
  readonly #models = new Map<unknown, unknown>()

  constructor(owner: Owner) {
    this.#owner = owner
  }

  /** Returns the model that this function creates. The function is called once and is the key. */
  of<Model>(create: (owner: Owner) => Model): Model {
    if (!this.#models.has(create)) this.#models.set(create, create(this.#owner))
    return this.#models.get(create) as Model
  }
}
