/** A module that is fetched once something needs it: a page waits for nothing that it may never use. */
export class Later<Module> {
  private module: Module | undefined
  private readonly fetch: () => Promise<Module>

  constructor(fetch: () => Promise<Module>) {
    this.fetch = fetch
  }

  readonly load = async (): Promise<void> => {
    this.module ??= await this.fetch()
  }

  /** Throws where nobody has waited for `load`. */
  get loaded(): Module {
    if (this.module === undefined) throw new Error('a module was used before it was loaded')
    return this.module
  }
}
