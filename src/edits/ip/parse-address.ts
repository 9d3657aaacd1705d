/** `ip address …` → edits (iproute2 6.1, ip/ipaddress.c ipaddr_modify). */
import type { AddressEdit } from '../../model/edit.ts'
import { canonicalAddress, familyOf, type IpFamily } from '../../rules/prefixes.ts'
import type { ShellWord } from '../shell.ts'
import { nameOf, oneOf, refuse, type Words } from './words.ts'

const OPS = ['add', 'change', 'replace', 'delete', 'show', 'list', 'lst', 'flush', 'save', 'restore'] as const

/** They change nothing that a packet asks for. */
const WITHOUT_VALUE = ['nodad', 'optimistic', 'home']

/** The words behind `ip address`: an address alone, for one that brings a network brings routes. Throws CommandProblem. */
export function parseAddressCommand(words: Words, family: IpFamily | undefined): AddressEdit[] {
  const word = words.take()
  const op = word ? oneOf(word, OPS, 'is not a command of ip address') : 'show'
  if (op === 'show' || op === 'list' || op === 'lst' || op === 'save') return []
  if (op !== 'add' && op !== 'delete') refuse(word!, 'is not supported: use "ip address add" or "ip address del"')
  let found: OwnAddress | undefined
  let device: string | undefined
  for (let next = words.take(); next; next = words.take())
    if (next.text === 'dev') device = words.device(next)
    else if (next.text === 'local') found = ownAddress(words.need('the address'), family)
    else if (found && WITHOUT_VALUE.includes(next.text)) continue
    else if (found) refuse(next, 'is not understood here')
    else found = ownAddress(next, family)
  if (!found) words.need('the address')
  // the kernel takes the first of several that are the same but for their networks
  if (op === 'delete' && found!.length === undefined)
    refuse(found!.word, 'needs its prefix length: several addresses may differ only in that')
  if (device === undefined) words.need("dev and the interface's name")
  const { address, family: own } = found!
  return [{ kind: 'address', op: op === 'add' ? 'add' : 'del', family: own, address, device: device! }]
}

interface OwnAddress extends Pick<AddressEdit, 'address' | 'family'> {
  word: ShellWord
  /** As written. */
  length: string | undefined
}

function ownAddress(word: ShellWord, family: IpFamily | undefined): OwnAddress {
  const [text = '', length] = word.text.split(/\/(.*)/s)
  const address = /[[%]/.test(text) ? undefined : canonicalAddress(text)
  if (address === undefined) return refuse(word, 'is not an address')
  const own = familyOf(address)
  if (family && own !== family) refuse(word, `is not an address of ${nameOf(family)}`)
  const whole = own === 'ip' ? '32' : '128'
  if (length !== undefined && length !== whole)
    refuse(word, `has a prefix length that nfwhy does not simulate: use /${whole}`)
  return { address, family: own, word, length }
}
