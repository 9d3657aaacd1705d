/** `ip neighbour …` → edits (iproute2 6.1, ip/ipneigh.c ipneigh_modify). */
import type { NeighbourEdit } from '../../model/edit.ts'
import { canonicalAddress, familyOf, type IpFamily } from '../../rules/prefixes.ts'
import type { ShellWord } from '../shell.ts'
import { nameOf, oneOf, refuse, type Words } from './words.ts'

const OPS = ['add', 'change', 'replace', 'delete', 'get', 'show', 'list', 'lst', 'flush'] as const

const MAC = /^[\da-f]{2}(?::[\da-f]{2}){5}$/i

/** The words behind `ip neighbour`: one entry, and a permanent one where it is entered. Throws CommandProblem. */
export function parseNeighbour(words: Words, family: IpFamily | undefined): NeighbourEdit[] {
  const word = words.take()
  const op = word ? oneOf(word, OPS, 'is not a command of ip neighbour') : 'show'
  if (op === 'get' || op === 'show' || op === 'list' || op === 'lst') return []
  if (op !== 'replace' && op !== 'delete') refuse(word!, 'is not supported: use "ip neigh replace" or "ip neigh del"')
  const found: Partial<NeighbourEdit> = {}
  for (let next = words.take(); next; next = words.take())
    if (next.text === 'dev') found.device = words.device(next)
    else if (next.text === 'lladdr') found.mac = macOf(words.need('the MAC address'))
    else if (next.text === 'nud') permanent(words.need('the state'))
    else if (next.text === 'permanent') continue
    else if (next.text === 'to') found.address = addressOf(words.need('the address'), family)
    else if (found.address === undefined) found.address = addressOf(next, family)
    else refuse(next, 'is not understood here')
  const { address = addressOf(words.need('the address'), family), mac } = found
  const { device = words.need("dev and the interface's name").text } = found
  if (op === 'delete') return [{ kind: 'neighbour', op: 'del', address, device }]
  if (mac === undefined) words.need('lladdr and the MAC address')
  return [{ kind: 'neighbour', op, address, device, mac: mac! }]
}

const macOf = (word: ShellWord): string =>
  MAC.test(word.text) ? word.text.toLowerCase() : refuse(word, 'is not a MAC address')

/** The kernel's own states change by themselves. */
const permanent = (word: ShellWord): void => {
  if (word.text !== 'permanent') refuse(word, 'is not supported: use permanent')
}

function addressOf(word: ShellWord, family: IpFamily | undefined): string {
  const address = /[[%/]/.test(word.text) ? undefined : canonicalAddress(word.text)
  if (address === undefined) return refuse(word, 'is not an address')
  return family && familyOf(address) !== family ? refuse(word, `is not an address of ${nameOf(family)}`) : address
}
