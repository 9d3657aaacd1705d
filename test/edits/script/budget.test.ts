// @module-tag slow
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseCommand } from '../../../src/edits/parse.ts'
import { readScriptFile } from '../../read/rulesets/scripts.ts'
import { share } from '../../share.ts'

const FIRST = 'iptables -A INPUT -s 10.0.0.1 -j DROP\n'
const loops = (deep: number, body: string) =>
  `${'for i in 1 2 3 4 5 6 7 8 9 0; do '.repeat(deep)}${body}${'; done'.repeat(deep)}\n`

it.each([
  ['values that double', `A=x\n${'A="$A$A"\n'.repeat(40)}`, 'characters of commands and values'],
  ['loops in loops', loops(9, ':'), 'steps'],
  ['loops of rules', loops(9, 'iptables -A OUTPUT -j DROP'), 'steps'],
  ['words that double', `A="x y"\n${'A="$A $A"\n'.repeat(40)}iptables $A\n`, 'characters of commands and values'],
])('stops at %s, tells where, and uses what came before', (_name, script, unit) => {
  const { text, told } = readScriptFile(FIRST + script)
  expect(text).toContain('-A INPUT -s 10.0.0.1/32 -j DROP')
  expect(told.at(-1)).toMatch(
    new RegExp(`^\\d+ cut-short: stopped after [\\d,]+ ${unit}; the commands before this point are used$`),
  )
})

it('refuses a command that goes on for too long', () => {
  const result = parseCommand(loops(9, 'iptables -F'))
  expect('error' in result && result.error.message).toMatch(/^stopped after/)
})

it('reads a long script without loops whole, whatever is wrong with it', () => {
  const { told } = readScriptFile('x\n'.repeat(50_000))
  expect(told).toHaveLength(50_000)
})

it('uses the lines before one that does not hang together, as a shell does', () => {
  const { text, told } = readScriptFile(`${FIRST}iptables -A OUTPUT -j DROP; echo "\n`)
  expect(text).toContain('-s 10.0.0.1/32')
  expect(text).not.toContain('-A OUTPUT')
  expect(told).toEqual([expect.stringMatching(/^2 command-not-understood: .*not closed/)])
})

/** Scripts in which everything is in everything. */
const script = fc.letrec<{ list: string; command: string }>((tie) => ({
  list: fc.array(tie('command'), { minLength: 1, maxLength: 3 }).map((commands) => commands.join('\n')),
  command: fc.oneof(
    { maxDepth: 8, withCrossShrink: true },
    fc.constantFrom('iptables -A INPUT -s $A -j DROP', 'A="$A$A"', 'B+=$A', 'f "$@" "$@"', 'g', 'x', '[ $A = "$B" ]'),
    tie('list').map((list) => `for A in 1 2 3 4 5 6 7 8 "$A $A" $B; do\n${list}\ndone`),
    tie('list').map((list) => `f() {\n${list}\nf "$@" "$@"\n}`),
    tie('list').map((list) => `g() {\n${list}\nf; f\n}`),
    tie('list').map((list) => `if [ "$A" != "$B" ]; then\n${list}\nfi`),
    tie('list').map((list) => `case "$A" in *$B*|[a-z]*) ${list};; esac`),
    tie('list').map((list) => `(\n${list}\n)`),
    tie('list').map((list) => `sh -c '${list.replaceAll("'", '')}'`),
  ),
})).list

it('ends, whatever is in what', () => {
  fc.assert(
    fc.property(script, (text) => {
      const told: string[] = []
      const begin = process.cpuUsage()
      readScriptFile(`A=a\nB=b\n${text}\n`)
      const { user } = process.cpuUsage(begin)
      // what a budget lets pass takes a second or two
      if (user > 60_000_000) told.push(`${user} µs`)
      expect(told).toEqual([])
    }),
    { seed: 11, numRuns: share(60) },
  )
}, 300_000)
