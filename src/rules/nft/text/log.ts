/** `log prefix "…" level warn flags all group 2 snaplen 256 queue-threshold 20` */
import type { LogBody, Statement } from '../ast.ts'
import type { Parser } from './parser.ts'

const NUMBERS = new Set(['group', 'snaplen', 'queue-threshold'])
const LEVELS = new Set(['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug', 'audit'])

export function parseLog(p: Parser): Statement {
  p.advance()
  const log: LogBody = {}
  const flags: string[] = []
  for (;;) {
    if (p.accept('prefix')) log.prefix = p.string('a prefix')
    else if (p.accept('level')) {
      if (!p.isAny(LEVELS) && !p.is('$')) p.fail('expected a level')
      log.level = p.identifier('a level')
    } else if (p.accept('flags')) flags.push(...parseFlags(p))
    else if (p.isAny(NUMBERS)) log[p.advance().text as 'group' | 'snaplen' | 'queue-threshold'] = p.number('a number')
    else break
  }
  if (flags.length > 0) log.flags = flags.length === 1 ? flags[0]! : flags
  return { log: Object.keys(log).length > 0 ? log : null }
}

function parseFlags(p: Parser): string[] {
  const { text } = p.advance()
  switch (text) {
    case 'tcp': {
      const flags: string[] = []
      do {
        if (!p.is('sequence') && !p.is('options')) p.fail('expected "sequence" or "options"')
        flags.push(`tcp ${p.advance().text}`)
      } while (p.accept(','))
      return flags
    }
    case 'ip':
      p.expect('options')
      return ['ip options']
    case 'skuid':
    case 'ether':
    case 'all':
      return [text]
    default:
      p.position--
      return p.fail('expected a flag of log')
  }
}
