/** What a setting changes (net/ipv4/devinet.c, net/ipv6/addrconf.c, Linux 6.18). */
import type { SysctlEdit } from '../../model/edit.ts'
import { closest } from '../../rules/closest.ts'
import type { Draft } from '../draft.ts'
import { didYouMean, EditProblem } from '../problem.ts'

/** Throws EditProblem. */
export function editSysctl({ name, value }: SysctlEdit, draft: Draft): void {
  const known: Settings = draft.world.host.sysctls ?? new Map()
  const printed = asPrinted(value)
  // `sysctl -a` has this one, and then all others
  if (known.has('kernel.ostype') && !exists(name, known))
    throw new EditProblem(`there is no setting ${name}${didYouMean(closest(name, known.keys()))}`)
  if (NUMBERS.test(known.get(name) ?? '') && !NUMBERS.test(printed))
    throw new EditProblem(`${name} is a number, not "${value}"`)
  const before = known.get(name)
  const devices = draft.world.host.links?.map((link) => link.name.replaceAll('.', '/')) ?? []
  // what follows is told from the settings as they were
  const others = followers(name, printed, known, devices)
  const unsure = before === printed ? [] : undecided(name, known)
  const sysctls = draft.sysctls()
  sysctls.set(name, printed)
  for (const [other, its] of others) sysctls.set(other, its)
  for (const one of unsure) sysctls.delete(one)
}

type Settings = ReadonlyMap<string, string>

const NUMBERS = /^[-\d\s]+$/

/** An interface has the settings that `all` has, also those of which no value is known. */
function exists(name: string, known: Settings): boolean {
  const [, family, place, leaf] = /^net\.(ipv[46])\.conf\.([^.]+)\.(.+)$/.exec(name) ?? []
  if (known.has(name) || family === undefined) return known.has(name)
  return known.has(`net.${family}.conf.all.${leaf}`) && known.has(`net.${family}.conf.${place}.forwarding`)
}

/** Numbers come back in decimal and set apart by tabs (kernel/sysctl.c). */
function asPrinted(value: string): string {
  const words = value.split(' ')
  return words.every((word) => /^-?(0[xX][\da-fA-F]+|\d+)$/.test(word)) ? words.map(decimal).join('\t') : value
}

function decimal(word: string): string {
  const digits = word.replace('-', '')
  const number = /^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
  return `${word.startsWith('-') ? '-' : ''}${number}`
}

/** What the kernel changes along (net/ipv4/devinet.c inet_forward_change, net/ipv6/addrconf.c). */
function followers(name: string, value: string, known: Settings, devices: readonly string[]): Map<string, string> {
  const forward = name === 'net.ipv4.ip_forward' || name === 'net.ipv4.conf.all.forwarding'
  const [, leaf] = /^net\.ipv6\.conf\.all\.(forwarding|disable_ipv6)$/.exec(name) ?? []
  const changes = new Map<string, string>()
  if (forward && known.get(name) !== value) {
    changes.set('net.ipv4.ip_forward', value)
    if (known.has('net.ipv4.conf.all.accept_redirects'))
      changes.set('net.ipv4.conf.all.accept_redirects', value === '0' ? '1' : '0')
    for (const one of everywhere('ipv4', 'forwarding', known, devices)) changes.set(one, value)
  } else if (leaf !== undefined) for (const one of everywhere('ipv6', leaf, known, devices)) changes.set(one, value)
  return changes
}

/** The setting of `all`, `default` and every interface. */
function everywhere(family: string, leaf: string, known: Settings, devices: readonly string[]): string[] {
  const pattern = new RegExp(`^net\\.${family}\\.conf\\.[^.]+\\.${leaf}$`)
  const own = ['all', 'default', ...devices].map((place) => `net.${family}.conf.${place}.${leaf}`)
  return [...own, ...[...known.keys()].filter((name) => pattern.test(name))]
}

/**
 * A changed default of IPv4 reaches every interface whose own setting was never written, which its value does not tell
 * (net/ipv4/devinet.c devinet_copy_dflt_conf): those that were like the old default are unknown from then on.
 */
function undecided(name: string, known: Settings): string[] {
  const setting = /^net\.ipv4\.conf\.default\.([^.]+)$/.exec(name)?.[1]
  if (setting === undefined || setting === 'forwarding') return []
  const old = known.get(name)
  return [...known]
    .filter(([one, value]) => isOfDevice(one, setting) && (old === undefined || value === old))
    .map(([one]) => one)
}

const isOfDevice = (name: string, setting: string): boolean =>
  name.startsWith('net.ipv4.conf.') && name.endsWith(`.${setting}`) && !/^net\.ipv4\.conf\.(all|default)\./.test(name)
