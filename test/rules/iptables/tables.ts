/** Reads the table tests of fixtures/rules/iptables. */
import { readdirSync, readFileSync } from 'node:fs'
import type { IpFamily } from '../../../src/rules/iptables/extension.ts'

const FOLDER = new URL('../../../fixtures/rules/iptables/', import.meta.url)

export interface Row {
  rule: string
  family: IpFamily
  table: string | undefined
  chain: string
  ok: boolean
  expected: string
  printed: string
}

export function readTables(): { kind: string; name: string; rows: Row[] }[] {
  return ['matches', 'targets'].flatMap((kind) =>
    readdirSync(new URL(`${kind}/`, FOLDER))
      .sort()
      .map((file) => ({
        kind,
        name: file.replace(/\.t$/, ''),
        rows: readRows(readFileSync(new URL(`${kind}/${file}`, FOLDER), 'utf8')),
      })),
  )
}

function readRows(text: string): Row[] {
  const rows: Row[] = []
  let family: IpFamily = 'ip'
  let table: string | undefined
  let chain = 'FORWARD'
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith(':')) {
      family = /\bip6\b/.test(line) ? 'ip6' : 'ip'
      table = /\btable (\S+)/.exec(line)?.[1]
      chain = /\bchain (\S+)/.exec(line)?.[1] ?? 'FORWARD'
      continue
    }
    const [rule = '', expected = '', printed] = line.split(' ; ').map((part) => part.trim())
    if (expected !== 'ok' && expected !== 'fail') throw new Error(`neither ok nor fail: ${line}`)
    rows.push({ rule, family, table, chain, ok: expected === 'ok', expected, printed: printed ?? rule })
  }
  return rows
}
