/** Lines of host state that have a form of their own. */
import type { Redactor } from './redactor.ts'
import { redactFree, redactPlain, redactRuleText } from './rule-text.ts'
import { redactNetwork } from './tokens.ts'

/** System, name of the machine, and the kernel's release, which may look like an address: `5.15.90.1-microsoft`. */
const UNAME = /^(?:(Linux )(?!version )(\S+)|Linux version)(?: [2-9](?:\.\d{1,3}){2,3}(?![\d.]))?/

/** `uname -a` has the machine's name behind the system's, /proc/version who built the kernel. */
export function redactUname(line: string, redactor: Redactor): string {
  const [head = '', linux, name = ''] = UNAME.exec(line) ?? []
  const renamed =
    linux === undefined ? head : linux + redactor.names.host(name) + head.slice(linux.length + name.length)
  const rest = line.slice(head.length).replace(/\([^\s()@]{1,100}@[^\s()]{1,255}\)/, '(builder@host)')
  return renamed + redactPlain(rest, redactor)
}

/** Only what is the network's; keys that are secrets are zeros. */
export class SysctlText {
  private keeps = true

  line(line: string, redactor: Redactor): string {
    const title = /^==> \/proc\/sys\/(\S+) <==/.exec(line)?.[1]
    if (title !== undefined) this.keeps = title.startsWith('net/')
    const key = /^\s*-?(?:\/proc\/sys\/)?([\w.\-/@*]+?)\s*[=:]/.exec(line)?.[1]
    if (key !== undefined) this.keeps = /^net[./]/.test(key)
    if (key !== undefined && /(?:hostname|fqdn)$/.test(key))
      redactor.names.learn(line.replace(/^[^=:]*[=:]\s*/, '').trim())
    if (!this.keeps) return /\r?\n?$/.exec(line)![0]
    const safe = /fastopen_key|stable_secret/.test(key ?? '') ? line.replace(/([=:]\s*).*$/, '$1') : line
    return redactPlain(safe, redactor)
  }
}

/** Older releases write IPv6 without brackets: `2001:db8::1:53`, `:::22`. And -e tells the program's cgroup. */
export function redactSs(line: string, redactor: Redactor): string {
  const row = /^((?:\w+\s+)?(?:[A-Z][A-Z0-9-]+)\s+\d+\s+\d+\s+)(\S+)(\s+)(\S+)(.*)$/s.exec(line)
  if (!row) return redactPlain(line, redactor)
  const [, head = '', local = '', blank = '', peer = '', rest = ''] = row
  const end = (text: string) => {
    const colon = text.lastIndexOf(':')
    if (!/:[\w*-]+$/.test(text)) return redactPlain(text, redactor)
    const [, address = '', zone = ''] = /^([^%]*)(%[^%:]*)?$/.exec(text.slice(0, colon)) ?? []
    const bare = address.replace(/^\[|\]$/g, '')
    const mapped = redactor.addressText(bare)
    return mapped === undefined
      ? redactPlain(text, redactor)
      : `${address.replace(bare, mapped)}${redactPlain(zone, redactor)}${text.slice(colon)}`
  }
  return `${head}${end(local)}${blank}${end(peer)}${redactPlain(rest.replace(/\bcgroup:\S+/g, 'cgroup:/'), redactor)}`
}

/** An interface may have an alias, which is anybody's text. */
export const redactIp = (line: string, redactor: Redactor): string =>
  line.replace(/^(\s+alias )(.*)|^.*/s, (whole, alias: string | undefined, text: string) =>
    alias === undefined ? redactRuleText(whole, redactor) : alias + redactFree(text, redactor),
  )

/** The list of what was collected; its notes are left out. */
export class CollectedText {
  private inNotes = false

  line(line: string, redactor: Redactor): string {
    this.inNotes ||= line.startsWith('== ')
    // which boot it was would tell one host from all others
    if (this.inNotes || line.startsWith('boot ')) return ''
    return redactPlain(
      line.replace(/^(host )(\S+)/, (_, word: string, name: string) => word + redactor.names.host(name)),
      redactor,
    )
  }
}

/** Of a set with a netmask the elements are networks that do not say so: they were cut to it when they were added. */
export class IpsetText {
  private readonly netmasks = new Map<string, number>()

  line(line: string, redactor: Redactor): string {
    const [, created, length] = /^create (\S+) .*\bnetmask (\d+)/.exec(line) ?? []
    if (created !== undefined) this.netmasks.set(created, Number(length))
    const [, head, set, address] = /^(add (\S+) )([\da-fA-F.:]+)(?=[,\s]|$)/.exec(line) ?? []
    const netmask = this.netmasks.get(set ?? '')
    if (head === undefined || address === undefined || netmask === undefined) return redactRuleText(line, redactor)
    return (
      head +
      redactNetwork(address, netmask, redactor) +
      redactRuleText(line.slice(head.length + address.length), redactor)
    )
  }
}
