import { memo } from '../../model/memo.ts'

interface Mentioned {
  chains: string[]
  sets: string[]
}

/** Which chains and named sets an nft rule names, wherever in it. */
export const mentions = (node: unknown): Mentioned =>
  typeof node === 'object' && node !== null ? inObject(node) : collected(node)

/** Rules do not change, and each new one asks what those before it name. */
const inObject = memo<object, Mentioned>(collected)

function collected(node: unknown): Mentioned {
  const found: Mentioned = { chains: [], sets: [] }
  collect(node, found)
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
