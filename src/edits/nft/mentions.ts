interface Mentioned {
  chains: string[]
  sets: string[]
}

/** Rules do not change, and each new one asks what those before it name. */
const known = new WeakMap<object, Mentioned>()

/** Which chains and named sets an nft rule names, wherever in it. */
export function mentions(node: unknown): Mentioned {
  const isObject = typeof node === 'object' && node !== null
  const before = isObject ? known.get(node) : undefined
  if (before) return before
  const found: Mentioned = { chains: [], sets: [] }
  collect(node, found)
  if (isObject) known.set(node, found)
  return found
}

function collect(node: unknown, found: Mentioned): void {
  if (typeof node === 'string') {
    if (node.startsWith('@')) found.sets.push(node.slice(1))
    return
  }
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    const target = key === 'jump' || key === 'goto' ? (value as { target?: unknown } | null)?.target : undefined
    if (typeof target === 'string') found.chains.push(target)
    // comments and prefixes may begin so
    else if (key !== 'comment' && key !== 'prefix') collect(value, found)
  }
}
