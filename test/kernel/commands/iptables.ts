/** Random commands for iptables-legacy: most go through, some are refused for what the tables are by then. */
import { shellWord } from '../../../src/model/command.ts'
import { IPTABLES_TABLES } from '../../../src/model/hook.ts'
import { readRule } from '../../../src/rules/iptables/read.ts'
import { splitWords } from '../../../src/rules/iptables/words.ts'
import { type Row, readTables } from '../../rules/iptables/tables.ts'
import type { Random } from '../generate/random.ts'
import { askAbout, restore } from '../rows.ts'

const CHAINS = ['web', 'f2b-sshd', 'x', 'LOGDROP', 'DOCKER-USER']

/**
 * Rules of the fixtures that this kernel takes, in whichever chain. Not those of which iptables-save prints less than is
 * compared: a ruleset that was read from it cannot tell them from others.
 */
export function rulePool(): Row[] {
  const read = (rule: string, { family, table }: Row) => readRule(splitWords(rule), family, table).specs
  const rows = readTables()
    .flatMap(({ rows }) => rows)
    .filter(({ ok, before, needs }) => ok && before.length === 0 && !needs)
    .filter(
      (row) => JSON.stringify(read(row.rule, row)) === JSON.stringify(row.printed.flatMap((one) => read(one, row))),
    )
  const answers = askAbout(rows, (row) => `if ${restore(row, [`-A allowed ${row.rule}`])}\nthen echo @OK; fi`)
  return rows.filter((row, i) => /@OK/.test(answers[i]!.output) && !/log-drop|allowed/.test(row.rule))
}

export function randomCommands(random: Random, pool: readonly Row[], count: number): string[] {
  const family = random.pick(['ip', 'ip6'] as const)
  const table = random.pick(Object.keys(IPTABLES_TABLES))
  const rules = random.some(
    pool.filter((row) => row.family === family).map(({ rule }) => splitWords(rule).map(shellWord).join(' ')),
    12,
  )
  const made: string[] = []
  return Array.from({ length: count }, () => {
    const tool = family === 'ip' ? 'iptables-legacy' : 'ip6tables-legacy'
    // now and then the other table, for which the tool and the kernel have other rules
    const in_ = random.chance(0.1) ? random.pick(Object.keys(IPTABLES_TABLES)) : table
    const command = randomCommand(random, family, IPTABLES_TABLES[table]!, rules, made)
    return `${tool} -t ${in_} ${command}`
  })
}

function randomCommand(
  random: Random,
  family: Row['family'],
  builtIn: readonly string[],
  rules: readonly string[],
  made: string[],
): string {
  const chain = () => random.pick(random.chance(0.5) ? builtIn : CHAINS)
  const number = () => random.int(1, random.chance(0.9) ? 4 : 9)
  const rule = () => {
    const target = random.weighted([
      [3, random.pick(['ACCEPT', 'RETURN', 'DROP', 'MARK --set-mark 1', 'LOG'])],
      [4, random.pick(CHAINS)],
    ])
    const text = random.weighted([
      [4, () => random.pick(rules)],
      [
        3,
        () => `${random.pick(['', '-p tcp', '-p udp -m udp --dport 53', '-m comment --comment "a b"'])} -j ${target}`,
      ],
      [1, () => `-g ${random.pick(CHAINS)}`],
      [1, () => '-p tcp'],
    ])()
    made.push(text)
    return text
  }
  const known = () => (made.length > 0 && random.chance(0.8) ? random.pick(made) : rule())
  return random.weighted<() => string>([
    [10, () => `-A ${chain()} ${rule()}`],
    [4, () => `-I ${chain()} ${random.chance(0.6) ? number() : ''} ${rule()}`],
    [3, () => `-R ${chain()} ${number()} ${rule()}`],
    [3, () => `-D ${chain()} ${number()}`],
    [5, () => `-D ${chain()} ${known()}`],
    // ip6tables 1.8.9 compares too little for -C; 1.8.10 mends it
    [family === 'ip' ? 2 : 0, () => `-C ${chain()} ${known()}`],
    [6, () => `-N ${random.pick(CHAINS)}`],
    [1, () => `-X ${random.chance(0.8) ? random.pick(CHAINS) : ''}`],
    [1, () => `-F ${random.chance(0.9) ? chain() : ''}`],
    [2, () => `-E ${random.pick(CHAINS)} ${random.pick(CHAINS)}`],
    [2, () => `-P ${chain()} ${random.pick(['ACCEPT', 'DROP'])}`],
    [
      2,
      () =>
        `-Z ${random.weighted([
          [2, ''],
          [4, chain()],
          [4, `${chain()} ${number()}`],
        ])}`,
    ],
    [2, () => `-A ${chain()} -c ${random.int(0, 99)} ${random.int(0, 9999)} ${rule()}`],
  ])()
}
