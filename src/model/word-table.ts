/**
 * A table that words of files are looked up in. It finds what it holds and nothing else: an object of JavaScript also has
 * `constructor`, `toString` and others, and a chain may be called so.
 */
export const wordTable = <T>(entries: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.assign(Object.create(null), entries)

/** A table of such tables. */
export const wordTables = <T>(
  entries: Readonly<Record<string, Readonly<Record<string, T>>>>,
): Readonly<Record<string, Readonly<Record<string, T>>>> =>
  wordTable(Object.fromEntries(Object.entries(entries).map(([name, table]) => [name, wordTable(table)])))
