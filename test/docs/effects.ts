/** What a statement does, in the words of the support pages. */
import type { Statement } from '../../src/model/statement.ts'

export function effectOf(statement: Statement): string[] {
  switch (statement.kind) {
    case 'set':
      return [`sets \`${statement.field}\``]
    case 'unknown':
      return statement.fields ? statement.fields.map((field) => `may change \`${field}\``) : ['unknown']
    case 'note':
      return []
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
    case 'netmap':
      return [statement.kind, 'ends nat']
    case 'accept':
    case 'drop':
    case 'return':
    case 'reject':
    case 'queue':
    case 'stolen':
    case 'tproxy':
    case 'notrack':
    case 'trace':
    case 'log':
      return [statement.kind]
    case 'update-set':
      return ['changes a set']
    case 'vmap':
      return ['the verdict of the element']
    default:
      return [statement.kind]
  }
}

/** What is not known is listed together. */
export function openText(reasons: readonly string[]): string {
  const ending = /,? (?:is|are) not known$/
  const things = reasons.filter((reason) => ending.test(reason)).map((reason) => reason.replace(ending, ''))
  const others = reasons.filter((reason) => !ending.test(reason))
  return [...others, ...(things.length > 0 ? [`not known: ${things.join(', ')}`] : [])].join('; ')
}

export const unique = (words: readonly string[]): string[] => [...new Set(words)]
