/**
 * The real tools and the kernel against edits: the same commands, one after the other, in a namespace and on a World that
 * was read from it. Both refuse the same ones, and what is there afterwards reads the same.
 */
import { describe, expect, it } from 'vitest'
import type { World } from '../../src/model/world.ts'
import { conntrack } from '../../src/read/host/conntrack.ts'
import { ipAddrJson } from '../../src/read/host/ip-addr-json.ts'
import { ipsetSave } from '../../src/read/host/ipset-save.ts'
import { sysctl } from '../../src/read/host/sysctl.ts'
import { readIptablesSave } from '../../src/read/rulesets/iptables-save.ts'
import { readNft } from '../../src/read/rulesets/nft-text.ts'
import { printIptablesSave } from '../../src/read/rulesets/print-iptables.ts'
import { share } from '../share.ts'
import { CONNECTIONS, randomDeletions } from './commands/conntrack.ts'
import { randomSetCommands } from './commands/ipset.ts'
import { randomCommands, rulePool } from './commands/iptables.ts'
import { NFT_SETUP, randomNftCommands } from './commands/nft.ts'
import { type Ran, runSequences } from './commands/run.ts'
import { linesApart, runOne } from './commands/run-one.ts'
import { randomSettings, SYSCTL_SETUP } from './commands/sysctl.ts'
import { Random } from './generate/random.ts'
import { whyNot } from './namespaces.ts'

/** All commands on the World, in order; what was refused here and not there, or the other way round, is a difference. */
function replay(world: World, commands: readonly string[], { results }: Ran): { world: World; differences: string[] } {
  const differences: string[] = []
  commands.forEach((command, i) => {
    const { ok, output } = results[i]!
    const result = runOne(world, command)
    if ('error' in result) {
      if (ok) differences.push(`${i + 1} ${command}: refused here: ${result.error}`)
    } else if (ok) world = result.world
    else differences.push(`${i + 1} ${command}: refused there: ${output}`)
  })
  return { world, differences }
}

const seed = Number(process.env.NFWHY_SEED ?? 1)

describe.skipIf(whyNot('iptables-legacy', 'ip6tables-legacy'))('iptables', () => {
  const listings = ['iptables-legacy-save -c', 'ip6tables-legacy-save -c']
  const worldOf = (texts: readonly string[]): World => ({
    tables: texts.flatMap((text) => readIptablesSave(text, () => {}).flatMap(({ tables }) => tables)),
    sets: [],
    host: {},
  })
  /** Chains and rules with their counters; the order of chains says nothing, nor does a table without anything in it. */
  const outline = ({ tables }: World) =>
    tables
      .filter(({ chains }) =>
        [...chains.values()].some(({ hook, policy, rules }) => !hook || policy === 'drop' || rules.length),
      )
      .map((table) => {
        const lines = printIptablesSave([table], { counters: true }).split('\n')
        const chains = lines.filter((line) => line.startsWith(':')).sort()
        return [`${table.family} ${table.name}`, ...chains, ...groupByChain(lines)].join('\n')
      })
      .sort()
  const groupByChain = (lines: readonly string[]) => {
    const rules = lines.filter((line) => line.startsWith('['))
    const chainOf = (line: string) => /-A (\S+)/.exec(line)![1]!
    return [...new Set(rules.map(chainOf))].sort().flatMap((chain) => rules.filter((line) => chainOf(line) === chain))
  }

  it(`random commands (seed ${seed})`, () => {
    const pool = rulePool()
    const random = new Random(seed)
    const sequences = Array.from({ length: share(60) }, () => ({
      commands: randomCommands(random, pool, 60),
      listings,
    }))
    const ran = runSequences(sequences)
    let accepted = 0
    sequences.forEach(({ commands }, i) => {
      const { world, differences } = replay(worldOf(ran[i]!.before), commands, ran[i]!)
      accepted += ran[i]!.results.filter(({ ok }) => ok).length
      expect(differences, process.env.NFWHY_SHOW ? commands.slice(0, 60).join('\n') : `sequence ${i}`).toEqual([])
      expect(outline(world), commands.join('\n')).toEqual(outline(worldOf(ran[i]!.after)))
    })
    console.info(`${sequences.length} × 60 commands compared, ${accepted} accepted by both`)
    expect(accepted).toBeGreaterThan(share(500))
  })
})

