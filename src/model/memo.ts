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

/** The same of an object and a word; what is asked for with words without end is not for this. */
export function memo2<K extends object, W extends string, V>(compute: (of: K, word: W) => V): (of: K, word: W) => V {
  const known = new WeakMap<K, Map<W, { value: V }>>()
  return (of, word) => {
    let values = known.get(of)
    if (values === undefined) {
      values = new Map()
      known.set(of, values)
    }
    let found = values.get(word)
    if (found === undefined) {
      found = { value: compute(of, word) }
      values.set(word, found)
    }
    return found.value
  }
}
