/** A module that is fetched once something needs it: a page waits for nothing that it may never use. */
export class Later<Module> {
  private module: Module | undefined
  private readonly fetch: () => Promise<Module>
  private readonly others: Later<unknown>[] = []
  private isAsked = false

  constructor(fetch: () => Promise<Module>) {
    this.fetch = fetch
  }

  /**
   * Fetched whenever this one is: what stands above it in the folders needs it with every use of this one.
   * Throws where this one was fetched before: a module that is itself fetched later must not ask for this.
   */
  with<Other>(fetch: () => Promise<Other>): Later<Other> {
    if (this.isAsked) throw new Error('a module was tied to another that was fetched before')
    const other = new Later(fetch)
    this.others.push(other)
    return other
  }

  readonly load = async (): Promise<void> => {
    this.isAsked = true
    const others = this.others.map(({ load }) => load())
    this.module ??= await this.fetch()
    await Promise.all(others)
  }

  /** Undefined where nobody has waited for `load`. */
  get there(): Module | undefined {
    return this.module
  }

  /** Throws where nobody has waited for `load`. */
  get loaded(): Module {
    if (this.module === undefined) throw new Error('a module was used before it was loaded')
    return this.module
  }
}
