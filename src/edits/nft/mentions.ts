/** Which chains and named sets an nft rule names, wherever in it. */
export function mentions(node: unknown): { chains: string[]; sets: string[] } {
  const found: { chains: string[]; sets: string[] } = { chains: [], sets: [] }
  collect(node, found)
  return found
}

function collect(node: unknown, found: { chains: string[]; sets: string[] }): void {
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
