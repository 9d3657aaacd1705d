/** Three-valued logic (Kleene): what hangs on an unknown is unknown, and says on which. */
export type Truth = true | false | Unknown

export interface Unknown {
  /** Why it cannot be told, for a person: "the connection's mark is not known". */
  unknown: string
  /** It is a number, and one of these: from the first to the last. */
  within?: readonly [number, number]
  /** It is a number, of which these bits are known, from the first to the last. */
  bits?: readonly (0 | 1 | undefined)[]
  /** Of a set that was asked for it: all that it may be are in there. */
  found?: true
  /** It hangs on what an element of a set allows. */
  element?: OwnAllowance
}

/** Limits, quotas and counts (libnftables-json(5)'s statements) of the element that has this key. */
export interface OwnAllowance {
  key: string
  carries: readonly object[]
}

export const unknown = (reason: string): Unknown => ({ unknown: reason })

export const isUnknown = (value: unknown): value is Unknown =>
  typeof value === 'object' && value !== null && 'unknown' in value

export const not = (truth: Truth): Truth => (typeof truth === 'boolean' ? !truth : truth)

/** False if any is false; else the first unknown; else true. */
export function all<T>(tests: readonly ((of: T) => Truth)[], of: T): Truth {
  let open: Unknown | undefined
  for (const test of tests) {
    const truth = test(of)
    if (truth === false) return false
    if (truth !== true) open ??= truth
  }
  return open ?? true
}

/** True if any is true; else the first unknown; else false. */
export function any<T>(tests: readonly ((of: T) => Truth)[], of: T): Truth {
  let open: Unknown | undefined
  for (const test of tests) {
    const truth = test(of)
    if (truth === true) return true
    if (truth !== false) open ??= truth
  }
  return open ?? false
}
