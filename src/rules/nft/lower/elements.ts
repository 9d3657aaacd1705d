/** Elements of sets and maps as text, part by part: the form in which named sets keep them. */
import type { SetElement } from '../../../model/set-element.ts'
import type { Expression, MapPair, Verdict } from '../ast.ts'
import { isVerdict } from '../canonical/expressions.ts'

/** `data`: what a map gives for it. */
export function setElement(member: Expression | MapPair, isMap = false): SetElement {
  if (isMap && Array.isArray(member) && member.length === 2) {
    const [key, data] = member as MapPair
    return { ...plainElement(key), data: dataOf(data) }
  }
  return plainElement(member as Expression)
}

function plainElement(member: Expression): SetElement {
  if (typeof member !== 'object' || Array.isArray(member) || !('elem' in member)) return { parts: partsOf(member) }
  const { val, timeout, expires, comment, counter, ...others } = member.elem
  const carries = Object.entries(others).map(([name, body]) => ({ [name]: body }))
  return {
    parts: partsOf(val),
    ...(timeout === undefined ? {} : { timeout }),
    // JSON has whole seconds
    ...(expires === undefined ? {} : { expires: Math.floor(expires) }),
    ...(comment === undefined ? {} : { comment }),
    ...(counter ? { counters: counter } : {}),
    ...(carries.length > 0 ? { carries } : {}),
  }
}

const dataOf = (data: Expression | Verdict): string[] => (isVerdict(data) ? [verdictText(data)] : partsOf(data))

export function verdictText(verdict: Verdict): string {
  const [[kind, body] = ['', null]] = Object.entries(verdict)
  return body === null ? kind : `${kind} ${(body as { target: string }).target}`
}

export const partsOf = (expression: Expression): string[] =>
  typeof expression === 'object' && !Array.isArray(expression) && 'concat' in expression
    ? expression.concat.map(partText)
    : [partText(expression)]

/** As nft writes it: `192.0.2.0/24`, `80-90`, `established,related`. */
export function partText(expression: Expression): string {
  if (typeof expression !== 'object') return String(expression)
  if (Array.isArray(expression)) return expression.map(partText).join(',')
  if ('prefix' in expression) return `${partText(expression.prefix.addr)}/${expression.prefix.len}`
  if ('range' in expression) return expression.range.map(partText).join('-')
  if ('|' in expression) return expression['|'].map(partText).join(',')
  if ('concat' in expression) return expression.concat.map(partText).join(' . ')
  if ('elem' in expression) return partText(expression.elem.val)
  return 'unknown' in expression ? expression.unknown.text : JSON.stringify(expression)
}
