/** Several rulesets of which no file tells when it was saved: each capture gets the one that its trace fits. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Input, open } from '../../src/analysis/analysis.ts'
import { openInputs } from '../../src/analysis/inputs/open.ts'
import { bytesSource } from '../../src/analysis/inputs/source.ts'
import { runCaptures } from '../../src/analysis/run.ts'
import { MOST_ALTERNATIVES } from '../../src/read/alternatives.ts'

const save = (...rules: string[]): string =>
  ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n')

const OLD = save('-A INPUT -p udp -m udp --dport 53 -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 22 -j DROP')
const NEW = save(
  '-A INPUT -p udp -m udp --dport 53 -j ACCEPT',
  '-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT',
  '-A INPUT -p tcp -m tcp --dport 22 -j DROP',
)

const line = (rule: string, port: number, proto = 'TCP'): string =>
  `[ 1.000000] TRACE: filter:INPUT:${rule} IN=eth0 OUT= MAC=00:00:00:00:00:01:00:00:00:00:00:02:08:00 SRC=10.0.0.1 ` +
  `DST=10.0.0.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=7 DF PROTO=${proto} SPT=40000 DPT=${port} ` +
  `${proto === 'UDP' ? 'LEN=40' : 'SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0'} \n`

/** Outcomes and what is told of which file, with the rules that were met. */
async function explained(...inputs: Input[]) {
  const analysis = await open(inputs)
  const journeys = []
  for await (const one of analysis.journeys()) journeys.push(one)
  return {
    rules: journeys.map(({ steps }) => steps.at(-1)?.rule),
    outcomes: journeys.map(({ outcome }) => outcome),
    told: analysis.warnings.map(({ input, code }) => `${input} ${code}`),
    messages: analysis.warnings.map(({ message }) => message),
    mismatches: journeys.flatMap(({ findings }) => findings).filter(({ code }) => code === 'ruleset-mismatch'),
  }
}

const text = (name: string, of: string): Input => ({ name, text: of })
const files = [text('new.v4', NEW), text('old.v4', OLD)]

describe('of two rulesets', () => {
  it('takes the one that the trace fits, for each capture', async () => {
    const { rules, told, mismatches } = await explained(
      ...files,
      text('a.log', line('rule:2', 22)),
      text('b.log', line('rule:3', 22).replace('ID=7', 'ID=8')),
    )
    expect(rules).toEqual(Array(2).fill('-A INPUT -p tcp -m tcp --dport 22 -j DROP'))
    expect(told).toEqual(['old.v4 ruleset-chosen', 'new.v4 ruleset-chosen'])
    expect(mismatches).toEqual([])
  })

  it('takes for a packet that fits both the one that the rest of its capture fits', async () => {
    const { told, messages } = await explained(...files, text('b.log', line('rule:1', 53, 'UDP') + line('rule:3', 22)))
    expect(told).toEqual(['old.v4 ruleset-left', 'new.v4 ruleset-chosen'])
    expect(messages[1]).toBe('it was used for b.log; old.v4 defines the same tables or sets differently')
  })

  it('says that nothing tells, and keeps the latest', async () => {
    const { told, messages } = await explained(...files, text('c.log', line('rule:1', 53, 'UDP')))
    expect(told).toEqual(['new.v4 table-twice', 'c.log ruleset-unclear'])
    expect(messages[1]).toBe('its trace does not show whether old.v4 or new.v4 was in force; old.v4 is used')
  })

  it('says that none fits, and takes the one that is contradicted least', async () => {
    const log = line('rule:3', 22) + line('rule:9', 25).replace('ID=7', 'ID=8')
    const { rules, told, mismatches } = await explained(...files, text('d.log', log))
    expect(told).toEqual(['new.v4 table-twice', 'd.log ruleset-unclear'])
    expect(rules[0]).toContain('--dport 22')
    expect(mismatches.length).toBe(1)
  })

  it('says of what comes through a pipe that it could not be read beforehand', async () => {
    const bytes = new TextEncoder().encode(line('rule:3', 22))
    const piped = { name: '-', folders: [], again: false, open: () => ({ ...bytesSource(bytes), again: false }) }
    const rules = files.map((one) => ({
      name: one.name,
      folders: [],
      again: true,
      open: () => bytesSource(new TextEncoder().encode('text' in one ? one.text : '')),
    }))
    const inputs = await openInputs([...rules, piped], [])
    await runCaptures(inputs, () => undefined)
    expect(inputs.warnings.map(({ input, code }) => `${input} ${code}`)).toEqual([
      'new.v4 table-twice',
      '- ruleset-unclear',
    ])
  })

  it('tells once however often it is asked', async () => {
    const analysis = await open([...files, text('a.log', line('rule:2', 22))])
    for (let i = 0; i < 2; i++) expect((await analysis.groups()).groups.length).toBe(1)
    expect(analysis.warnings.map(({ code }) => code)).toEqual(['ruleset-chosen', 'ruleset-left'])
    const [flow] = await analysis.flows()
    expect(flow).toBeDefined()
  })

  it('simulates with the latest, and says so', async () => {
    const analysis = await open(files)
    const { journeys, warnings } = analysis.simulate(['in eth0 tcp 10.0.0.1:40000 > 10.0.0.2:80 syn'])
    expect(warnings.map(({ code }) => code)).toEqual(['table-twice'])
    expect(journeys.length).toBe(1)
  })
})

