/** `sysctl -w NAME=VALUE …` and `echo VALUE > /proc/sys/…` ⇄ edits, and what the kernel does with them. */
import type { SysctlEdit } from '../model/edit.ts'
import { closest } from '../rules/closest.ts'
import type { Draft } from './draft.ts'
import { CommandProblem, didYouMean, EditProblem } from './problem.ts'
import type { ShellWord } from './shell.ts'

/** Options without a value (procps 4.0.2, src/sysctl.c). */
const OPTIONS = [
  '-w',
  '--write',
  '-q',
  '--quiet',
  '-e',
  '--ignore',
  '-n',
  '--values',
  '-N',
  '--names',
  '-b',
  '--binary',
]
/** They read files that are not known here. */
const FILES = ['-p', '--load', '--system', '-f']

/** The words behind `sysctl`. Without a `=` it only shows a value. Throws CommandProblem. */
export function parseSysctl(given: readonly ShellWord[]): SysctlEdit[] {
  const edits: SysctlEdit[] = []
  // `-qw`
  const words = given.flatMap((word) =>
    /^-[A-Za-z]{2,}$/.test(word.text)
      ? [...word.text.slice(1)].map((letter) => ({ ...word, text: `-${letter}` }))
      : [word],
  )
  const writes = words.some(({ text }) => text === '-w' || text === '--write')
  for (const word of words) {
    const { text } = word
    const [, name, value] = /^-?([^=]+)=(.*)$/s.exec(text) ?? []
    if (FILES.some((option) => text === option || text.startsWith(`${option}=`)))
      throw new CommandProblem(word, `${text} reads a file that is not known here: write the settings out`)
    if (name !== undefined && !text.startsWith('--'))
      edits.push({ kind: 'sysctl', name: dotted(name), value: clean(value!) })
    else if (text.startsWith('-')) {
      if (!OPTIONS.includes(text) && !/^-[aAXdVh]$/.test(text))
        throw new CommandProblem(word, `"${text}" is not an option of sysctl`, closest(text, OPTIONS))
    } else if (writes || !/^[a-z]\w*[./]/.test(text))
      throw new CommandProblem(word, `"${text}" is not NAME=VALUE, without blanks around the =`)
  }
  return edits
}

/** `echo WORDS > FILE`, where the file is one of /proc/sys. */
export function parseEcho(words: readonly ShellWord[], file: ShellWord): SysctlEdit[] {
  const path = /^\/proc\/sys\/([^/].*[^/])$/.exec(file.text.replace(/\/{2,}/g, '/'))?.[1]
  if (path === undefined) throw new CommandProblem(file, `"${file.text}" is no setting of the kernel's (/proc/sys/…)`)
  const values = words.filter(({ text }, i) => !(/^-[neE]+$/.test(text) && i === 0)).map(({ text }) => text)
  return [{ kind: 'sysctl', name: dotted(path), value: clean(values.join(' ')) }]
}

/** `net/ipv4/conf/eth0.100/rp_filter` → `net.ipv4.conf.eth0/100.rp_filter`, as sysctl itself prints it. */
export const dotted = (key: string): string =>
  /^\w+\//.test(key) ? key.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.')) : key

const clean = (value: string): string => value.trim().split(/\s+/).join(' ')

export const sysctlWords = ({ name, value }: SysctlEdit): string[] => ['sysctl', '-w', `${name}=${value}`]

/** Throws EditProblem. */
export function editSysctl({ name, value }: SysctlEdit, draft: Draft): void {
  const host = draft.host()
  const known = host.sysctls
  // a whole `sysctl -a` has this one
  if (known?.has('kernel.ostype') && !known.has(name))
    throw new EditProblem(`there is no setting ${name}${didYouMean(closest(name, known.keys()))}`)
  const sysctls = new Map(known)
  const printed = asPrinted(value)
  const names = host.links?.map((link) => link.name.replaceAll('.', '/')) ?? []
  for (const other of [name, ...followers(name, sysctls, names)]) sysctls.set(other, printed)
  if (sysctls.get(name) !== known?.get(name)) for (const unsure of undecided(name, known)) sysctls.delete(unsure)
  host.sysctls = sysctls
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

/** Settings that the kernel changes along (net/ipv4/devinet.c inet_forward_change, net/ipv6/addrconf.c). */
function followers(name: string, known: ReadonlyMap<string, string>, devices: readonly string[]): string[] {
  const [, family, setting] =
    /^net\.(ipv4)\.ip_(forward)$/.exec(name) ??
    /^net\.(ipv[46])\.conf\.all\.(forwarding|disable_ipv6)$/.exec(name) ??
    []
  if (family === undefined) return []
  const leaf = setting === 'forward' ? 'forwarding' : setting!
  const places = new Set(['all', 'default', ...devices])
  for (const one of known.keys()) {
    const place = new RegExp(`^net\\.${family}\\.conf\\.([^.]+)\\.${leaf}$`).exec(one)?.[1]
    if (place !== undefined) places.add(place)
  }
  const others = [...places].map((place) => `net.${family}.conf.${place}.${leaf}`)
  return family === 'ipv4' ? ['net.ipv4.ip_forward', ...others] : others
}

/**
 * A changed default of IPv4 reaches every interface whose own setting was never written, which its value does not tell
 * (net/ipv4/devinet.c devinet_copy_dflt_conf): those that were like the old default are unknown from then on.
 */
function undecided(name: string, known: ReadonlyMap<string, string> | undefined): string[] {
  const setting = /^net\.ipv4\.conf\.default\.([^.]+)$/.exec(name)?.[1]
  if (setting === undefined || setting === 'forwarding' || !known) return []
  const old = known.get(name)
  return [...known]
    .filter(([one, value]) => isOfDevice(one, setting) && (old === undefined || value === old))
    .map(([one]) => one)
}

const isOfDevice = (name: string, setting: string): boolean =>
  name.startsWith('net.ipv4.conf.') && name.endsWith(`.${setting}`) && !/^net\.ipv4\.conf\.(all|default)\./.test(name)
