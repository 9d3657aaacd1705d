/** What is stored in tests of stores, and what they answer. */
import { openReader, parseStoreUrl, readQuery } from '../../src/store/index.ts'
import { nfwhy } from './nfwhy.ts'

export const RULES = `*filter
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "it's \\\\ here" -j DROP
COMMIT
`

/** A packet to SSH, which is dropped, or to HTTPS, which gets in; one a second. `later`: milliseconds. */
export function packet(i: number, later = 0): string {
  const isKept = i % 3 === 0
  const at = new Date(Date.UTC(2026, 0, 31, 12) + i * 1000 + later).toISOString().replace('Z', '000+00:00')
  return `${at} gw${i % 2} kernel: TRACE: filter:INPUT:${isKept ? 'policy:2' : 'rule:1'} IN=eth0 OUT= SRC=192.0.2.${1 + (i % 200)} DST=198.51.100.1 LEN=60 TTL=64 ID=${i % 65536} PROTO=TCP SPT=${1024 + (i % 60000)} DPT=${isKept ? 443 : 22} SEQ=${i} ACK=0 WINDOW=64240 SYN\n`
}

export const packets = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => packet(from + i)).join('')

/** The last one is sent again, for nobody has answered. */
export const TRACE = packets(0, 61) + packet(60, 1000) + packet(60, 3000)

export const explain = (store: string, ...inputs: string[]) => nfwhy(['explain', '-q', ...inputs, '--store', store])

export const ask = (store: string, ...words: string[]) => nfwhy(['query', '--store', store, ...words])

/** What a store answers, without the command. */
export async function answer(
  store: string,
  ...words: string[]
): Promise<{ columns: readonly string[]; rows: unknown[][] }> {
  const reader = await openReader(parseStoreUrl(store))
  try {
    const { sql, parameters } = readQuery(words)
    const { columns, rows } = await reader.query(sql, parameters)
    const all: unknown[][] = []
    for await (const row of rows) all.push([...row])
    return { columns, rows: all }
  } finally {
    reader.close()
  }
}
