/**
 * What rsyslog's configuration does to the kernel's TRACE lines: facility kern, severity warning. Read are rsyslog.conf
 * and the files beside it, line by line, in both of its languages, as far as it goes: which input brings kernel lines,
 * with which rate limit; which selectors take kern.warning; which rules stop such lines first.
 */
import type { Loss } from './loss.ts'

/** By severity, the most severe first, as a selector names them. */
const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug']
const OTHER_NAMES: Readonly<Record<string, string>> = { panic: 'emerg', error: 'err', warn: 'warning' }
const WARNING = SEVERITIES.indexOf('warning')

/** `lines`: without comments, `# FILE` before those of each file. */
export function rsyslogLoses(lines: readonly string[]): Loss[] {
  const rules = statements(lines.filter((line) => !line.startsWith('#')))
  const klog = rules.find((line) => /module\(\s*load="imklog"|^\s*\$ModLoad\s+imklog\b/i.test(line))
  const journal = rules.find((line) => /module\(\s*load="imjournal"|^\s*\$ModLoad\s+imjournal\b/i.test(line))
  if (rules.length === 0) return []
  if (!klog && !journal)
    return [
      {
        code: 'rsyslog-no-kernel-lines',
        message: "rsyslog runs, but loads neither imklog nor imjournal: the kernel's lines never reach it.",
        evidence: lines.find((line) => /load="?im|ModLoad/i.test(line)) ?? lines[0]!,
      },
    ]
  return [...limited(klog, journal), ...filtered(rules)]
}

/** Lines up to where their parentheses close, without what is behind `#`. */
function statements(lines: readonly string[]): string[] {
  const found: string[] = []
  let open = 0
  for (const line of lines) {
    const text = line.replace(/\s#[^"']*$/, '')
    if (open > 0) found.push(`${found.pop()} ${text.trim()}`)
    else found.push(text)
    // those in quotes are the texts' own
    const bare = text.replace(/"[^"]*"|'[^']*'/g, '')
    open = Math.max(0, open + count(bare, '(') - count(bare, ')'))
  }
  return found
}

const count = (text: string, char: string): number => text.split(char).length - 1

/** imjournal: 20000 lines in 600 s unless told; imklog has no limit unless told. */
function limited(klog: string | undefined, journal: string | undefined): Loss[] {
  const interval = (line: string) => /ratelimit\.?interval="?(\d+)/i.exec(line)?.[1]
  if (klog) {
    const seconds = interval(klog)
    if (seconds === undefined || seconds === '0') return []
    return [rateLimit(`imklog limits the number of lines in ${seconds} s`, klog)]
  }
  const seconds = interval(journal!) ?? '600'
  const burst = /ratelimit\.?burst="?(\d+)/i.exec(journal!)?.[1] ?? '20000'
  if (seconds === '0') return []
  return [rateLimit(`imjournal reads at most ${burst} lines in ${seconds} s`, journal!)]
}

const rateLimit = (what: string, evidence: string): Loss => ({
  code: 'rsyslog-rate-limit',
  message: `rsyslog drops lines under load (${what}), and a trace has many lines.`,
  evidence,
  sometimes: true,
})

function filtered(rules: readonly string[]): Loss[] {
  for (const rule of rules) {
    const line = rule.trim()
    const { selector, action } = /^(?<selector>[\w*,]+\.[\w*=!.,;]+)\s+(?<action>\S.*)$/.exec(line)?.groups ?? {}
    const taken = selector !== undefined && takesTrace(selector)
    if (stops(line, selector === undefined, taken, action))
      return [
        {
          code: 'rsyslog-stops',
          message: 'An rsyslog rule discards TRACE lines before they reach a file.',
          evidence: line,
        },
      ]
    if (taken) return []
  }
  // conditions in rsyslog's own language may take them; that is not read
  if (rules.some((line) => /^\s*(?:if\b|:\w+,|call\b|ruleset\()/.test(line))) return []
  return [
    {
      code: 'rsyslog-takes-none',
      message: 'No rsyslog rule selects kern.warning, so TRACE lines are in none of its files.',
      evidence: rules.find((line) => /^\s*[\w*,]+\.\S+\s/.test(line))?.trim() ?? 'no selector at all',
    },
  ]
}

/** `kern.* ~`, `:msg, contains, "TRACE" stop`, `if $msg contains 'TRACE' then stop`. */
function stops(line: string, free: boolean, taken: boolean, action: string | undefined): boolean {
  if (!free) return taken && /^(?:~|stop\b)/.test(action ?? '')
  const about =
    /^:msg,\s*(?:contains|startswith|regex),\s*"\s*(?:TRACE|IN=)/i.test(line) || /^if\b.*(?:TRACE:|kern)/.test(line)
  return about && /(?:\s|^)(?:~|stop)\s*\}?$/.test(line)
}

/** Does `kern.*`, `*.info;mail.none`, `kern,user.=warning` … take kern.warning? Later parts overrule earlier ones (rsyslog.conf(5)). */
export function takesTrace(selector: string): boolean {
  let takes = false
  for (const part of selector.split(';')) {
    const [facilities = '', priority = ''] = part.split('.')
    if (!facilities.split(',').some((one) => one === '*' || one === 'kern')) continue
    const [, not, exact, name = ''] = /^(!?)(=?)(.*)$/.exec(priority)!
    const level = SEVERITIES.indexOf(OTHER_NAMES[name] ?? name)
    const holds = name === '*' || (exact ? level === WARNING : level >= WARNING)
    if (name === 'none') takes = false
    else if (holds) takes = !not
  }
  return takes
}