it('the same rules twice are no two rulesets', async () => {
  const counted = NEW.replaceAll('[0:0]', '[5:300]')
  const { told } = await explained(text('1', NEW), text('2', counted), text('c.log', line('rule:1', 53, 'UDP')))
  expect(told).toEqual(['1 table-twice'])
})

it('tries no more than some of very many', async () => {
  const many = Array.from({ length: MOST_ALTERNATIVES + 3 }, (_, i) =>
    text(`rules-${i}`, save(`-A INPUT -p tcp -m tcp --dport ${i + 1} -j DROP`)),
  )
  const { told, messages } = await explained(...many, text('a.log', line('rule:1', 10)))
  expect(told).toContain('rules-9 ruleset-chosen')
  expect(told).toContain('rules-10 too-many-rulesets')
  expect(messages.at(-1)).toContain(`in ${MOST_ALTERNATIVES + 3} versions; ${MOST_ALTERNATIVES} of them`)
})

describe('the incident of the missing set element', () => {
  const folder = new URL('../../fixtures/incidents/nft-allow-set/', import.meta.url)
  const input = (name: string): Input => ({ name, text: readFileSync(new URL(name, folder), 'utf8') })
  const all = readdirSync(folder).filter((name) => /\.(?:txt|nft)$|^ruleset.*json$/.test(name))
  const host = readdirSync(new URL('host/', folder)).map((name) => input(`host/${name}`))

  it('has each capture with its own ruleset', async () => {
    const { outcomes, told, mismatches } = await explained(...all.map(input), ...host)
    // each trace is there in three forms, and a packet of it is told once
    expect(outcomes.filter((one) => one === 'dropped').length).toBe(2)
    expect(outcomes.filter((one) => one === 'forwarded').length).toBe(1)
    expect(mismatches).toEqual([])
    expect(told.sort()).toEqual([
      'dropped.handles.txt same-packets',
      'fixed.handles.txt same-packets',
      'ruleset-dropped.nft ruleset-chosen',
      'ruleset-fixed.nft ruleset-chosen',
    ])
  })

  it.each(['dropped', 'fixed'])('%s fits only its own, whichever file comes last', async (state) => {
    const other = state === 'dropped' ? 'fixed' : 'dropped'
    for (const names of [
      [`ruleset-${state}.json`, `ruleset-${other}.json`],
      [`ruleset-${other}.json`, `ruleset-${state}.json`],
    ]) {
      const { told } = await explained(...names.map(input), input(`${state}.txt`), ...host)
      expect(told).toContain(`ruleset-${state}.json ruleset-chosen`)
      expect(told).toContain(`ruleset-${other}.json ruleset-left`)
    }
  })
})
