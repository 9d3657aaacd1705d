import type { MapPair } from '../../rules/nft/ast.ts'

/** `jump x` → what a map gives. */
export function givenVerdict(text: string): MapPair[1] | undefined {
  const [word = '', target] = text.split(' ')
  if ((word === 'jump' || word === 'goto') && target !== undefined) return { [word]: { target } } as MapPair[1]
  return word === 'accept' || word === 'drop' || word === 'return' ? ({ [word]: null } as MapPair[1]) : undefined
}