describe.skipIf(whyNot('nft'))('nft', () => {
  const worldOf = ([text = '']: readonly string[]): World => {
    const [ruleset] = readNft(text, () => {})
    return { tables: ruleset?.tables ?? [], sets: ruleset?.sets ?? [], host: {} }
  }
  const outline = ({ tables, sets }: World) =>
    [
      ...tables.flatMap(({ family, name, chains }) => [
        `${family} ${name}`,
        ...[...chains.values()]
          .map((chain) => {
            const { hook = '', priority = '', policy = '', rules } = chain
            const place = `${family} ${name} ${chain.name} ${hook} ${priority} ${policy}`
            return [
              place,
              ...rules.map(({ text }) => `  ${text.replace(/counter packets \d+ bytes \d+/, 'counter')}`),
            ].join('\n')
          })
          .sort(),
      ]),
      ...sets.map(
        ({ family, table, name, elements }) =>
          `${family} ${table} ${name}: ${elements.map(({ parts, data }) => `${parts.join(' . ')} ${data ?? ''}`).sort()}`,
      ),
    ].sort()

  it(`random commands (seed ${seed})`, () => {
    const random = new Random(seed)
    const sequences = Array.from({ length: share(15) }, () => ({
      setup: NFT_SETUP,
      commands: randomNftCommands(random, 40),
      listings: ['nft -a list ruleset'],
    }))
    const ran = runSequences(sequences)
    let accepted = 0
    sequences.forEach(({ commands }, i) => {
      const { world, differences } = replay(worldOf(ran[i]!.before), commands, ran[i]!)
      accepted += ran[i]!.results.filter(({ ok }) => ok).length
      expect(differences, commands.join('\n')).toEqual([])
      expect(outline(world), commands.join('\n')).toEqual(outline(worldOf(ran[i]!.after)))
    })
    console.info(`${sequences.length} × 40 commands compared, ${accepted} accepted by both`)
    expect(accepted).toBeGreaterThan(10 * sequences.length)
  })
})

describe.skipIf(whyNot('ip', 'sysctl'))('sysctl', () => {
  const worldOf = ([settings = '', links = '']: readonly string[]): World => ({
    tables: [],
    sets: [],
    host: { ...sysctl.read(settings, () => {}).host, ...ipAddrJson.read(links, () => {}).host },
  })
  const ofNet = ({ host }: World) => [...(host.sysctls ?? [])].filter(([name]) => name.startsWith('net.'))

  it(`random settings (seed ${seed})`, () => {
    const random = new Random(seed)
    const listings = ['sysctl -a 2>/dev/null', 'ip -j addr']
    const sequences = Array.from({ length: share(20) }, () => ({
      setup: SYSCTL_SETUP,
      commands: randomSettings(random, 25),
      listings,
    }))
    const ran = runSequences(sequences)
    let unknown = 0
    sequences.forEach(({ commands }, i) => {
      const { world, differences } = replay(worldOf(ran[i]!.before), commands, ran[i]!)
      expect(differences, `sequence ${i}`).toEqual([])
      const there = new Map(ofNet(worldOf(ran[i]!.after)))
      unknown += there.size - ofNet(world).length
      const wrong = ofNet(world).filter(([name, value]) => there.get(name) !== value)
      expect(
        wrong.map(([name, value]) => `${name} = ${value}, there ${there.get(name)}`),
        commands.join('\n'),
      ).toEqual([])
    })
    console.info(`${sequences.length} × 25 settings compared, ${unknown} unknown afterwards`)
  })
})

