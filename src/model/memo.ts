/** What is found out once for an object and kept as long as the object lives: a World, a table, a set never changes. */

/** The same function, which computes once for each object. What it computes must depend on that object alone. */
export function memo<K extends object, V>(compute: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, { value: V }>()
  return (of) => {
    let found = known.get(of)
    if (found === undefined) {
      found = { value: compute(of) }
      known.set(of, found)
    }
    return found.value
  }
}
