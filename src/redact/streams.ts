/** A file's bytes → the redacted ones, by what kind of file it is; in pieces, cut anywhere. */

import { fromLatin1, latin1 } from '../model/latin1.ts'
import { CaptureFileRedactor } from './capture-file.ts'
import { CollectedText, IpsetText, redactIp, redactSs, redactUname, SysctlText } from './host-text.ts'
import { redactLogLine } from './log-text.ts'
import { redactDropLine, redactSession } from './own-records.ts'
import type { RedactingStream } from './redacting-stream.ts'
import type { Redactor } from './redactor.ts'
import { redactFree, redactPlain, redactRuleText } from './rule-text.ts'
import type { Ranges } from './tokens.ts'
import { redactUlogdLine } from './ulogd-text.ts'

/** Without its line break. */
type Line = (line: string, redactor: Redactor) => string

const same: Line = (line) => line

/** By format, as src/read calls them. */
const LINES: Readonly<Record<string, () => Line>> = {
  'kernel-log': () => redactLogLine,
  'nft-trace': () => (line, redactor) => redactRuleText(line, redactor, 'nft'),
  'xtables-monitor': () => redactRuleText,
  'ulogd-json': () => redactUlogdLine,
  'iptables-save': () => withComments('plain'),
  'iptables-list': () => withComments('plain'),
  'ebtables-save': () => withComments('plain'),
  'arptables-save': () => withComments('plain'),
  'nft-json': () => redactRuleText,
  nft: () => withComments('nft'),
  'ip-addr-json': () => redactRuleText,
  'ip-addr': () => redactIp,
  'ip-brief': () => redactPlain,
  'ip-route-json': () => redactRuleText,
  'ip-route': () => redactPlain,
  'ip-rule-json': () => redactRuleText,
  'ip-rule': () => redactPlain,
  'ip-neigh-json': () => redactRuleText,
  'ip-neigh': () => redactPlain,
  'ip-xfrm': () => redactXfrm,
  'ip-netns': () => redactPlain,
  ss: () => redactSs,
  conntrack: () => redactPlain,
  'conntrack-xml': () => redactPlain,
  'conntrack-save': () => redactPlain,
  'conntrack-stats': () => same,
  'nfnetlink-queue': () => same,
  'ipset-save': () => {
    const text = new IpsetText()
    return (line, redactor) => text.line(line, redactor)
  },
  'ipset-list': () => redactRuleText,
  'ipset-xml': () => redactIpsetXml,
  sysctl: () => {
    const text = new SysctlText()
    return (line, redactor) => text.line(line, redactor)
  },
  'kernel-drops': () => redactDropLine,
  'trace-session': () => redactSession,
  modules: () => same,
  versions: () => same,
  collected: () => {
    const text = new CollectedText()
    return (line, redactor) => text.line(line, redactor)
  },
  uname: () => redactUname,
}

/** Undefined: files of this format may hold anything, and are not redacted. */
export function redactingStream(format: string, redactor: Redactor): RedactingStream | undefined {
  if (format === 'nflog-pcap' || format === 'nft-netlink') return new CaptureFileRedactor(redactor)
  const line = LINES[format]?.()
  return line && new TextRedactor(line, redactor)
}

/** Keys are nobody's business. */
const redactXfrm: Line = (line, redactor) =>
  redactPlain(line.replace(/^(\s+(?:auth|auth-trunc|enc|aead|comp)\s.*?\s)0x[\da-f]+/i, '$10x0'), redactor)

const redactIpsetXml: Line = (line, redactor) =>
  redactPlain(line, redactor)
    .split('<comment>')
    .map((part, i) => {
      const end = i === 0 ? -1 : part.indexOf('</comment>')
      return end < 0 ? part : redactFree(part.slice(0, end), redactor) + part.slice(end)
    })
    .join('<comment>')

/** What tools write behind it. */
const OF_TOOLS = /^#(?:!| (?:Generated|Completed|Warning: |Table `|handle \d+\s*$|count \d+))/
/** A prompt and what was typed, or a heading with a chain's name. */
const OF_RULES = /^#\s*(?:(?:sudo )?(?:ip6?tables|ebtables|arptables|nft)\b|table \S+ chain )/

/** Up to a `#` outside of strings. Not by a pattern: a line may have millions of letters, each of which that remembers. */
function beforeComment(line: string): string {
  if (!line.includes('#')) return line
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const char = line[at]
    if (char === '"') quoted = !quoted
    else if (quoted && char === '\\') at++
    else if (!quoted && char === '#') return line.slice(0, at)
  }
  return line
}

function withComments(ranges: Ranges): Line {
  return (line, redactor) => {
    // a number sign may stand in a pattern of iptables'; nft's language has none
    const before = ranges === 'nft' ? beforeComment(line) : (/^\s*(?=#)/.exec(line)?.[0] ?? line)
    const comment = line.slice(before.length)
    const rule = redactRuleText(before, redactor, ranges)
    if (OF_RULES.test(comment)) return rule + redactRuleText(comment, redactor, ranges)
    return rule + (OF_TOOLS.test(comment) ? redactPlain(comment, redactor) : redactFree(comment, redactor))
  }
}

/** Line by line; one byte is one letter, so that what is no text comes through as it was. */
class TextRedactor implements RedactingStream {
  private readonly line: Line
  private readonly redactor: Redactor
  /** Of a line whose end has not come. */
  private rest: string[] = []

  constructor(line: Line, redactor: Redactor) {
    this.line = line
    this.redactor = redactor
  }

  push(bytes: Uint8Array): Uint8Array {
    const text = latin1(bytes)
    const end = text.lastIndexOf('\n') + 1
    if (end === 0) {
      this.rest.push(text)
      return new Uint8Array(0)
    }
    const lines = this.rest.join('') + text.slice(0, end)
    this.rest = [text.slice(end)]
    return this.redact(lines)
  }

  end(): Uint8Array {
    const rest = this.rest.join('')
    this.rest = []
    return this.redact(rest)
  }

  private redact(text: string): Uint8Array {
    let result = ''
    for (let start = 0; start < text.length; ) {
      const newline = text.indexOf('\n', start)
      const end = newline < 0 ? text.length : newline
      result += this.line(text.slice(start, end), this.redactor)
      if (newline >= 0) result += '\n'
      start = end + 1
    }
    return fromLatin1(result)
  }
}