describe.skipIf(whyNot('ipset', 'iptables-legacy'))('ipset', () => {
  const worldOf = (saved: string, rules: string): World => ({
    tables: readIptablesSave(rules, () => {}).flatMap(({ tables }) => tables),
    sets: ipsetSave.read(saved, () => {}).sets ?? [],
    host: {},
  })
  /** Elements in any order; the seconds that are left run, so only that there are some. What is for the tool alone is not shown. */
  const outline = ({ sets }: World) =>
    sets
      .map(({ elements, forceadd, ...set }) => {
        const lines = elements.map((one) => `${one.parts} ${one.timeout !== undefined} ${one.nomatch} ${one.wildcard}`)
        if (set.type !== 'list:set') lines.sort()
        return [
          JSON.stringify(Object.entries(set).sort()),
          ...lines.map((line, at) => `${set.name} ${set.type === 'list:set' ? at : ''} ${line}`),
        ].join('\n')
      })
      .sort()

  const linesOf = (text: string) => text.split('\n')
  it(`random commands (seed ${seed})`, () => {
    const random = new Random(seed)
    const sequences = Array.from({ length: 25 }, () => ({
      // what is there after each command: of a range that is refused, the kernel keeps what came before
      commands: randomSetCommands(random, 40).flatMap((command) => [command, 'ipset save', 'iptables-legacy-save']),
      listings: ['true'],
    }))
    const ran = runSequences(sequences)
    let accepted = 0
    const differences: string[] = []
    sequences.forEach(({ commands }, at) => {
      let world = worldOf('', '')
      for (let i = 0; i < commands.length; i += 3) {
        const command = commands[i]!
        // a rule may ask for any set where none is known
        if (world.sets.length === 0 && command.startsWith('iptables')) continue
        const [ran1, saved, rules] = ran[at]!.results.slice(i, i + 3)
        const result = runOne(world, command)
        const there = worldOf(saved!.output, rules!.output)
        const before = outline(world)
        if ('error' in result !== !ran1!.ok)
          differences.push(
            `${command}: ${'error' in result ? `refused here: ${result.error}` : `refused there: ${ran1!.output}`}, with\n${before}`,
          )
        else if ('world' in result) {
          accepted++
          const [here, real] = [outline(result.world).flatMap(linesOf), outline(there).flatMap(linesOf)]
          const wrong = linesApart(here, real)
          if (wrong.length > 0) differences.push(`${command}: ${wrong.join('\n')}`)
        }
        world = there
      }
    })
    console.info(`${sequences.length} × 40 commands compared, ${accepted} accepted by both`)
    expect(differences.slice(0, 10).join('\n\n')).toBe('')
    expect(accepted).toBeGreaterThan(200)
  })
})

describe.skipIf(whyNot('conntrack'))('conntrack', () => {
  const list = 'cat /proc/net/nf_conntrack'
  const worldOf = (text: string): World => ({
    tables: [],
    sets: [],
    host: { conntrack: [], ...conntrack.read(text, () => {}).host },
  })
  const outline = ({ host }: World) =>
    (host.conntrack ?? []).map(({ timeout, ...entry }) => JSON.stringify(Object.entries(entry).sort())).sort()

  it(`random commands (seed ${seed})`, () => {
    const random = new Random(seed)
    const deletions = randomDeletions(random, 250)
    const sequences = Array.from({ length: 25 }, (_, i) => ({
      commands: deletions
        .slice(i * 10, i * 10 + 10)
        .flatMap((one) => ['conntrack -F 2> /dev/null', ...CONNECTIONS, list, one, list]),
      listings: ['true'],
    }))
    const results = runSequences(sequences).flatMap((ran) => ran.results)
    const length = CONNECTIONS.length + 4
    let accepted = 0
    const differences: string[] = []
    deletions.forEach((command, i) => {
      const [before, one, after] = results.slice(i * length, (i + 1) * length).slice(-3)
      expect(outline(worldOf(before!.output))).toHaveLength(CONNECTIONS.length)
      const result = runOne(worldOf(before!.output), command)
      if ('error' in result !== !one!.ok)
        differences.push(
          `${command}: ${'error' in result ? `refused here: ${result.error}` : `refused there: ${one!.output}`}`,
        )
      else if ('world' in result) {
        accepted++
        const [here, there] = [outline(result.world), outline(worldOf(after!.output))]
        if (`${here}` !== `${there}`)
          differences.push(`${command}:\nhere\n${here.join('\n')}\nthere\n${there.join('\n')}`)
      }
    })
    console.info(`${deletions.length} commands compared, ${accepted} accepted by both`)
    expect(differences.slice(0, 10).join('\n\n')).toBe('')
    expect(accepted).toBeGreaterThan(100)
  })
})
