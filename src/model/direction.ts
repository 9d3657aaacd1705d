/** `original`: from the one who began the connection; `reply`: back to it. */
export type Direction = 'original' | 'reply'

/** The opposite one. */
export const other = (direction: Direction): Direction => (direction === 'original' ? 'reply' : 'original')

interface Ends {
  src?: string
  dst?: string
  sport?: number
  dport?: number
}

/** The same of the opposite direction: who sends and who receives are exchanged. */
export function turned<T extends Ends>({ src, dst, sport, dport, ...rest }: T): T {
  const ends: Ends = {}
  if (dst !== undefined) ends.src = dst
  if (src !== undefined) ends.dst = src
  if (dport !== undefined) ends.sport = dport
  if (sport !== undefined) ends.dport = sport
  return { ...rest, ...ends } as T
}
