/** The order in which nft lists a set's elements: by value. */
import type { SetElement } from '../../../model/ruleset.ts'
import { sortKey } from '../normal/constants.ts'

/** `type`: the set's, part by part. */
export function sortedElements(elements: readonly SetElement[], type: string): SetElement[] {
  const types = type.split(' . ')
  const keyed = elements.map((element) => ({
    element,
    key: element.parts.map((part, i) => `${partKey(part, types[i] ?? 'string')} `).join(''),
  }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return keyed.map(({ element }) => element)
}

function partKey(part: string, type: string): string {
  const [first = '', length] = type.endsWith('_addr') ? part.split(/[/-]/) : [part]
  const key =
    /^\d+(-\d+)?$/.test(first) && !type.endsWith('_addr')
      ? sortKey(Number.parseInt(first, 10), type)
      : sortKey(first, type)
  return length === undefined ? key : `${key}/${length.padStart(3, '0')}`
}

export const elementKey = ({ parts }: SetElement): string => parts.join(' . ')
