/** fixtures/read/host/FORMAT/EDGE-CASE.*, each with what it is expected to say in EDGE-CASE.expected.json. */
import { readdirSync, readFileSync } from 'node:fs'
import type { HostFormat } from '../../../src/read/host/format.ts'

export const FOLDER = new URL('../../../fixtures/read/host/', import.meta.url)

export interface Fixture {
  format: string
  name: string
  text: string
}

export const readFixture = (path: string): string => readFileSync(new URL(path, FOLDER), 'utf8')

export const FIXTURES: Fixture[] = readdirSync(FOLDER).flatMap((format) =>
  readdirSync(new URL(`${format}/`, FOLDER))
    .filter((file) => !file.endsWith('.expected.json'))
    .map((file) => ({ format, name: file, text: readFixture(`${format}/${file}`) })),
)

/** As plain JSON, with what was told as `LINE CODE`. */
export function readPlain(format: HostFormat, text: string) {
  const told: string[] = []
  const { host, sets } = format.read(text, (code, _message, line) => told.push(`${line ?? '-'} ${code}`))
  const plainHost = host && { ...host, ...(host.sysctls ? { sysctls: Object.fromEntries(host.sysctls) } : {}) }
  return { ...(plainHost ? { host: plainHost } : {}), ...(sets ? { sets } : {}), told }
}
