/** Three-valued logic (Kleene): what hangs on an unknown is unknown, and says on which. */
export type Truth = true | false | Unknown

export interface Unknown {
  /** Why it cannot be told, for a person: "the connection's mark is not known". */
  unknown: string
}

export const unknown = (reason: string): Unknown => ({ unknown: reason })

export const isUnknown = (value: unknown): value is Unknown =>
  typeof value === 'object' && value !== null && 'unknown' in value

export const not = (truth: Truth): Truth => (typeof truth === 'boolean' ? !truth : truth)

/** False if any is false; else the first unknown; else true. */
export function all<T>(items: readonly T[], truth: (item: T) => Truth): Truth {
  let open: Unknown | undefined
  for (const item of items) {
    const one = truth(item)
    if (one === false) return false
    if (one !== true) open ??= one
  }
  return open ?? true
}

/** True if any is true; else the first unknown; else false. */
export function any<T>(items: readonly T[], truth: (item: T) => Truth): Truth {
  let open: Unknown | undefined
  for (const item of items) {
    const one = truth(item)
    if (one === true) return true
    if (one !== false) open ??= one
  }
  return open ?? false
}
