/** What a trace of nft's tells of the rules that a packet went past on its way to a policy. */

import { describe, expect, it } from 'vitest'
import { fixCommands, printedFix } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { printed } from '../../printed.ts'
import { ROUTER } from '../../simulate/world.ts'

const HEADERS =
  'ip saddr 192.0.2.2 ip daddr 192.0.2.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 8080 tcp flags == syn tcp window 64240 '
const trace = (table: string) =>
  [
    `trace id 0a0b0c0d inet ${table} input packet: iif "eth0" ${HEADERS}`,
    `trace id 0a0b0c0d inet ${table} input policy drop `,
    '',
  ].join('\n')
const input = (rules: string) =>
  `\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n${rules}\t}\n}\n`
const rules = (elements: string) =>
  `table inet filter {\n\tset web {\n\t\ttype ipv4_addr . inet_service\n\t\telements = { ${elements} }\n\t}\n${input('\t\tip saddr . tcp dport @web accept # handle 3\n')}`

const findings = (text: string, ruleset: string) => explainFile(text, worldOf(ruleset)).journeys[0]!.findings

describe('a policy of nft stands behind all rules of its chain', () => {
  it('names the element that is missing', () => {
    const found = findings(trace('filter'), rules('192.0.2.9 . 8080')).find(({ code }) => code === 'not-in-set')
    expect(found?.message).toContain('192.0.2.2 . 8080 is not in set web')
    expect(printed(printedFix(found!.fix[0]!))).toMatchObject({
      command: 'nft add element inet filter web { 192.0.2.2 . 8080 }',
      undo: 'nft delete element inet filter web { 192.0.2.2 . 8080 }',
    })
  })

  it('adds nothing to a set that a rule drops by', () => {
    const drops = rules('192.0.2.9 . 8080').replace(
      '# handle 3\n',
      '# handle 3\n\t\tip saddr . tcp dport @web drop # handle 4\n',
    )
    const found = findings(trace('filter'), drops).find(({ code }) => code === 'not-in-set')
    expect(found?.message).toMatch(
      /192\.0\.2\.2 \. 8080 is not in set web, whose members inet filter input handle 4 drops\.$/,
    )
    expect(found?.fix).toEqual([])
  })

  it('adds no element for an interface that the packet has not', () => {
    const asks = rules('192.0.2.2 . "eth0"').replace('inet_service', 'ifname').replace('tcp dport', 'oifname')
    const found = findings(trace('filter'), asks).find(({ code }) => code === 'not-in-set')
    expect(found?.message).toContain('is not in set web')
    expect(found?.fix).toEqual([])
  })

  it('says that the ruleset is another one where the set holds it', () => {
    const found = findings(trace('filter'), rules('192.0.2.2 . 8080'))
    expect(found.find(({ code }) => code === 'ruleset-mismatch')?.message).toContain('set web')
    expect(found.some(({ code }) => code === 'not-in-set')).toBe(false)
    expect(findings(trace('filter'), rules('192.0.2.9 . 8080')).some(({ code }) => code === 'ruleset-mismatch')).toBe(
      false,
    )
  })

  it('names the rule whose set is full', () => {
    const accept = '\t\ttcp dport 8080 add @seen { ip saddr ct count 20 } accept # handle 3\n'
    const found = (size: number) =>
      findings(
        trace('filter'),
        `table inet filter {\n\tset seen {\n\t\ttype ipv4_addr\n\t\tsize ${size}\n\t\tflags dynamic\n\t\telements = { 192.0.2.9 }\n\t}\n${input(accept)}`,
      ).find(({ code }) => code === 'near-miss')
    expect(found(1)?.severity).toBe('warning')
    expect(found(1)?.message).toBe(
      'inet filter input handle 3 would have accepted it, but the rule cannot add to set seen, which is full (size 1).',
    )
    expect(found(2)?.message ?? '').not.toContain('full')
  })

  it('lets answers through to what this host itself has asked, whatever its table is called', () => {
    const asked = HEADERS.replaceAll('192.0.2.2', '10.0.2.9')
      .replaceAll('192.0.2.1', '10.0.1.1')
      .replace('tcp sport 40000 tcp dport 8080 tcp flags == syn', 'tcp sport 80 tcp dport 40000 tcp flags == 0x12')
    const text = trace('mine').replaceAll(HEADERS, asked).replaceAll('"eth0"', '"eth1"')
    const world = worldOf(`table inet mine {\n${input('\t\ttcp dport 22 accept # handle 3\n')}`)
    const [journey] = explainFile(text, { ...world, host: ROUTER }).journeys
    const found = journey!.findings.find(({ code }) => code === 'reply-dropped')
    expect(printed(printedFix(found!.fix[0]!))).toMatchObject({
      command: 'nft add rule inet mine input ct state established,related accept comment nfwhy-answers-end',
    })
  })

  it('proposes no command of iptables', () => {
    const commands = findings(trace('filter'), rules('192.0.2.9 . 8080')).flatMap(({ fix }) =>
      fix.map(fixCommands).flatMap(({ command, undo }) => [command, undo].filter((one) => one !== undefined)),
    )
    expect(commands.length).toBeGreaterThan(2)
    for (const command of commands) expect(command.program).toBe('nft')
  })
})

it('an accept in an earlier base chain ends only that chain, whatever its table is called', () => {
  const text = [
    `trace id 0a0b0c0d inet one input packet: iif "eth0" ${HEADERS}`,
    'trace id 0a0b0c0d inet one input rule tcp dport 8080 accept # handle 2 (verdict accept)',
    trace('two'),
  ].join('\n')
  const ruleset =
    'table inet one {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t\ttcp dport 8080 accept # handle 2\n\t}\n}\n' +
    `table inet two {\n${input('\t\ttcp dport 22 accept # handle 2\n').replace('filter;', '10;')}`
  const found = findings(text, ruleset).find(({ code }) => code === 'later-base-chain')
  expect(found?.message).toContain(
    'inet one input handle 2 accepted it, but an accept ends only its own base chain: inet two input comes later.',
  )
  expect(found?.message).toContain('inet two input comes later')
})
