/** `ip …` → edits (iproute2 6.1, ip/ip.c). */
import type { Edit } from '../../model/edit.ts'
import type { IpFamily } from '../../rules/prefixes.ts'
import type { ShellWord } from '../shell.ts'
import { parseAddressCommand } from './parse-address.ts'
import { parseNeighbour } from './parse-neighbour.ts'
import { parseRoute } from './parse-route.ts'
import { parseRoutingRule } from './parse-rule.ts'
import { oneOf, refuse, Words } from './words.ts'

/** In ip's own order: of several that begin alike, the first is meant. */
const OBJECTS = [
  'address',
  'addrlabel',
  'maddress',
  'route',
  'rule',
  'neighbour',
  'neighbor',
  'link',
  'tunnel',
  'netns',
] as const

/** The words behind `ip`; `tool` is that word. None for what only shows something. Throws CommandProblem. */
export function parseIp(given: readonly ShellWord[], tool: ShellWord): Edit[] {
  const words = new Words(given, tool)
  let family: IpFamily | undefined
  for (let word = words.peek(); word?.text.startsWith('-'); word = words.peek()) {
    words.take()
    family = readOption(word, words) ?? family
  }
  const object = words.need('the object of ip (route, rule …)')
  const name = oneOf(object, OBJECTS, 'is not an object of ip that is understood here')
  if (name === 'route') return parseRoute(words, family)
  if (name === 'rule') return parseRoutingRule(words, family)
  if (name === 'address') return parseAddressCommand(words, family)
  if (name === 'neighbour' || name === 'neighbor') return parseNeighbour(words, family)
  const op = words.take()?.text ?? 'show'
  if (/^(sh|show|li|list|lst|ls|get)/.test(op)) return []
  return refuse(object, 'cannot be changed here: only routes, routing rules, addresses and neighbours can')
}

function readOption(word: ShellWord, words: Words): IpFamily | undefined {
  const option = word.text.replace(/^--?/, '')
  if (option === '4') return 'ip'
  if (option === '6') return 'ip6'
  if (option === 'f' || option === 'family') {
    const family = words.need('the family')
    if (family.text === 'inet') return 'ip'
    return family.text === 'inet6' ? 'ip6' : refuse(family, 'is not inet or inet6')
  }
  if (option === 'n' || option === 'netns')
    refuse(word, 'selects another network namespace: nfwhy treats each namespace as a machine of its own')
  if (
    /^(j|json|p|pretty|o|oneline|d|details|s|stats|statistics|r|resolve|N|Numeric|br|brief|c|color|force|h|human|iec|t|ts|timestamp)$/.test(
      option,
    )
  )
    return undefined
  return refuse(word, 'is not an option of ip that is understood here')
}
