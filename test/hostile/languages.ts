/**
 * Attacks on what reads languages, in a process of its own: what hangs it or fills its memory ends nothing else. Begins
 * at the attack whose number is given; a line for each that begins (`@ NUMBER NAME`), and for what is wrong (`! PROBLEM`).
 */
import { parseCommand } from '../../src/edits/parse.ts'
import { printEdit } from '../../src/edits/print.ts'
import { alternatives } from '../../src/filter/alternatives.ts'
import { parseFilter } from '../../src/filter/parse.ts'
import { printFilter } from '../../src/filter/print.ts'
import { RULESET_FORMATS } from '../../src/read/rulesets/index.ts'
import { parseSpec } from '../../src/simulate/spec.ts'
import { judge } from './judge.ts'
import { LANGUAGE_ATTACKS, type LanguageAttack } from './languages-attacks.ts'

const silent = () => {}
// readers are called at once
await Promise.all(RULESET_FORMATS.map((format) => format.load?.()))
const reader = (id: string) => RULESET_FORMATS.find((one) => one.id === id)!
const [script, nft, json, save] = ['shell-script', 'nft', 'nft-json', 'iptables-save'].map(reader)

const READERS: Readonly<Record<LanguageAttack['as'], (text: string) => unknown>> = {
  script: (text) => script!.read(text, silent),
  nft: (text) => nft!.read(text, silent),
  'nft-json': (text) => json!.read(text, silent),
  'iptables-save': (text) => save!.read(text, silent),
  command: (text) => {
    const result = parseCommand(text)
    return 'edits' in result ? result.edits.slice(0, 3).map(printEdit) : result.error
  },
  filter: (text) => {
    const result = parseFilter(text)
    return 'condition' in result ? [printFilter(result.condition), alternatives(result.condition)] : result.error
  },
  packet: (text) => parseSpec(text),
}

/** Every so many attacks. */
const STEP = Number(process.argv[4] ?? 1)

/** Bytes of the longest input, where the attack does not say. */
const MOST = Number(process.argv[3] ?? 128 * 1024)

/** What is not linear ends all the same, and soon. */
function once(run: (bytes: Buffer) => unknown, make: (size: number) => Buffer, most: number): { problem?: string } {
  const bytes = make(most)
  const { user, system } = process.cpuUsage()
  try {
    run(bytes)
  } catch (error) {
    return { problem: `throws: ${error instanceof Error ? error.stack : error}` }
  }
  const after = process.cpuUsage()
  const perByte = ((after.user + after.system - user - system) * 1000) / bytes.length
  return perByte > SLOWEST ? { problem: `${perByte.toFixed(0)} ns for each byte` } : {}
}

/** Nanoseconds for each byte, where steps are counted. */
const SLOWEST = 100_000

for (const [number, { name, as, make, most = MOST, bounded }] of LANGUAGE_ATTACKS.entries()) {
  if (number < Number(process.argv[2] ?? 0) || number % STEP > 0) continue
  process.stdout.write(`@ ${number} ${as}: ${name.trim()}\n`)
  const read = (bytes: Buffer) => READERS[as](bytes.toString('latin1'))
  const text = (size: number) => Buffer.from(make(size), 'latin1')
  const { problem } = (bounded === undefined ? judge : once)(read, text, Math.min(most, MOST))
  if (problem !== undefined) process.stdout.write(`! ${problem.replaceAll('\n', ' ')}\n`)
}
process.stdout.write('.\n')
