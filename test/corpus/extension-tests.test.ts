/**
 * The table tests of iptables' own extensions (`extensions/*.t`): what the tool takes is read and printed as it prints
 * it, what it refuses is told.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { IpFamily } from '../../src/rules/iptables/extension.ts'
import { lowerSpec } from '../../src/rules/iptables/lower.ts'
import { printSpec } from '../../src/rules/iptables/print.ts'
import { readRule } from '../../src/rules/iptables/read.ts'
import { splitWords } from '../../src/rules/iptables/words.ts'

const FOLDER = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/iptables-ext-tests/`, import.meta.url)
const reason = existsSync(FOLDER) ? undefined : `no corpus at ${FOLDER.pathname}`
if (reason) console.warn(`the tests of iptables' extensions are skipped: ${reason}`)

interface Row {
  family: IpFamily
  table: string
  rule: string
  printed: string
  result: 'OK' | 'FAIL'
}

/** What is read otherwise than these tests of a later iptables say, and why; iptables 1.8.9 was asked. */
const OTHERWISE: Record<string, string> = {
  '-m eui64': '1.8.9 takes it in every chain; which chain it stands in is not asked here',
  '-m rt --rt-segsleft 4:3': '1.8.9 takes it',
  '-p ah -m ah --ahspi 4:3': '1.8.9 takes it',
  '-p dccp -m dccp --sport 4:3': '1.8.9 takes it',
  '-p dccp -m dccp --dport 4:3': '1.8.9 takes it',
  '-p esp -m esp --espspi 4:3': '1.8.9 takes it',
  '-p udp -m udp --sport 4:3': '1.8.9 takes it',
  '-p udp -m udp --dport 4:3': '1.8.9 takes it',
  '-p icmp -m icmp --icmp-type 255/255': '1.8.9 prints it as any',
  '-j SET --add-set foo src,dst': 'refused where there is no such set',
  '-m connlabel --label "foobar_not_there"': 'refused where the host has no such label',
  '-m nfacct --nfacct-name wrong': 'refused where there is no such counter',
}

/** arptables' and ebtables' are not ours. */
const FILES = reason ? [] : readdirSync(FOLDER).filter((name) => /^(lib(xt|ipt|ip6t)_\w+|iptables)\.t$/.test(name))

/** `-m eui64` is taken in some chains. */
const isOtherwise = (rule: string, result: Row['result']) =>
  rule in OTHERWISE && (result === 'FAIL' || rule.includes('255/255'))

function readRows(name: string): Row[] {
  const families: IpFamily[] = name.startsWith('libipt_')
    ? ['ip']
    : name.startsWith('libip6t_')
      ? ['ip6']
      : ['ip', 'ip6']
  let tables = ['filter']
  const rows: Row[] = []
  for (const line of readFileSync(new URL(name, FOLDER), 'utf8').split('\n')) {
    if (line.startsWith('*')) tables = line.slice(1).split(',')
    if (line === '' || /^[:*@%#]/.test(line)) continue
    const [rule = '', legacy = '', result, , nft] = line.split(';')
    // iptables-nft may keep what iptables-legacy cuts
    const printed = nft === '=' ? rule : legacy
    if (result !== 'OK' && result !== 'FAIL') throw new Error(`${name}: ${line}`)
    for (const family of families)
      for (const table of tables) rows.push({ family, table, rule, printed: printed === '=' ? rule : printed, result })
  }
  return rows.filter(({ rule, result }) => !isOtherwise(rule, result))
}

describe.skipIf(reason)('tests of extensions', () => {
  it('are there', () => expect(FILES.length).toBeGreaterThan(70))

  describe.each(FILES.filter((name) => readRows(name).length > 0))('%s', (name) => {
    it.each(readRows(name))('$family $table: $rule → $result', ({ family, table, rule, printed, result }) => {
      const { specs, problems } = readRule(splitWords(rule), family, table)
      if (result === 'FAIL') {
        expect(problems).not.toEqual([])
        return
      }
      expect(problems).toEqual([])
      expect(specs.map((spec) => printSpec(spec, family, table))).toEqual([printed])
      expect(JSON.stringify(specs.map((spec) => lowerSpec(spec, family, table)))).not.toContain('not understood')
    })
  })
})
