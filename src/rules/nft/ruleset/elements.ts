/** The order in which nft lists a set's elements: by value. */
import type { SetElement } from '../../../model/set-element.ts'
import { sortKey } from '../canonical/constants.ts'

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
  if (!type.endsWith('_addr')) return isDigit(part) ? sortKey(Number.parseInt(part, 10), type) : sortKey(part, type)
  const end = part.search(/[/-]/)
  return end < 0 ? sortKey(part, type) : `${sortKey(part.slice(0, end), type)}/${part.slice(end + 1).padStart(3, '0')}`
}

/** Numbers and their ranges begin so; a name may, too, and sorts by it. */
function isDigit(text: string): boolean {
  const code = text.charCodeAt(0)
  return code >= 0x30 && code <= 0x39
}

export const elementKey = ({ parts }: SetElement): string => parts.join(' . ')
